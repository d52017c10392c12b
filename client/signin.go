package client

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// Session is a browser that you are signed in in.
type Session struct {
	ID         string    `json:"id"`
	Device     string    `json:"device"` // such as "Firefox on Linux"
	Address    string    `json:"address"`
	Method     string    `json:"method"` // link, operatorLink, invitationLink, passkey or issuer
	CreatedAt  time.Time `json:"createdAt"`
	LastUsedAt time.Time `json:"lastUsedAt"` // to about a minute
	ExpiresAt  time.Time `json:"expiresAt"`
	OnlyOrgID  *string   `json:"onlyOrgId"` // nil: all of your organizations
}

// ListSessions returns your sessions, the one used last first. Needs a personal token.
func (c *Client) ListSessions(ctx context.Context) ([]Session, error) {
	return fetch[[]Session](ctx, c, http.MethodGet, "/v2/user/sessions", nil, nil)
}

// ListMemberSessions returns the sessions with which a user can act in the organization,
// the one used last first. Permission users|update.
func (c *Client) ListMemberSessions(ctx context.Context, user string) ([]Session, error) {
	return fetch[[]Session](ctx, c, http.MethodGet, "/v2/users/"+url.PathEscape(user)+"/sessions", nil, nil)
}

// EndMemberSession ends a user's session in the organization. It goes on in other
// organizations. Permission users|update; only owners end an owner's sessions.
func (c *Client) EndMemberSession(ctx context.Context, user, id string) error {
	return c.do(ctx, http.MethodDelete, "/v2/users/"+url.PathEscape(user)+"/sessions/"+url.PathEscape(id), nil, nil, nil)
}

// DeleteSession ends one of your sessions. Needs a personal token.
func (c *Client) DeleteSession(ctx context.Context, id string) error {
	return c.do(ctx, http.MethodDelete, "/v2/user/sessions/"+url.PathEscape(id), nil, nil, nil)
}

// DeleteSessions ends all of your sessions. Needs a personal token.
func (c *Client) DeleteSessions(ctx context.Context) error {
	return c.do(ctx, http.MethodDelete, "/v2/user/sessions", nil, nil, nil)
}

// Passkey is a passkey that you can sign in with.
type Passkey struct {
	ID         string     `json:"id"`
	Name       string     `json:"name"`
	CreatedAt  time.Time  `json:"createdAt"`
	LastUsedAt *time.Time `json:"lastUsedAt"` // nil: never
}

// ListPasskeys returns your passkeys. Needs a personal token.
func (c *Client) ListPasskeys(ctx context.Context) ([]Passkey, error) {
	return fetch[[]Passkey](ctx, c, http.MethodGet, "/v2/user/passkeys", nil, nil)
}

// RenamePasskey changes the name of one of your passkeys. Needs a personal token.
func (c *Client) RenamePasskey(ctx context.Context, id, name string) (Passkey, error) {
	body := map[string]string{"name": name}
	return fetch[Passkey](ctx, c, http.MethodPut, "/v2/user/passkeys/"+url.PathEscape(id), nil, body)
}

// DeletePasskey removes one of your passkeys. Needs a personal token.
func (c *Client) DeletePasskey(ctx context.Context, id string) error {
	return c.do(ctx, http.MethodDelete, "/v2/user/passkeys/"+url.PathEscape(id), nil, nil, nil)
}

// SignInLink signs somebody in once.
type SignInLink struct {
	URL       string    `json:"url"`
	ExpiresAt time.Time `json:"expiresAt"`
}

// CreateInvitationLink creates a link by which a user signs in for the first time. Pass it
// on to nobody else.
func (c *Client) CreateInvitationLink(ctx context.Context, userID string) (SignInLink, error) {
	return fetch[SignInLink](ctx, c, http.MethodPost, "/v2/users/"+url.PathEscape(userID)+"/sign-in-link", nil, nil)
}

// SessionLimits are how long sessions may be used in an organization; nil stands for the
// default.
type SessionLimits struct {
	IdleSeconds     *int64 `json:"idleSeconds"`
	LifetimeSeconds *int64 `json:"lifetimeSeconds"`
}

// GetSessionLimits returns the limits of an organization that you belong to.
func (c *Client) GetSessionLimits(ctx context.Context, orgID string) (SessionLimits, error) {
	return fetch[SessionLimits](ctx, c, http.MethodGet, "/v2/orgs/"+url.PathEscape(orgID)+"/session-limits", nil, nil)
}

// UpdateSessionLimits changes the limits of an organization that you own. Needs a personal
// token.
func (c *Client) UpdateSessionLimits(ctx context.Context, orgID string, l SessionLimits) (SessionLimits, error) {
	return fetch[SessionLimits](ctx, c, http.MethodPut, "/v2/orgs/"+url.PathEscape(orgID)+"/session-limits", nil, l)
}

// SignInRules are what an organization requires of people with addresses in its verified
// domains, except owners.
type SignInRules struct {
	// RequireIssuer has them sign in by an issuer of the organization. Their personal
	// tokens may be used in it for TokenSeconds after that; nil stands for 30 days.
	RequireIssuer bool   `json:"requireIssuer"`
	TokenSeconds  *int64 `json:"tokenSeconds"`
}

// GetSignInRules returns the rules of an organization that you belong to.
func (c *Client) GetSignInRules(ctx context.Context, orgID string) (SignInRules, error) {
	return fetch[SignInRules](ctx, c, http.MethodGet, "/v2/orgs/"+url.PathEscape(orgID)+"/sign-in-rules", nil, nil)
}

// UpdateSignInRules changes the rules of an organization that you own. Needs a personal
// token.
func (c *Client) UpdateSignInRules(ctx context.Context, orgID string, r SignInRules) (SignInRules, error) {
	return fetch[SignInRules](ctx, c, http.MethodPut, "/v2/orgs/"+url.PathEscape(orgID)+"/sign-in-rules", nil, r)
}
