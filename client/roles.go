package client

import (
	"context"
	"net/http"
	"net/url"
)

// Role is a named set of capabilities, with the users whose base role it is.
type Role struct {
	ID          string   `json:"id,omitempty"`
	Name        string   `json:"name"`
	Description string   `json:"description"`
	Members     []string `json:"members"` // nil in a request: unchanged
	Capabilities

	// ETag is the version that GetRole read. If it is set, UpdateRole returns
	// [ErrPreconditionFailed] if the role has changed since.
	ETag string `json:"-"`
}

func (r *Role) etag() string       { return r.ETag }
func (r *Role) setETag(tag string) { r.ETag = tag }

// ListRoles returns the built-in roles and the organization's own. Permission rbac|read.
func (c *Client) ListRoles(ctx context.Context) ([]Role, error) {
	return fetch[[]Role](ctx, c, http.MethodGet, "/v2/rbac/roles", nil, nil)
}

// GetRole returns one role. Permission rbac|read.
func (c *Client) GetRole(ctx context.Context, id string) (Role, error) {
	return fetch[Role](ctx, c, http.MethodGet, "/v2/rbac/roles/"+url.PathEscape(id), nil, nil)
}

// CreateRole creates a role. Permission rbac|create.
func (c *Client) CreateRole(ctx context.Context, in Role) (Role, error) {
	return fetch[Role](ctx, c, http.MethodPost, "/v2/rbac/roles", nil, &in)
}

// UpdateRole replaces a role. Permission rbac|update.
func (c *Client) UpdateRole(ctx context.Context, id string, in Role) (Role, error) {
	return fetch[Role](ctx, c, http.MethodPut, "/v2/rbac/roles/"+url.PathEscape(id), nil, &in)
}

// DeleteRole deletes a role that nobody has. Permission rbac|delete.
func (c *Client) DeleteRole(ctx context.Context, id string) error {
	return c.do(ctx, http.MethodDelete, "/v2/rbac/roles/"+url.PathEscape(id), nil, nil, nil)
}
