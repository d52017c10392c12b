package client

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"time"
)

// OrgInvitation is an invitation as its organization sees it.
type OrgInvitation struct {
	ID        string    `json:"id"` // of the invited user
	Email     string    `json:"email"`
	Name      string    `json:"name"`
	Role      RoleRef   `json:"role"`
	InvitedBy Inviter   `json:"invitedBy"`
	State     string    `json:"state"` // open, expired or lapsed
	CreatedAt time.Time `json:"createdAt"`
	ExpiresAt time.Time `json:"expiresAt"`
	MailedAt  time.Time `json:"mailedAt,omitzero"` // zero if it was not mailed
}

// Inviter is the user or API token that gave an invitation. Name is empty if it is gone.
type Inviter struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// ListOrgInvitations yields all invitations of the organization, expired ones included.
// An error ends the sequence. Needs users|create.
func (c *Client) ListOrgInvitations(ctx context.Context) iter.Seq2[OrgInvitation, error] {
	return pages[OrgInvitation](ctx, c, "/v2/invitations", url.Values{})
}

// ResendInvitation renews an invitation, which may have expired. Needs users|create.
func (c *Client) ResendInvitation(ctx context.Context, id string) (OrgInvitation, error) {
	return fetch[OrgInvitation](ctx, c, http.MethodPost, "/v2/invitations/"+url.PathEscape(id)+"/resend", nil, nil)
}

// RevokeInvitation revokes an invitation. Needs users|create.
func (c *Client) RevokeInvitation(ctx context.Context, id string) error {
	return c.do(ctx, http.MethodDelete, "/v2/invitations/"+url.PathEscape(id), nil, nil, nil)
}
