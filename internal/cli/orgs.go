package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/rosterhq/roster/client"
)

var orgColumns = []column[client.Org]{
	{"id", func(o client.Org) string { return o.ID }},
	{"name", func(o client.Org) string { return o.Name }},
	{"role", func(o client.Org) string { return o.Role }},
}

func (s *session) orgs() *cobra.Command {
	var name string
	update := s.write("update ID", "Rename an organization\nNeeds a personal token of one of its owners or admins.",
		`roster orgs update acme-x7q2 --name "Acme Ltd"`, cobra.ExactArgs(1),
		one(s, orgColumns, func(ctx context.Context, c *client.Client, args []string) (client.Org, error) {
			return c.UpdateOrg(ctx, args[0], name)
		}))
	update.Flags().StringVar(&name, "name", "", "new `NAME` of the organization")
	require(update, "name")
	return group("orgs", "Manage organizations", "The organizations that the token's owner belongs to.", "roster orgs list", update, s.orgSettings(),
		s.command("list", "List the organizations you belong to", "roster orgs list", cobra.NoArgs, list(s, orgColumns, (*client.Client).ListOrgs)),
		s.command("get ID", "Show an organization", "roster orgs get acme-x7q2", cobra.ExactArgs(1), byID(s, orgColumns, (*client.Client).GetOrg)),
		s.write("create NAME", "Create an organization that you own\nNeeds a personal token.", "roster orgs create Acme", cobra.ExactArgs(1),
			byID(s, orgColumns, (*client.Client).CreateOrg)))
}

var invitationColumns = []column[client.Invitation]{
	{"org", func(i client.Invitation) string { return i.OrgID }},
	{"name", func(i client.Invitation) string { return i.OrgName }},
	{"role", func(i client.Invitation) string { return i.Role.Name }},
	{"invited", func(i client.Invitation) string { return when(&i.InvitedAt) }},
}

func (s *session) invitations() *cobra.Command {
	return group("invitations", "Answer invitations", `Who has an account already, and is added to an organization, has to accept first. Needs
a personal token.`, "roster invitations list",
		s.command("list", "List your open invitations", "roster invitations list", cobra.NoArgs, list(s, invitationColumns, (*client.Client).ListInvitations)),
		s.write("accept ORG", "Become a member of an organization", "roster invitations accept acme-x7q2", cobra.ExactArgs(1),
			byID(s, userColumns, (*client.Client).AcceptInvitation)),
		s.write("decline ORG", "Turn an invitation down", "roster invitations decline acme-x7q2", cobra.ExactArgs(1),
			func(cmd *cobra.Command, c *client.Client, args []string) error {
				if err := c.DeclineInvitation(cmd.Context(), args[0]); err != nil {
					return err
				}
				s.done(cmd, "declined", args[0])
				return nil
			}))
}
