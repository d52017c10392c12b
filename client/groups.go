package client

import (
	"context"
	"net/http"
	"net/url"
)

// Group is a set of users and the roles that it grants them.
type Group struct {
	ID          string   `json:"id,omitempty"`
	Name        string   `json:"name"`
	Description string   `json:"description"`
	Managed     bool     `json:"isManaged"`
	Members     []string `json:"members"` // nil in a request: unchanged
	Roles       []string `json:"roles"`   // nil in a request: unchanged

	// ETag is the version that GetGroup read. If it is set, UpdateGroup returns
	// [ErrPreconditionFailed] if the group has changed since.
	ETag string `json:"-"`
}

func (g *Group) etag() string       { return g.ETag }
func (g *Group) setETag(tag string) { g.ETag = tag }

// ListGroups returns the organization's groups. Permission rbac|read.
func (c *Client) ListGroups(ctx context.Context) ([]Group, error) {
	return fetch[[]Group](ctx, c, http.MethodGet, "/v2/rbac/groups", nil, nil)
}

// GetGroup returns one group. Permission rbac|read.
func (c *Client) GetGroup(ctx context.Context, id string) (Group, error) {
	return fetch[Group](ctx, c, http.MethodGet, "/v2/rbac/groups/"+url.PathEscape(id), nil, nil)
}

// CreateGroup creates a group. Permission rbac|create.
func (c *Client) CreateGroup(ctx context.Context, in Group) (Group, error) {
	return fetch[Group](ctx, c, http.MethodPost, "/v2/rbac/groups", nil, &in)
}

// UpdateGroup replaces a group. Permission rbac|update.
func (c *Client) UpdateGroup(ctx context.Context, id string, in Group) (Group, error) {
	return fetch[Group](ctx, c, http.MethodPut, "/v2/rbac/groups/"+url.PathEscape(id), nil, &in)
}

// AddGroupMember adds a user to a group. It is no error if they are in it already.
// Permissions rbac|update and users|update.
func (c *Client) AddGroupMember(ctx context.Context, group, user string) error {
	return c.do(ctx, http.MethodPut, "/v2/rbac/groups/"+url.PathEscape(group)+"/members/"+url.PathEscape(user), nil, nil, nil)
}

// RemoveGroupMember removes a user from a group. It is no error if they are not in it.
// Permissions rbac|update and users|update.
func (c *Client) RemoveGroupMember(ctx context.Context, group, user string) error {
	return c.do(ctx, http.MethodDelete, "/v2/rbac/groups/"+url.PathEscape(group)+"/members/"+url.PathEscape(user), nil, nil, nil)
}

// ChangeGroupMembers adds users to a group and removes others, at most 1,000 in all unless
// the server's operator set another limit. Permissions rbac|update and users|update.
func (c *Client) ChangeGroupMembers(ctx context.Context, group string, add, remove []string) error {
	in := struct {
		Add    []string `json:"add,omitempty"`
		Remove []string `json:"remove,omitempty"`
	}{add, remove}
	return c.do(ctx, http.MethodPost, "/v2/rbac/groups/"+url.PathEscape(group)+"/members", nil, in, nil)
}

// DeleteGroup deletes a group. Permission rbac|delete.
func (c *Client) DeleteGroup(ctx context.Context, id string) error {
	return c.do(ctx, http.MethodDelete, "/v2/rbac/groups/"+url.PathEscape(id), nil, nil, nil)
}
