// Package accesstoken signs access tokens that applications verify by themselves: JWTs
// (RFC 9068), with the keys that the JWK set (RFC 7517) has.
package accesstoken

import (
	"crypto/rand"
	"encoding/json"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/rosterhq/roster/internal/audit"
)

// MaxLifetime is how long a token is valid at most.
const MaxLifetime = 5 * time.Minute

// Claims are what a token says (RFC 9068 section 2.2).
type Claims struct {
	Subject  string // the user's id, or the API token's
	Audience string // the application's id
	ClientID string // the id of the token that was exchanged
	// Organization is where the subject acts.
	Organization string
	// Scope lists the subject's capabilities in the application, separated by spaces.
	Scope string
	// Until is when the token that was exchanged ends; zero: never.
	Until time.Time
}

// wire are the claims that RFC 7519 does not register.
type wire struct {
	ClientID     string `json:"client_id"`
	Organization string `json:"org"`
	Scope        string `json:"scope"`
}

// Signer signs tokens. Nodes with the same keyring have the same keys.
type Signer struct {
	keys  *audit.Keyring
	clock func() time.Time
}

// New returns a signer with keys derived from a keyring.
func New(keys *audit.Keyring, clock func() time.Time) *Signer { return &Signer{keys, clock} }

// Sign returns a token that issuer issues now, and how long it is valid, in whole seconds:
// for [MaxLifetime], or until the token that was exchanged expires.
func (s *Signer) Sign(issuer string, c Claims) (token string, valid time.Duration, err error) {
	now := s.clock().UTC().Truncate(time.Second)
	expires := now.Add(MaxLifetime)
	if !c.Until.IsZero() && c.Until.Before(expires) {
		expires = c.Until.Truncate(time.Second)
	}
	key := s.periodKeys(period(now))[0]
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: algorithm, Key: key}, (&jose.SignerOptions{}).WithType("at+jwt"))
	if err != nil {
		return "", 0, err
	}
	token, err = jwt.Signed(signer).Claims(jwt.Claims{
		Issuer: issuer, Subject: c.Subject, Audience: jwt.Audience{c.Audience}, ID: rand.Text(),
		IssuedAt: jwt.NewNumericDate(now), Expiry: jwt.NewNumericDate(expires),
	}).Claims(wire{c.ClientID, c.Organization, c.Scope}).Serialize()
	return token, expires.Sub(now), err
}

// KeySet is the JWK set that tokens are verified with, as JSON: the keys of the present
// period, of the one before, whose last tokens are still valid, and of the next, which
// caches thus have before it begins.
func (s *Signer) KeySet() ([]byte, error) {
	now := period(s.clock())
	var set jose.JSONWebKeySet
	for _, p := range []int64{now, now - 1, now + 1} {
		for _, key := range s.periodKeys(p) {
			set.Keys = append(set.Keys, key.Public())
		}
	}
	return json.Marshal(set)
}
