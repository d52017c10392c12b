package cli

import (
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/rosterhq/roster/client"
)

var scheduleColumns = []column[client.Schedule]{
	{"user", func(s client.Schedule) string { return s.UserID }},
	{"action", func(s client.Schedule) string { return string(s.Action) }},
	{"at", func(s client.Schedule) string { return when(&s.At) }},
	{"revoke", func(s client.Schedule) string { return strings.Join(s.Revoke, ", ") }},
	{"scheduled by", func(s client.Schedule) string { return s.CreatedBy.ID }},
	{"failed", func(s client.Schedule) string {
		if s.Failure == nil {
			return ""
		}
		return *s.Failure
	}},
}

func (s *session) schedules() *cobra.Command {
	return group("schedules", "Manage what is scheduled for users",
		"Use --at with `roster users suspend`, `reactivate` and `delete` to schedule a change. It is made with the permissions that you\n"+
			"have at that time. If they do not suffice, nothing changes and the schedule is listed with the reason for 30 days.",
		"roster users suspend jane.doe@example.com --at 2026-12-01T18:00\nroster schedules list\nroster schedules cancel jane.doe@example.com suspend",
		s.schedulesList(), s.schedulesCancel())
}

func (s *session) schedulesList() *cobra.Command {
	var user string
	cmd := s.command("list", "List what is scheduled\nLists the earliest first.", "roster schedules list\nroster schedules list --user jane.doe@example.com", cobra.NoArgs,
		func(cmd *cobra.Command, c *client.Client, _ []string) error {
			id := ""
			if user != "" {
				var err error
				if id, err = userID(cmd.Context(), c, user); err != nil {
					return err
				}
			}
			all, err := c.ListSchedules(cmd.Context(), id)
			if err != nil {
				return err
			}
			return printList(s, cmd, all, scheduleColumns)
		})
	cmd.Flags().StringVar(&user, "user", "", "only what is scheduled for this `USER`, by id or email address")
	return cmd
}

func (s *session) schedulesCancel() *cobra.Command {
	cmd := s.write("cancel USER ACTION", "Cancel what is scheduled for a user\nACTION is suspend, reactivate or remove.",
		"roster schedules cancel jane.doe@example.com remove", cobra.ExactArgs(2),
		func(cmd *cobra.Command, c *client.Client, args []string) error {
			id, err := userID(cmd.Context(), c, args[0])
			if err != nil {
				return err
			}
			if err := c.DeleteSchedule(cmd.Context(), id, client.ScheduledAction(args[1])); err != nil {
				return err
			}
			s.done(cmd, "canceled", args[1]+" of "+args[0])
			return nil
		})
	user := s.completeUsers()
	return argument(cmd, true, func(cmd *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
		if len(args) == 0 {
			return user(cmd, args, begun)
		}
		return []string{"suspend", "reactivate", "remove"}, cobra.ShellCompDirectiveNoFileComp
	})
}

// addSchedule adds --at, which schedules a change instead of making it.
func addSchedule(cmd *cobra.Command, at *string) {
	cmd.Flags().StringVar(at, "at", "", "schedule it for this `TIME` instead: 2026-12-01T18:00 in local time, 2026-12-01T17:00:00Z, or +48h or +7d")
}

// schedule schedules a change of a user and prints it.
func (s *session) schedule(cmd *cobra.Command, c *client.Client, user string, action client.ScheduledAction, at string, revoke ...string) error {
	then, err := laterFlag("--at", at, time.Now())
	if err != nil {
		return err
	}
	id, err := userID(cmd.Context(), c, user)
	if err != nil {
		return err
	}
	made, err := c.UpdateSchedule(cmd.Context(), id, action, then, revoke...)
	if err != nil {
		return err
	}
	return printOne(s, cmd, made, scheduleColumns)
}

// localTimes are the forms of a local time in flags.
var localTimes = []string{"2006-01-02T15:04", "2006-01-02T15:04:05", "2006-01-02 15:04", "2006-01-02 15:04:05", time.DateOnly}

// laterFlag reads a time to come: an RFC 3339 time, a local time, or a time span from now.
func laterFlag(flag, value string, now time.Time) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339, value); err == nil {
		return t, nil
	}
	for _, form := range localTimes {
		if t, err := time.ParseInLocation(form, value, now.Location()); err == nil {
			return t, nil
		}
	}
	if span, ok := strings.CutPrefix(value, "+"); ok {
		if d, err := parseDays(flag, span); err == nil {
			return now.Add(d), nil
		}
	}
	return time.Time{}, usagef("%s: %q is not a time; use a local time such as 2026-12-01T18:00, a time such as 2026-12-01T17:00:00Z, "+
		"or a time span from now such as +48h or +7d", flag, value)
}
