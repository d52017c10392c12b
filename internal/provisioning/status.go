package provisioning

import (
	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/members"
)

// setActive suspends a user, or makes them active again.
func (c change) setActive(u directory.User, active bool) (err error) {
	if !active {
		if err := mayTakeFrom(c.Change, u); err != nil {
			return err
		}
		if err := c.lose(u.Target(), []directory.UserID{u.ID}); err != nil {
			return err
		}
		c.run.Suspended++
		_, err := makeActive(c.As(directory.OpUpdateUserStatus), u, false)
		return err
	}
	c.run.Reactivated++
	if u, err = makeActive(c.As(directory.OpUpdateUserStatus), u, true); err != nil || !u.InvitationExpired(c.Now()) {
		return err
	}
	_, err = c.provisioner.people.Reinvite(c.As(directory.OpResendInvitation), u)
	return err
}

// makeActive suspends a user or an invitation, or makes them active again, under the rules
// of [members.Roll.UpdateUserStatus]. Audit entry by the operation of c.
func makeActive(c *directory.Change, u directory.User, active bool) (directory.User, error) {
	if !u.Invited {
		status := directory.Suspended
		if active {
			status = directory.Active
		}
		return members.SetStatus(c, u, status)
	}
	if u.Suspended != active {
		return u, nil
	}
	if active {
		if _, err := c.RoleToGive("status", u.Role.ID, authz.Set{}); err != nil {
			return u, err
		}
	} else if err := members.MayUnmake(c, u); err != nil {
		return u, err
	}
	before := u
	u.Suspended = !active
	if err := c.Tx.UpdateUser(u); err != nil {
		return u, err
	}
	return u, c.Record(u.Target(), before, u)
}

// mayTakeFrom refuses to take anything away from an owner unless the actor is one.
// Errors: [directory.Conflict] for the last owner; [directory.Forbidden].
func mayTakeFrom(c *directory.Change, u directory.User) error {
	if !u.IsOwner() || c.Actor().IsOwner() {
		return nil
	}
	last, err := members.IsLastOwner(c, u)
	if err != nil {
		return err
	}
	if last {
		return directory.Errorf(directory.Conflict, "this is the organization's last owner, whom a directory can't suspend or remove; make another user an owner first")
	}
	return directory.Errorf(directory.Forbidden, "a directory can't suspend or remove an owner; an owner has to demote the user first, with a personal token")
}
