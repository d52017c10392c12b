package cli

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/rosterhq/roster/client"
)

var userColumns = []column[client.User]{
	{"id", func(u client.User) string { return u.ID }},
	{"name", func(u client.User) string { return u.Name }},
	{"email", func(u client.User) string { return u.Email }},
	{"role", func(u client.User) string { return u.Role.Name }},
}

// activeUser is a user with when they were last active, to the hour; nil: never.
type activeUser struct {
	client.User
	LastActiveAt *time.Time `json:"lastActiveAt"`
}

var activeUserColumns = []column[activeUser]{
	{"id", func(u activeUser) string { return u.ID }},
	{"name", func(u activeUser) string { return u.Name }},
	{"email", func(u activeUser) string { return u.Email }},
	{"role", func(u activeUser) string { return u.Role.Name }},
	{"last active", func(u activeUser) string { return when(u.LastActiveAt) }},
}

func (s *session) users() *cobra.Command {
	return group("users", "Manage the users of an organization", "USER is the id or the email address of a user.",
		"roster users list\nroster users create --name \"Jane Doe\" --email jane.doe@example.com --role user",
		s.usersList(), s.usersCreate(), s.usersImport(), s.usersSetRole(), s.usersSuspend(), s.usersReactivate(), s.usersTemporaryRoles(), s.usersEndTemporaryRole(), s.usersProfile(), s.usersDelete(), s.usersAccess(), s.usersCreated(), s.usersLink(),
		argument(s.command("get USER", "Show a user", "roster users get jane.doe@example.com", cobra.ExactArgs(1),
			one(s, activeUserColumns, func(ctx context.Context, c *client.Client, args []string) (u activeUser, err error) {
				if u.User, err = findUser(ctx, c, args[0]); err != nil {
					return u, err
				}
				p, err := c.GetUserProfile(ctx, u.ID)
				u.LastActiveAt = p.LastActiveAt
				return u, err
			})), false, s.completeUsers()),
		s.write("rename-me NAME", "Change your own name\nThe names of other users can't be changed. Needs a personal token.", `roster users rename-me "Jane Roe"`, cobra.ExactArgs(1),
			byID(s, userColumns, (*client.Client).UpdateSelf)),
		s.usersTokens(), s.usersRevokeToken(), s.usersSessions(), s.usersEndSession())
}

func (s *session) usersList() *cobra.Command {
	var o client.ListUsersOptions
	var at, inactive string
	cmd := s.command("list", "List users\nWithout flags, lists all users.",
		"roster users list\nroster users list --role admin --output csv\nroster users list --query doe\nroster users list --status suspended\nroster users list --inactive-since 90d\nroster users list --at 2026-01-31T23:59:59Z", cobra.NoArgs,
		list(s, userColumns, func(c *client.Client, ctx context.Context) ([]client.User, error) {
			var err error
			if o.At, err = timeFlag("--at", at); err != nil {
				return nil, err
			}
			if o.InactiveSince, err = timeFlag("--inactive-since", inactive); err != nil {
				return nil, err
			}
			if o.At.IsZero() && o.Role != "" { // a role of the past may be gone
				if o.Role, err = roleLookup.find(ctx, c, o.Role); err != nil {
					return nil, err
				}
			}
			var all []client.User
			for u, err := range c.ListUsers(ctx, o) {
				if err != nil {
					return nil, err
				}
				all = append(all, u)
			}
			return all, nil
		}))
	cmd.Flags().StringVar(&o.Email, "email", "", "only the user with this address")
	cmd.Flags().StringVar(&o.Role, "role", "", "only users with this base `ROLE`, by id or name")
	flagValues(cmd, "role", roleLookup.complete(s))
	cmd.Flags().StringVar((*string)(&o.Status), "status", "", "only users with this `STATUS`: active, suspended or invited")
	complete(cmd, "status", "active", "suspended", "invited")
	cmd.Flags().StringVar(&o.ExternalID, "external-id", "", "only users whose profile has this external `ID`")
	cmd.Flags().StringVar(&inactive, "inactive-since", "", "only users who were neither added nor active since this `TIME`, such as 90d ago, or 2026-01-31T12:00:00Z")
	cmd.Flags().StringVar(&o.Query, "query", "", "only users with this `TEXT` in their name or address")
	addAt(cmd, &at)
	return cmd
}

// addAt adds --at, which makes a command show a past state.
func addAt(cmd *cobra.Command, at *string) {
	cmd.Flags().StringVar(at, "at", "", "show the state at this `TIME`, such as 2026-01-31T12:00:00Z, or 7d or 12h ago")
}

// findUser finds a user by id or by email address.
func findUser(ctx context.Context, c *client.Client, user string) (client.User, error) {
	if !strings.Contains(user, "@") {
		return c.GetUser(ctx, user)
	}
	return findUserByEmail(ctx, c, user, time.Time{})
}

// findUserByEmail finds the user who has an address, or had it at a time.
func findUserByEmail(ctx context.Context, c *client.Client, user string, at time.Time) (client.User, error) {
	var found client.User
	for u, err := range c.ListUsers(ctx, client.ListUsersOptions{Email: user, At: at}) {
		if err != nil {
			return client.User{}, err
		}
		found = u
	}
	if found.ID == "" {
		return found, &client.Error{Status: http.StatusNotFound, Message: fmt.Sprintf("no user has the email address %q", user)}
	}
	return found, nil
}

func (s *session) usersCreate() *cobra.Command {
	var in client.NewUser
	cmd := s.write("create", "Add a user\nA person who already has an account is invited, and becomes a user by accepting.",
		`roster users create --name "Jane Doe" --email jane.doe@example.com --role user`, cobra.NoArgs,
		one(s, userColumns, func(ctx context.Context, c *client.Client, _ []string) (client.User, error) {
			role, err := roleLookup.find(ctx, c, in.Role)
			if err != nil {
				return client.User{}, err
			}
			in.Role = role
			return c.CreateUser(ctx, in)
		}))
	cmd.Flags().StringVar(&in.Name, "name", "", "`NAME` of the user")
	cmd.Flags().StringVar(&in.Email, "email", "", "`EMAIL` address of the user")
	cmd.Flags().StringVar(&in.Role, "role", "user", "base `ROLE`, by id or name")
	flagValues(cmd, "role", roleLookup.complete(s))
	require(cmd, "name", "email")
	return cmd
}

func (s *session) usersSetRole() *cobra.Command {
	var revoke []string
	var until string
	cmd := s.write("set-role USER ROLE", "Give a user another base role\nWith --until, gives the role besides the base role until a time. API tokens, webhooks and invitations that the user created are listed. With --revoke, they are revoked in the same transaction.",
		"roster users set-role jane.doe@example.com admin\nroster users set-role jane.doe@example.com none --revoke all\nroster users set-role jane.doe@example.com admin --until +7d", cobra.ExactArgs(2),
		func(cmd *cobra.Command, c *client.Client, args []string) error {
			if cmd.Flags().Changed("until") {
				return s.setTemporaryRole(cmd, c, args[0], args[1], until)
			}
			id, err := userID(cmd.Context(), c, args[0])
			if err != nil {
				return err
			}
			role, err := roleLookup.find(cmd.Context(), c, args[1])
			if err != nil {
				return err
			}
			var u client.User
			err = s.offboard(cmd, c, id, revoke, func() (left client.Left, err error) {
				u, left, err = c.UpdateUserRoleAndRevoke(cmd.Context(), id, role, revoke...)
				return left, err
			})
			if err != nil {
				return err
			}
			return printOne(s, cmd, u, userColumns)
		})
	addRevoke(cmd, &revoke)
	cmd.Flags().StringVar(&until, "until", "", "give the role until this `TIME`: 2026-12-04T18:00 in local time, 2026-12-04T17:00:00Z, or +48h or +7d")
	cmd.MarkFlagsMutuallyExclusive("until", "revoke")
	user, role := s.completeUsers(), roleLookup.complete(s)
	return argument(cmd, true, func(cmd *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
		if len(args) == 0 {
			return user(cmd, args, begun)
		}
		return role(cmd, args, begun)
	})
}

func (s *session) usersDelete() *cobra.Command {
	var revoke []string
	var at string
	cmd := s.write("delete USER", "Remove a user from the organization\nAPI tokens, webhooks and invitations that the user created are listed. With --revoke, they are revoked in the same transaction.",
		"roster users delete jane.doe@example.com --yes\nroster users delete jane.doe@example.com --revoke all --yes\nroster users offboard jane.doe@example.com --revoke all --at 2026-12-01T18:00", cobra.ExactArgs(1),
		func(cmd *cobra.Command, c *client.Client, args []string) error {
			if cmd.Flags().Changed("at") { // it can be canceled, so there is nothing to confirm
				return s.schedule(cmd, c, args[0], client.ScheduledRemoval, at, revoke...)
			}
			id, err := userID(cmd.Context(), c, args[0])
			if err != nil {
				return err
			}
			err = s.offboard(cmd, c, id, revoke, func() (client.Left, error) {
				if err := s.confirm(cmd, "the user "+args[0]); err != nil {
					return nil, err
				}
				return c.RemoveUserAndRevoke(cmd.Context(), id, revoke...)
			})
			if err != nil {
				return err
			}
			s.done(cmd, "deleted", args[0])
			return nil
		})
	s.addYes(cmd)
	addRevoke(cmd, &revoke)
	addSchedule(cmd, &at)
	cmd.Aliases = []string{"offboard"}
	return argument(cmd, false, s.completeUsers())
}
