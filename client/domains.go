package client

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// Domain is a domain of email addresses that the organization has verified, or is about
// to, with the TXT record that verifies it.
type Domain struct {
	Domain      string     `json:"domain"`
	RecordName  string     `json:"recordName"`
	RecordValue string     `json:"recordValue"`
	CreatedAt   time.Time  `json:"createdAt"`
	VerifiedAt  *time.Time `json:"verifiedAt"` // nil: not verified
}

// ListDomains returns the domains of the organization. Permission users|read.
func (c *Client) ListDomains(ctx context.Context) ([]Domain, error) {
	return fetch[[]Domain](ctx, c, http.MethodGet, "/v2/domains", nil, nil)
}

// AddDomain adds a domain, which is not verified yet. Needs an owner's personal token.
func (c *Client) AddDomain(ctx context.Context, domain string) (Domain, error) {
	return fetch[Domain](ctx, c, http.MethodPost, "/v2/domains", nil, map[string]string{"domain": domain})
}

// VerifyDomain looks up the TXT record of a domain and marks the domain as verified. Until
// the record is there, the error is [ErrConflict]. Needs an owner's personal token.
func (c *Client) VerifyDomain(ctx context.Context, domain string) (Domain, error) {
	return fetch[Domain](ctx, c, http.MethodPost, "/v2/domains/"+url.PathEscape(domain)+"/verify", nil, nil)
}

// DeleteDomain deletes a domain. Needs an owner's personal token.
func (c *Client) DeleteDomain(ctx context.Context, domain string) error {
	return c.do(ctx, http.MethodDelete, "/v2/domains/"+url.PathEscape(domain), nil, nil, nil)
}
