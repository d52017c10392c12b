// Package issuertest is an OpenID Connect issuer for tests, which can be made to misbehave.
package issuertest

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"
)

// Issuer answers on 127.0.0.1 until the test ends. The fields may be set between sign-ins.
type Issuer struct {
	URL string
	// Claims are added to each ID token, over the usual ones; nil takes one away.
	Claims map[string]any
	// Sign makes the token of its header and claims; by default signed with the issuer's key.
	Sign func(i *Issuer, header, claims map[string]any) string
	// Discovery changes the discovery document.
	Discovery func(doc map[string]any)
	// Handle answers a request instead, if it returns true.
	Handle func(w http.ResponseWriter, rq *http.Request) bool
	// Clock is the issuer's.
	Clock func() time.Time

	t    testing.TB
	key  *rsa.PrivateKey
	mu   sync.Mutex
	code map[string]url.Values // what the authorization request asked for, by code
}

// ClientID and ClientSecret are those of the client that the issuer takes.
const (
	ClientID     = "roster"
	ClientSecret = "the-client's-secret"
)

// Start starts an issuer.
func Start(t testing.TB) *Issuer {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	i := &Issuer{t: t, key: key, Claims: map[string]any{}, Sign: (*Issuer).RS256, Clock: time.Now, code: make(map[string]url.Values)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", i.discovery)
	mux.HandleFunc("GET /keys", i.keys)
	mux.HandleFunc("POST /token", i.token)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, rq *http.Request) {
		if i.Handle == nil || !i.Handle(w, rq) {
			mux.ServeHTTP(w, rq)
		}
	}))
	t.Cleanup(server.Close)
	i.URL = server.URL
	return i
}

// Authorize signs a person in at the URL that the browser was sent to, and returns the
// query that the browser brings back.
func (i *Issuer) Authorize(target string) url.Values {
	i.t.Helper()
	u, err := url.Parse(target)
	if err != nil {
		i.t.Fatal(err)
	}
	q := u.Query()
	if q.Get("code_challenge_method") != "S256" || q.Get("response_type") != "code" || q.Get("client_id") != ClientID {
		i.t.Errorf("authorization request: %s", target)
	}
	code := rand.Text()
	i.mu.Lock()
	defer i.mu.Unlock()
	i.code[code] = q
	return url.Values{"code": {code}, "state": {q.Get("state")}}
}

func (i *Issuer) discovery(w http.ResponseWriter, _ *http.Request) {
	doc := map[string]any{
		"issuer": i.URL, "authorization_endpoint": i.URL + "/authorize", "token_endpoint": i.URL + "/token", "jwks_uri": i.URL + "/keys",
		"response_types_supported": []string{"code"}, "subject_types_supported": []string{"public"}, "id_token_signing_alg_values_supported": []string{"RS256"},
	}
	if i.Discovery != nil {
		i.Discovery(doc)
	}
	i.answer(w, http.StatusOK, doc)
}

func (i *Issuer) keys(w http.ResponseWriter, _ *http.Request) {
	i.answer(w, http.StatusOK, map[string]any{"keys": []any{map[string]any{
		"kty": "RSA", "use": "sig", "kid": "1", "alg": "RS256", "n": encode(i.key.N.Bytes()), "e": encode(big.NewInt(int64(i.key.E)).Bytes()),
	}}})
}

func (i *Issuer) token(w http.ResponseWriter, rq *http.Request) {
	id, secret, ok := rq.BasicAuth()
	if !ok {
		id, secret = rq.PostFormValue("client_id"), rq.PostFormValue("client_secret")
	} else {
		id, _ = url.QueryUnescape(id)
		secret, _ = url.QueryUnescape(secret)
	}
	i.mu.Lock()
	asked, known := i.code[rq.PostFormValue("code")]
	delete(i.code, rq.PostFormValue("code")) // each works once
	i.mu.Unlock()
	challenge := sha256.Sum256([]byte(rq.PostFormValue("code_verifier")))
	switch {
	case id != ClientID || secret != ClientSecret:
		i.answer(w, http.StatusUnauthorized, map[string]any{"error": "invalid_client"})
		return
	case !known || asked.Get("code_challenge") != encode(challenge[:]) || asked.Get("redirect_uri") != rq.PostFormValue("redirect_uri"):
		i.answer(w, http.StatusBadRequest, map[string]any{"error": "invalid_grant"})
		return
	}
	now := i.Clock()
	claims := map[string]any{
		"iss": i.URL, "sub": "ada", "aud": ClientID, "nonce": asked.Get("nonce"), "iat": now.Unix(), "exp": now.Add(time.Minute).Unix(),
		"email": "ada@example.com", "email_verified": true, "name": "Ada",
	}
	maps.Copy(claims, i.Claims)
	maps.DeleteFunc(claims, func(_ string, v any) bool { return v == nil })
	token := i.Sign(i, map[string]any{"alg": "RS256", "kid": "1"}, claims)
	i.answer(w, http.StatusOK, map[string]any{"access_token": "at", "token_type": "Bearer", "expires_in": 60, "id_token": token})
}

// RS256 signs as issuers do.
func (i *Issuer) RS256(header, claims map[string]any) string {
	input := i.Input(header, claims)
	sum := sha256.Sum256([]byte(input))
	signature, err := rsa.SignPKCS1v15(nil, i.key, crypto.SHA256, sum[:])
	if err != nil {
		i.t.Error(err)
	}
	return input + "." + encode(signature)
}

// Input is what a token's signature is over.
func (i *Issuer) Input(header, claims map[string]any) string {
	h, err := json.Marshal(header)
	if err != nil {
		i.t.Error(err)
	}
	c, err := json.Marshal(claims)
	if err != nil {
		i.t.Error(err)
	}
	return encode(h) + "." + encode(c)
}

// PublicKey is the key that a confused verifier takes for a shared secret.
func (i *Issuer) PublicKey() []byte { return i.key.N.Bytes() }

func (i *Issuer) answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(v); err != nil {
		i.t.Log(err) // the client has gone
	}
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
