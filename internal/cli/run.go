package cli

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/rosterhq/roster/client"
)

// list makes the runner of a command that prints a list.
func list[T any](s *session, columns []column[T], call func(c *client.Client, ctx context.Context) ([]T, error), brief ...column[T]) runner {
	return func(cmd *cobra.Command, c *client.Client, _ []string) error {
		all, err := call(c, cmd.Context())
		if err != nil {
			return err
		}
		return printList(s, cmd, all, columns, brief...)
	}
}

// one makes the runner of a command that prints one object.
func one[T any](s *session, columns []column[T], call func(ctx context.Context, c *client.Client, args []string) (T, error), brief ...column[T]) runner {
	return func(cmd *cobra.Command, c *client.Client, args []string) error {
		v, err := call(cmd.Context(), c, args)
		if err != nil {
			return err
		}
		return printOne(s, cmd, v, columns, brief...)
	}
}

// byID is one for a method that takes an id, which is the command's argument.
func byID[T any](s *session, columns []column[T], call func(c *client.Client, ctx context.Context, id string) (T, error), brief ...column[T]) runner {
	return one(s, columns, func(ctx context.Context, c *client.Client, args []string) (T, error) { return call(c, ctx, args[0]) }, brief...)
}

// checkURL rejects a URL that can't be a server's. The error does not quote it, because it
// may have a password.
func checkURL(raw string) error {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return usagef("the server's URL must be http://HOST:PORT or https://HOST, as in %s", DefaultURL)
	}
	return nil
}

func require(cmd *cobra.Command, flags ...string) {
	for _, name := range flags {
		_ = cmd.MarkFlagRequired(name) // fails only if the flag does not exist
	}
}

// given returns the values of a repeatable flag. A single empty value means none.
func given(values []string) []string {
	return slices.DeleteFunc(values, func(v string) bool { return v == "" })
}

// userID returns the id of a user who is given by id or email address.
func userID(ctx context.Context, c *client.Client, user string) (string, error) {
	return userIDAt(ctx, c, user, time.Time{})
}

// userIDAt is userID for the user who had an address at a time.
func userIDAt(ctx context.Context, c *client.Client, user string, at time.Time) (string, error) {
	if !strings.Contains(user, "@") {
		return user, nil
	}
	u, err := findUserByEmail(ctx, c, user, at)
	return u.ID, err
}

// userIDs is userID for several users. It never returns nil.
func userIDs(ctx context.Context, c *client.Client, users []string) ([]string, error) {
	ids := []string{}
	for _, user := range given(users) {
		id, err := userID(ctx, c, user)
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, nil
}
