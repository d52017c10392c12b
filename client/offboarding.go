package client

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// CreatedThing is an API token, a webhook or an invitation that a user made. The name
// of an invitation is its address.
type CreatedThing struct {
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	CreatedAt time.Time `json:"createdAt"`
}

// Created are the things that a user made and that still exist. Those that you may
// not read are nil.
type Created struct {
	Tokens      []CreatedThing `json:"tokens"`
	Webhooks    []CreatedThing `json:"webhooks"`
	Invitations []CreatedThing `json:"invitations"`
}

// Left counts the things that a user made and that still exist, by kind: "tokens",
// "webhooks" and "invitations". Kinds that you may not read are missing. On a dry run it
// counts what would be left.
type Left map[string]int

// ListCreated lists the objects that a user and the user's tokens created. Permission
// users|read, and that to list each kind.
func (c *Client) ListCreated(ctx context.Context, id string) (Created, error) {
	return fetch[Created](ctx, c, http.MethodGet, "/v2/users/"+url.PathEscape(id)+"/created", nil, nil)
}

// RemoveUserAndRevoke removes a user from the organization and revokes kinds of
// things that they made ("tokens", "webhooks", "invitations", "all"), in one transaction.
// Permission users|delete, and that to delete each kind.
func (c *Client) RemoveUserAndRevoke(ctx context.Context, id string, kinds ...string) (Left, error) {
	header, err := c.exchange(ctx, http.MethodDelete, "/v2/users/"+url.PathEscape(id), revokeQuery(kinds), nil, nil)
	if err != nil {
		return nil, err
	}
	return leftOf(header)
}

// UpdateUserRoleAndRevoke gives a user another base role and revokes kinds of things
// that they made, as [Client.RemoveUserAndRevoke] does. Permission users|update, and
// that to delete each kind.
func (c *Client) UpdateUserRoleAndRevoke(ctx context.Context, id, role string, kinds ...string) (u User, left Left, err error) {
	header, err := c.exchange(ctx, http.MethodPut, "/v2/users/"+url.PathEscape(id)+"/role", revokeQuery(kinds), map[string]string{"role": role}, &u)
	if err != nil {
		return u, nil, err
	}
	left, err = leftOf(header)
	return u, left, err
}

func revokeQuery(kinds []string) url.Values {
	if len(kinds) == 0 {
		return nil
	}
	return url.Values{"revoke": {strings.Join(kinds, ",")}}
}

// leftOf reads the header Roster-Left, as in "tokens=3, webhooks=1".
func leftOf(header http.Header) (Left, error) {
	left := make(Left)
	line := header.Get("Roster-Left")
	if line == "" {
		return left, nil
	}
	for part := range strings.SplitSeq(line, ", ") {
		kind, count, _ := strings.Cut(part, "=")
		n, err := strconv.Atoi(count)
		if err != nil {
			return nil, fmt.Errorf("read the header Roster-Left %q: %w", line, err)
		}
		left[kind] = n
	}
	return left, nil
}
