package client

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// Org is an organization that you belong to.
type Org struct {
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	Role      string    `json:"role,omitempty"` // yours
	CreatedAt time.Time `json:"metaCreated"`
}

// ListOrgs returns the organizations you belong to.
func (c *Client) ListOrgs(ctx context.Context) ([]Org, error) {
	return fetch[[]Org](ctx, c, http.MethodGet, "/v2/orgs", nil, nil)
}

// GetOrg returns one organization that you belong to.
func (c *Client) GetOrg(ctx context.Context, id string) (Org, error) {
	return fetch[Org](ctx, c, http.MethodGet, "/v2/orgs/"+url.PathEscape(id), nil, nil)
}

// CreateOrg creates an organization that you own. Needs a personal token.
func (c *Client) CreateOrg(ctx context.Context, name string) (Org, error) {
	return fetch[Org](ctx, c, http.MethodPost, "/v2/orgs", nil, map[string]string{"name": name})
}

// UpdateOrg renames an organization that you are an owner or admin of. Needs a
// personal token.
func (c *Client) UpdateOrg(ctx context.Context, id, name string) (Org, error) {
	return fetch[Org](ctx, c, http.MethodPut, "/v2/orgs/"+url.PathEscape(id), nil, map[string]string{"name": name})
}

// OrgSettings are the settings of an organization.
type OrgSettings struct {
	// MaxTokenLifetimeSeconds is the maximum lifetime of its API tokens, and the maximum
	// age of a personal token that acts in it. Nil is no limit.
	MaxTokenLifetimeSeconds *int64 `json:"maxTokenLifetimeSeconds"`
}

// GetOrgSettings returns the settings of an organization that you belong to.
func (c *Client) GetOrgSettings(ctx context.Context, id string) (OrgSettings, error) {
	return fetch[OrgSettings](ctx, c, http.MethodGet, "/v2/orgs/"+url.PathEscape(id)+"/settings", nil, nil)
}

// UpdateOrgSettings changes the settings of an organization that you are an owner
// or admin of. Needs a personal token.
func (c *Client) UpdateOrgSettings(ctx context.Context, id string, s OrgSettings) (OrgSettings, error) {
	return fetch[OrgSettings](ctx, c, http.MethodPut, "/v2/orgs/"+url.PathEscape(id)+"/settings", nil, s)
}
