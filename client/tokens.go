package client

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Capabilities are what a token or role may do, by name.
type Capabilities struct {
	Org      map[string][]string            `json:"orgCapabilities"`
	Datasets map[string]map[string][]string `json:"datasetCapabilities"`
	Views    map[string]map[string][]string `json:"viewCapabilities,omitempty"`
	// Apps are those in applications. In a request that replaces a role, nil leaves them as
	// they are, and an empty map removes them.
	Apps AppCapabilities `json:"appCapabilities,omitzero"`
}

// APIToken is a token of an organization. Token is its value; it is set only when the
// token is created.
type APIToken struct {
	ID          string     `json:"id"`
	Name        string     `json:"name"`
	Description string     `json:"description"`
	ExpiresAt   *time.Time `json:"expiresAt"` // nil: never
	Capabilities
	Token string `json:"token,omitempty"`
}

// NewAPIToken describes an API token to create.
type NewAPIToken struct {
	Name        string     `json:"name"`
	Description string     `json:"description,omitempty"`
	ExpiresAt   *time.Time `json:"expiresAt,omitempty"` // nil: never, or the latest allowed time
	Capabilities
	// Networks are the networks that the token may be used from, in CIDR notation. If
	// empty, the new token has the networks of the token that creates it.
	Networks []string `json:"-"`
}

// TokenNetworks are the networks that a token may be used from, in CIDR notation.
type TokenNetworks struct {
	ID       string   `json:"id"`
	Networks []string `json:"networks"` // none: from anywhere
}

// Creator is the user or token that created a token.
type Creator struct {
	Kind string `json:"kind"`
	ID   string `json:"id,omitempty"`
	Name string `json:"name"`
}

// TokenUsage is the creator and the last use of an API token.
type TokenUsage struct {
	ID         string     `json:"id"`
	CreatedAt  time.Time  `json:"createdAt"`
	CreatedBy  Creator    `json:"createdBy"`
	LastUsedAt *time.Time `json:"lastUsedAt"`
}

// ListAPITokens returns the organization's API tokens. Permission apiTokens|read.
func (c *Client) ListAPITokens(ctx context.Context) ([]APIToken, error) {
	return fetch[[]APIToken](ctx, c, http.MethodGet, "/v2/tokens", nil, nil)
}

// GetAPIToken returns one API token. Permission apiTokens|read.
func (c *Client) GetAPIToken(ctx context.Context, id string) (APIToken, error) {
	return fetch[APIToken](ctx, c, http.MethodGet, "/v2/tokens/"+url.PathEscape(id), nil, nil)
}

// CreateAPIToken creates an API token. Only this answer has its value. Permission
// apiTokens|create. If the answer to a request is lost, its retry returns [ErrConflict],
// because the server can't return the value again.
func (c *Client) CreateAPIToken(ctx context.Context, in NewAPIToken) (APIToken, error) {
	return fetch[APIToken](ctx, c, http.MethodPost, "/v2/tokens", networksQuery(in.Networks), in)
}

func networksQuery(networks []string) url.Values {
	if len(networks) == 0 {
		return nil
	}
	return url.Values{"networks": {strings.Join(networks, ",")}}
}

// GetAPITokenNetworks returns the networks that an API token may be used from.
// Permission apiTokens|read.
func (c *Client) GetAPITokenNetworks(ctx context.Context, id string) (TokenNetworks, error) {
	return fetch[TokenNetworks](ctx, c, http.MethodGet, "/v2/tokens/"+url.PathEscape(id)+"/networks", nil, nil)
}

// UpdateAPITokenNetworks restricts an API token to networks. Without networks, it may be
// used from anywhere. If you add networks, they must be within those of your own token,
// and you must have the capabilities of the API token. Permission apiTokens|update.
func (c *Client) UpdateAPITokenNetworks(ctx context.Context, id string, networks []string) (TokenNetworks, error) {
	return fetch[TokenNetworks](ctx, c, http.MethodPut, "/v2/tokens/"+url.PathEscape(id)+"/networks", nil, networksBody(networks))
}

func networksBody(networks []string) any {
	return map[string][]string{"networks": append([]string{}, networks...)} // never null
}

// DeleteAPIToken revokes an API token. Permission apiTokens|delete.
func (c *Client) DeleteAPIToken(ctx context.Context, id string) error {
	return c.do(ctx, http.MethodDelete, "/v2/tokens/"+url.PathEscape(id), nil, nil, nil)
}

// Regeneration says when a token that is replaced expires, and when the new one does.
type Regeneration struct {
	ExistingExpiresAt time.Time // now or earlier: at once
	// NewExpiresAt is when the new token expires. If it is nil, the new token works as long
	// from now on as the old one was to work when it was created, unless NeverExpires is set.
	NewExpiresAt *time.Time
	NeverExpires bool // if the organization and your own token allow it
}

// RegeneratedAPIToken is a token that replaces another.
type RegeneratedAPIToken struct {
	APIToken
	// Successors are the ids of tokens that replaced the same token earlier and still
	// work, at most 10.
	Successors []string `json:"-"`
}

// RegenerateAPIToken replaces a token with a new one. Only this answer has its value.
// Permission apiTokens|update.
func (c *Client) RegenerateAPIToken(ctx context.Context, id string, in Regeneration) (t RegeneratedAPIToken, err error) {
	query := make(url.Values)
	if in.NewExpiresAt == nil && !in.NeverExpires {
		query.Set("keepLifetime", "true")
	}
	body := map[string]*time.Time{"existingTokenExpiresAt": &in.ExistingExpiresAt, "newTokenExpiresAt": in.NewExpiresAt}
	header, err := c.exchange(ctx, http.MethodPost, "/v2/tokens/"+url.PathEscape(id)+"/regenerate", query, body, &t)
	if line := header.Get("Roster-Successors"); line != "" {
		t.Successors = strings.Split(line, ", ")
	}
	return t, err
}

// ListTokenUsage returns who created each API token and when it was last used. With a
// time that is not zero, it returns only tokens that have not expired, and that were
// neither created nor used since. Permission apiTokens|read.
func (c *Client) ListTokenUsage(ctx context.Context, unusedSince time.Time) ([]TokenUsage, error) {
	var query url.Values
	if !unusedSince.IsZero() {
		query = url.Values{"unusedSince": {unusedSince.UTC().Format(time.RFC3339Nano)}}
	}
	return fetch[[]TokenUsage](ctx, c, http.MethodGet, "/v2/tokens/usage", query, nil)
}

// GetTokenUsage returns who created an API token and when it was last used.
// Permission apiTokens|read.
func (c *Client) GetTokenUsage(ctx context.Context, id string) (TokenUsage, error) {
	return fetch[TokenUsage](ctx, c, http.MethodGet, "/v2/tokens/"+url.PathEscape(id)+"/usage", nil, nil)
}
