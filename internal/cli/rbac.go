package cli

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/rosterhq/roster/client"
)

var roleColumns = []column[client.Role]{
	{"id", func(r client.Role) string { return r.ID }},
	{"name", func(r client.Role) string { return r.Name }},
	{"members", func(r client.Role) string { return strings.Join(r.Members, " ") }},
	{"capabilities", func(r client.Role) string { return capabilityNames(r.Capabilities) }},
}

var groupColumns = []column[client.Group]{
	{"id", func(g client.Group) string { return g.ID }},
	{"name", func(g client.Group) string { return g.Name }},
	{"members", func(g client.Group) string { return strings.Join(g.Members, " ") }},
	{"roles", func(g client.Group) string { return strings.Join(g.Roles, " ") }},
}

func (s *session) roles() *cobra.Command {
	return group("roles", "Manage roles", s.rolesWrite("create", "Create a role"), s.rolesWrite("update", "Replace a role"),
		s.command("list", "List roles", "roster roles list", cobra.NoArgs, func(cmd *cobra.Command, c *client.Client, _ []string) error {
			all, err := c.ListRoles(cmd.Context())
			if err != nil {
				return err
			}
			return printList(s, cmd, all, roleColumns)
		}),
		s.command("get ID", "Show a role", "roster roles get admin", cobra.ExactArgs(1), func(cmd *cobra.Command, c *client.Client, args []string) error {
			r, err := c.GetRole(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return printOne(s, cmd, r, roleColumns)
		}),
		s.deletion("Delete a role that nobody has", "roster roles delete role_06h0tznb4rhm0v1fsb66mbp9k4 --yes", "role", (*client.Client).DeleteRole))
}

// deleter is a client's method that deletes something by id.
type deleter func(c *client.Client, ctx context.Context, id string) error

// deletion makes a command that deletes something by id.
func (s *session) deletion(short, example, kind string, remove deleter) *cobra.Command {
	return s.command("delete ID", short, example, cobra.ExactArgs(1), func(cmd *cobra.Command, c *client.Client, args []string) error {
		if err := s.confirm(cmd, "the "+kind+" "+args[0]); err != nil {
			return err
		}
		if err := remove(c, cmd.Context(), args[0]); err != nil {
			return err
		}
		s.done(cmd, "deleted %s", args[0])
		return nil
	})
}

// rolesWrite makes create, and update, which takes the id besides.
func (s *session) rolesWrite(verb, short string) *cobra.Command {
	var in client.Role
	var capabilities []string
	use, args, example := verb, cobra.NoArgs, "roster roles "+verb
	if verb == "update" {
		use, args, example = "update ID", cobra.ExactArgs(1), example+" role_06h0tznb4rhm0v1fsb66mbp9k4"
	}
	cmd := s.command(use, short, example+" --name Support --capability 'users|read' --member usr_06h0tznb294kc6smm97b5r4g8g", args,
		func(cmd *cobra.Command, c *client.Client, args []string) (err error) {
			if in.Capabilities, err = parseCapabilities(capabilities); err != nil {
				return err
			}
			var r client.Role
			if verb == "update" {
				r, err = c.UpdateRole(cmd.Context(), args[0], in)
			} else {
				r, err = c.CreateRole(cmd.Context(), in)
			}
			if err != nil {
				return err
			}
			return printOne(s, cmd, r, roleColumns)
		})
	cmd.Flags().StringVar(&in.Name, "name", "", "`NAME` of the role")
	cmd.Flags().StringVar(&in.Description, "description", "", "what it is for")
	cmd.Flags().StringArrayVar(&in.Members, "member", nil, "`ID` of a user whose base role it is to be; repeat for more. Without, nobody's role changes")
	addCapabilityFlag(cmd, &capabilities)
	require(cmd, "name")
	return cmd
}

func (s *session) groups() *cobra.Command {
	return group("groups", "Manage groups", s.groupsWrite("create", "Create a group"), s.groupsWrite("update", "Replace a group"),
		s.command("list", "List groups", "roster groups list", cobra.NoArgs, func(cmd *cobra.Command, c *client.Client, _ []string) error {
			all, err := c.ListGroups(cmd.Context())
			if err != nil {
				return err
			}
			return printList(s, cmd, all, groupColumns)
		}),
		s.command("get ID", "Show a group", "roster groups get grp_06h0tznb52qbshr2ed8ah98f0w", cobra.ExactArgs(1), func(cmd *cobra.Command, c *client.Client, args []string) error {
			g, err := c.GetGroup(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return printOne(s, cmd, g, groupColumns)
		}),
		s.deletion("Delete a group", "roster groups delete grp_06h0tznb52qbshr2ed8ah98f0w --yes", "group", (*client.Client).DeleteGroup))
}

func (s *session) groupsWrite(verb, short string) *cobra.Command {
	var in client.Group
	use, args, example := verb, cobra.NoArgs, "roster groups "+verb
	if verb == "update" {
		use, args, example = "update ID", cobra.ExactArgs(1), example+" grp_06h0tznb52qbshr2ed8ah98f0w"
	}
	cmd := s.command(use, short, example+` --name "On call" --member usr_06h0tznb294kc6smm97b5r4g8g --role admin`, args,
		func(cmd *cobra.Command, c *client.Client, args []string) (err error) {
			var g client.Group
			if verb == "update" {
				g, err = c.UpdateGroup(cmd.Context(), args[0], in)
			} else {
				g, err = c.CreateGroup(cmd.Context(), in)
			}
			if err != nil {
				return err
			}
			return printOne(s, cmd, g, groupColumns)
		})
	cmd.Flags().StringVar(&in.Name, "name", "", "`NAME` of the group")
	cmd.Flags().StringVar(&in.Description, "description", "", "what it is for")
	cmd.Flags().StringArrayVar(&in.Members, "member", nil, "`ID` of a user in it; repeat for more. Without, an update leaves them as they are")
	cmd.Flags().StringArrayVar(&in.Roles, "role", nil, "`ID` of a role that it gives; repeat for more. Without, an update leaves them as they are")
	require(cmd, "name")
	return cmd
}
