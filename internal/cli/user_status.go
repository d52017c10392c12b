package cli

import (
	"github.com/spf13/cobra"

	"github.com/rosterhq/roster/client"
)

func (s *session) usersSuspend() *cobra.Command {
	var revoke []string
	var at string
	cmd := s.write("suspend USER", "Suspend a user\nThe user keeps role and groups and has no access until they are reactivated. API tokens, webhooks and invitations that\nthe user created are listed and stay. With --revoke, they are revoked in the same transaction.",
		"roster users suspend jane.doe@example.com\nroster users suspend jane.doe@example.com --revoke tokens\nroster users suspend jane.doe@example.com --at 2026-12-01T18:00", cobra.ExactArgs(1),
		func(cmd *cobra.Command, c *client.Client, args []string) error {
			if cmd.Flags().Changed("at") {
				return s.schedule(cmd, c, args[0], client.ScheduledSuspension, at, revoke...)
			}
			id, err := userID(cmd.Context(), c, args[0])
			if err != nil {
				return err
			}
			err = s.offboard(cmd, c, id, revoke, func() (client.Left, error) {
				return c.SuspendUserAndRevoke(cmd.Context(), id, revoke...)
			})
			if err != nil {
				return err
			}
			s.done(cmd, "suspended", args[0])
			return nil
		})
	addRevoke(cmd, &revoke)
	addSchedule(cmd, &at)
	return argument(cmd, false, s.completeUsers())
}

func (s *session) usersReactivate() *cobra.Command {
	var at string
	cmd := s.write("reactivate USER", "Reactivate a suspended user\nThe user has the same role and groups again.",
		"roster users reactivate jane.doe@example.com\nroster users reactivate jane.doe@example.com --at +7d", cobra.ExactArgs(1),
		func(cmd *cobra.Command, c *client.Client, args []string) error {
			if cmd.Flags().Changed("at") {
				return s.schedule(cmd, c, args[0], client.ScheduledReactivation, at)
			}
			id, err := userID(cmd.Context(), c, args[0])
			if err != nil {
				return err
			}
			if _, err := c.UpdateUserStatus(cmd.Context(), id, client.Active); err != nil {
				return err
			}
			s.done(cmd, "reactivated", args[0])
			return nil
		})
	addSchedule(cmd, &at)
	return argument(cmd, false, s.completeUsers())
}
