package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/rosterhq/roster/client"
)

var userColumns = []column[client.User]{
	{"id", func(u client.User) string { return u.ID }},
	{"name", func(u client.User) string { return u.Name }},
	{"email", func(u client.User) string { return u.Email }},
	{"role", func(u client.User) string { return u.Role.Name }},
}

func (s *session) users() *cobra.Command {
	return group("users", "Manage the users of an organization",
		s.usersList(), s.usersGet(), s.usersCreate(), s.usersSetRole(), s.usersDelete(), s.usersAccess(),
		s.command("rename-me NAME", "Change your own name; needs a personal token", `roster users rename-me "Jane Roe"`, cobra.ExactArgs(1),
			func(cmd *cobra.Command, c *client.Client, args []string) error {
				u, err := c.RenameSelf(cmd.Context(), args[0])
				if err != nil {
					return err
				}
				return printOne(s, cmd, u, userColumns)
			}))
}

func (s *session) usersList() *cobra.Command {
	var f client.UserFilter
	cmd := s.command("list", "List users", "roster users list\nroster users list --role admin --output csv\nroster users list --query doe", cobra.NoArgs,
		func(cmd *cobra.Command, c *client.Client, _ []string) error {
			var all []client.User
			for u, err := range c.ListUsers(cmd.Context(), f) {
				if err != nil {
					return err
				}
				all = append(all, u)
			}
			return printList(s, cmd, all, userColumns)
		})
	cmd.Flags().StringVar(&f.Email, "email", "", "only the user with this address")
	cmd.Flags().StringVar(&f.Role, "role", "", "only users with this base role")
	cmd.Flags().StringVar(&f.Text, "query", "", "only users with this text in their name or address")
	return cmd
}

func (s *session) usersGet() *cobra.Command {
	return s.command("get USER", "Show a user, by id or email address", "roster users get jane.doe@example.com", cobra.ExactArgs(1),
		func(cmd *cobra.Command, c *client.Client, args []string) error {
			u, err := findUser(cmd, c, args[0])
			if err != nil {
				return err
			}
			return printOne(s, cmd, u, userColumns)
		})
}

// findUser finds a user by id or by email address.
func findUser(cmd *cobra.Command, c *client.Client, user string) (client.User, error) {
	if !strings.Contains(user, "@") {
		return c.GetUser(cmd.Context(), user)
	}
	for u, err := range c.ListUsers(cmd.Context(), client.UserFilter{Email: user}) {
		return u, err
	}
	return client.User{}, &client.Error{Status: 404, Message: fmt.Sprintf("no user has the email address %q", user)}
}

// userID spares the look-up where the id is given.
func userID(cmd *cobra.Command, c *client.Client, user string) (string, error) {
	if !strings.Contains(user, "@") {
		return user, nil
	}
	u, err := findUser(cmd, c, user)
	return u.ID, err
}

func (s *session) usersCreate() *cobra.Command {
	var in client.NewUser
	cmd := s.command("create", "Add a user", `roster users create --name "Jane Doe" --email jane.doe@example.com --role user`, cobra.NoArgs,
		func(cmd *cobra.Command, c *client.Client, _ []string) error {
			u, err := c.CreateUser(cmd.Context(), in)
			if err != nil {
				return err
			}
			return printOne(s, cmd, u, userColumns)
		})
	cmd.Flags().StringVar(&in.Name, "name", "", "`NAME` of the user")
	cmd.Flags().StringVar(&in.Email, "email", "", "`EMAIL` address of the user")
	cmd.Flags().StringVar(&in.Role, "role", "user", "id of the base `ROLE`")
	require(cmd, "name", "email")
	return cmd
}

func require(cmd *cobra.Command, flags ...string) {
	for _, name := range flags {
		_ = cmd.MarkFlagRequired(name) // it errs for flags that don't exist
	}
}

func (s *session) usersSetRole() *cobra.Command {
	return s.command("set-role USER ROLE", "Give a user another base role", "roster users set-role jane.doe@example.com admin", cobra.ExactArgs(2),
		func(cmd *cobra.Command, c *client.Client, args []string) error {
			id, err := userID(cmd, c, args[0])
			if err != nil {
				return err
			}
			u, err := c.UpdateUserRole(cmd.Context(), id, args[1])
			if err != nil {
				return err
			}
			return printOne(s, cmd, u, userColumns)
		})
}

func (s *session) usersDelete() *cobra.Command {
	return s.command("delete USER", "Remove a user from the organization", "roster users delete jane.doe@example.com --yes", cobra.ExactArgs(1),
		func(cmd *cobra.Command, c *client.Client, args []string) error {
			id, err := userID(cmd, c, args[0])
			if err != nil {
				return err
			}
			if err := s.confirm(cmd, "the user "+args[0]); err != nil {
				return err
			}
			if err := c.RemoveUser(cmd.Context(), id); err != nil {
				return err
			}
			s.done(cmd, "removed %s", args[0])
			return nil
		})
}

var accessColumns = []column[client.Capability]{
	{"scope", func(c client.Capability) string { return c.Scope }},
	{"name", func(c client.Capability) string { return c.Name }},
	{"capability", func(c client.Capability) string { return c.Capability }},
	{"why", func(c client.Capability) string { return why(c.Paths) }},
}

func why(paths []client.Path) string {
	var all []string
	for _, p := range paths {
		switch p.Kind {
		case "group":
			all = append(all, "group "+p.Group.Name+" → role "+p.Role.Name)
		case "role":
			all = append(all, "role "+p.Role.Name)
		default:
			all = append(all, p.Kind)
		}
	}
	return strings.Join(all, "; ")
}

func (s *session) usersAccess() *cobra.Command {
	var capability string
	cmd := s.command("access USER", "Show what a user may do, and why", "roster users access jane.doe@example.com\nroster users access jane.doe@example.com --capability 'users|delete'", cobra.ExactArgs(1),
		func(cmd *cobra.Command, c *client.Client, args []string) error {
			id, err := userID(cmd, c, args[0])
			if err != nil {
				return err
			}
			if capability == "" {
				a, err := c.GetUserAccess(cmd.Context(), id)
				if err != nil {
					return err
				}
				if s.output == "json" {
					return printJSON(cmd.OutOrStdout(), a)
				}
				return printList(s, cmd, a.Capabilities, accessColumns)
			}
			d, err := c.AskUserAccess(cmd.Context(), id, capability)
			if err != nil {
				return err
			}
			if s.output == "json" {
				return printJSON(cmd.OutOrStdout(), d)
			}
			answer := "no"
			if d.Allowed {
				answer = "yes: " + why(d.Paths)
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), visible(answer))
			return err
		})
	cmd.Flags().StringVar(&capability, "capability", "", "ask about one: users|delete, dataset:NAME:query|read, view:NAME:query|read")
	return cmd
}

func (s *session) whoami() *cobra.Command {
	return s.command("whoami", "Show who the token is", "roster whoami", cobra.NoArgs,
		func(cmd *cobra.Command, c *client.Client, _ []string) error {
			orgs, err := c.ListOrgs(cmd.Context())
			if err != nil {
				return err
			}
			u, err := c.GetSelf(cmd.Context())
			if ExitCode(err) == ExitForbidden { // an API token is nobody's
				return printList(s, cmd, orgs, orgColumns)
			}
			if err != nil {
				return err
			}
			return printOne(s, cmd, u, userColumns)
		})
}
