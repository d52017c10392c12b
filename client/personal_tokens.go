package client

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// PersonalToken is a token of your account. Token is its value; it is set only when the
// token is created.
type PersonalToken struct {
	ID          string     `json:"id"`
	Name        string     `json:"name"`
	Description string     `json:"description"`
	ExpiresAt   *time.Time `json:"expiresAt"` // nil: never
	CreatedAt   time.Time  `json:"createdAt"`
	Token       string     `json:"token,omitempty"`
}

// NewPersonalToken describes a personal token to create.
type NewPersonalToken struct {
	Name        string     `json:"name"`
	Description string     `json:"description,omitempty"`
	ExpiresAt   *time.Time `json:"expiresAt,omitempty"` // nil: never, or the latest allowed time
	// Networks are the networks that the token may be used from, in CIDR notation. If
	// empty, the new token has the networks of the token that creates it.
	Networks []string `json:"-"`
}

// ListPersonalTokens returns your personal tokens. Needs a personal token.
func (c *Client) ListPersonalTokens(ctx context.Context) ([]PersonalToken, error) {
	return fetch[[]PersonalToken](ctx, c, http.MethodGet, "/v2/user/tokens", nil, nil)
}

// CreatePersonalToken creates a personal token. Only this answer has its value. Needs a
// personal token.
func (c *Client) CreatePersonalToken(ctx context.Context, in NewPersonalToken) (PersonalToken, error) {
	return fetch[PersonalToken](ctx, c, http.MethodPost, "/v2/user/tokens", networksQuery(in.Networks), in)
}

// GetPersonalTokenNetworks returns the networks that one of your personal tokens may
// be used from. Needs a personal token.
func (c *Client) GetPersonalTokenNetworks(ctx context.Context, id string) (TokenNetworks, error) {
	return fetch[TokenNetworks](ctx, c, http.MethodGet, "/v2/user/tokens/"+url.PathEscape(id)+"/networks", nil, nil)
}

// UpdatePersonalTokenNetworks restricts one of your personal tokens to networks. Without
// networks, it may be used from anywhere. Needs a personal token.
func (c *Client) UpdatePersonalTokenNetworks(ctx context.Context, id string, networks []string) (TokenNetworks, error) {
	return fetch[TokenNetworks](ctx, c, http.MethodPut, "/v2/user/tokens/"+url.PathEscape(id)+"/networks", nil, networksBody(networks))
}

// DeletePersonalToken revokes one of your personal tokens. Needs a personal token.
func (c *Client) DeletePersonalToken(ctx context.Context, id string) error {
	return c.do(ctx, http.MethodDelete, "/v2/user/tokens/"+url.PathEscape(id), nil, nil, nil)
}

// MemberToken is a personal token of a user, as an organization sees it.
type MemberToken struct {
	ID         string     `json:"id"`
	Name       string     `json:"name"`
	CreatedAt  time.Time  `json:"createdAt"`
	ExpiresAt  *time.Time `json:"expiresAt"`  // nil: never
	LastUsedAt *time.Time `json:"lastUsedAt"` // in the organization; nil: never
	Networks   []string   `json:"networks"`   // none: from anywhere
}

// ListMemberTokens returns the personal tokens with which a user can act in the
// organization. Permission users|update.
func (c *Client) ListMemberTokens(ctx context.Context, user string) ([]MemberToken, error) {
	return fetch[[]MemberToken](ctx, c, http.MethodGet, "/v2/users/"+url.PathEscape(user)+"/tokens", nil, nil)
}

// RevokeMemberToken revokes a personal token of a user in the organization. It still works
// in other organizations. Permission users|update; only owners revoke an owner's tokens.
func (c *Client) RevokeMemberToken(ctx context.Context, user, id string) error {
	return c.do(ctx, http.MethodDelete, "/v2/users/"+url.PathEscape(user)+"/tokens/"+url.PathEscape(id), nil, nil, nil)
}
