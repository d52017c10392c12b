package client

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// RoleRef is a role as users show it.
type RoleRef struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// User is a member of an organization.
type User struct {
	ID    string  `json:"id"`
	Name  string  `json:"name"`
	Email string  `json:"email"`
	Role  RoleRef `json:"role"`
}

// NewUser describes a user to add.
type NewUser struct {
	Name  string `json:"name"`
	Email string `json:"email"`
	Role  string `json:"role"` // id
}

// ListUsersOptions selects users. Zero values select all.
type ListUsersOptions struct {
	Email  string
	Role   string
	Status UserStatus
	// ExternalID is that of the profile, see [Client.GetUserProfile].
	ExternalID string
	// InactiveSince selects users who were neither added nor active since, those who have been
	// inactive for longest first. The time may be off by an hour.
	InactiveSince time.Time
	Query         string    // in the name or the address
	PageSize      int       // users per request; 0: all in one answer
	At            time.Time // the state at this time; zero: the current state
}

// ListUsers yields users as they arrive, in bounded memory. An error ends the sequence.
// Permission users|read, and auditLog|read if f.At is set.
func (c *Client) ListUsers(ctx context.Context, f ListUsersOptions) iter.Seq2[User, error] {
	query := make(url.Values)
	for name, value := range map[string]string{"email": f.Email, "role": f.Role, "status": string(f.Status), "externalId": f.ExternalID, "q": f.Query} {
		if value != "" {
			query.Set(name, value)
		}
	}
	setTime(query, f.At)
	if !f.InactiveSince.IsZero() {
		query.Set("inactiveSince", f.InactiveSince.UTC().Format(time.RFC3339Nano))
	}
	if f.PageSize > 0 {
		query.Set("limit", strconv.Itoa(f.PageSize))
	}
	return pages[User](ctx, c, "/v2/users", query)
}

// setTime adds a past time to the query, unless it is zero.
func setTime(query url.Values, at time.Time) {
	if !at.IsZero() {
		query.Set("at", at.UTC().Format(time.RFC3339Nano))
	}
}

// GetUser returns one user. Permission users|read.
func (c *Client) GetUser(ctx context.Context, id string) (User, error) {
	return fetch[User](ctx, c, http.MethodGet, "/v2/users/"+url.PathEscape(id), nil, nil)
}

// CreateUser adds a user. Permission users|create.
func (c *Client) CreateUser(ctx context.Context, in NewUser) (User, error) {
	return fetch[User](ctx, c, http.MethodPost, "/v2/users", nil, in)
}

// RemoveUser removes a user from the organization. Permission users|delete.
func (c *Client) RemoveUser(ctx context.Context, id string) error {
	return c.do(ctx, http.MethodDelete, "/v2/users/"+url.PathEscape(id), nil, nil, nil)
}

// UpdateUserRole gives a user another base role. Permission users|update.
func (c *Client) UpdateUserRole(ctx context.Context, id, role string) (User, error) {
	return fetch[User](ctx, c, http.MethodPut, "/v2/users/"+url.PathEscape(id)+"/role", nil, map[string]string{"role": role})
}

// GetSelf returns your own user. Needs a personal token.
func (c *Client) GetSelf(ctx context.Context) (User, error) {
	return fetch[User](ctx, c, http.MethodGet, "/v2/user", nil, nil)
}

// UpdateSelf changes your own name. Needs a personal token.
func (c *Client) UpdateSelf(ctx context.Context, name string) (User, error) {
	return fetch[User](ctx, c, http.MethodPut, "/v2/user", nil, map[string]string{"name": name})
}

// RenameUser is [Client.UpdateSelf] by your own id. Any other id is [ErrForbidden].
// Needs a personal token.
func (c *Client) RenameUser(ctx context.Context, id, name string) (User, error) {
	return fetch[User](ctx, c, http.MethodPut, "/v2/users/"+url.PathEscape(id), nil, map[string]string{"name": name})
}
