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

// roleBrief are the brief forms of columns for a terminal.
var roleBrief = []column[client.Role]{
	{"members", func(r client.Role) string { return count(len(r.Members), "member") }},
	{"capabilities", func(r client.Role) string { return capabilityCount(r.Capabilities) }},
}

const exampleRole = "role_06h0tznb4rhm0v1fsb66mbp9k4"

func (s *session) roles() *cobra.Command {
	return group("roles", "Manage roles", "A role is a named set of capabilities. Built-in roles can't be changed. ROLE is the id or name of a role.",
		"roster roles create --name Support --capability 'users|read'",
		s.rolesCreate(), s.rolesUpdate(),
		s.command("list", "List roles", "roster roles list", cobra.NoArgs, list(s, roleColumns, (*client.Client).ListRoles, roleBrief...)),
		s.get(roleLookup, "get ROLE", "Show a role", "roster roles get admin", byID(s, roleColumns, (*client.Client).GetRole, roleBrief...)),
		s.deletion(roleLookup, "Delete a role\nRefused while the role is in use, as a base role or by a group.",
			"roster roles delete "+exampleRole+" --yes", "role", (*client.Client).DeleteRole))
}

// roleFlags are the flags for the members of a role object.
type roleFlags struct {
	name, description     string
	members, capabilities []string
}

func (f *roleFlags) add(s *session, cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.name, "name", "", "`NAME` of the role")
	addDescription(cmd, &f.description)
	cmd.Flags().StringArrayVar(&f.members, "member", nil, "`USER` who gets it as base role, by id or email address; repeatable")
	flagValues(cmd, "member", s.completeUsers())
	s.addCapabilityFlag(cmd, &f.capabilities)
}

// apply sets in r what the given flags say.
func (f *roleFlags) apply(cmd *cobra.Command, c *client.Client, r *client.Role) (err error) {
	said := cmd.Flags().Changed
	if said("name") {
		r.Name = f.name
	}
	if said("description") {
		r.Description = f.description
	}
	if said("capability") {
		had := r.Apps
		if r.Capabilities, err = parseCapabilities(f.capabilities); err != nil {
			return err
		}
		if r.Apps == nil && had != nil {
			r.Apps = client.AppCapabilities{} // without the member they would stay
		}
	}
	r.Members = nil
	if said("member") {
		r.Members, err = userIDs(cmd.Context(), c, f.members)
	}
	return err
}

func (s *session) rolesCreate() *cobra.Command {
	var f roleFlags
	var cmd *cobra.Command
	cmd = s.write("create", "Create a role", "roster roles create --name Support --capability 'users|read' --capability 'dataset:*:query|read'\n"+
		"roster roles create --name Clerk --capability 'app:billing:invoice:2026-*|read' --capability 'app:billing:report|read'", cobra.NoArgs,
		one(s, roleColumns, func(ctx context.Context, c *client.Client, _ []string) (client.Role, error) {
			var in client.Role
			if err := f.apply(cmd, c, &in); err != nil {
				return in, err
			}
			return c.CreateRole(ctx, in)
		}, roleBrief...))
	f.add(s, cmd)
	require(cmd, "name")
	return cmd
}

func (s *session) rolesUpdate() *cobra.Command {
	var f roleFlags
	var cmd *cobra.Command
	cmd = s.write("update ROLE", `Change a role
Only what the flags name changes. --capability replaces all capabilities; --capability ''
removes all. If the role is changed by somebody else in the meantime, the command
changes nothing and exits with 6.`,
		"roster roles update "+exampleRole+" --name Support --capability 'users|read' --member jane.doe@example.com", cobra.ExactArgs(1),
		roleLookup.found(one(s, roleColumns, func(ctx context.Context, c *client.Client, args []string) (client.Role, error) {
			r, err := c.GetRole(ctx, args[0])
			if err != nil {
				return r, err
			}
			if err := f.apply(cmd, c, &r); err != nil {
				return r, err
			}
			return c.UpdateRole(ctx, args[0], r)
		}, roleBrief...)))
	f.add(s, cmd)
	return roleLookup.argument(s, cmd)
}
