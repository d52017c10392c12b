package members

import (
	"context"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/directory"
)

// UpdateUserRole changes a user's base role.
//
// Permission users|update, and rule 2 for the role; owners are made and unmade by owners
// only. Audit entry updateUserRole. Errors: [directory.NotFound]; [directory.Invalid] for
// an unknown role; [directory.Conflict] for the last owner.
func (r *Roll) UpdateUserRole(ctx context.Context, call directory.Call, id directory.UserID, roleID directory.RoleID) (directory.User, error) {
	u, _, err := r.UpdateUserRoleAndRevoke(ctx, call, id, roleID, directory.Revocation{})
	return u, err
}

// UpdateUserRoleAndRevoke is [Roll.UpdateUserRole], which revokes things that
// the user made in the same transaction, as [Roll.RemoveUserAndRevoke] does.
func (r *Roll) UpdateUserRoleAndRevoke(ctx context.Context, call directory.Call, id directory.UserID, role directory.RoleID, kinds directory.Revocation) (u directory.User, left Created, err error) {
	u, err = directory.Write(ctx, r.directory, call, directory.OpUpdateUserRole, func(c *directory.Change) (directory.User, error) {
		u, err := updateUserRole(c, id, role)
		if err != nil {
			return u, err
		}
		left, err = Revoke(c, id, kinds)
		return u, err
	})
	return u, left, err
}

func updateUserRole(c *directory.Change, id directory.UserID, roleID directory.RoleID) (directory.User, error) {
	u, err := c.User(c.Actor().OrgID, id)
	if err != nil {
		return directory.User{}, err
	}
	if err := c.Check(u); err != nil {
		return directory.User{}, err
	}
	return SetRole(c, u, "role", roleID)
}

// SetRole is the only way to change a user's base role, and checks every rule. Only
// capabilities that the old role lacks count as granted.
func SetRole(c *directory.Change, u directory.User, field string, roleID directory.RoleID) (directory.User, error) {
	old, err := directory.LookupRole(c, u.OrgID, u.Role.ID)
	if err != nil {
		return u, err
	}
	role, err := c.RoleToGive(field, roleID, old.Capabilities)
	if err != nil || role.ID == u.Role.ID {
		return u, err
	}
	if err := MayUnmake(c, u); err != nil {
		return directory.User{}, err
	}
	before := u
	u.Role = role.Ref()
	// If the actor only takes something away, the inviter still gives the rest.
	if u.Invited && c.Actor().Giving.MayGive(role.Capabilities) {
		u.InvitedBy = c.Actor().Giver()
	}
	if err := c.Tx.UpdateUser(u); err != nil {
		return directory.User{}, err
	}
	return u, c.Record(u.Target(), before, u)
}

// MayUnmake checks that the actor may take u's base role away. An organization keeps an
// owner who is not suspended, and only owners demote, suspend or remove owners.
func MayUnmake(c *directory.Change, u directory.User) error {
	if !u.IsOwner() {
		return nil
	}
	if !c.Actor().IsOwner() {
		return directory.Errorf(directory.Forbidden, "only an owner, with a personal token, can remove, suspend or demote an owner")
	}
	if err := c.NeedFresh(); err != nil {
		return err
	}
	last, err := IsLastOwner(c, u)
	if err == nil && last {
		err = directory.Errorf(directory.Conflict, "this is the organization's last owner; make another user an owner first")
	}
	return err
}

// IsLastOwner reports whether an owner is the only one of the organization who is a member
// and not suspended.
func IsLastOwner(tx directory.Tx, owner directory.User) (bool, error) {
	if owner.Invited || owner.Suspended {
		return false, nil
	}
	owners, err := tx.CountUsers(owner.OrgID, authz.RoleOwner)
	return owners <= 1, err
}
