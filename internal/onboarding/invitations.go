package onboarding

import (
	"context"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/identity"
	"github.com/rosterhq/roster/internal/limits"
	"github.com/rosterhq/roster/internal/members"
	"github.com/rosterhq/roster/internal/text"
)

// MaxInvitations is how many open invitations an account is shown, the newest first.
const MaxInvitations = 100

// ListInvitations returns the open invitations of the account's address, the newest
// [MaxInvitations] of them. Needs a personal token.
func (o *Onboarder) ListInvitations(ctx context.Context, call directory.Call) ([]directory.Membership, error) {
	return directory.Read(ctx, o.directory, call, directory.OpListInvitations, func(tx directory.Tx) ([]directory.Membership, error) {
		me, err := members.Self(tx, call.Principal)
		if err != nil {
			return nil, err
		}
		if err := identity.NeedVerified(tx, me.AccountID); err != nil {
			return nil, err
		}
		users, err := tx.InvitationsTo(text.FoldKey(me.Email), o.directory.Now(), MaxInvitations)
		if err != nil {
			return nil, err
		}
		var open []directory.Membership
		for _, u := range users {
			org, err := tx.Org(u.OrgID)
			if err != nil {
				return nil, err
			}
			open = append(open, directory.Membership{Org: org, User: u})
		}
		return open, nil
	})
}

// AcceptInvitation makes the account a member of the organization that invited its address.
// Needs a personal token. Audit entry acceptInvitation there. Errors: [directory.NotFound] if
// the address is not invited; [directory.Conflict] if the invitation has expired, or its
// inviter could not give the role any more; [directory.LimitExceeded].
func (o *Onboarder) AcceptInvitation(ctx context.Context, call directory.Call, org directory.OrgID) (directory.User, error) {
	return directory.Write(ctx, o.directory, call, directory.OpAcceptInvitation, func(c *directory.Change) (u directory.User, err error) {
		me, invited, err := answer(c, org)
		if err != nil {
			return u, err
		}
		if err := c.OneMoreOfAccount(me.AccountID, limits.Organizations); err != nil {
			return u, err
		}
		if invited.InvitationExpired(c.Now()) {
			return u, directory.Errorf(directory.Conflict, "the invitation has expired; ask the organization for a new one")
		}
		valid, err := directory.MayStillGive(c, invited, c.Now())
		if err != nil {
			return u, err
		}
		if !valid {
			return u, directory.Errorf(directory.Conflict, "the invitation has lapsed: its inviter can no longer give this role; ask the organization for a new one")
		}
		joined := invited.AcceptedBy(me.AccountID, me.Name)
		if err := c.UpdateUser(joined); err != nil {
			return u, err
		}
		return joined, as(c, invited, directory.OpAcceptInvitation).Record(joined.Target(), invited, joined)
	})
}

// DeclineInvitation removes the invitation of the account's address from the organization,
// or ends it if a directory holds it. Needs a personal token. Audit entry declineInvitation
// there. Errors: [directory.NotFound] if the address is not invited.
func (o *Onboarder) DeclineInvitation(ctx context.Context, call directory.Call, org directory.OrgID) error {
	return directory.Do(ctx, o.directory, call, directory.OpDeclineInvitation, func(c *directory.Change) error {
		_, invited, err := answer(c, org)
		if err != nil {
			return err
		}
		return decline(as(c, invited, directory.OpDeclineInvitation), invited)
	})
}

// decline ends the invitation that the actor declines. One that a directory holds expires
// and stays, or the directory would make another.
func decline(c *directory.Change, invited directory.User) error {
	held, err := c.Profiled(invited.OrgID, invited.ID)
	if err != nil {
		return err
	}
	if held.Profile.Version == 0 || invited.InvitationExpired(c.Now()) {
		return members.TakeOut(c, invited)
	}
	ended := invited
	ended.ExpiresAt = c.Now()
	if err := c.UpdateUser(ended); err != nil {
		return err
	}
	return c.Record(ended.Target(), invited, ended)
}

// answer locks an organization and finds the invitation that the actor answers there. It
// returns the actor's own user too.
func answer(c *directory.Change, org directory.OrgID) (me, invited directory.User, err error) {
	if err := c.Lock(directory.LockOrg(org)); err != nil {
		return me, invited, err
	}
	if me, err = members.Self(c, c.Actor()); err != nil {
		return me, invited, err
	}
	if err := identity.NeedVerified(c, me.AccountID); err != nil {
		return me, invited, err
	}
	invited, err = c.UserByEmail(org, text.FoldKey(me.Email))
	if directory.CodeOf(err) == directory.NotFound || (err == nil && !invited.Invited) {
		err = directory.Missing("invitation")
	}
	return me, invited, err
}

// as is c by the actor as the user that they are in the inviting organization, whose log
// names them by that user's id.
func as(c *directory.Change, invited directory.User, op directory.Operation) *directory.Change {
	there := *c.Actor()
	there.OrgID, there.UserID = invited.OrgID, invited.ID
	return c.By(&there, op)
}
