// Package oidc is the protocol of OpenID Connect with issuers that tenants choose: it
// sends a browser to one, and verifies what the browser brings back. It decides nothing
// about accounts. Issuers are hostile until proven otherwise: every request to one keeps
// to the egress policy, follows no redirect, and is limited in time and size.
package oidc

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/rosterhq/roster/internal/egress"
)

// skew is how far the issuer's clock may be from ours.
const skew = time.Minute

// discoveryLasts is how long an issuer's metadata is used, and cachedIssuers how many
// are kept.
const (
	discoveryLasts = 10 * time.Minute
	cachedIssuers  = 1000
)

// ErrUnreachable is wrapped by errors of an issuer that gives no usable answer. Other
// errors are about the browser's request or the token.
var ErrUnreachable = errors.New("the issuer can't be used")

// Issuer is where to sign in, and as which client.
type Issuer struct {
	URL          string
	ClientID     string
	ClientSecret string // empty for a public client
	Scopes       []string
	GroupsClaim  string // empty: groups are not read
}

// Client speaks with issuers. It is safe for concurrent use.
type Client struct {
	policy  egress.Policy
	fetcher *fetcher
	clock   func() time.Time

	mu    sync.Mutex
	known map[string]metadata // by the issuer's URL
}

// metadata is what an issuer's discovery document says.
type metadata struct {
	provider *oidc.Provider
	sendsISS bool // RFC 9207: answers name their issuer
	until    time.Time
}

// New makes a client whose requests keep to a policy.
func New(policy egress.Policy, clock func() time.Time) *Client {
	return &Client{policy: policy, fetcher: newFetcher(policy), clock: clock, known: make(map[string]metadata)}
}

// CheckIssuer reads an issuer's metadata anew, and says why nobody can sign in by it.
func (c *Client) CheckIssuer(ctx context.Context, issuer string) error {
	c.mu.Lock()
	delete(c.known, issuer)
	c.mu.Unlock()
	_, err := c.discover(ctx, issuer)
	return err
}

// discover reads an issuer's metadata (OpenID Connect Discovery 1.0), or takes what it
// read before. The endpoints in it are held to the policy like the issuer's own URL.
func (c *Client) discover(ctx context.Context, issuer string) (metadata, error) {
	c.mu.Lock()
	m, ok := c.known[issuer]
	c.mu.Unlock()
	if ok && c.clock().Before(m.until) {
		return m, nil
	}
	if err := c.policy.CheckURL(issuer); err != nil {
		return m, fmt.Errorf("%w: its URL %w", ErrUnreachable, err)
	}
	// The key set uses the client of this context later on, without its deadline.
	provider, err := oidc.NewProvider(c.fetcher.context(ctx), issuer)
	if err != nil {
		return m, fmt.Errorf("%w: discovery failed: %s", ErrUnreachable, explain(err))
	}
	var doc struct {
		AuthorizationEndpoint string `json:"authorization_endpoint"`
		TokenEndpoint         string `json:"token_endpoint"`
		JWKSURI               string `json:"jwks_uri"`
		SendsISS              bool   `json:"authorization_response_iss_parameter_supported"`
	}
	if err := provider.Claims(&doc); err != nil {
		return m, fmt.Errorf("%w: its discovery document is not valid", ErrUnreachable)
	}
	for name, endpoint := range map[string]string{
		"authorization_endpoint": doc.AuthorizationEndpoint, "token_endpoint": doc.TokenEndpoint, "jwks_uri": doc.JWKSURI,
	} {
		if err := c.policy.CheckURL(endpoint); err != nil {
			return m, fmt.Errorf("%w: its %s %w", ErrUnreachable, name, err)
		}
	}
	m = metadata{provider, doc.SendsISS, c.clock().Add(discoveryLasts)}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.known) >= cachedIssuers {
		clear(c.known)
	}
	c.known[issuer] = m
	return m, nil
}

func (m metadata) oauth(i Issuer, redirect string) *oauth2.Config {
	return &oauth2.Config{
		ClientID: i.ClientID, ClientSecret: i.ClientSecret, Endpoint: m.provider.Endpoint(), RedirectURL: redirect,
		Scopes: slices.Concat([]string{oidc.ScopeOpenID}, i.Scopes),
	}
}

// explain is an error without what the issuer sent: people of the tenant read it, and it
// must not show them the answers of machines that only the server reaches.
func explain(err error) string {
	switch {
	case errors.Is(err, egress.ErrForbidden):
		return "it is not on the public internet"
	case errors.Is(err, errTooLarge):
		return errTooLarge.Error()
	case errors.Is(err, errRedirect):
		return errRedirect.Error()
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Sprintf("there was no answer within %s", within)
	case strings.Contains(err.Error(), "issuer URL provided to client"):
		return "the document names another issuer; the URL must be exactly the issuer's own"
	default:
		return "there was no valid answer"
	}
}
