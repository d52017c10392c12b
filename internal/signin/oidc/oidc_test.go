package oidc_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rosterhq/roster/internal/egress"
	"github.com/rosterhq/roster/internal/signin/oidc"
	"github.com/rosterhq/roster/internal/signin/oidc/issuertest"
)

const redirect = "https://roster.example.com/signin/oidc/callback"

var local = egress.Policy{AllowHTTP: true, Allowed: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}

func settings(i *issuertest.Issuer) oidc.Issuer {
	return oidc.Issuer{URL: i.URL, ClientID: issuertest.ClientID, ClientSecret: issuertest.ClientSecret, Scopes: []string{"email"}, GroupsClaim: "groups"}
}

// signIn signs in at an issuer. change may change what the browser brings back.
func signIn(t *testing.T, i *issuertest.Issuer, change func(url.Values)) (oidc.Person, error) {
	t.Helper()
	client := oidc.New(local, time.Now)
	target, flow, err := client.Begin(t.Context(), settings(i), redirect)
	if err != nil {
		return oidc.Person{}, err
	}
	query := i.Authorize(target)
	if change != nil {
		change(query)
	}
	return client.Finish(t.Context(), settings(i), redirect, flow, query)
}

func TestSignIn(t *testing.T) {
	t.Parallel()
	i := issuertest.Start(t)
	i.Claims["groups"] = []string{"ops", "dev", "ops"}
	got, err := signIn(t, i, func(q url.Values) { q.Set("iss", i.URL) })
	yes := true
	want := oidc.Person{Subject: "ada", Email: "ada@example.com", EmailVerified: &yes, Name: "Ada", Groups: []string{"dev", "ops"}}
	if err != nil || cmp.Diff(want, got) != "" {
		t.Errorf("%v\n%s", err, cmp.Diff(want, got))
	}
}

func TestEmailVerifiedIsReadAsIssuersSendIt(t *testing.T) {
	t.Parallel()
	yes, no := true, false
	for _, c := range []struct {
		verified, domain any
		want             *bool
	}{
		{true, nil, &yes},
		{"true", nil, &yes},
		{false, true, &no},
		{nil, nil, nil},
		{nil, "1", &yes},
		{nil, true, &yes},
		{nil, 0, &no},
	} {
		i := issuertest.Start(t)
		i.Claims["email_verified"], i.Claims["xms_edov"] = c.verified, c.domain
		p, err := signIn(t, i, nil)
		if err != nil || cmp.Diff(c.want, p.EmailVerified) != "" {
			t.Errorf("%v, %v: %v, %v", c.verified, c.domain, p.EmailVerified, err)
		}
	}
}

func TestClockSkewIsAllowedUpToAMinute(t *testing.T) {
	t.Parallel()
	for off, ok := range map[time.Duration]bool{-110 * time.Second: true, -130 * time.Second: false, 50 * time.Second: true, 70 * time.Second: false} {
		i := issuertest.Start(t)
		i.Clock = func() time.Time { return time.Now().Add(off) }
		if _, err := signIn(t, i, nil); (err == nil) != ok {
			t.Errorf("a clock that is off by %s, with tokens for a minute: %v", off, err)
		}
	}
}

func TestHostileTokensAreRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		claims map[string]any
		sign   func(i *issuertest.Issuer, header, claims map[string]any) string
		says   string
	}{
		"wrong nonce":                 {claims: map[string]any{"nonce": "of another sign-in"}, says: "belongs to another sign-in"},
		"no nonce":                    {claims: map[string]any{"nonce": nil}, says: "belongs to another sign-in"},
		"wrong audience":              {claims: map[string]any{"aud": "another client"}, says: "audience is wrong"},
		"several audiences, no party": {claims: map[string]any{"aud": []string{"roster", "other"}}, says: "another client"},
		"wrong party":                 {claims: map[string]any{"azp": "other"}, says: "another client"},
		"wrong issuer":                {claims: map[string]any{"iss": "https://accounts.example.com"}, says: "issuer or audience is wrong"},
		"expired":                     {claims: map[string]any{"exp": time.Now().Add(-2 * time.Minute).Unix()}, says: "has expired"},
		"from the future":             {claims: map[string]any{"iat": time.Now().Add(time.Hour).Unix()}, says: "in the future"},
		"no subject":                  {claims: map[string]any{"sub": nil}, says: "no subject"},
		"long subject":                {claims: map[string]any{"sub": strings.Repeat("a", 256)}, says: "no subject"},
		"claims of a wrong type":      {claims: map[string]any{"email": 1}, says: "wrong type"},
		"groups of a wrong type":      {claims: map[string]any{"groups": []any{1}}, says: "not a list of strings"},
		"groups left out":             {claims: map[string]any{"_claim_names": map[string]any{"groups": "src1"}, "_claim_sources": map[string]any{"src1": map[string]any{"endpoint": "https://graph.example.com"}}}, says: "too many"},
		"alg none": {says: "signature", sign: func(i *issuertest.Issuer, header, claims map[string]any) string {
			header["alg"] = "none"
			return i.Input(header, claims) + "."
		}},
		"HS256 with the public key": {says: "signature", sign: func(i *issuertest.Issuer, header, claims map[string]any) string {
			header["alg"] = "HS256"
			input := i.Input(header, claims)
			h := hmac.New(sha256.New, i.PublicKey())
			h.Write([]byte(input))
			return input + "." + base64.RawURLEncoding.EncodeToString(h.Sum(nil))
		}},
		"HS256 with the client's secret": {says: "signature", sign: func(i *issuertest.Issuer, header, claims map[string]any) string {
			header["alg"] = "HS256"
			input := i.Input(header, claims)
			h := hmac.New(sha256.New, []byte(issuertest.ClientSecret))
			h.Write([]byte(input))
			return input + "." + base64.RawURLEncoding.EncodeToString(h.Sum(nil))
		}},
		"changed after signing": {says: "signature", sign: func(i *issuertest.Issuer, header, claims map[string]any) string {
			signature := i.RS256(header, claims)
			claims["sub"] = "eve"
			return i.Input(header, claims) + signature[strings.LastIndexByte(signature, '.'):]
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := issuertest.Start(t)
			for k, v := range c.claims {
				i.Claims[k] = v
			}
			if c.sign != nil {
				i.Sign = c.sign
			}
			if p, err := signIn(t, i, nil); err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%+v, %v; want an error with %q", p, err, c.says)
			}
		})
	}
}

func TestHostileAnswersAreRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change    func(url.Values)
		discovery func(map[string]any)
		says      string
	}{
		"another state":                 {change: func(q url.Values) { q.Set("state", "x") }, says: "not begun in this browser"},
		"no state":                      {change: func(q url.Values) { q.Del("state") }, says: "not begun in this browser"},
		"another issuer":                {change: func(q url.Values) { q.Set("iss", "https://evil.example.com") }, says: "another issuer"},
		"no issuer, which was promised": {discovery: func(d map[string]any) { d["authorization_response_iss_parameter_supported"] = true }, says: "another issuer"},
		"an unknown code":               {change: func(q url.Values) { q.Set("code", "x") }, says: "invalid_grant"},
		"no code":                       {change: func(q url.Values) { q.Del("code") }, says: "has no code"},
		"a refusal":                     {change: func(q url.Values) { q.Set("error", "access_denied") }, says: "access_denied"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := issuertest.Start(t)
			i.Discovery = c.discovery
			if p, err := signIn(t, i, c.change); err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%+v, %v; want an error with %q", p, err, c.says)
			}
		})
	}
}

// The code of one sign-in is worth nothing in another, even for somebody who saw it.
func TestCodeOfAnotherFlowIsRefused(t *testing.T) {
	t.Parallel()
	i := issuertest.Start(t)
	client := oidc.New(local, time.Now)
	victims, _, err := client.Begin(t.Context(), settings(i), redirect)
	if err != nil {
		t.Fatal(err)
	}
	_, flow, err := client.Begin(t.Context(), settings(i), redirect)
	if err != nil {
		t.Fatal(err)
	}
	stolen := i.Authorize(victims)
	stolen.Set("state", flow.State)
	if p, err := client.Finish(t.Context(), settings(i), redirect, flow, stolen); err == nil || !strings.Contains(err.Error(), "invalid_grant") {
		t.Errorf("%+v, %v", p, err)
	}
}

func TestFlowEnds(t *testing.T) {
	t.Parallel()
	i := issuertest.Start(t)
	now := time.Now()
	client := oidc.New(local, func() time.Time { return now })
	target, flow, err := client.Begin(t.Context(), settings(i), redirect)
	if err != nil {
		t.Fatal(err)
	}
	query := i.Authorize(target)
	now = now.Add(oidc.FlowLasts)
	if p, err := client.Finish(t.Context(), settings(i), redirect, flow, query); err == nil || !strings.Contains(err.Error(), "took too long") {
		t.Errorf("%+v, %v", p, err)
	}
}

func TestHostileIssuersAreRefused(t *testing.T) {
	t.Parallel()
	type answer = func(http.ResponseWriter, *http.Request) bool
	for name, c := range map[string]struct {
		discovery func(map[string]any)
		handle    answer
		says      string
	}{
		"names another issuer":        {discovery: func(d map[string]any) { d["issuer"] = "https://accounts.example.com" }, says: "another issuer"},
		"private authorization":       {discovery: func(d map[string]any) { d["authorization_endpoint"] = "http://10.0.0.1/" }, says: "authorization_endpoint 10.0.0.1 is not on the public internet"},
		"script as the authorization": {discovery: func(d map[string]any) { d["authorization_endpoint"] = "javascript:alert(1)" }, says: "authorization_endpoint"},
		"private token endpoint":      {discovery: func(d map[string]any) { d["token_endpoint"] = "http://169.254.169.254/latest" }, says: "token_endpoint 169.254.169.254 is not on the public internet"},
		"private keys":                {discovery: func(d map[string]any) { d["jwks_uri"] = "http://[fd00::1]/" }, says: "jwks_uri"},
		"redirects": {says: "redirects elsewhere", handle: func(w http.ResponseWriter, rq *http.Request) bool {
			http.Redirect(w, rq, "http://169.254.169.254/", http.StatusFound)
			return true
		}},
		"endless answer": {says: "no valid answer", handle: func(w http.ResponseWriter, _ *http.Request) bool {
			for range 3 << 10 {
				if _, err := io.WriteString(w, strings.Repeat(" ", 1<<10)); err != nil {
					break
				}
			}
			return true
		}},
		"not JSON": {says: "no valid answer", handle: func(w http.ResponseWriter, _ *http.Request) bool {
			_, _ = io.WriteString(w, "<html>secret")
			return true
		}},
		"no issuer": {says: "no valid answer", handle: func(w http.ResponseWriter, _ *http.Request) bool {
			http.Error(w, "secret", http.StatusInternalServerError)
			return true
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := issuertest.Start(t)
			i.Discovery, i.Handle = c.discovery, c.handle
			_, err := signIn(t, i, nil)
			if !errors.Is(err, oidc.ErrUnreachable) || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "secret") {
				t.Errorf("%v; want an error with %q", err, c.says)
			}
		})
	}
}

// The default policy reaches neither this machine nor names that lead to it, whatever
// the discovery document says.
func TestPrivateIssuersAreNotReached(t *testing.T) {
	t.Parallel()
	i := issuertest.Start(t)
	reached := false
	i.Handle = func(http.ResponseWriter, *http.Request) bool { reached = true; return false }
	for _, u := range []string{i.URL, strings.Replace(i.URL, "127.0.0.1", "localhost", 1), "http://accounts.example.com", "https://127.0.0.1"} {
		settings := settings(i)
		settings.URL = u
		client := oidc.New(egress.Policy{AllowHTTP: strings.HasPrefix(u, "http://127")}, time.Now)
		if _, _, err := client.Begin(t.Context(), settings, redirect); !errors.Is(err, oidc.ErrUnreachable) {
			t.Errorf("%s: %v", u, err)
		}
	}
	if reached {
		t.Error("the issuer was reached")
	}
}

// An issuer that never answers holds up its own sign-in, for a bounded time.
func TestSlowIssuerIsGivenUp(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("waits as long as an issuer may take")
	}
	i := issuertest.Start(t)
	i.Handle = func(_ http.ResponseWriter, rq *http.Request) bool {
		<-rq.Context().Done()
		return true
	}
	client := oidc.New(local, time.Now)
	done := make(chan error, 1)
	go func() {
		_, _, err := client.Begin(t.Context(), settings(i), redirect)
		done <- err
	}()
	if err := <-done; !errors.Is(err, oidc.ErrUnreachable) || !strings.Contains(err.Error(), "no answer within 10s") {
		t.Error(err)
	}
}
