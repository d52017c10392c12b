package cli

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/rosterhq/roster/client"
)

var groupColumns = []column[client.Group]{
	{"id", func(g client.Group) string { return g.ID }},
	{"name", func(g client.Group) string { return g.Name }},
	{"members", func(g client.Group) string { return strings.Join(g.Members, " ") }},
	{"roles", func(g client.Group) string { return strings.Join(g.Roles, " ") }},
}

const exampleGroup = "grp_06h0tznb52qbshr2ed8ah98f0w"

func (s *session) groups() *cobra.Command {
	return group("groups", "Manage groups", "A group gives its roles to its members, besides the role that each of them has.",
		`roster groups create --name "On call" --member jane.doe@example.com --role admin`,
		s.groupsCreate(), s.groupsUpdate(),
		s.command("list", "List groups", "roster groups list", cobra.NoArgs, list(s, groupColumns, (*client.Client).ListGroups)),
		s.command("get ID", "Show a group", "roster groups get "+exampleGroup, cobra.ExactArgs(1), byID(s, groupColumns, (*client.Client).GetGroup)),
		s.deletion("Delete a group\nIts members stay users and lose the roles that it gave them.",
			"roster groups delete "+exampleGroup+" --yes", "group", (*client.Client).DeleteGroup))
}

// groupFlags are what can be said about a group.
type groupFlags struct {
	name, description string
	members, roles    []string
}

func (f *groupFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.name, "name", "", "`NAME` of the group")
	addDescription(cmd, &f.description)
	cmd.Flags().StringArrayVar(&f.members, "member", nil, "`USER`, by id or email address, in it; repeat for more")
	cmd.Flags().StringArrayVar(&f.roles, "role", nil, "`ID` of a role that it gives; repeat for more")
}

// apply changes in g what was said.
func (f *groupFlags) apply(cmd *cobra.Command, c *client.Client, g *client.Group) (err error) {
	said := cmd.Flags().Changed
	if said("name") {
		g.Name = f.name
	}
	if said("description") {
		g.Description = f.description
	}
	g.Members, g.Roles = nil, nil
	if said("role") {
		g.Roles = append([]string{}, given(f.roles)...)
	}
	if said("member") {
		g.Members, err = userIDs(cmd.Context(), c, f.members)
	}
	return err
}

func (s *session) groupsCreate() *cobra.Command {
	var f groupFlags
	var cmd *cobra.Command
	cmd = s.write("create", "Create a group", `roster groups create --name "On call" --member jane.doe@example.com --role admin`, cobra.NoArgs,
		one(s, groupColumns, func(ctx context.Context, c *client.Client, _ []string) (client.Group, error) {
			var in client.Group
			if err := f.apply(cmd, c, &in); err != nil {
				return in, err
			}
			return c.CreateGroup(ctx, in)
		}))
	f.add(cmd)
	require(cmd, "name")
	return cmd
}

func (s *session) groupsUpdate() *cobra.Command {
	var f groupFlags
	var cmd *cobra.Command
	cmd = s.write("update ID", `Change a group
What no flag speaks of stays as it is. Members or roles that are given replace all
there were; --member '' or --role '' leaves none. If somebody else changes the group
meanwhile, nothing is changed, with exit code 6.`,
		"roster groups update "+exampleGroup+" --member jane.doe@example.com --member john.roe@example.com", cobra.ExactArgs(1),
		one(s, groupColumns, func(ctx context.Context, c *client.Client, args []string) (client.Group, error) {
			g, err := c.GetGroup(ctx, args[0])
			if err != nil {
				return g, err
			}
			if err := f.apply(cmd, c, &g); err != nil {
				return g, err
			}
			return c.UpdateGroup(ctx, args[0], g)
		}))
	f.add(cmd)
	return cmd
}
