package oauth_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/rosterhq/roster/internal/applications"
	"github.com/rosterhq/roster/internal/apptest"
	"github.com/rosterhq/roster/internal/authz"
)

// billing is a server with an application of the deployment, a user who may read invoices
// of 2026 in it, and an API token that may approve all.
type billing struct {
	*apptest.Server
	t          testing.TB
	credential string
	reader     apptest.User
	token      string
}

func start(t testing.TB) *billing {
	t.Helper()
	b := &billing{Server: apptest.Start(t), t: t}
	apps := applications.New(b.Service)
	if _, err := apps.Apply(t.Context(), []applications.NewApplication{{
		ID: "billing", Name: "Billing", Types: authz.AppTypes{"invoice": {Actions: []string{"approve", "read"}, Instances: true}, "report": {Actions: []string{"read"}}},
	}}, applications.How{}); err != nil {
		t.Fatal(err)
	}
	made, err := apps.IssueCredential(t.Context(), "", "billing")
	if err != nil {
		t.Fatal(err)
	}
	b.credential = made.Secret
	var role struct{ ID string }
	b.Want(http.StatusOK, "POST", "/v2/rbac/roles", apptest.Request{
		Token: b.PersonalToken,
		Body:  `{"name": "Reader", "appCapabilities": {"billing": {"invoice": {"2026-*": ["read"]}}}}`,
	}).Decode(t, &role)
	b.reader = b.CreateUser("Reader", "reader@example.com", role.ID)
	b.token = b.APITokenWith(`"appCapabilities": {"billing": {"invoice": {"*": ["approve"]}}}`)
	return b
}

func (b *billing) introspect(token string, more ...string) map[string]any {
	b.t.Helper()
	values := url.Values{"token": {token}}
	for i := 0; i+1 < len(more); i += 2 {
		values.Set(more[i], more[i+1])
	}
	answer := b.post("/oauth2/introspect", b.credential, values)
	if answer.Status != http.StatusOK {
		b.t.Fatalf("%d %s", answer.Status, answer.Body)
	}
	var got map[string]any
	answer.Decode(b.t, &got)
	return got
}

func (b *billing) post(path, token string, values url.Values) apptest.Answer {
	b.t.Helper()
	return b.Do("POST", path, apptest.Request{
		Token: token, Header: map[string]string{"Content-Type": "application/x-www-form-urlencoded"}, Body: values.Encode(),
	})
}

// RFC 7662 section 2.2: an active token says whom it acts for and what it may do.
func TestIntrospection(t *testing.T) {
	b := start(t)
	got := b.introspect(b.TokenOf("reader@example.com"))
	if got["active"] != true || got["sub"] != b.reader.ID || got["org"] != b.OrgID || got["scope"] != "invoice:2026-*|read" || got["token_type"] != "Bearer" {
		t.Errorf("a personal token: %v", got)
	}
	got = b.introspect(b.token)
	if got["active"] != true || got["sub"] != got["client_id"] || got["scope"] != "invoice:*|approve" {
		t.Errorf("an API token: %v", got)
	}
	if got = b.introspect(b.PersonalToken); got["scope"] != "invoice:*|approve invoice:*|read report|read" {
		t.Errorf("the owner's token: %v", got)
	}
	for why, got := range map[string]map[string]any{
		"unknown":         b.introspect("xaat-00000000-0000-4000-8000-000000000000"),
		"no token at all": b.introspect("hunter2"),
		"a credential":    b.introspect(b.credential),
		"elsewhere":       b.introspect(b.token, "organization", "other-aaaa"),
	} {
		if len(got) != 1 || got["active"] != false {
			t.Errorf("%s: %v", why, got)
		}
	}
}

// A token that ended, or whose user was suspended, is not active at once.
func TestIntrospectionFollowsChanges(t *testing.T) {
	b := start(t)
	token := b.TokenOf("reader@example.com")
	if got := b.introspect(token); got["active"] != true {
		t.Fatalf("%v", got)
	}
	b.Want(http.StatusOK, "PUT", "/v2/users/"+b.reader.ID+"/status", apptest.Request{Token: b.PersonalToken, Body: `{"status": "suspended"}`})
	if got := b.introspect(token); got["active"] != false {
		t.Errorf("suspended: %v", got)
	}
}

// Applications alone introspect, and only form parameters are read.
func TestIntrospectionRefuses(t *testing.T) {
	b := start(t)
	values := url.Values{"token": {b.token}}
	for token, want := range map[string]int{b.token: http.StatusForbidden, b.PersonalToken: http.StatusForbidden, "": http.StatusUnauthorized} {
		if answer := b.post("/oauth2/introspect", token, values); answer.Status != want {
			t.Errorf("%q: %d", token, answer.Status)
		}
	}
	for _, c := range []struct{ body, contentType string }{
		{"", "application/x-www-form-urlencoded"},
		{"token=", "application/x-www-form-urlencoded"},
		{"token=a&token=b", "application/x-www-form-urlencoded"},
		{"token=%zz", "application/x-www-form-urlencoded"},
		{`{"token": "a"}`, "application/json"},
		{"token=" + strings.Repeat("a", 65<<10), "application/x-www-form-urlencoded"},
	} {
		answer := b.Do("POST", "/oauth2/introspect", apptest.Request{Token: b.credential, Header: map[string]string{"Content-Type": c.contentType}, Body: c.body})
		if answer.Status != http.StatusBadRequest || !strings.Contains(string(answer.Body), `"error":"invalid_request"`) {
			t.Errorf("%.20s: %d %s", c.body, answer.Status, answer.Body)
		}
	}
}

func exchangeOf(token string) url.Values {
	return url.Values{
		"grant_type": {"urn:ietf:params:oauth:grant-type:token-exchange"}, "subject_token": {token},
		"subject_token_type": {"urn:ietf:params:oauth:token-type:access_token"}, "audience": {"billing"},
	}
}

// RFC 8693 section 2.2.1 and RFC 9068: the JWT that a token is exchanged for is verified
// with the published keys, and holds what the token holds in the application.
func TestExchange(t *testing.T) {
	b := start(t)
	var metadata struct {
		Issuer        string
		TokenEndpoint string `json:"token_endpoint"`
		KeySet        string `json:"jwks_uri"`
	}
	b.Want(http.StatusOK, "GET", "/.well-known/oauth-authorization-server", apptest.Request{}).Decode(t, &metadata)
	answer := b.post(strings.TrimPrefix(metadata.TokenEndpoint, b.URL), "", exchangeOf(b.TokenOf("reader@example.com")))
	if answer.Status != http.StatusOK || answer.Header.Get("Cache-Control") != "no-store" {
		t.Fatalf("%d %s", answer.Status, answer.Body)
	}
	var got struct {
		AccessToken     string `json:"access_token"`
		IssuedTokenType string `json:"issued_token_type"`
		TokenType       string `json:"token_type"`
		ExpiresIn       int    `json:"expires_in"`
		Scope           string
	}
	answer.Decode(t, &got)
	if got.IssuedTokenType != "urn:ietf:params:oauth:token-type:access_token" || got.TokenType != "Bearer" || got.ExpiresIn != 300 || got.Scope != "invoice:2026-*|read" {
		t.Errorf("%+v", got)
	}
	var set jose.JSONWebKeySet
	b.Want(http.StatusOK, "GET", strings.TrimPrefix(metadata.KeySet, b.URL), apptest.Request{}).Decode(t, &set)
	parsed, err := jwt.ParseSigned(got.AccessToken, []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		t.Fatal(err)
	}
	var claims jwt.Claims
	var own map[string]any
	if err := parsed.Claims(set, &claims, &own); err != nil {
		t.Fatal(err)
	}
	if err := claims.Validate(jwt.Expected{Issuer: metadata.Issuer, Subject: b.reader.ID, AnyAudience: jwt.Audience{"billing"}, Time: time.Now()}); err != nil {
		t.Error(err)
	}
	if own["org"] != b.OrgID || own["scope"] != got.Scope {
		t.Errorf("%v", own)
	}
}

// A scope narrows the capabilities, and never adds one.
func TestExchangeNarrows(t *testing.T) {
	b := start(t)
	for scope, want := range map[string]string{
		"report|read":                       "report|read",
		"report|read  invoice:2026-7|read":  "invoice:2026-7|read report|read",
		"invoice:*|delete":                  "",
		"ledger|read":                       "",
		"invoice:2026-7|read other:x%y|z":   "",
		"invoice:2026-7|read invoice|read ": "",
	} {
		values := exchangeOf(b.PersonalToken)
		values.Set("scope", scope)
		answer := b.post("/oauth2/token", "", values)
		var got struct{ Scope, Error string }
		answer.Decode(t, &got)
		if got.Scope != want || (want == "") != (got.Error == "invalid_scope") {
			t.Errorf("%q: %d %s", scope, answer.Status, answer.Body)
		}
	}
}

// RFC 8693 section 2.2.2 and RFC 6749 section 5.2.
func TestExchangeRefuses(t *testing.T) {
	b := start(t)
	for _, c := range []struct{ name, value, want string }{
		{"grant_type", "password", "unsupported_grant_type"},
		{"subject_token", "", "invalid_request"},
		{"subject_token", "xaat-00000000-0000-4000-8000-000000000000", "invalid_request"},
		{"subject_token", b.credential, "invalid_request"},
		{"subject_token_type", "urn:ietf:params:oauth:token-type:id_token", "invalid_request"},
		{"requested_token_type", "urn:ietf:params:oauth:token-type:saml2", "invalid_request"},
		{"actor_token", b.token, "invalid_request"},
		{"audience", "", "invalid_request"},
		{"audience", "ledger", "invalid_target"},
		{"organization", "other-aaaa", "invalid_request"},
	} {
		values := exchangeOf(b.token)
		values.Set(c.name, c.value)
		answer := b.post("/oauth2/token", "", values)
		var got struct {
			Error       string
			Description string `json:"error_description"`
		}
		answer.Decode(t, &got)
		if answer.Status != http.StatusBadRequest || got.Error != c.want || got.Description == "" || strings.Contains(string(answer.Body), b.token) {
			t.Errorf("%s=%s: %d %s", c.name, c.value, answer.Status, answer.Body)
		}
	}
}
