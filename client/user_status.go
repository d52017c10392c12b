package client

import (
	"context"
	"net/http"
	"net/url"
)

// UserStatus is the status of a membership.
type UserStatus string

// The statuses. Invited can't be set.
const (
	Active    UserStatus = "active"
	Suspended UserStatus = "suspended"
	Invited   UserStatus = "invited"
)

type userStatus struct {
	Status UserStatus `json:"status"`
}

// GetUserStatus returns the status of a user. Permission users|read.
func (c *Client) GetUserStatus(ctx context.Context, id string) (UserStatus, error) {
	s, err := fetch[userStatus](ctx, c, http.MethodGet, "/v2/users/"+url.PathEscape(id)+"/status", nil, nil)
	return s.Status, err
}

// UpdateUserStatus suspends a user, or makes a suspended one active again. Permission
// users|update, and for making active, the right to grant the user's roles.
func (c *Client) UpdateUserStatus(ctx context.Context, id string, status UserStatus) (UserStatus, error) {
	s, err := fetch[userStatus](ctx, c, http.MethodPut, "/v2/users/"+url.PathEscape(id)+"/status", nil, userStatus{status})
	return s.Status, err
}

// SuspendUserAndRevoke suspends a user and revokes kinds of things that they made, as
// [Client.RemoveUserAndRevoke] does. Permission users|update, and that to delete each kind.
func (c *Client) SuspendUserAndRevoke(ctx context.Context, id string, kinds ...string) (Left, error) {
	header, err := c.exchange(ctx, http.MethodPut, "/v2/users/"+url.PathEscape(id)+"/status", revokeQuery(kinds), userStatus{Suspended}, nil)
	if err != nil {
		return nil, err
	}
	return leftOf(header)
}
