package members

import (
	"context"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/quote"
)

// GetUserStatus returns a user of the principal's organization for their status.
// Permission users|read. Errors: [directory.NotFound].
func (r *Roll) GetUserStatus(ctx context.Context, call directory.Call, id directory.UserID) (directory.UserState, error) {
	return directory.Read(ctx, r.directory, call, directory.OpGetUserStatus, func(tx directory.Tx) (directory.UserState, error) {
		u, err := tx.User(call.Principal.OrgID, id)
		return directory.UserState{User: u}, err
	})
}

// UpdateUserStatus is [Roll.UpdateUserStatusAndRevoke] without revoking anything.
func (r *Roll) UpdateUserStatus(ctx context.Context, call directory.Call, id directory.UserID, status directory.UserStatus) (directory.UserState, error) {
	u, _, err := r.UpdateUserStatusAndRevoke(ctx, call, id, status, directory.Revocation{})
	return u, err
}

// UpdateUserStatusAndRevoke suspends a user or makes them active again, and revokes
// things that a user who is suspended made, as [Roll.RemoveUserAndRevoke] does.
//
// A suspended user keeps role and groups and may do nothing in the organization: their
// personal tokens and sessions do not act there. API tokens that they made stay, as when
// a user is removed. If the account is in no other organization, its sessions end.
// Nothing happens to a user who has the status already.
//
// Permission users|update. Owners are suspended and made active by owners only; making
// active also takes rule 2 for the role and for all roles of the user's groups, and can't
// be done with an API token that the user made. Audit entry updateUserStatus. Errors:
// [directory.NotFound]; [directory.Invalid] for an unknown status; [directory.Conflict]
// for the last owner and for an invitation.
func (r *Roll) UpdateUserStatusAndRevoke(ctx context.Context, call directory.Call, id directory.UserID, status directory.UserStatus, kinds directory.Revocation) (u directory.UserState, left Created, err error) {
	if status != directory.Active && status != directory.Suspended {
		return u, left, directory.InvalidField("status", "%s is not a status to set; use active or suspended", quote.Input(status))
	}
	if status == directory.Active && kinds != (directory.Revocation{}) {
		return u, left, directory.InvalidField("revoke", "works with the status suspended only")
	}
	u, err = directory.Write(ctx, r.directory, call, directory.OpUpdateUserStatus, func(c *directory.Change) (directory.UserState, error) {
		u, err := c.User(c.Actor().OrgID, id)
		if err != nil {
			return directory.UserState{}, err
		}
		if err := c.Check(directory.UserState{User: u}); err != nil {
			return directory.UserState{}, err
		}
		if u, err = SetStatus(c, u, status); err != nil || status == directory.Active {
			return directory.UserState{User: u}, err
		}
		left, err = Revoke(c, id, kinds)
		return directory.UserState{User: u}, err
	})
	return u, left, err
}

// ErrNotAccepted refuses to change the status of an invitation.
var ErrNotAccepted = directory.Errorf(directory.Conflict, "the user has not accepted the invitation; revoke the invitation instead")

// SetStatus is the only way to change a user's status, and checks every rule.
func SetStatus(c *directory.Change, u directory.User, status directory.UserStatus) (after directory.User, err error) {
	if u.Status() == status {
		return u, nil
	}
	if status == directory.Suspended {
		err = MayUnmake(c, u)
	} else {
		err = MayReactivate(c, u)
	}
	if err != nil {
		return u, err
	}
	if u.Invited {
		return u, ErrNotAccepted
	}
	after = u
	after.Suspended = status == directory.Suspended
	if err := c.Tx.UpdateUser(after); err != nil {
		return u, err
	}
	if after.Suspended {
		if err := endSessionsOfSuspended(c, after); err != nil {
			return u, err
		}
	}
	return after, c.Record(u.Target(), u, after)
}

// MayReactivate holds rule 2 for a suspended user, who gets everything at once.
func MayReactivate(c *directory.Change, u directory.User) error {
	if c.Actor().Maker() == u.ID {
		return directory.Errorf(directory.Forbidden, "a user can't be reactivated with an API token that they made")
	}
	u.Suspended = false
	all, err := directory.Sources(c, u, c.Now())
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
func endSessionsOfSuspended(c *directory.Change, u directory.User) error {
	if err := c.Lock(directory.LockAccount(u.AccountID)); err != nil {
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
