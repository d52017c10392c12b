package cli

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/rosterhq/roster/client"
)

// creation is an object that a user created.
type creation struct {
	Kind string `json:"kind"`
	client.CreatedThing
}

var createdColumns = []column[creation]{
	{"kind", func(c creation) string { return c.Kind }},
	{"id", func(c creation) string { return c.ID }},
	{"name", func(c creation) string { return c.Name }},
	{"created", func(c creation) string { return when(&c.CreatedAt) }},
}

func creations(ctx context.Context, c *client.Client, id string) ([]creation, error) {
	made, err := c.ListCreated(ctx, id)
	var all []creation
	for _, t := range made.Tokens {
		all = append(all, creation{"token", t})
	}
	for _, w := range made.Webhooks {
		all = append(all, creation{"webhook", w})
	}
	for _, i := range made.Invitations {
		all = append(all, creation{"invitation", i})
	}
	return all, err
}

func (s *session) usersCreated() *cobra.Command {
	return s.command("created USER", "List what a user created\nLists the API tokens, webhooks and open invitations of a user and of their tokens. USER may be\nthe id of somebody who was removed.",
		"roster users created jane.doe@example.com", cobra.ExactArgs(1),
		func(cmd *cobra.Command, c *client.Client, args []string) error {
			id, err := userID(cmd.Context(), c, args[0])
			if err != nil {
				return err
			}
			all, err := creations(cmd.Context(), c, id)
			if err != nil {
				return err
			}
			return printList(s, cmd, all, createdColumns)
		})
}

// offboard runs a change that revokes kinds of objects that a user created. On standard
// error it prints the revoked objects and the number of the remaining ones, as far as the
// caller may read them.
func (s *session) offboard(cmd *cobra.Command, c *client.Client, id string, kinds []string, change func() (client.Left, error)) error {
	made, err := creations(cmd.Context(), c, id)
	if err != nil {
		made = nil // listing requires permissions that the change itself does not
	}
	for _, m := range made {
		cmd.PrintErrln("created by the user:", m.Kind, m.ID, visible(m.Name))
	}
	left, err := change()
	if err != nil {
		return err
	}
	did := "revoked:"
	if s.dryRun {
		did = "would be revoked:"
	}
	for _, m := range made {
		if revokes(kinds, m) {
			cmd.PrintErrln(did, m.Kind, m.ID, visible(m.Name))
		}
	}
	var parts []string
	for _, kind := range slices.Sorted(maps.Keys(left)) {
		parts = append(parts, fmt.Sprintf("%d %s", left[kind], visible(kind)))
	}
	if len(parts) > 0 {
		cmd.PrintErrln("left:", strings.Join(parts, ", "))
	}
	return nil
}

// revokes reports whether kinds, the value of --revoke, include a kind of object.
func revokes(kinds []string, m creation) bool {
	return slices.Contains(kinds, "all") || slices.Contains(kinds, m.Kind+"s")
}

func addRevoke(cmd *cobra.Command, kinds *[]string) {
	cmd.Flags().StringSliceVar(kinds, "revoke", nil, "`KINDS` of what the user created to revoke too: tokens, webhooks, invitations, or all")
}
