package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/rosterhq/roster/client"
)

var sessionColumns = []column[client.Session]{
	{"id", func(t client.Session) string { return t.ID }},
	{"device", func(t client.Session) string { return t.Device }},
	{"address", func(t client.Session) string { return t.Address }},
	{"method", func(t client.Session) string { return t.Method }},
	{"last used", func(t client.Session) string { return when(&t.LastUsedAt) }},
	{"expires", func(t client.Session) string { return when(&t.ExpiresAt) }},
}

func (s *session) sessions() *cobra.Command {
	all := s.write("delete-all", "End all your sessions\nYou are signed out of every browser at once.", "roster sessions delete-all --yes", cobra.NoArgs,
		func(cmd *cobra.Command, c *client.Client, _ []string) error {
			if err := s.confirm(cmd, "all your sessions"); err != nil {
				return err
			}
			if err := c.DeleteSessions(cmd.Context()); err != nil {
				return err
			}
			s.done(cmd, "deleted", "all sessions")
			return nil
		})
	s.addYes(all)
	return group("sessions", "Manage your own sessions",
		"A session starts when you sign in in a browser. These commands need a personal token.", "roster sessions list", all,
		s.command("list", "List your sessions", "roster sessions list", cobra.NoArgs, list(s, sessionColumns, (*client.Client).ListSessions)),
		s.deletion(anyID, "End one of your sessions\nThat browser is signed out at once.", "roster sessions delete ses_06h0tznb4b594f7wwhh8r01hcg --yes", "session",
			(*client.Client).DeleteSession))
}

var passkeyColumns = []column[client.Passkey]{
	{"id", func(p client.Passkey) string { return p.ID }},
	{"name", func(p client.Passkey) string { return p.Name }},
	{"created", func(p client.Passkey) string { return when(&p.CreatedAt) }},
	{"last used", func(p client.Passkey) string { return when(p.LastUsedAt) }},
}

func (s *session) passkeys() *cobra.Command {
	return group("passkeys", "Manage your own passkeys",
		"Passkeys are added in a browser, at /signin/passkeys. These commands need a personal token.", "roster passkeys list",
		s.command("list", "List your passkeys", "roster passkeys list", cobra.NoArgs, list(s, passkeyColumns, (*client.Client).ListPasskeys)),
		s.write("rename PASSKEY NAME", "Rename a passkey", "roster passkeys rename pky_06h0tznb4b594f7wwhh8r01hcg Laptop", cobra.ExactArgs(2),
			passkeyLookup.found(one(s, passkeyColumns, func(ctx context.Context, c *client.Client, args []string) (client.Passkey, error) {
				return c.RenamePasskey(ctx, args[0], args[1])
			}))),
		s.deletion(passkeyLookup, "Remove one of your passkeys\nSessions that it started stay.", "roster passkeys delete pky_06h0tznb4b594f7wwhh8r01hcg --yes", "passkey",
			(*client.Client).DeletePasskey))
}

var linkColumns = []column[client.SignInLink]{
	{"url", func(l client.SignInLink) string { return l.URL }},
	{"expires", func(l client.SignInLink) string { return when(&l.ExpiresAt) }},
}

func (s *session) usersLink() *cobra.Command {
	return s.write("sign-in-link USER", `Create the link of an invitation
The link signs the user in for the first time: it works once, within 24 hours, and verifies
no address. Pass it on to the user and to nobody else. Needs users|create, and the right to
give all that the user may do.`, "roster users sign-in-link jane.doe@example.com", cobra.ExactArgs(1),
		one(s, linkColumns, func(ctx context.Context, c *client.Client, args []string) (client.SignInLink, error) {
			u, err := findUser(ctx, c, args[0])
			if err != nil {
				return client.SignInLink{}, err
			}
			return c.CreateInvitationLink(ctx, u.ID)
		}))
}

var sessionLimitColumns = []column[client.SessionLimits]{
	{"idle", func(l client.SessionLimits) string { return secondsText(l.IdleSeconds) }},
	{"lifetime", func(l client.SessionLimits) string { return secondsText(l.LifetimeSeconds) }},
}

func secondsText(seconds *int64) string {
	if seconds == nil {
		return "default"
	}
	return (time.Duration(*seconds) * time.Second).String()
}

func (s *session) orgSessionLimits() *cobra.Command {
	var idle, lifetime string
	cmd := s.write("session-limits ID", "Show or change the limits on sessions of an organization\nChanging them needs the personal token of an owner.",
		"roster orgs session-limits acme-x7q2\nroster orgs session-limits acme-x7q2 --idle 1h --lifetime 12h", cobra.ExactArgs(1),
		one(s, sessionLimitColumns, func(ctx context.Context, c *client.Client, args []string) (client.SessionLimits, error) {
			l, err := c.GetSessionLimits(ctx, args[0])
			if err != nil || (idle == "" && lifetime == "") {
				return l, err
			}
			if err := setSeconds(&l.IdleSeconds, "--idle", idle); err != nil {
				return l, err
			}
			if err := setSeconds(&l.LifetimeSeconds, "--lifetime", lifetime); err != nil {
				return l, err
			}
			return c.UpdateSessionLimits(ctx, args[0], l)
		}))
	cmd.Flags().StringVar(&idle, "idle", "", "how long a session may be unused: 5m to 24h, or default")
	cmd.Flags().StringVar(&lifetime, "lifetime", "", "how long after its sign-in a session may be used: 15m to 7d, or default")
	return cmd
}

// setSeconds changes a limit as a flag says; an empty one changes nothing.
func setSeconds(to **int64, flag, value string) error {
	switch value {
	case "":
		return nil
	case "default":
		*to = nil
		return nil
	}
	d, err := parseDays(flag, value)
	if err != nil {
		return err
	}
	seconds := int64(d / time.Second)
	*to = &seconds
	return nil
}
