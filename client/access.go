package client

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// Path is one way in which a user or token has a capability.
type Path struct {
	Kind  string   `json:"kind"` // role, group or token
	Role  *RoleRef `json:"role,omitempty"`
	Group *RoleRef `json:"group,omitempty"`

	Until *time.Time `json:"until,omitempty"` // of a temporary role
}

// Capability is a capability with every path that grants it.
type Capability struct {
	Scope      string `json:"scope"`          // organization, dataset, view or app
	App        string `json:"app,omitempty"`  // the application, if the scope is app
	Name       string `json:"name,omitempty"` // of datasets, views, or an application's instances
	Capability string `json:"capability"`     // such as users|read
	Paths      []Path `json:"paths"`
}

// Access is all capabilities of a user or token, with the paths that grant them.
type Access struct {
	Principal    Principal    `json:"principal"`
	Capabilities []Capability `json:"capabilities"`
}

// Principal is the user or token that an [Access] is about.
type Principal struct {
	Kind string `json:"kind"` // user or apiToken
	ID   string `json:"id"`
	Name string `json:"name"`

	// OrgID and TokenExpiresAt say where the token in use acts and when it expires. Only
	// GetSelfAccess sets them, the latter not for a token that never expires.
	OrgID          string     `json:"orgId,omitempty"`
	TokenExpiresAt *time.Time `json:"tokenExpiresAt,omitempty"`

	// Status says why a user has no capabilities: Suspended or Invited.
	Status UserStatus `json:"status,omitempty"`
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

// GetUserAccessAt explains what a user could do at a time, even if the user has been
// removed since. Permissions rbac|read and auditLog|read.
func (c *Client) GetUserAccessAt(ctx context.Context, id string, at time.Time) (Access, error) {
	query := make(url.Values)
	setTime(query, at)
	return c.allAccess(ctx, "/v2/users/"+url.PathEscape(id)+"/access", query)
}

// AskUserAccess asks whether a user has one capability: "users|create",
// "dataset:NAME:query|read", "view:NAME:query|read", or in an application,
// "app:APP:type|action" or "app:APP:type:NAME|action". Permission rbac|read.
func (c *Client) AskUserAccess(ctx context.Context, id, capability string) (Decision, error) {
	return c.AskUserAccessAt(ctx, id, capability, time.Time{})
}

// AskUserAccessAt asks whether a user had one capability at a time. Permissions
// rbac|read and auditLog|read.
func (c *Client) AskUserAccessAt(ctx context.Context, id, capability string, at time.Time) (Decision, error) {
	query := url.Values{"capability": {capability}}
	setTime(query, at)
	return fetch[Decision](ctx, c, http.MethodGet, "/v2/users/"+url.PathEscape(id)+"/access", query, nil)
}

// allAccess reads every page of an explanation.
func (c *Client) allAccess(ctx context.Context, path string, query url.Values) (all Access, err error) {
	for query != nil {
		var page Access
		resp, err := c.send(ctx, http.MethodGet, path, query, nil) // drain closes it
		if err != nil {
			return Access{}, err
		}
		err = decode(resp, &page)
		drain(resp.Body)
		if err != nil {
			return Access{}, err
		}
		all.Principal, all.Capabilities = page.Principal, append(all.Capabilities, page.Capabilities...)
		if query, err = nextPage(resp.Header.Get("Link")); err != nil {
			return Access{}, err
		}
	}
	return all, nil
}

// GetSelfAccess explains what the token itself may do, whichever kind it is.
func (c *Client) GetSelfAccess(ctx context.Context) (Access, error) {
	return c.allAccess(ctx, "/v2/user/access", url.Values{})
}

// GetSelfPrincipal returns the user or API token that the token belongs to, with the
// organization in which the token acts, and when it expires.
func (c *Client) GetSelfPrincipal(ctx context.Context) (Principal, error) {
	page, err := fetch[Access](ctx, c, http.MethodGet, "/v2/user/access", url.Values{"limit": {"1"}}, nil)
	return page.Principal, err
}

// AccessChange is what one user or token would gain and lose.
type AccessChange struct {
	Kind   string   `json:"kind"`
	ID     string   `json:"id"`
	Gained []string `json:"gained"`
	Lost   []string `json:"lost"`
}

// AccessDiff is the access that a write would change.
type AccessDiff struct {
	Changes []AccessChange `json:"changes"`
	Omitted int            `json:"omitted"` // the number of further changes
}
