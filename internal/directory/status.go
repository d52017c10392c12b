package directory

import (
	"context"
	"slices"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/quote"
)

// UserStatus is the state of a membership.
type UserStatus string

// The statuses. Invited is the status of an invitation, which only its answer changes.
const (
	Active    UserStatus = "active"
	Suspended UserStatus = "suspended"
	Invited   UserStatus = "invited"
)

// Statuses are all of them.
var Statuses = []UserStatus{Active, Suspended, Invited}

// Known reports whether the status is one of [Statuses].
func (s UserStatus) Known() bool { return slices.Contains(Statuses, s) }

// Status is the state of the membership.
func (u User) Status() UserStatus {
	switch {
	case u.Invited:
		return Invited
	case u.Suspended:
		return Suspended
	default:
		return Active
	}
}

// UserState is a user as the resource of its status, which has its own ETag.
type UserState struct{ User }

func (u UserState) checkedBy(p Precondition) error { return p.UserState(u) }

// GetUserStatus returns a user of the principal's organization for their status.
// Permission users|read. Errors: [NotFound].
func (s *Service) GetUserStatus(ctx context.Context, call Call, id UserID) (UserState, error) {
	return Read(ctx, s, call, OpGetUserStatus, func(tx Tx) (UserState, error) {
		u, err := tx.User(call.Principal.OrgID, id)
		return UserState{u}, err
	})
}

// UpdateUserStatus is [Service.UpdateUserStatusAndRevoke] without revoking anything.
func (s *Service) UpdateUserStatus(ctx context.Context, call Call, id UserID, status UserStatus) (UserState, error) {
	u, _, err := s.UpdateUserStatusAndRevoke(ctx, call, id, status, Revocation{})
	return u, err
}

// UpdateUserStatusAndRevoke suspends a user or makes them active again, and revokes
// things that a user who is suspended made, as [Service.RemoveUserAndRevoke] does.
//
// A suspended user keeps role and groups and may do nothing in the organization: their
// personal tokens and sessions do not act there. API tokens that they made stay, as when
// a user is removed. If the account is in no other organization, its sessions end.
// Nothing happens to a user who has the status already.
//
// Permission users|update. Owners are suspended and made active by owners only; making
// active also takes rule 2 for the role and for all roles of the user's groups, and can't
// be done with an API token that the user made. Audit entry updateUserStatus.
// Errors: [NotFound]; [Invalid] for an unknown status; [Conflict] for the last owner
// and for an invitation.
func (s *Service) UpdateUserStatusAndRevoke(ctx context.Context, call Call, id UserID, status UserStatus, kinds Revocation) (u UserState, left Created, err error) {
	if status != Active && status != Suspended {
		return u, left, InvalidField("status", "%s is not a status to set; use active or suspended", quote.Input(status))
	}
	if status == Active && kinds != (Revocation{}) {
		return u, left, InvalidField("revoke", "works with the status suspended only")
	}
	u, err = Write(ctx, s, call, OpUpdateUserStatus, func(c *Change) (UserState, error) {
		u, err := c.User(c.actor.OrgID, id)
		if err != nil {
			return UserState{}, err
		}
		if err := c.Check(UserState{u}); err != nil {
			return UserState{}, err
		}
		if u, err = c.SetStatus(u, status); err != nil || status == Active {
			return UserState{u}, err
		}
		left, err = c.Revoke(id, kinds)
		return UserState{u}, err
	})
	return u, left, err
}

// ErrNotAccepted refuses to change the status of an invitation.
var ErrNotAccepted = Errorf(Conflict, "the user has not accepted the invitation; revoke the invitation instead")

// SetStatus is the only way to change a user's status, and checks every rule.
func (c *Change) SetStatus(u User, status UserStatus) (after User, err error) {
	if u.Status() == status {
		return u, nil
	}
	if status == Suspended {
		err = c.MayUnmake(u)
	} else {
		err = c.MayReactivate(u)
	}
	if err != nil {
		return u, err
	}
	if u.Invited {
		return u, ErrNotAccepted
	}
	after = u
	after.Suspended = status == Suspended
	if err := c.Tx.UpdateUser(after); err != nil {
		return u, err
	}
	if after.Suspended {
		if err := c.endSessionsOfSuspended(after); err != nil {
			return u, err
		}
	}
	return after, c.Record(u.Target(), u, after)
}

// MayReactivate holds rule 2 for a suspended user, who gets everything at once.
func (c *Change) MayReactivate(u User) error {
	if c.actor.Maker() == u.ID {
		return Errorf(Forbidden, "a user can't be reactivated with an API token that they made")
	}
	u.Suspended = false
	all, err := Sources(c, u, c.now)
	if err != nil {
		return err
	}
	for _, s := range all {
		if _, err := c.RoleToGive("status", s.Role.ID, authz.Set{}); err != nil {
			return err
		}
	}
	return nil
}

// endSessionsOfSuspended deletes a user's sessions for the organization alone, and all
// sessions of an account that does not act anywhere else, so that they don't come back
// with the membership. They end with the entry of the suspension: no principal is left
// to cache.
func (c *Change) endSessionsOfSuspended(u User) error {
	if err := c.Lock(LockAccount(u.AccountID)); err != nil {
		return err
	}
	if err := c.DropSessionsIn(u.AccountID, u.OrgID); err != nil {
		return err
	}
	elsewhere, err := c.ActiveUsers(u.AccountID, 1)
	if err != nil || len(elsewhere) > 0 {
		return err
	}
	sessions, err := c.Sessions(u.AccountID)
	if err != nil {
		return err
	}
	for _, t := range sessions {
		if err := c.Tx.DeleteSession(t.AccountID, t.ID); err != nil {
			return err
		}
	}
	return nil
}
