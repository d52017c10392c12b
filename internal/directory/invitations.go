package directory

import (
	"context"
	"time"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/limits"
	"github.com/rosterhq/roster/internal/text"
)

// MaxInvitations is how many open invitations an account is shown, the newest first.
const MaxInvitations = 100

// ListInvitations returns the open invitations of the account's address, the newest
// [MaxInvitations] of them. Needs a personal token.
func (s *Service) ListInvitations(ctx context.Context, call Call) ([]Membership, error) {
	return Read(ctx, s, call, OpListInvitations, func(tx Tx) ([]Membership, error) {
		me, err := Self(tx, call.Principal)
		if err != nil {
			return nil, err
		}
		if err := NeedVerified(tx, me.AccountID); err != nil {
			return nil, err
		}
		users, err := tx.InvitationsTo(text.FoldKey(me.Email), s.now(), MaxInvitations)
		if err != nil {
			return nil, err
		}
		var open []Membership
		for _, u := range users {
			org, err := tx.Org(u.OrgID)
			if err != nil {
				return nil, err
			}
			open = append(open, Membership{Org: org, User: u})
		}
		return open, nil
	})
}

// AcceptInvitation makes the account a member of the organization that invited its
// address. Needs a personal token. Audit entry acceptInvitation there. Errors:
// [NotFound] if the address is not invited; [Conflict] if the invitation has
// expired, or its inviter could not give the role any more; [LimitExceeded].
func (s *Service) AcceptInvitation(ctx context.Context, call Call, org OrgID) (User, error) {
	return Write(ctx, s, call, OpAcceptInvitation, func(c *Change) (User, error) {
		me, err := c.answer(org)
		if err != nil {
			return User{}, err
		}
		if err := c.OneMoreOfAccount(c.actor.AccountID, limits.Organizations); err != nil {
			return User{}, err
		}
		invited := c.answering
		if expired(invited.ExpiresAt, c.now) {
			return User{}, Errorf(Conflict, "the invitation has expired; ask the organization for a new one")
		}
		valid, err := mayStillGive(c.Tx, invited, c.now)
		if err != nil {
			return User{}, err
		}
		if !valid {
			return User{}, Errorf(Conflict, "the invitation has lapsed: its inviter can no longer give this role; ask the organization for a new one")
		}
		joined := invited.acceptedBy(me.AccountID, me.Name)
		if err := c.Tx.UpdateUser(joined); err != nil {
			return User{}, err
		}
		return joined, c.RecordIn(org, joined.Target(), invited, joined)
	})
}

// DeclineInvitation removes the invitation of the account's address from the
// organization, or ends it if a directory holds it. Needs a personal token. Audit entry declineInvitation there. Errors:
// [NotFound] if the address is not invited.
func (s *Service) DeclineInvitation(ctx context.Context, call Call, org OrgID) error {
	return Do(ctx, s, call, OpDeclineInvitation, func(c *Change) error {
		if _, err := c.answer(org); err != nil {
			return err
		}
		return c.decline()
	})
}

// decline ends the invitation that the actor declines. One that a directory holds expires
// and stays, or the directory would make another.
func (c *Change) decline() error {
	invited := c.answering
	held, err := c.Profiled(invited.OrgID, invited.ID)
	if err != nil {
		return err
	}
	if held.Profile.Version == 0 || expired(invited.ExpiresAt, c.now) {
		return c.TakeOut(invited)
	}
	ended := invited
	ended.ExpiresAt = c.now
	if err := c.Tx.UpdateUser(ended); err != nil {
		return err
	}
	return c.RecordIn(invited.OrgID, ended.Target(), invited, ended)
}

// answer locks an organization and finds the invitation that the actor answers
// there. It returns the actor's own user, and sets c.answering.
func (c *Change) answer(org OrgID) (me User, err error) {
	if err := c.Lock(LockOrg(org)); err != nil {
		return me, err
	}
	if me, err = Self(c, c.actor); err != nil {
		return me, err
	}
	if err := NeedVerified(c, me.AccountID); err != nil {
		return me, err
	}
	u, err := c.UserByEmail(org, text.FoldKey(me.Email))
	if CodeOf(err) == NotFound || (err == nil && !u.Invited) {
		return me, Missing("invitation")
	}
	c.answering = u
	return me, err
}

// mayStillGive reports whether the inviter of u, who is invited, could give the role now.
func mayStillGive(tx Tx, u User, now time.Time) (bool, error) {
	role, err := LookupRole(tx, u.OrgID, u.Role.ID)
	if err != nil {
		return false, err
	}
	p, err := GiverNow(tx, u.OrgID, u.InvitedBy, now)
	if err != nil || p == nil {
		return false, err
	}
	if role.ID == authz.RoleOwner && !p.IsOwner() {
		return false, nil
	}
	mayAdd := OpCreateUser.Authorize(p) == nil || OpUpdateUserRole.Authorize(p) == nil
	return mayAdd && p.Giving.MayGive(role.Capabilities), nil
}

// GiverNow is a recorded actor with what they may do now in an organization, nil if
// they are gone. A person is the user, whichever token they came with.
func GiverNow(tx Tx, org OrgID, a Actor, now time.Time) (*Principal, error) {
	switch a.Kind {
	case ActorAccount:
		u, err := tx.User(org, a.UserID)
		if CodeOf(err) == NotFound || (err == nil && (u.Invited || u.Suspended)) {
			return nil, nil // nobody is an answer
		}
		if err != nil {
			return nil, err
		}
		p := &Principal{Kind: PersonalToken, OrgID: org, UserID: u.ID, AccountID: u.AccountID, Role: u.Role.ID}
		p.Capabilities, p.Giving, err = effective(tx, u)
		return p, err
	case ActorAPIToken:
		t, err := tx.APIToken(org, a.TokenID)
		if CodeOf(err) == NotFound || (err == nil && expired(t.ExpiresAt, now)) {
			return nil, nil // nobody is an answer
		}
		return t.principal(), err
	default:
		return OperatorPrincipal(org), nil
	}
}
