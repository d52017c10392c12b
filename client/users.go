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

// User is a member of an organisation.
type User struct {
	ID    string  `json:"id"`
	Name  string  `json:"name"`
	Email string  `json:"email"`
	Role  RoleRef `json:"role"`
}

// NewUser is what it takes to add a user.
type NewUser struct {
	Name  string `json:"name"`
	Email string `json:"email"`
	Role  string `json:"role"` // id
}

// ListUsersOptions narrows a list of users; zero values narrow nothing.
type ListUsersOptions struct {
	Email    string
	Role     string
	Query    string    // in the name or the address
	PageSize int       // ask for so many at a time; 0: for all in one answer
	At       time.Time // as it was then; zero: as it is
}

// ListUsers yields users as they arrive; memory stays bounded however many there
// are. An error is the last that is yielded. Permission users|read, and
// auditLog|read for a time that is past.
func (c *Client) ListUsers(ctx context.Context, f ListUsersOptions) iter.Seq2[User, error] {
	query := make(url.Values)
	for name, value := range map[string]string{"email": f.Email, "role": f.Role, "q": f.Query} {
		if value != "" {
			query.Set(name, value)
		}
	}
	setTime(query, f.At)
	if f.PageSize > 0 {
		query.Set("limit", strconv.Itoa(f.PageSize))
	}
	return pages[User](ctx, c, "/v2/users", query)
}

// setTime asks for a time that is past; the zero time is no such.
func setTime(query url.Values, at time.Time) {
	if !at.IsZero() {
		query.Set("at", at.UTC().Format(time.RFC3339Nano))
	}
}

// GetUser gives one user. Permission users|read.
func (c *Client) GetUser(ctx context.Context, id string) (User, error) {
	return fetch[User](ctx, c, http.MethodGet, "/v2/users/"+url.PathEscape(id), nil, nil)
}

// CreateUser adds a user. Permission users|create.
func (c *Client) CreateUser(ctx context.Context, in NewUser) (User, error) {
	return fetch[User](ctx, c, http.MethodPost, "/v2/users", nil, in)
}

// RemoveUser takes a user out of the organisation. Permission users|delete.
func (c *Client) RemoveUser(ctx context.Context, id string) error {
	return c.do(ctx, http.MethodDelete, "/v2/users/"+url.PathEscape(id), nil, nil, nil)
}

// UpdateUserRole gives a user another base role. Permission users|update.
func (c *Client) UpdateUserRole(ctx context.Context, id, role string) (User, error) {
	return fetch[User](ctx, c, http.MethodPut, "/v2/users/"+url.PathEscape(id)+"/role", nil, map[string]string{"role": role})
}

// GetSelf gives your own user. Needs a personal token.
func (c *Client) GetSelf(ctx context.Context) (User, error) {
	return fetch[User](ctx, c, http.MethodGet, "/v2/user", nil, nil)
}

// UpdateSelf changes your own name, the one thing of yourself that you can
// change. Needs a personal token.
func (c *Client) UpdateSelf(ctx context.Context, name string) (User, error) {
	return fetch[User](ctx, c, http.MethodPut, "/v2/user", nil, map[string]string{"name": name})
}

// RenameUser is [Client.UpdateSelf] by your own id; another's is [ErrForbidden].
// Needs a personal token.
func (c *Client) RenameUser(ctx context.Context, id, name string) (User, error) {
	return fetch[User](ctx, c, http.MethodPut, "/v2/users/"+url.PathEscape(id), nil, map[string]string{"name": name})
}
