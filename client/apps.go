package client

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"time"
)

// Application is a service with permissions of its own, which roles and API tokens hold
// as [AppCapabilities].
type Application struct {
	ID    string                  `json:"id"` // a slug, such as billing
	Name  string                  `json:"name"`
	Types map[string]ResourceType `json:"types"`
	// Paths are what requests take, for reverse proxies that ask by their paths. If nil,
	// UpdateApplication leaves them as they are.
	Paths []PathRule `json:"paths,omitzero"`
	// Subjects is what searches name users by: id, email or userName. If empty,
	// UpdateApplication leaves it as it is.
	Subjects string `json:"subjects,omitempty"`

	// Set by the server. Scope says whose the application is: organization, or deployment
	// for one that serves all organizations and that only the operator changes.
	Scope     string     `json:"scope,omitempty"`
	CreatedAt *time.Time `json:"createdAt,omitempty"`
	UpdatedAt *time.Time `json:"updatedAt,omitempty"`

	// ETag is the version that GetApplication read. If it is set, UpdateApplication returns
	// [ErrPreconditionFailed] if the application has changed since.
	ETag string `json:"-"`
}

func (a *Application) etag() string       { return a.ETag }
func (a *Application) setETag(tag string) { a.ETag = tag }

// ResourceType is a type of resources that an application defines, with its actions.
type ResourceType struct {
	Actions []string `json:"actions"`
	// Instances says that there are named resources of the type. A capability is then on
	// one name, on all names that begin alike, or on all names.
	Instances bool `json:"instances"`
}

// PathRule says what capability a request takes, as in invoice:{number}|read for the path
// /invoices/{number}. Without methods, it is for all of them.
type PathRule struct {
	Path    string   `json:"path"`
	Methods []string `json:"methods,omitempty"`
	Require string   `json:"require"`
}

// AppCapabilities are capabilities in applications, by application and resource type.
type AppCapabilities map[string]map[string]TypeCapabilities

// TypeCapabilities are the actions on a resource type. Only one of the members is set.
type TypeCapabilities struct {
	Actions []string            // on a type without instances
	On      map[string][]string // by the name of an instance: "2026-001", "2026-*" or "*"
}

// MarshalJSON writes a list of actions, or an object of lists by name.
func (t TypeCapabilities) MarshalJSON() ([]byte, error) {
	if t.On != nil {
		return json.Marshal(t.On)
	}
	return json.Marshal(t.Actions)
}

// UnmarshalJSON reads either form.
func (t *TypeCapabilities) UnmarshalJSON(b []byte) error {
	*t = TypeCapabilities{}
	if len(b) > 0 && b[0] == '{' {
		return json.Unmarshal(b, &t.On)
	}
	return json.Unmarshal(b, &t.Actions)
}

// AppCredential is a credential that an application asks with. Credential is its value; it
// is set only when the credential is created.
type AppCredential struct {
	ID         string     `json:"id"`
	CreatedAt  time.Time  `json:"createdAt"`
	CreatedBy  Creator    `json:"createdBy"`
	LastUsedAt *time.Time `json:"lastUsedAt"` // nil: never
	Credential string     `json:"credential,omitempty"`
}

func applicationPath(id string) string { return "/v2/apps/" + url.PathEscape(id) }

// ListApplications returns the applications that serve the organization: its own, and
// those of the deployment. Permission rbac|read.
func (c *Client) ListApplications(ctx context.Context) ([]Application, error) {
	return fetch[[]Application](ctx, c, http.MethodGet, "/v2/apps", nil, nil)
}

// GetApplication returns one application. Permission rbac|read.
func (c *Client) GetApplication(ctx context.Context, id string) (Application, error) {
	return fetch[Application](ctx, c, http.MethodGet, applicationPath(id), nil, nil)
}

// CreateApplication creates an application of the organization. Permission rbac|create.
func (c *Client) CreateApplication(ctx context.Context, in Application) (Application, error) {
	return fetch[Application](ctx, c, http.MethodPost, "/v2/apps", nil, &in)
}

// UpdateApplication replaces the name and the types of one of the organization's
// applications. If roles or API tokens hold what is removed, it returns [ErrConflict], or
// with force, takes it from them. Permission rbac|update; with force, users|update besides
// if a role in use loses something, and apiTokens|update if a token does.
func (c *Client) UpdateApplication(ctx context.Context, id string, in Application, force bool) (Application, error) {
	return fetch[Application](ctx, c, http.MethodPut, applicationPath(id), forceQuery(force), &in)
}

// DeleteApplication deletes one of the organization's applications with its credentials.
// If roles or API tokens hold its capabilities, it returns [ErrConflict], or with force,
// takes them from them. Permission rbac|delete; with force, as UpdateApplication.
func (c *Client) DeleteApplication(ctx context.Context, id string, force bool) error {
	return c.do(ctx, http.MethodDelete, applicationPath(id), forceQuery(force), nil, nil)
}

func forceQuery(force bool) url.Values {
	if !force {
		return nil
	}
	return url.Values{"force": {"true"}}
}

// ListAppCredentials returns the credentials of one of the organization's applications,
// without their values. Permission rbac|read.
func (c *Client) ListAppCredentials(ctx context.Context, app string) ([]AppCredential, error) {
	return fetch[[]AppCredential](ctx, c, http.MethodGet, applicationPath(app)+"/credentials", nil, nil)
}

// CreateAppCredential creates a credential of one of the organization's applications, of
// which it has at most two. Only this answer has its value. Permissions rbac|update,
// rbac|read and users|read. If the answer to a request is lost, its retry returns
// [ErrConflict], because the server can't return the value again.
func (c *Client) CreateAppCredential(ctx context.Context, app string) (AppCredential, error) {
	return fetch[AppCredential](ctx, c, http.MethodPost, applicationPath(app)+"/credentials", nil, nil)
}

// DeleteAppCredential deletes a credential, which stops working at once. Permission
// rbac|update.
func (c *Client) DeleteAppCredential(ctx context.Context, app, id string) error {
	return c.do(ctx, http.MethodDelete, applicationPath(app)+"/credentials/"+url.PathEscape(id), nil, nil, nil)
}
