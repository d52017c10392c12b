package client

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"time"
)

// UserProfile is the organization's own view of a user, which a directory or you set.
type UserProfile struct {
	UserName   string         `json:"userName"`
	ExternalID *string        `json:"externalId"`
	Attributes map[string]any `json:"attributes"`
	// LastActiveAt is when the user last acted in the organization, to the hour; nil: never.
	LastActiveAt *time.Time `json:"lastActiveAt"`
	Status       string     `json:"status"`
	CreatedAt    time.Time  `json:"createdAt"`
	UpdatedAt    time.Time  `json:"updatedAt"`
}

// SetUserProfile is a profile's new content. It replaces all of the old one.
type SetUserProfile struct {
	ExternalID *string        `json:"externalId"`
	Attributes map[string]any `json:"attributes"`
}

// GetUserProfile returns the profile of a user. Permission users|read.
func (c *Client) GetUserProfile(ctx context.Context, id string) (UserProfile, error) {
	return fetch[UserProfile](ctx, c, http.MethodGet, "/v2/users/"+url.PathEscape(id)+"/profile", nil, nil)
}

// SetUserProfile replaces external id and attributes of a user. Permission users|update.
func (c *Client) SetUserProfile(ctx context.Context, id string, in SetUserProfile) (UserProfile, error) {
	return fetch[UserProfile](ctx, c, http.MethodPut, "/v2/users/"+url.PathEscape(id)+"/profile", nil, in)
}

// ProvisioningSettings are the organization's settings for its directory.
type ProvisioningSettings struct {
	DefaultRole    string          `json:"defaultRole"`
	BreakerPercent int             `json:"breakerPercent"`
	Schemas        json.RawMessage `json:"schemas"` // a JSON array
}

// ProvisioningStatus is how the organization's provisioning stands.
type ProvisioningStatus struct {
	Hold          *ProvisioningHold `json:"hold"`    // nil: the directory is not held
	LastRun       *ProvisioningRun  `json:"lastRun"` // nil: there was none
	LostUsers     int               `json:"lostUsers"`
	ApprovedUntil *time.Time        `json:"approvedUntil"`
}

// ProvisioningHold says why a directory is held.
type ProvisioningHold struct {
	At        time.Time `json:"at"`
	By        string    `json:"by"`
	TargetID  string    `json:"targetId"`
	WouldLose int       `json:"wouldLose"`
	Users     int       `json:"users"`
	Percent   int       `json:"percent"`
}

// ProvisioningRun is what a directory has changed in its last run.
type ProvisioningRun struct {
	By            string                `json:"by"`
	StartedAt     time.Time             `json:"startedAt"`
	LastAt        time.Time             `json:"lastAt"`
	Created       int                   `json:"created"`
	Updated       int                   `json:"updated"`
	Suspended     int                   `json:"suspended"`
	Reactivated   int                   `json:"reactivated"`
	Removed       int                   `json:"removed"`
	GroupsCreated int                   `json:"groupsCreated"`
	GroupsUpdated int                   `json:"groupsUpdated"`
	GroupsRemoved int                   `json:"groupsRemoved"`
	Refusals      []ProvisioningRefusal `json:"refusals"`
}

// ProvisioningRefusal is a request of a directory that was refused.
type ProvisioningRefusal struct {
	At        time.Time `json:"at"`
	Operation string    `json:"operation"`
	Code      string    `json:"code"`
	Detail    string    `json:"detail"`
}

// GetProvisioning returns the breaker and the last run. Permission users|read.
func (c *Client) GetProvisioning(ctx context.Context) (ProvisioningStatus, error) {
	return fetch[ProvisioningStatus](ctx, c, http.MethodGet, "/v2/scim", nil, nil)
}

// GetProvisioningSettings returns the settings. Permission users|read.
func (c *Client) GetProvisioningSettings(ctx context.Context) (ProvisioningSettings, error) {
	return fetch[ProvisioningSettings](ctx, c, http.MethodGet, "/v2/scim/settings", nil, nil)
}

// SetProvisioningSettings replaces the settings. Needs the personal token of an owner or
// admin.
func (c *Client) SetProvisioningSettings(ctx context.Context, in ProvisioningSettings) (ProvisioningSettings, error) {
	return fetch[ProvisioningSettings](ctx, c, http.MethodPut, "/v2/scim/settings", nil, in)
}

// ApproveProvisioning ends a hold and allows all changes for an hour. Needs an owner's
// personal token.
func (c *Client) ApproveProvisioning(ctx context.Context) (ProvisioningStatus, error) {
	return fetch[ProvisioningStatus](ctx, c, http.MethodPost, "/v2/scim/hold/approve", nil, nil)
}

// EndProvisioningHold ends a hold. Needs an owner's personal token.
func (c *Client) EndProvisioningHold(ctx context.Context) (ProvisioningStatus, error) {
	return fetch[ProvisioningStatus](ctx, c, http.MethodPost, "/v2/scim/hold/end", nil, nil)
}
