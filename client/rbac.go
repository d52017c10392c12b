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
	Members     []string `json:"members"` // nil in a request: nobody's role changes
	Capabilities
}

// Group is users and the roles they get by being in it.
type Group struct {
	ID          string   `json:"id,omitempty"`
	Name        string   `json:"name"`
	Description string   `json:"description"`
	Managed     bool     `json:"isManaged"`
	Members     []string `json:"members"` // nil in a request: as they are
	Roles       []string `json:"roles"`   // nil in a request: as they are
}

// ListRoles gives the built-in roles and the organisation's own. Permission rbac|read.
func (c *Client) ListRoles(ctx context.Context) ([]Role, error) {
	return fetch[[]Role](ctx, c, http.MethodGet, "/v2/rbac/roles", nil, nil)
}

// GetRole gives one role. Permission rbac|read.
func (c *Client) GetRole(ctx context.Context, id string) (Role, error) {
	return fetch[Role](ctx, c, http.MethodGet, "/v2/rbac/roles/"+url.PathEscape(id), nil, nil)
}

// CreateRole makes a role. Permission rbac|create.
func (c *Client) CreateRole(ctx context.Context, in Role) (Role, error) {
	return fetch[Role](ctx, c, http.MethodPost, "/v2/rbac/roles", nil, in)
}

// UpdateRole replaces a role. Permission rbac|update.
func (c *Client) UpdateRole(ctx context.Context, id string, in Role) (Role, error) {
	return fetch[Role](ctx, c, http.MethodPut, "/v2/rbac/roles/"+url.PathEscape(id), nil, in)
}

// DeleteRole deletes a role that nobody has. Permission rbac|delete.
func (c *Client) DeleteRole(ctx context.Context, id string) error {
	return c.do(ctx, http.MethodDelete, "/v2/rbac/roles/"+url.PathEscape(id), nil, nil, nil)
}

// ListGroups gives the organisation's groups. Permission rbac|read.
func (c *Client) ListGroups(ctx context.Context) ([]Group, error) {
	return fetch[[]Group](ctx, c, http.MethodGet, "/v2/rbac/groups", nil, nil)
}

// GetGroup gives one group. Permission rbac|read.
func (c *Client) GetGroup(ctx context.Context, id string) (Group, error) {
	return fetch[Group](ctx, c, http.MethodGet, "/v2/rbac/groups/"+url.PathEscape(id), nil, nil)
}

// CreateGroup makes a group. Permission rbac|create.
func (c *Client) CreateGroup(ctx context.Context, in Group) (Group, error) {
	return fetch[Group](ctx, c, http.MethodPost, "/v2/rbac/groups", nil, in)
}

// UpdateGroup replaces a group. Permission rbac|update.
func (c *Client) UpdateGroup(ctx context.Context, id string, in Group) (Group, error) {
	return fetch[Group](ctx, c, http.MethodPut, "/v2/rbac/groups/"+url.PathEscape(id), nil, in)
}

// DeleteGroup deletes a group. Permission rbac|delete.
func (c *Client) DeleteGroup(ctx context.Context, id string) error {
	return c.do(ctx, http.MethodDelete, "/v2/rbac/groups/"+url.PathEscape(id), nil, nil, nil)
}
