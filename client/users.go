package client

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"strings"
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

// UserFilter narrows a list of users; zero values narrow nothing.
type UserFilter struct {
	Email    string
	Role     string
	Text     string // in the name or the address
	PageSize int    // ask for so many at a time; 0: for all in one answer
}

// ListUsers yields users as they arrive; memory stays bounded however many there
// are. An error is the last that is yielded. Permission users|read.
func (c *Client) ListUsers(ctx context.Context, f UserFilter) iter.Seq2[User, error] {
	query := make(url.Values)
	for name, value := range map[string]string{"email": f.Email, "role": f.Role, "q": f.Text} {
		if value != "" {
			query.Set(name, value)
		}
	}
	if f.PageSize > 0 {
		query.Set("limit", strconv.Itoa(f.PageSize))
	}
	return func(yield func(User, error) bool) {
		for query != nil {
			next, err := c.userPage(ctx, query, yield)
			if err != nil {
				yield(User{}, err)
				return
			}
			query = next
		}
	}
}

// userPage yields the users of one answer and gives the query of the next, nil
// if there is none or nobody wants it.
func (c *Client) userPage(ctx context.Context, query url.Values, yield func(User, error) bool) (url.Values, error) {
	resp, err := c.send(ctx, http.MethodGet, "/v2/users", query, nil)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	d := json.NewDecoder(resp.Body)
	if _, err := d.Token(); err != nil {
		return nil, fmt.Errorf("read the users: %w", err)
	}
	for d.More() {
		var u User
		if err := d.Decode(&u); err != nil {
			return nil, fmt.Errorf("read the users: %w", err)
		}
		if !yield(u, nil) {
			return nil, nil
		}
	}
	if _, err := d.Token(); err != nil { // an answer that was cut off has no end
		return nil, fmt.Errorf("read the users: %w", err)
	}
	link, _, ok := strings.Cut(strings.TrimPrefix(resp.Header.Get("Link"), "<"), ">")
	if !ok {
		return nil, nil
	}
	u, err := url.Parse(link)
	if err != nil {
		return nil, fmt.Errorf("read the link to the next page: %w", err)
	}
	return u.Query(), nil
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

// RenameSelf changes your own name. Needs a personal token.
func (c *Client) RenameSelf(ctx context.Context, name string) (User, error) {
	return fetch[User](ctx, c, http.MethodPut, "/v2/user", nil, map[string]string{"name": name})
}

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
	return fetch[Access](ctx, c, http.MethodGet, "/v2/users/"+url.PathEscape(id)+"/access", nil, nil)
}

// AskUserAccess asks whether a user has one capability: "users|create",
// "dataset:NAME:query|read" or "view:NAME:query|read". Permission rbac|read.
func (c *Client) AskUserAccess(ctx context.Context, id, capability string) (Decision, error) {
	return fetch[Decision](ctx, c, http.MethodGet, "/v2/users/"+url.PathEscape(id)+"/access", url.Values{"capability": {capability}}, nil)
}
