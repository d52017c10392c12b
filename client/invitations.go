package client

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// Invitation is an invitation that you received from an organization.
type Invitation struct {
	OrgID     string    `json:"orgId"`
	OrgName   string    `json:"orgName"`
	UserID    string    `json:"userId"`
	Role      RoleRef   `json:"role"`
	InvitedAt time.Time `json:"invitedAt"`
	ExpiresAt time.Time `json:"expiresAt"`
}

// ListInvitations returns your open invitations. Needs a personal token.
func (c *Client) ListInvitations(ctx context.Context) ([]Invitation, error) {
	return fetch[[]Invitation](ctx, c, http.MethodGet, "/v2/user/invitations", nil, nil)
}

// AcceptInvitation makes you a member of an organization. Needs a personal token.
func (c *Client) AcceptInvitation(ctx context.Context, org string) (User, error) {
	return fetch[User](ctx, c, http.MethodPost, "/v2/user/invitations/"+url.PathEscape(org)+"/accept", nil, nil)
}

// DeclineInvitation declines an invitation. Needs a personal token.
func (c *Client) DeclineInvitation(ctx context.Context, org string) error {
	return c.do(ctx, http.MethodPost, "/v2/user/invitations/"+url.PathEscape(org)+"/decline", nil, nil, nil)
}
