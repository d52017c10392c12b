package oidc

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/rosterhq/roster/internal/quote"
)

// FlowLasts is how long a person may take at the issuer.
const FlowLasts = 10 * time.Minute

// Flow is a sign-in under way. It stays with the browser that began it, sealed.
type Flow struct {
	State    string    `json:"s"`
	Nonce    string    `json:"n"`
	Verifier string    `json:"v"` // of PKCE
	Until    time.Time `json:"u"`
}

// Person is what an issuer says about who signed in.
type Person struct {
	Subject       string
	Email         string
	EmailVerified *bool // nil: the issuer does not say
	Name          string
	Groups        []string
}

// Begin returns where to send the browser, and what to keep for [Client.Finish].
func (c *Client) Begin(ctx context.Context, i Issuer, redirect string) (target string, f Flow, err error) {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	m, err := c.discover(ctx, i.URL)
	if err != nil {
		return "", f, err
	}
	f = Flow{State: rand.Text(), Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier(), Until: c.clock().Add(FlowLasts)}
	return m.oauth(i, redirect).AuthCodeURL(f.State, oidc.Nonce(f.Nonce), oauth2.S256ChallengeOption(f.Verifier)), f, nil
}

// Finish checks the issuer's answer, which the browser brought in its query, fetches the
// ID token, and verifies it.
func (c *Client) Finish(ctx context.Context, i Issuer, redirect string, f Flow, query url.Values) (p Person, err error) {
	ctx, cancel := context.WithTimeout(ctx, 3*within) // discovery, token and keys
	defer cancel()
	if !same(query.Get("state"), f.State) || !c.clock().Before(f.Until) {
		return p, errors.New("this sign-in was not begun in this browser, was finished already, or took too long; start again")
	}
	m, err := c.discover(ctx, i.URL)
	if err != nil {
		return p, err
	}
	// RFC 9207: the answer of another issuer must not reach this one's token endpoint.
	if iss := query.Get("iss"); (iss != "" || m.sendsISS) && iss != i.URL {
		return p, errors.New("the answer came from another issuer; start again")
	}
	if code := query.Get("error"); code != "" {
		return p, fmt.Errorf("the issuer refused: %s", quote.Input(code))
	}
	if query.Get("code") == "" {
		return p, errors.New("the issuer's answer has no code; start again")
	}
	token, err := m.oauth(i, redirect).Exchange(c.fetcher.context(ctx), query.Get("code"), oauth2.VerifierOption(f.Verifier))
	if err != nil {
		if refused, ok := errors.AsType[*oauth2.RetrieveError](err); ok && refused.ErrorCode != "" {
			return p, fmt.Errorf("the issuer refused the code: %s", quote.Input(refused.ErrorCode))
		}
		return p, fmt.Errorf("%w: its token endpoint: %s", ErrUnreachable, explain(err))
	}
	raw, ok := token.Extra("id_token").(string)
	if !ok {
		return p, fmt.Errorf("%w: its token endpoint gave no ID token", ErrUnreachable)
	}
	return c.verify(ctx, m, i, f, raw)
}

// verify checks an ID token (OpenID Connect Core 1.0, section 3.1.3.7). Algorithms with a
// shared secret and none are never accepted.
func (c *Client) verify(ctx context.Context, m metadata, i Issuer, f Flow, raw string) (p Person, err error) {
	now := c.clock()
	verifier := m.provider.Verifier(&oidc.Config{ClientID: i.ClientID, Now: func() time.Time { return now.Add(-skew) }})
	token, err := verifier.Verify(ctx, raw)
	if err != nil {
		if _, ok := errors.AsType[*oidc.TokenExpiredError](err); ok {
			return p, errors.New("the issuer's ID token has expired; check the clocks, and start again")
		}
		return p, errors.New("the issuer's ID token is not valid: its signature, issuer or audience is wrong")
	}
	var claims struct {
		AuthorizedParty string `json:"azp"`
		Email           string `json:"email"`
		EmailVerified   truth  `json:"email_verified"`
		DomainVerified  truth  `json:"xms_edov"` // what Entra sends instead of email_verified
		Name            string `json:"name"`
	}
	if err := token.Claims(&claims); err != nil {
		return p, errors.New("the issuer's ID token has claims of the wrong type")
	}
	switch {
	case !same(token.Nonce, f.Nonce):
		return p, errors.New("the issuer's ID token belongs to another sign-in; start again")
	case token.Subject == "" || len(token.Subject) > 255:
		return p, errors.New("the issuer's ID token has no subject of 1 to 255 bytes")
	case len(token.Audience) > 1 && claims.AuthorizedParty == "", claims.AuthorizedParty != "" && claims.AuthorizedParty != i.ClientID:
		return p, errors.New("the issuer's ID token was issued to another client")
	case token.IssuedAt.After(now.Add(skew)):
		return p, errors.New("the issuer's ID token was issued in the future; check the clocks")
	}
	if claims.EmailVerified.value == nil {
		claims.EmailVerified = claims.DomainVerified
	}
	p = Person{Subject: token.Subject, Email: claims.Email, EmailVerified: claims.EmailVerified.value, Name: claims.Name}
	if i.GroupsClaim != "" {
		p.Groups, err = groups(token, i.GroupsClaim)
	}
	return p, err
}

// maxGroups is how many groups of a person are read.
const maxGroups = 2000

// groups reads the claim with a person's groups: a list of strings, or one. An issuer
// that leaves them out because there are too many is refused, as the person would lose
// groups otherwise.
func groups(token *oidc.IDToken, claim string) ([]string, error) {
	var all map[string]any
	if err := token.Claims(&all); err != nil {
		return nil, errors.New("the issuer's ID token is not valid")
	}
	if elsewhere, ok := all["_claim_names"].(map[string]any); ok && elsewhere[claim] != nil {
		return nil, errors.New("the issuer left the person's groups out of the ID token because there are too many; have it send only groups that are assigned to the application")
	}
	var list []string
	switch v := all[claim].(type) {
	case nil:
		return nil, nil
	case string:
		list = []string{v}
	case []any:
		for _, g := range v {
			s, ok := g.(string)
			if !ok {
				return nil, fmt.Errorf("the claim %s is not a list of strings", quote.Input(claim))
			}
			list = append(list, s)
		}
	default:
		return nil, fmt.Errorf("the claim %s is not a list of strings", quote.Input(claim))
	}
	if len(list) > maxGroups {
		return nil, fmt.Errorf("the claim %s has more than %d groups", quote.Input(claim), maxGroups)
	}
	slices.Sort(list)
	return slices.Compact(list), nil
}

// truth is a boolean that some issuers send as a string.
type truth struct{ value *bool }

func (t *truth) UnmarshalJSON(b []byte) error {
	var v bool
	switch string(b) {
	case `true`, `"true"`, `1`, `"1"`:
		v = true
	case `false`, `"false"`, `0`, `"0"`:
	case `null`:
		return nil
	default:
		return errors.New("not a boolean")
	}
	t.value = &v
	return nil
}

func same(a, b string) bool {
	return b != "" && subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1
}
