package client

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// Issuer is an OpenID Connect issuer by which people sign in to the organization.
type Issuer struct {
	ID           string      `json:"id,omitempty"`
	Name         string      `json:"name"`
	URL          string      `json:"url"`
	ClientID     string      `json:"clientId"`
	ClientSecret string      `json:"clientSecret,omitempty"` // never shown; in an update, "" keeps the one that is there
	Enabled      *bool       `json:"enabled,omitempty"`      // nil in a request: true
	Provision    bool        `json:"provision"`              // people of a verified domain become members
	Scopes       []string    `json:"scopes"`                 // besides openid; none: email and profile
	GroupsClaim  string      `json:"groupsClaim"`
	Groups       []GroupRule `json:"groups"`

	// Set by the server.
	CreatedAt *time.Time `json:"createdAt,omitempty"`
	CreatedBy *Creator   `json:"createdBy,omitempty"`
	UpdatedAt *time.Time `json:"updatedAt,omitempty"`

	// ETag is the version that GetIssuer read. UpdateIssuer with one is
	// [ErrPreconditionFailed] if the issuer has changed since.
	ETag string `json:"-"`
}

func (i *Issuer) etag() string       { return i.ETag }
func (i *Issuer) setETag(tag string) { i.ETag = tag }

// GroupRule maps a value of the claim with a person's groups to a group.
type GroupRule struct {
	Value   string `json:"value"`
	GroupID string `json:"groupId"`
}

// ListIssuers returns the organization's issuers. It needs the personal token of an owner
// or admin.
func (c *Client) ListIssuers(ctx context.Context) ([]Issuer, error) {
	return fetch[[]Issuer](ctx, c, http.MethodGet, "/v2/issuers", nil, nil)
}

// GetIssuer returns one issuer. It needs the personal token of an owner or admin.
func (c *Client) GetIssuer(ctx context.Context, id string) (Issuer, error) {
	return fetch[Issuer](ctx, c, http.MethodGet, issuerPath(id), nil, nil)
}

// CheckIssuer reads what an issuer publishes, and returns why nobody can sign in by it, ""
// for no reason. It needs the personal token of an owner.
func (c *Client) CheckIssuer(ctx context.Context, id string) (problem string, err error) {
	out, err := fetch[struct{ Problem string }](ctx, c, http.MethodGet, issuerPath(id)+"/check", nil, nil)
	return out.Problem, err
}

func issuerPath(id string) string { return "/v2/issuers/" + url.PathEscape(id) }

// CreateIssuer adds an issuer. Like every change of an issuer, it needs the personal token
// of an owner.
func (c *Client) CreateIssuer(ctx context.Context, in Issuer) (Issuer, error) {
	return fetch[Issuer](ctx, c, http.MethodPost, "/v2/issuers", nil, &in)
}

// UpdateIssuer replaces the settings of an issuer. Its URL and ClientID can't be changed.
func (c *Client) UpdateIssuer(ctx context.Context, id string, in Issuer) (Issuer, error) {
	return fetch[Issuer](ctx, c, http.MethodPut, issuerPath(id), nil, &in)
}

// DeleteIssuer deletes an issuer and ends the sessions that it opened.
func (c *Client) DeleteIssuer(ctx context.Context, id string) error {
	return c.do(ctx, http.MethodDelete, issuerPath(id), nil, nil, nil)
}
