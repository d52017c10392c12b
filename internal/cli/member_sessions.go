package cli

import (
	"github.com/spf13/cobra"

	"github.com/rosterhq/roster/client"
)

func (s *session) usersSessions() *cobra.Command {
	cmd := s.command("sessions USER", `List a user's sessions
Lists the sessions in browsers with which the user can act in this organization. Needs users|update.`,
		"roster users sessions jane.doe@example.com", cobra.ExactArgs(1),
		func(cmd *cobra.Command, c *client.Client, args []string) error {
			id, err := userID(cmd.Context(), c, args[0])
			if err != nil {
				return err
			}
			all, err := c.ListMemberSessions(cmd.Context(), id)
			if err != nil {
				return err
			}
			return printList(s, cmd, all, sessionColumns)
		})
	return argument(cmd, false, s.completeUsers())
}

func (s *session) usersEndSession() *cobra.Command {
	cmd := s.write("end-session USER SESSION", `End a user's session in this organization
SESSION is the id of a session that "roster users sessions" lists. From the next request on, that browser is
signed out of this organization. Needs users|update; only owners can end an owner's sessions.`,
		"roster users end-session jane.doe@example.com ses_06h0tznb4b594f7wwhh8r01hcg --yes", cobra.ExactArgs(2),
		func(cmd *cobra.Command, c *client.Client, args []string) error {
			user, err := userID(cmd.Context(), c, args[0])
			if err != nil {
				return err
			}
			if !s.dryRun {
				question := "End the session " + visible(args[1]) + " of " + visible(args[0]) + " in this organization?"
				if err := s.ask(cmd, question, "this ends "+args[1], "nothing was ended"); err != nil {
					return err
				}
			}
			if err := c.EndMemberSession(cmd.Context(), user, args[1]); err != nil {
				return err
			}
			s.done(cmd, "ended", args[1])
			return nil
		})
	s.addYes(cmd)
	return argument(cmd, false, s.completeUsers())
}
