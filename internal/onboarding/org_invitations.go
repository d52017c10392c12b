package onboarding

import (
	"context"
	"time"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/limits"
	"github.com/rosterhq/roster/internal/members"
	"github.com/rosterhq/roster/internal/text"
)

// InvitationState is whether an invitation can be accepted.
type InvitationState string

// The states of an invitation.
const (
	InvitationOpen    InvitationState = "open"
	InvitationExpired InvitationState = "expired" // resend it
	InvitationLapsed  InvitationState = "lapsed"  // its inviter could not give the role any more; resend it
)

// Invitation is an invitation as its organization sees it.
type Invitation struct {
	User    directory.User
	Inviter string // the name that the inviter has now; empty if they are gone
	State   InvitationState
	Mailed  time.Time // when it was last mailed; zero if it was not
}

// InvitationQuery is a page of an organization's invitations.
type InvitationQuery struct {
	After directory.UserID
	Limit int
}

// ListOrgInvitations returns the organization's invitations in the order of their ids,
// expired ones included. Permission users|create.
func (o *Onboarder) ListOrgInvitations(ctx context.Context, call directory.Call, q InvitationQuery) ([]Invitation, error) {
	return directory.Read(ctx, o.directory, call, directory.OpListOrgInvitations, func(tx directory.Tx) ([]Invitation, error) {
		users, err := tx.Invitations(call.Principal.OrgID, q.After, q.Limit)
		if err != nil {
			return nil, err
		}
		list := make([]Invitation, len(users))
		for i, u := range users {
			if list[i], err = invitationOf(tx, u, o.directory.Now()); err != nil {
				return nil, err
			}
		}
		return list, nil
	})
}

func invitationOf(tx directory.Tx, u directory.User, now time.Time) (Invitation, error) {
	i := Invitation{User: u, State: InvitationOpen}
	valid, err := directory.MayStillGive(tx, u, now)
	if err != nil {
		return i, err
	}
	switch {
	case u.InvitationExpired(now):
		i.State = InvitationExpired
	case !valid:
		i.State = InvitationLapsed
	}
	if i.Mailed, err = tx.InvitationMailed(u.OrgID, u.ID); err != nil {
		return i, err
	}
	if i.Inviter, err = inviterName(tx, u); directory.CodeOf(err) == directory.NotFound {
		err = nil
	}
	return i, err
}

func inviterName(tx directory.Tx, u directory.User) (string, error) {
	switch u.InvitedBy.Kind {
	case directory.ActorAccount:
		inviter, err := tx.User(u.OrgID, u.InvitedBy.UserID)
		return inviter.Name, err
	case directory.ActorAPIToken:
		t, err := tx.APIToken(u.OrgID, u.InvitedBy.TokenID)
		return t.Name, err
	default:
		return string(u.InvitedBy.Kind), nil
	}
}

// ResendInvitation renews an invitation, also one that has expired or lapsed: it has its whole
// time again, the principal is its inviter, and it is mailed again.
//
// Permission users|create, and rule 2 for the role. Audit entry resendInvitation. Errors:
// [directory.NotFound]; [directory.RateLimited] at one of the limits on mails.
func (o *Onboarder) ResendInvitation(ctx context.Context, call directory.Call, id directory.UserID) (Invitation, error) {
	return directory.Write(ctx, o.directory, call, directory.OpResendInvitation, func(c *directory.Change) (Invitation, error) {
		u, err := orgInvitation(c, id)
		if err != nil {
			return Invitation{}, err
		}
		if u, err = o.Reinvite(c, u); err != nil {
			return Invitation{}, err
		}
		return invitationOf(c, u, c.Now())
	})
}

// Reinvite is [Onboarder.ResendInvitation] as part of a change. Audit entry by the operation
// of c.
func (o *Onboarder) Reinvite(c *directory.Change, u directory.User) (directory.User, error) {
	if _, err := c.RoleToGive("role", u.Role.ID, authz.Set{}); err != nil {
		return u, err
	}
	if err := mayMailAgain(c, u, o.Mails); err != nil {
		return u, err
	}
	before := u
	c.Invite(&u)
	if err := c.UpdateUser(u); err != nil {
		return u, err
	}
	return u, c.Record(u.Target(), before, u)
}

// mayMailAgain refuses to mail u at a limit. Mails from other organizations to the same
// recipient don't count here: the answer would show that there are any. The mailer counts
// them, and mails nothing beyond the limit. Errors: [directory.RateLimited].
func mayMailAgain(c *directory.Change, u directory.User, most limits.Mails) error {
	since := c.Now().Add(-limits.MailWindow)
	n, first, err := c.CountMails(u.OrgID, text.FoldKey(u.Email), since)
	if err != nil {
		return err
	}
	if most.PerRecipient > 0 && n >= most.PerRecipient {
		return mailLimited("this address was mailed %d times", n, "mail-per-recipient", first.Sub(since))
	}
	if n, first, err = c.CountMails(u.OrgID, "", since); err != nil {
		return err
	}
	if most.PerOrganization > 0 && n >= most.PerOrganization {
		return mailLimited("%d invitations of this organization were mailed", n, "mail-per-organization", first.Sub(since))
	}
	return nil
}

func mailLimited(what string, n int, flag string, wait time.Duration) *directory.Error {
	e := directory.Errorf(directory.RateLimited, what+" within 24 hours, which is the limit %s; try again in %s", n, flag, wait.Round(time.Minute))
	e.RetryAfter = wait
	return e
}

// RevokeInvitation takes an invitation back. Permission users|create. Audit entry
// revokeInvitation. Errors: [directory.NotFound], also for a member.
func (o *Onboarder) RevokeInvitation(ctx context.Context, call directory.Call, id directory.UserID) error {
	return directory.Do(ctx, o.directory, call, directory.OpRevokeInvitation, func(c *directory.Change) error {
		u, err := orgInvitation(c, id)
		if err != nil {
			return err
		}
		return members.TakeOut(c, u)
	})
}

// orgInvitation finds an invitation of the actor's organization.
func orgInvitation(c *directory.Change, id directory.UserID) (directory.User, error) {
	u, err := c.User(c.Actor().OrgID, id)
	if directory.CodeOf(err) == directory.NotFound || (err == nil && !u.Invited) {
		return directory.User{}, directory.Missing("invitation")
	}
	return u, err
}
