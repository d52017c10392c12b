package client

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// Org is an organisation that you belong to.
type Org struct {
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	Role      string    `json:"role,omitempty"` // yours
	CreatedAt time.Time `json:"metaCreated"`
}

// ListOrgs gives the organisations you belong to.
func (c *Client) ListOrgs(ctx context.Context) ([]Org, error) {
	return fetch[[]Org](ctx, c, http.MethodGet, "/v2/orgs", nil, nil)
}

// GetOrg gives one organisation that you belong to.
func (c *Client) GetOrg(ctx context.Context, id string) (Org, error) {
	return fetch[Org](ctx, c, http.MethodGet, "/v2/orgs/"+url.PathEscape(id), nil, nil)
}

// CreateOrg makes an organisation that you own. Needs a personal token.
func (c *Client) CreateOrg(ctx context.Context, name string) (Org, error) {
	return fetch[Org](ctx, c, http.MethodPost, "/v2/orgs", nil, map[string]string{"name": name})
}

// UpdateOrg renames an organisation that you are an owner or admin of. Needs a
// personal token.
func (c *Client) UpdateOrg(ctx context.Context, id, name string) (Org, error) {
	return fetch[Org](ctx, c, http.MethodPut, "/v2/orgs/"+url.PathEscape(id), nil, map[string]string{"name": name})
}

// OrgSettings are what an organization has set for itself.
type OrgSettings struct {
	// MaxTokenLifetimeSeconds is how long its API tokens live at most, and how old a
	// personal token may be that acts in it; nil: any.
	MaxTokenLifetimeSeconds *int64 `json:"maxTokenLifetimeSeconds"`
}

// GetOrgSettings gives the settings of an organization that you belong to.
func (c *Client) GetOrgSettings(ctx context.Context, id string) (OrgSettings, error) {
	return fetch[OrgSettings](ctx, c, http.MethodGet, "/v2/orgs/"+url.PathEscape(id)+"/settings", nil, nil)
}

// UpdateOrgSettings changes the settings of an organization that you are an owner
// or admin of. Needs a personal token.
func (c *Client) UpdateOrgSettings(ctx context.Context, id string, s OrgSettings) (OrgSettings, error) {
	return fetch[OrgSettings](ctx, c, http.MethodPut, "/v2/orgs/"+url.PathEscape(id)+"/settings", nil, s)
}
