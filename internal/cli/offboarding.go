package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/rosterhq/roster/client"
)

// creation is one thing that a user made.
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
	return all, err
}

func (s *session) usersCreated() *cobra.Command {
	return s.command("created USER", "List the tokens and webhooks that a user made\nTokens that their tokens made are among them. USER may be the id of somebody who was removed.",
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

// showCreated tells on standard error what a user made and is still there, as far
// as the caller may read it.
func (s *session) showCreated(cmd *cobra.Command, c *client.Client, id string) {
	all, err := creations(cmd.Context(), c, id)
	if err != nil {
		return // to list takes permissions that the command itself does not
	}
	for _, made := range all {
		cmd.PrintErrln("made by them:", made.Kind, made.ID, visible(made.Name))
	}
}

func addRevoke(cmd *cobra.Command, kinds *[]string) {
	cmd.Flags().StringSliceVar(kinds, "revoke", nil, "`KINDS` of things they made that are revoked too: tokens, webhooks or all")
}
