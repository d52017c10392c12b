package client

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// Org is an organisation that you belong to.
type Org struct {
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	Role      string    `json:"role,omitempty"` // yours
	CreatedAt time.Time `json:"metaCreated"`
}

// Invitation is an organisation that waits for you to accept.
type Invitation struct {
	OrgID     string    `json:"orgId"`
	OrgName   string    `json:"orgName"`
	UserID    string    `json:"userId"`
	Role      RoleRef   `json:"role"`
	InvitedAt time.Time `json:"invitedAt"`
}

// ListOrgs gives the organisations you belong to.
func (c *Client) ListOrgs(ctx context.Context) ([]Org, error) {
	return fetch[[]Org](ctx, c, http.MethodGet, "/v2/orgs", nil, nil)
}

// GetOrg gives one organisation that you belong to.
func (c *Client) GetOrg(ctx context.Context, id string) (Org, error) {
	return fetch[Org](ctx, c, http.MethodGet, "/v2/orgs/"+url.PathEscape(id), nil, nil)
}

// CreateOrg makes an organisation that you own. Needs a personal token.
func (c *Client) CreateOrg(ctx context.Context, name string) (Org, error) {
	return fetch[Org](ctx, c, http.MethodPost, "/v2/orgs", nil, map[string]string{"name": name})
}

// RenameOrg renames an organisation that you are an owner or admin of. Needs a
// personal token.
func (c *Client) RenameOrg(ctx context.Context, id, name string) (Org, error) {
	return fetch[Org](ctx, c, http.MethodPut, "/v2/orgs/"+url.PathEscape(id), nil, map[string]string{"name": name})
}

// ListInvitations gives your open invitations. Needs a personal token.
func (c *Client) ListInvitations(ctx context.Context) ([]Invitation, error) {
	return fetch[[]Invitation](ctx, c, http.MethodGet, "/v2/user/invitations", nil, nil)
}

// AcceptInvitation makes you a member of an organisation. Needs a personal token.
func (c *Client) AcceptInvitation(ctx context.Context, org string) (User, error) {
	return fetch[User](ctx, c, http.MethodPost, "/v2/user/invitations/"+url.PathEscape(org)+"/accept", nil, nil)
}

// DeclineInvitation turns an invitation down. Needs a personal token.
func (c *Client) DeclineInvitation(ctx context.Context, org string) error {
	return c.do(ctx, http.MethodPost, "/v2/user/invitations/"+url.PathEscape(org)+"/decline", nil, nil, nil)
}
