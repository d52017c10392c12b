package cli

import (
	"time"

	"github.com/spf13/cobra"

	"github.com/rosterhq/roster/client"
)

var temporaryRoleColumns = []column[client.TemporaryRole]{
	{"user", func(t client.TemporaryRole) string { return t.UserID }},
	{"role", func(t client.TemporaryRole) string { return t.Role.Name }},
	{"until", func(t client.TemporaryRole) string { return when(&t.Until) }},
}

func (s *session) usersTemporaryRoles() *cobra.Command {
	return s.command("temporary-roles", "List who has a role for a time\nLists the first to end first.", "roster users temporary-roles", cobra.NoArgs,
		list(s, temporaryRoleColumns, (*client.Client).ListTemporaryRoles))
}

func (s *session) usersEndTemporaryRole() *cobra.Command {
	cmd := s.write("end-temporary-role USER", "Take away the role that a user has for a time\nThe base role stays.",
		"roster users end-temporary-role jane.doe@example.com", cobra.ExactArgs(1),
		func(cmd *cobra.Command, c *client.Client, args []string) error {
			id, err := userID(cmd.Context(), c, args[0])
			if err != nil {
				return err
			}
			if err := c.DeleteTemporaryRole(cmd.Context(), id); err != nil {
				return err
			}
			s.done(cmd, "ended the temporary role of", args[0])
			return nil
		})
	return argument(cmd, false, s.completeUsers())
}

// setTemporaryRole gives a user a role until a time and prints it.
func (s *session) setTemporaryRole(cmd *cobra.Command, c *client.Client, user, role, until string) error {
	then, err := laterFlag("--until", until, time.Now())
	if err != nil {
		return err
	}
	id, err := userID(cmd.Context(), c, user)
	if err != nil {
		return err
	}
	if role, err = roleLookup.find(cmd.Context(), c, role); err != nil {
		return err
	}
	given, err := c.UpdateTemporaryRole(cmd.Context(), id, role, then)
	if err != nil {
		return err
	}
	return printOne(s, cmd, given, temporaryRoleColumns)
}
