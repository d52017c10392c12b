package cli

import (
	"context"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/rosterhq/roster/client"
)

var memberTokenColumns = []column[client.MemberToken]{
	{"id", func(t client.MemberToken) string { return t.ID }},
	{"name", func(t client.MemberToken) string { return t.Name }},
	{"created", func(t client.MemberToken) string { return when(&t.CreatedAt) }},
	{"expires", func(t client.MemberToken) string { return when(t.ExpiresAt) }},
	{"last used", func(t client.MemberToken) string { return when(t.LastUsedAt) }},
}

var memberTokenBrief = []column[client.MemberToken]{
	{"created", func(t client.MemberToken) string { return day(&t.CreatedAt) }},
	{"expires", func(t client.MemberToken) string { return day(t.ExpiresAt) }},
	{"last used", func(t client.MemberToken) string { return day(t.LastUsedAt) }},
}

// unusedSince reports whether a token was neither created nor used since a time.
func unusedSince(t client.MemberToken, since time.Time) bool {
	return t.CreatedAt.Before(since) && (t.LastUsedAt == nil || t.LastUsedAt.Before(since))
}

func (s *session) usersTokens() *cobra.Command {
	var unused string
	cmd := s.command("tokens USER", `List a user's personal tokens
Lists the tokens with which the user can act in this organization, and when each was last used
in it. With --unused, lists only those that were neither created nor used for that long. Needs
users|update.`, "roster users tokens jane.doe@example.com\nroster users tokens jane.doe@example.com --unused 90d", cobra.ExactArgs(1),
		func(cmd *cobra.Command, c *client.Client, args []string) error {
			since, err := timeFlag("--unused", unused)
			if err != nil {
				return err
			}
			id, err := userID(cmd.Context(), c, args[0])
			if err != nil {
				return err
			}
			all, err := c.ListMemberTokens(cmd.Context(), id)
			if err != nil {
				return err
			}
			if !since.IsZero() {
				all = slices.DeleteFunc(all, func(t client.MemberToken) bool { return !unusedSince(t, since) })
			}
			return printList(s, cmd, all, memberTokenColumns, memberTokenBrief...)
		})
	cmd.Flags().StringVar(&unused, "unused", "", "only tokens that are not in use for this long: 90d")
	return argument(cmd, false, s.completeUsers())
}

func (s *session) usersRevokeToken() *cobra.Command {
	cmd := s.write("revoke-token USER TOKEN", `Revoke a user's personal token in this organization
TOKEN is the id or name of a token that "roster users tokens" lists. From the next request on, it is
refused in this organization, and still works in others. Needs users|update; only owners can
revoke an owner's tokens.`, "roster users revoke-token jane.doe@example.com Laptop --yes", cobra.ExactArgs(2),
		func(cmd *cobra.Command, c *client.Client, args []string) error {
			user, err := userID(cmd.Context(), c, args[0])
			if err != nil {
				return err
			}
			tokens := lookup{kind: "personal token", prefix: patLookup.prefix, list: candidates(
				func(c *client.Client, ctx context.Context) ([]client.MemberToken, error) {
					return c.ListMemberTokens(ctx, user)
				},
				func(t client.MemberToken) candidate { return candidate{t.ID, t.Name} })}
			id, err := tokens.find(cmd.Context(), c, args[1])
			if err != nil {
				return err
			}
			if !s.dryRun {
				question := "Revoke " + visible(args[1]) + " of " + visible(args[0]) + " in this organization?"
				if err := s.ask(cmd, question, "this revokes "+args[1], "nothing was revoked"); err != nil {
					return err
				}
			}
			if err := c.RevokeMemberToken(cmd.Context(), user, id); err != nil {
				return err
			}
			s.done(cmd, "revoked", args[1])
			return nil
		})
	s.addYes(cmd)
	return argument(cmd, false, s.completeUsers())
}
