package client

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// Path is one reason to have a capability.
type Path struct {
	Kind  string   `json:"kind"` // role, group or token
	Role  *RoleRef `json:"role,omitempty"`
	Group *RoleRef `json:"group,omitempty"`
}

// Capability is something that somebody may do, and every reason for it.
type Capability struct {
	Scope      string `json:"scope"` // organization, dataset or view
	Name       string `json:"name,omitempty"`
	Capability string `json:"capability"`
	Paths      []Path `json:"paths"`
}

// Access is everything that somebody may do, and why.
type Access struct {
	Principal    Principal    `json:"principal"`
	Capabilities []Capability `json:"capabilities"`
}

// Principal is whose access it is.
type Principal struct {
	Kind string `json:"kind"` // user or apiToken
	ID   string `json:"id"`
	Name string `json:"name"`
}

// Decision is the answer about one capability.
type Decision struct {
	Capability
	Principal Principal `json:"principal"`
	Allowed   bool      `json:"allowed"`
}

// GetUserAccess explains what a user may do. Permission rbac|read.
func (c *Client) GetUserAccess(ctx context.Context, id string) (Access, error) {
	return c.GetUserAccessAt(ctx, id, time.Time{})
}

// GetUserAccessAt explains what a user could do at a time, also one who is gone
// by now. Permissions rbac|read and auditLog|read.
func (c *Client) GetUserAccessAt(ctx context.Context, id string, at time.Time) (Access, error) {
	return askAccess[Access](ctx, c, id, "", at)
}

// AskUserAccess asks whether a user has one capability: "users|create",
// "dataset:NAME:query|read" or "view:NAME:query|read". Permission rbac|read.
func (c *Client) AskUserAccess(ctx context.Context, id, capability string) (Decision, error) {
	return c.AskUserAccessAt(ctx, id, capability, time.Time{})
}

// AskUserAccessAt asks whether a user had one capability at a time. Permissions
// rbac|read and auditLog|read.
func (c *Client) AskUserAccessAt(ctx context.Context, id, capability string, at time.Time) (Decision, error) {
	return askAccess[Decision](ctx, c, id, capability, at)
}

func askAccess[T any](ctx context.Context, c *Client, id, capability string, at time.Time) (T, error) {
	query := make(url.Values)
	if capability != "" {
		query.Set("capability", capability)
	}
	setTime(query, at)
	return fetch[T](ctx, c, http.MethodGet, "/v2/users/"+url.PathEscape(id)+"/access", query, nil)
}

// GetSelfAccess explains what the token itself may do, whichever kind it is.
func (c *Client) GetSelfAccess(ctx context.Context) (Access, error) {
	return fetch[Access](ctx, c, http.MethodGet, "/v2/user/access", nil, nil)
}

// AccessChange is what one user or token would gain and lose.
type AccessChange struct {
	Kind   string   `json:"kind"`
	ID     string   `json:"id"`
	Gained []string `json:"gained"`
	Lost   []string `json:"lost"`
}

// AccessDiff is what a write would change about who may do what.
type AccessDiff struct {
	Changes []AccessChange `json:"changes"`
	Omitted int            `json:"omitted"` // how many more there are
}
