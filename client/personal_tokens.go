package client

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// PersonalToken is a token of your account. Token, its value, is set only in the
// answer that made it.
type PersonalToken struct {
	ID          string     `json:"id"`
	Name        string     `json:"name"`
	Description string     `json:"description"`
	ExpiresAt   *time.Time `json:"expiresAt"` // nil: never
	CreatedAt   time.Time  `json:"createdAt"`
	Token       string     `json:"token,omitempty"`
}

// NewPersonalToken is what it takes to make a personal token.
type NewPersonalToken struct {
	Name        string     `json:"name"`
	Description string     `json:"description,omitempty"`
	ExpiresAt   *time.Time `json:"expiresAt,omitempty"` // nil: never, or as late as allowed
	// Networks are those that it may be used from, in CIDR notation; none: anywhere,
	// or wherever the token that makes it may be used from.
	Networks []string `json:"-"`
}

// ListPersonalTokens gives your personal tokens. Needs a personal token.
func (c *Client) ListPersonalTokens(ctx context.Context) ([]PersonalToken, error) {
	return fetch[[]PersonalToken](ctx, c, http.MethodGet, "/v2/user/tokens", nil, nil)
}

// CreatePersonalToken makes a personal token, whose value is in the answer
// alone. Needs a personal token.
func (c *Client) CreatePersonalToken(ctx context.Context, in NewPersonalToken) (PersonalToken, error) {
	return fetch[PersonalToken](ctx, c, http.MethodPost, "/v2/user/tokens", networksQuery(in.Networks), in)
}

// GetPersonalTokenNetworks gives the networks that one of your personal tokens may
// be used from. Needs a personal token.
func (c *Client) GetPersonalTokenNetworks(ctx context.Context, id string) (TokenNetworks, error) {
	return fetch[TokenNetworks](ctx, c, http.MethodGet, "/v2/user/tokens/"+url.PathEscape(id)+"/networks", nil, nil)
}

// UpdatePersonalTokenNetworks binds one of your personal tokens to networks; with
// none it may be used from anywhere. Needs a personal token.
func (c *Client) UpdatePersonalTokenNetworks(ctx context.Context, id string, networks []string) (TokenNetworks, error) {
	return fetch[TokenNetworks](ctx, c, http.MethodPut, "/v2/user/tokens/"+url.PathEscape(id)+"/networks", nil, networksBody(networks))
}

// DeletePersonalToken revokes one of your personal tokens. Needs a personal token.
func (c *Client) DeletePersonalToken(ctx context.Context, id string) error {
	return c.do(ctx, http.MethodDelete, "/v2/user/tokens/"+url.PathEscape(id), nil, nil, nil)
}
