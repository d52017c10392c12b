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
	return group("orgs", "Manage organizations", "The organizations that the token's owner belongs to.", "roster orgs list", update, s.orgSettings(), s.orgSessionLimits(), s.orgSignInRules(),
		s.command("list", "List the organizations you belong to", "roster orgs list", cobra.NoArgs, list(s, orgColumns, (*client.Client).ListOrgs)),
		s.command("get ID", "Show an organization", "roster orgs get acme-x7q2", cobra.ExactArgs(1), byID(s, orgColumns, (*client.Client).GetOrg)),
		s.write("create NAME", "Create an organization that you own\nNeeds a personal token.", "roster orgs create Acme", cobra.ExactArgs(1),
			func(cmd *cobra.Command, c *client.Client, args []string) error {
				o, err := c.CreateOrg(cmd.Context(), args[0])
				if err != nil {
					return err
				}
				if err := s.explainSecondOrg(cmd, c, o); err != nil {
					return err
				}
				return printOne(s, cmd, o, orgColumns)
			}))
}

// explainSecondOrg says what has to be set from now on if an organization that was just
// created is not the only one: personal tokens no longer act in one by themselves.
func (s *session) explainSecondOrg(cmd *cobra.Command, c *client.Client, created client.Org) error {
	orgs, err := c.ListOrgs(cmd.Context())
	if err != nil || len(orgs) < 2 || s.dryRun {
		return err
	}
	cmd.PrintErrf("note: you belong to %d organizations now, so your personal tokens must name one:\n"+
		"  for this client: --org %s, ROSTER_ORG=%[2]s, or `roster login --org %[2]s`\n"+
		"  for the API: the header X-Axiom-Org-Id: %[2]s\n"+
		"  scripts that relied on your only organization fail until they name it\n", len(orgs), visible(created.ID))
	return nil
}
