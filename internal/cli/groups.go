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

// groupBrief are the brief forms of columns for a terminal.
var groupBrief = []column[client.Group]{
	{"members", func(g client.Group) string { return count(len(g.Members), "member") }},
	{"roles", func(g client.Group) string { return count(len(g.Roles), "role") }},
}

const exampleGroup = "grp_06h0tznb52qbshr2ed8ah98f0w"

func (s *session) groups() *cobra.Command {
	return group("groups", "Manage groups", "A group grants its roles to its members, in addition to the base role of each. GROUP is the id or name of a group.",
		`roster groups create --name "On call" --member jane.doe@example.com --role admin`,
		s.groupsCreate(), s.groupsUpdate(), s.groupsAddMember(), s.groupsRemoveMember(),
		s.command("list", "List groups", "roster groups list", cobra.NoArgs, list(s, groupColumns, (*client.Client).ListGroups, groupBrief...)),
		s.get(groupLookup, "get GROUP", "Show a group", "roster groups get 'On call'", byID(s, groupColumns, (*client.Client).GetGroup, groupBrief...)),
		s.deletion(groupLookup, "Delete a group\nIts members stay users, and lose the roles that the group grants.",
			"roster groups delete "+exampleGroup+" --yes", "group", (*client.Client).DeleteGroup))
}

// groupFlags are the flags for the members of a group object.
type groupFlags struct {
	name, description string
	members, roles    []string
}

func (f *groupFlags) add(s *session, cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.name, "name", "", "`NAME` of the group")
	addDescription(cmd, &f.description)
	cmd.Flags().StringArrayVar(&f.members, "member", nil, "`USER` who is a member, by id or email address; repeatable")
	cmd.Flags().StringArrayVar(&f.roles, "role", nil, "`ROLE` that the group grants, by id or name; repeatable")
	flagValues(cmd, "member", s.completeUsers())
	flagValues(cmd, "role", roleLookup.complete(s))
}

// apply sets in g what the given flags say.
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
		if g.Roles, err = roleLookup.findAll(cmd.Context(), c, f.roles); err != nil {
			return err
		}
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
		}, groupBrief...))
	f.add(s, cmd)
	require(cmd, "name")
	return cmd
}

func (s *session) groupsUpdate() *cobra.Command {
	var f groupFlags
	var cmd *cobra.Command
	cmd = s.write("update GROUP", `Change a group
Only what the flags name changes. --member and --role replace all members or roles;
--member '' or --role '' removes all. If the group is changed by somebody else in the
meantime, the command changes nothing and exits with 6.`,
		"roster groups update "+exampleGroup+" --member jane.doe@example.com --member john.roe@example.com", cobra.ExactArgs(1),
		groupLookup.found(one(s, groupColumns, func(ctx context.Context, c *client.Client, args []string) (client.Group, error) {
			g, err := c.GetGroup(ctx, args[0])
			if err != nil {
				return g, err
			}
			if err := f.apply(cmd, c, &g); err != nil {
				return g, err
			}
			return c.UpdateGroup(ctx, args[0], g)
		}, groupBrief...)))
	f.add(s, cmd)
	return groupLookup.argument(s, cmd)
}

func (s *session) groupsAddMember() *cobra.Command {
	return s.completeMembers(s.write("add-member GROUP USER...", `Add users to a group
Each USER is an id or an email address. Users who are in the group stay.`,
		"roster groups add-member "+exampleGroup+" jane.doe@example.com", cobra.MinimumNArgs(2),
		s.memberChange("added to", func(ids []string) (add, remove []string) { return ids, nil })))
}

func (s *session) groupsRemoveMember() *cobra.Command {
	return s.completeMembers(s.write("remove-member GROUP USER...", `Remove users from a group
Each USER is an id or an email address. Users who are not in the group stay out of it.
They stay users of the organization.`,
		"roster groups remove-member "+exampleGroup+" jane.doe@example.com", cobra.MinimumNArgs(2),
		s.memberChange("removed from", func(ids []string) (add, remove []string) { return nil, ids })))
}

// completeMembers suggests a group, and users after it.
func (s *session) completeMembers(cmd *cobra.Command) *cobra.Command {
	group, user := groupLookup.complete(s), s.completeUsers()
	return argument(cmd, true, func(cmd *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
		if len(args) == 0 {
			return group(cmd, args, begun)
		}
		return user(cmd, args, begun)
	})
}

// memberChange makes a command that adds users to a group or removes them. The arguments
// are the group and the users.
func (s *session) memberChange(done string, change func(ids []string) (add, remove []string)) runner {
	return func(cmd *cobra.Command, c *client.Client, args []string) error {
		group, err := groupLookup.find(cmd.Context(), c, args[0])
		if err != nil {
			return err
		}
		ids, err := userIDs(cmd.Context(), c, args[1:])
		if err != nil {
			return err
		}
		add, remove := change(ids)
		if err := c.ChangeGroupMembers(cmd.Context(), group, add, remove); err != nil {
			return err
		}
		s.done(cmd, done, args[0])
		return nil
	}
}
