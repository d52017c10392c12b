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
}

// APIToken is a token of an organisation. Token, its value, is set only in the
// answer that made it.
type APIToken struct {
	ID          string     `json:"id"`
	Name        string     `json:"name"`
	Description string     `json:"description"`
	ExpiresAt   *time.Time `json:"expiresAt"` // nil: never
	Capabilities
	Token string `json:"token,omitempty"`
}

// NewAPIToken is what it takes to make an API token.
type NewAPIToken struct {
	Name        string     `json:"name"`
	Description string     `json:"description,omitempty"`
	ExpiresAt   *time.Time `json:"expiresAt,omitempty"` // nil: never, or as late as allowed
	Capabilities
	// Networks are those that it may be used from, in CIDR notation; none: anywhere,
	// or wherever the token that makes it may be used from.
	Networks []string `json:"-"`
}

// TokenNetworks are the networks that a token may be used from, in CIDR notation.
type TokenNetworks struct {
	ID       string   `json:"id"`
	Networks []string `json:"networks"` // none: from anywhere
}

// Creator is who made a token.
type Creator struct {
	Kind string `json:"kind"`
	ID   string `json:"id,omitempty"`
	Name string `json:"name"`
}

// TokenUsage is what is known of an API token beyond itself.
type TokenUsage struct {
	ID         string     `json:"id"`
	CreatedAt  time.Time  `json:"createdAt"`
	CreatedBy  Creator    `json:"createdBy"`
	LastUsedAt *time.Time `json:"lastUsedAt"`
}

// ListAPITokens gives the organisation's API tokens. Permission apiTokens|read.
func (c *Client) ListAPITokens(ctx context.Context) ([]APIToken, error) {
	return fetch[[]APIToken](ctx, c, http.MethodGet, "/v2/tokens", nil, nil)
}

// GetAPIToken gives one API token. Permission apiTokens|read.
func (c *Client) GetAPIToken(ctx context.Context, id string) (APIToken, error) {
	return fetch[APIToken](ctx, c, http.MethodGet, "/v2/tokens/"+url.PathEscape(id), nil, nil)
}

// CreateAPIToken makes an API token, whose value is in the answer alone. A
// repeated request can't be told the value again: that is [ErrConflict].
// Permission apiTokens|create.
func (c *Client) CreateAPIToken(ctx context.Context, in NewAPIToken) (APIToken, error) {
	return fetch[APIToken](ctx, c, http.MethodPost, "/v2/tokens", networksQuery(in.Networks), in)
}

func networksQuery(networks []string) url.Values {
	if len(networks) == 0 {
		return nil
	}
	return url.Values{"networks": {strings.Join(networks, ",")}}
}

// GetAPITokenNetworks gives the networks that an API token may be used from.
// Permission apiTokens|read.
func (c *Client) GetAPITokenNetworks(ctx context.Context, id string) (TokenNetworks, error) {
	return fetch[TokenNetworks](ctx, c, http.MethodGet, "/v2/tokens/"+url.PathEscape(id)+"/networks", nil, nil)
}

// UpdateAPITokenNetworks binds an API token to networks; with none it may be used
// from anywhere. Permission apiTokens|update; more networks than it has must be
// within those of your own token, and its capabilities among yours.
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

// RegenerateAPIToken makes a new token in place of one, which ends at
// existingEnds. Permission apiTokens|update.
func (c *Client) RegenerateAPIToken(ctx context.Context, id string, existingEnds time.Time, newEnds *time.Time) (APIToken, error) {
	in := map[string]*time.Time{"existingTokenExpiresAt": &existingEnds, "newTokenExpiresAt": newEnds}
	return fetch[APIToken](ctx, c, http.MethodPost, "/v2/tokens/"+url.PathEscape(id)+"/regenerate", nil, in)
}

// GetTokenUsage tells who made an API token and when it was last used.
// Permission apiTokens|read.
func (c *Client) GetTokenUsage(ctx context.Context, id string) (TokenUsage, error) {
	return fetch[TokenUsage](ctx, c, http.MethodGet, "/v2/tokens/"+url.PathEscape(id)+"/usage", nil, nil)
}
