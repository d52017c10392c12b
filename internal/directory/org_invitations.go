package directory

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rosterhq/roster/internal/authz"
)

// InvitationGrace is how long an expired invitation can still be resent before it is dropped.
const InvitationGrace = 30 * 24 * time.Hour

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
	User    User
	Inviter string // the name that the inviter has now; empty if they are gone
	State   InvitationState
	Mailed  time.Time // when it was last mailed; zero if it was not
}

// InvitationQuery is a page of an organization's invitations.
type InvitationQuery struct {
	After UserID
	Limit int
}

// ListOrgInvitations returns the organization's invitations in the order of their ids,
// expired ones included. Permission users|create.
func (s *Service) ListOrgInvitations(ctx context.Context, call Call, q InvitationQuery) ([]Invitation, error) {
	return Read(ctx, s, call, OpListOrgInvitations, func(tx Tx) ([]Invitation, error) {
		users, err := tx.Invitations(call.Principal.OrgID, q.After, q.Limit)
		if err != nil {
			return nil, err
		}
		list := make([]Invitation, len(users))
		for i, u := range users {
			if list[i], err = invitationOf(tx, u, s.now()); err != nil {
				return nil, err
			}
		}
		return list, nil
	})
}

func invitationOf(tx Tx, u User, now time.Time) (Invitation, error) {
	i := Invitation{User: u, State: InvitationOpen}
	valid, err := mayStillGive(tx, u, now)
	if err != nil {
		return i, err
	}
	switch {
	case expired(u.ExpiresAt, now):
		i.State = InvitationExpired
	case !valid:
		i.State = InvitationLapsed
	}
	if i.Mailed, err = tx.InvitationMailed(u.OrgID, u.ID); err != nil {
		return i, err
	}
	i.Inviter, err = inviterName(tx, u)
	return i, ignoreNotFound(err)
}

func inviterName(tx Tx, u User) (string, error) {
	switch u.InvitedBy.Kind {
	case ActorAccount:
		inviter, err := tx.User(u.OrgID, u.InvitedBy.UserID)
		return inviter.Name, err
	case ActorAPIToken:
		t, err := tx.APIToken(u.OrgID, u.InvitedBy.TokenID)
		return t.Name, err
	default:
		return string(u.InvitedBy.Kind), nil
	}
}

// ResendInvitation renews an invitation, also one that has expired or lapsed: it has its whole
// time again, the principal is its inviter, and it is mailed again.
//
// Permission users|create, and rule 2 for the role. Audit entry resendInvitation.
// Errors: [NotFound]; [RateLimited] at one of the [MailLimits].
func (s *Service) ResendInvitation(ctx context.Context, call Call, id UserID) (Invitation, error) {
	return Write(ctx, s, call, OpResendInvitation, func(c *Change) (Invitation, error) {
		u, err := c.orgInvitation(id)
		if err != nil {
			return Invitation{}, err
		}
		if _, err := c.roleToGive("role", u.Role.ID, authz.Set{}); err != nil {
			return Invitation{}, err
		}
		if err := c.mayMailAgain(u, s.mailLimits); err != nil {
			return Invitation{}, err
		}
		before := u
		c.invite(&u)
		if err := c.Tx.UpdateUser(u); err != nil {
			return Invitation{}, err
		}
		if err := c.Record(u.Target(), before, u); err != nil {
			return Invitation{}, err
		}
		return invitationOf(c.Tx, u, c.now)
	})
}

// RevokeInvitation takes an invitation back. Permission users|create. Audit entry
// revokeInvitation. Errors: [NotFound], also for a member.
func (s *Service) RevokeInvitation(ctx context.Context, call Call, id UserID) error {
	return Do(ctx, s, call, OpRevokeInvitation, func(c *Change) error {
		u, err := c.orgInvitation(id)
		if err != nil {
			return err
		}
		return c.TakeOut(u)
	})
}

// orgInvitation finds an invitation of the actor's organization.
func (c *Change) orgInvitation(id UserID) (User, error) {
	u, err := c.User(c.actor.OrgID, id)
	if CodeOf(err) == NotFound || (err == nil && !u.Invited) {
		return User{}, Missing("invitation")
	}
	return u, err
}

// invitationBatch is how many expired invitations are read at a time.
const invitationBatch = 100

// DropInvitations drops the invitations that expired longer than [InvitationGrace]
// ago. Audit entry expireInvitation, by the server itself. An invitation that can't
// be dropped ends the call; the next one tries again.
func (s *Service) DropInvitations(ctx context.Context) error {
	for {
		var expired []User
		before := s.now().Add(-InvitationGrace)
		err := s.store.Read(ctx, func(tx Tx) (err error) {
			expired, err = tx.ExpiredInvitations(before, invitationBatch)
			return err
		})
		for _, u := range expired {
			dropErr := s.store.Write(ctx, func(tx Tx) error {
				return s.operate(tx, Call{}, OpExpireInvitation).dropInvitationAt(u.OrgID, u.ID, before)
			})
			if dropErr != nil {
				err = errors.Join(err, fmt.Errorf("drop the expired invitation %s: %w", u.ID, dropErr))
			}
		}
		if err != nil || len(expired) < invitationBatch {
			return err
		}
	}
}

// dropInvitationAt drops an invitation that expired before a time, unless it was
// answered, resent or revoked meanwhile.
func (c *Change) dropInvitationAt(org OrgID, id UserID, before time.Time) error {
	if err := c.Lock(LockOrg(org)); err != nil {
		return err
	}
	u, err := c.User(org, id)
	if CodeOf(err) == NotFound || (err == nil && (!u.Invited || !u.ExpiresAt.Before(before))) {
		return nil
	}
	if err != nil {
		return err
	}
	return c.AsSystem(org, OpExpireInvitation).TakeOut(u)
}
