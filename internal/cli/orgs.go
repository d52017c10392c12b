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
	update := s.write("update ID", "Rename an organization\nNeeds the personal token of an owner or admin.",
		`roster orgs update acme-x7q2 --name "Acme Ltd"`, cobra.ExactArgs(1),
		one(s, orgColumns, func(ctx context.Context, c *client.Client, args []string) (client.Org, error) {
			return c.UpdateOrg(ctx, args[0], name)
		}))
	update.Flags().StringVar(&name, "name", "", "new `NAME` of the organization")
	require(update, "name")
	return group("orgs", "Manage organizations", "The organizations that the token's owner belongs to.", "roster orgs list", update, s.orgSettings(), s.orgSessionLimits(),
		s.command("list", "List the organizations you belong to", "roster orgs list", cobra.NoArgs, list(s, orgColumns, (*client.Client).ListOrgs)),
		s.command("get ID", "Show an organization", "roster orgs get acme-x7q2", cobra.ExactArgs(1), byID(s, orgColumns, (*client.Client).GetOrg)),
		s.write("create NAME", "Create an organization that you own\nNeeds a personal token.", "roster orgs create Acme", cobra.ExactArgs(1),
			byID(s, orgColumns, (*client.Client).CreateOrg)))
}
