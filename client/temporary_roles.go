package client

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// TemporaryRole is a role that a user has besides the base role until a time.
type TemporaryRole struct {
	UserID string    `json:"userId"`
	Role   RoleRef   `json:"role"`
	Until  time.Time `json:"until"`
}

func temporaryRolePath(user string) string {
	return "/v2/users/" + url.PathEscape(user) + "/temporary-role"
}

// ListTemporaryRoles returns who has a role for a time, the first to end first. Permission
// users|read.
func (c *Client) ListTemporaryRoles(ctx context.Context) ([]TemporaryRole, error) {
	return fetch[[]TemporaryRole](ctx, c, http.MethodGet, "/v2/temporary-roles", nil, nil)
}

// GetTemporaryRole returns the role that a user has for a time. Permission users|read.
func (c *Client) GetTemporaryRole(ctx context.Context, user string) (TemporaryRole, error) {
	return fetch[TemporaryRole](ctx, c, http.MethodGet, temporaryRolePath(user), nil, nil)
}

// UpdateTemporaryRole gives a user a role until a time, besides the base role and instead
// of another temporary role. Permission users|update, and the right to grant the role.
func (c *Client) UpdateTemporaryRole(ctx context.Context, user, role string, until time.Time) (TemporaryRole, error) {
	body := struct {
		Role  string    `json:"role"`
		Until time.Time `json:"until"`
	}{role, until}
	return fetch[TemporaryRole](ctx, c, http.MethodPut, temporaryRolePath(user), nil, body)
}

// DeleteTemporaryRole takes a user's temporary role away. Permission users|update.
func (c *Client) DeleteTemporaryRole(ctx context.Context, user string) error {
	return c.do(ctx, http.MethodDelete, temporaryRolePath(user), nil, nil, nil)
}
