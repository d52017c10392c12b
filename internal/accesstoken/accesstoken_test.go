package accesstoken_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/rosterhq/roster/internal/accesstoken"
	"github.com/rosterhq/roster/internal/audit"
)

const (
	oldKey = "roster.test rosterkey_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"
	newKey = "roster.test rosterkey_AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"
)

// node is a server with a key file and a clock of its own.
func node(t *testing.T, file string, now *time.Time) *accesstoken.Signer {
	t.Helper()
	keys, err := audit.ParseKeyring([]byte(file))
	if err != nil {
		t.Fatal(err)
	}
	return accesstoken.New(keys, func() time.Time { return *now })
}

func keySet(t *testing.T, s *accesstoken.Signer) (set jose.JSONWebKeySet) {
	t.Helper()
	text, err := s.KeySet()
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &set); err != nil {
		t.Fatal(err)
	}
	return set
}

// verify checks a token with a key set, as an application does.
func verify(t *testing.T, token string, set jose.JSONWebKeySet) (claims jwt.Claims, own map[string]any) {
	t.Helper()
	parsed, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		t.Fatal(err)
	}
	if typ := parsed.Headers[0].ExtraHeaders["typ"]; typ != "at+jwt" {
		t.Errorf("typ is %v", typ)
	}
	if err := parsed.Claims(set, &claims, &own); err != nil {
		t.Errorf("%v", err)
	}
	return claims, own
}

// A token that one node signs is verified with the keys of another, and says what RFC 9068
// section 2.2 requires.
func TestSignAndVerify(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)
	token, valid, err := node(t, newKey+oldKey, &now).Sign("https://roster.test", accesstoken.Claims{
		Subject: "user-1", Audience: "billing", ClientID: "token-1", Organization: "org-1", Scope: "invoice|read",
	})
	if err != nil {
		t.Fatal(err)
	}
	claims, own := verify(t, token, keySet(t, node(t, newKey+oldKey, &now)))
	if err := claims.Validate(jwt.Expected{Issuer: "https://roster.test", Subject: "user-1", AnyAudience: jwt.Audience{"billing"}, Time: now}); err != nil {
		t.Error(err)
	}
	if claims.ID == "" || claims.IssuedAt == nil || claims.Expiry.Time().Sub(claims.IssuedAt.Time()) != valid || valid != accesstoken.MaxLifetime {
		t.Errorf("%+v, valid for %v", claims, valid)
	}
	if own["client_id"] != "token-1" || own["org"] != "org-1" || own["scope"] != "invoice|read" {
		t.Errorf("%v", own)
	}
}

// A token ends with the one that it was exchanged for.
func TestEndsWithTheExchangedToken(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)
	_, valid, err := node(t, newKey, &now).Sign("https://roster.test", accesstoken.Claims{Until: now.Add(90 * time.Second)})
	if err != nil || valid != 90*time.Second {
		t.Errorf("%v, %v; want 90 s", valid, err)
	}
}

// A key set that was fetched at any time during the last period verifies the tokens of
// this one. The key set of the next period verifies its last tokens.
func TestKeysRotate(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	s := node(t, newKey, &now)
	signedWith := make(map[string]bool)
	for range 4 {
		token, _, err := s.Sign("https://roster.test", accesstoken.Claims{Subject: "user-1"})
		if err != nil {
			t.Fatal(err)
		}
		parsed, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.ES256})
		if err != nil {
			t.Fatal(err)
		}
		signedWith[parsed.Headers[0].KeyID] = true
		at := now
		for _, fetched := range []time.Duration{-30 * 24 * time.Hour, 0, 30 * 24 * time.Hour} {
			now = at.Add(fetched)
			verify(t, token, keySet(t, s))
		}
		now = at.Add(30 * 24 * time.Hour)
	}
	if len(signedWith) != 4 {
		t.Errorf("%d keys signed in four periods", len(signedWith))
	}
}

// Tokens of a node that does not have the newest key yet are valid on the others, and no
// key set has a private key.
func TestKeyFileChanges(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	token, _, err := node(t, oldKey, &now).Sign("https://roster.test", accesstoken.Claims{})
	if err != nil {
		t.Fatal(err)
	}
	set := keySet(t, node(t, newKey+oldKey, &now))
	verify(t, token, set)
	for _, key := range set.Keys {
		if !key.IsPublic() || !key.Valid() {
			t.Errorf("%s is not a valid public key", key.KeyID)
		}
	}
}

func BenchmarkSign(b *testing.B) {
	keys, err := audit.ParseKeyring([]byte(newKey))
	if err != nil {
		b.Fatal(err)
	}
	s := accesstoken.New(keys, time.Now)
	for b.Loop() {
		if _, _, err := s.Sign("https://roster.test", accesstoken.Claims{Subject: "user-1", Scope: "invoice|read"}); err != nil {
			b.Fatal(err)
		}
	}
}
