package cli

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/spf13/cobra"

	"github.com/rosterhq/roster/client"
)

// sentColumns show the invitations of an organization. receivedColumns show those that
// the user received.
var (
	sentColumns = []column[client.OrgInvitation]{
		{"id", func(i client.OrgInvitation) string { return i.ID }},
		{"email", func(i client.OrgInvitation) string { return i.Email }},
		{"role", func(i client.OrgInvitation) string { return i.Role.Name }},
		{"state", func(i client.OrgInvitation) string { return i.State }},
		{"expires", func(i client.OrgInvitation) string { return when(&i.ExpiresAt) }},
		{"mailed", func(i client.OrgInvitation) string { return when(&i.MailedAt) }},
		{"inviter", func(i client.OrgInvitation) string { return i.InvitedBy.Name }},
	}
	receivedColumns = []column[client.Invitation]{
		{"org", func(i client.Invitation) string { return i.OrgID }},
		{"name", func(i client.Invitation) string { return i.OrgName }},
		{"role", func(i client.Invitation) string { return i.Role.Name }},
		{"invited", func(i client.Invitation) string { return when(&i.InvitedAt) }},
		{"expires", func(i client.Invitation) string { return when(&i.ExpiresAt) }},
	}
)

func (s *session) invitations() *cobra.Command {
	return group("invitations", "Manage and answer invitations",
		`A person who already has an account is invited when they are added to an organization, and
becomes a member by accepting. list, resend and revoke are for the inviting organization and
need users|create. received, accept and decline are for the invited person and need a
personal token.`, "roster invitations list\nroster invitations received",
		s.command("list", "List the organization's invitations", "roster invitations list", cobra.NoArgs, list(s, sentColumns, sentInvitations)),
		s.write("resend USER", "Renew an invitation and mail it again\nUSER is the id of the invited user or their address. You become the inviter.",
			"roster invitations resend jane.doe@example.com", cobra.ExactArgs(1),
			one(s, sentColumns, func(ctx context.Context, c *client.Client, args []string) (client.OrgInvitation, error) {
				id, err := invitationID(ctx, c, args[0])
				if err != nil {
					return client.OrgInvitation{}, err
				}
				return c.ResendInvitation(ctx, id)
			})),
		s.write("revoke USER", "Revoke an invitation\nUSER is the id of the invited user or their address.",
			"roster invitations revoke jane.doe@example.com", cobra.ExactArgs(1),
			func(cmd *cobra.Command, c *client.Client, args []string) error {
				id, err := invitationID(cmd.Context(), c, args[0])
				if err != nil {
					return err
				}
				if err := c.RevokeInvitation(cmd.Context(), id); err != nil {
					return err
				}
				s.done(cmd, "revoked", args[0])
				return nil
			}),
		s.command("received", "List your open invitations", "roster invitations received", cobra.NoArgs, list(s, receivedColumns, (*client.Client).ListInvitations)),
		s.write("accept ORG", "Become a member of an organization", "roster invitations accept acme-x7q2", cobra.ExactArgs(1),
			byID(s, userColumns, (*client.Client).AcceptInvitation)),
		s.write("decline ORG", "Decline an invitation", "roster invitations decline acme-x7q2", cobra.ExactArgs(1),
			func(cmd *cobra.Command, c *client.Client, args []string) error {
				if err := c.DeclineInvitation(cmd.Context(), args[0]); err != nil {
					return err
				}
				s.done(cmd, "declined", args[0])
				return nil
			}))
}

func sentInvitations(c *client.Client, ctx context.Context) ([]client.OrgInvitation, error) { //nolint:revive // as methods of the client
	var all []client.OrgInvitation
	for i, err := range c.ListOrgInvitations(ctx) {
		if err != nil {
			return nil, err
		}
		all = append(all, i)
	}
	return all, nil
}

// invitationID returns the id of an invitation that is given by id or address. Like the
// commands that use it, it needs users|create only.
func invitationID(ctx context.Context, c *client.Client, user string) (string, error) {
	if !strings.Contains(user, "@") {
		return user, nil
	}
	for i, err := range c.ListOrgInvitations(ctx) {
		if err != nil {
			return "", err
		}
		if strings.EqualFold(i.Email, user) {
			return i.ID, nil
		}
	}
	return "", &client.Error{Status: http.StatusNotFound, Message: fmt.Sprintf("no invitation is for the address %q", user)}
}
