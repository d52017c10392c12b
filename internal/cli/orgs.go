package cli

import (
	"github.com/spf13/cobra"

	"github.com/rosterhq/roster/client"
)

var orgColumns = []column[client.Org]{
	{"id", func(o client.Org) string { return o.ID }},
	{"name", func(o client.Org) string { return o.Name }},
	{"role", func(o client.Org) string { return o.Role }},
}

func (s *session) orgs() *cobra.Command {
	one := func(call func(cmd *cobra.Command, c *client.Client, args []string) (client.Org, error)) func(*cobra.Command, *client.Client, []string) error {
		return func(cmd *cobra.Command, c *client.Client, args []string) error {
			o, err := call(cmd, c, args)
			if err != nil {
				return err
			}
			return printOne(s, cmd, o, orgColumns)
		}
	}
	return group("orgs", "Manage organizations",
		s.command("list", "List the organizations you belong to", "roster orgs list", cobra.NoArgs,
			func(cmd *cobra.Command, c *client.Client, _ []string) error {
				all, err := c.ListOrgs(cmd.Context())
				if err != nil {
					return err
				}
				return printList(s, cmd, all, orgColumns)
			}),
		s.command("get ID", "Show an organization", "roster orgs get acme-x7q2", cobra.ExactArgs(1),
			one(func(cmd *cobra.Command, c *client.Client, args []string) (client.Org, error) {
				return c.GetOrg(cmd.Context(), args[0])
			})),
		s.command("create NAME", "Create an organization that you own; needs a personal token", "roster orgs create Acme", cobra.ExactArgs(1),
			one(func(cmd *cobra.Command, c *client.Client, args []string) (client.Org, error) {
				return c.CreateOrg(cmd.Context(), args[0])
			})),
		s.command("rename ID NAME", "Rename an organization; needs a personal token", `roster orgs rename acme-x7q2 "Acme Ltd"`, cobra.ExactArgs(2),
			one(func(cmd *cobra.Command, c *client.Client, args []string) (client.Org, error) {
				return c.RenameOrg(cmd.Context(), args[0], args[1])
			})))
}

func (s *session) invitations() *cobra.Command {
	return group("invitations", "Answer invitations; needs a personal token",
		s.command("list", "List your open invitations", "roster invitations list", cobra.NoArgs,
			func(cmd *cobra.Command, c *client.Client, _ []string) error {
				all, err := c.ListInvitations(cmd.Context())
				if err != nil {
					return err
				}
				return printList(s, cmd, all, []column[client.Invitation]{
					{"org", func(i client.Invitation) string { return i.OrgID }},
					{"name", func(i client.Invitation) string { return i.OrgName }},
					{"role", func(i client.Invitation) string { return i.Role.Name }},
					{"invited", func(i client.Invitation) string { return when(&i.InvitedAt) }},
				})
			}),
		s.command("accept ORG", "Become a member of an organization", "roster invitations accept acme-x7q2", cobra.ExactArgs(1),
			func(cmd *cobra.Command, c *client.Client, args []string) error {
				u, err := c.AcceptInvitation(cmd.Context(), args[0])
				if err != nil {
					return err
				}
				return printOne(s, cmd, u, userColumns)
			}),
		s.command("decline ORG", "Turn an invitation down", "roster invitations decline acme-x7q2", cobra.ExactArgs(1),
			func(cmd *cobra.Command, c *client.Client, args []string) error {
				if err := c.DeclineInvitation(cmd.Context(), args[0]); err != nil {
					return err
				}
				s.done(cmd, "declined %s", args[0])
				return nil
			}))
}
