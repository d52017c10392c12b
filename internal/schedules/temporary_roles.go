package schedules

import (
	"context"
	"time"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/limits"
)

// GetTemporaryRole returns the role that a user has for a time. Permission users|read.
// Errors: [directory.NotFound], also for one that has ended.
func (p *Planner) GetTemporaryRole(ctx context.Context, call directory.Call, id directory.UserID) (directory.TemporaryRole, error) {
	return directory.Read(ctx, p.directory, call, directory.OpGetTemporaryRole, func(tx directory.Tx) (directory.TemporaryRole, error) {
		u, err := tx.User(call.Principal.OrgID, id)
		if err != nil {
			return directory.TemporaryRole{}, err
		}
		t, err := tx.TemporaryRole(u.OrgID, u.ID)
		if err == nil && t.Ended(p.directory.Now()) {
			err = directory.Missing("temporary role")
		}
		if err != nil {
			return directory.TemporaryRole{}, err
		}
		return t, nil
	})
}

// ListTemporaryRoles lists who has a role for a time, the first to end first. Permission
// users|read.
func (p *Planner) ListTemporaryRoles(ctx context.Context, call directory.Call) (list []directory.TemporaryRole, err error) {
	return directory.Read(ctx, p.directory, call, directory.OpListTemporaryRoles, func(tx directory.Tx) ([]directory.TemporaryRole, error) {
		all, err := tx.TemporaryRoles(call.Principal.OrgID)
		now := p.directory.Now()
		list = nil
		for _, t := range all {
			if !t.Ended(now) {
				list = append(list, t)
			}
		}
		return list, err
	})
}

// NewTemporaryRole is a role to have until a time.
type NewTemporaryRole struct {
	Role  directory.RoleID
	Until time.Time
}

// UpdateTemporaryRole gives a user a role until a time, besides the base role and instead
// of another temporary role.
//
// Permission users|update, and rule 2 for the role, unless it only ends earlier than
// before. Audit entry updateTemporaryRole, if anything changes. Errors:
// [directory.NotFound]; [directory.Invalid] for an unknown role, for owner, and for a time
// that is past or too far in the future; [directory.Conflict] for an invitation;
// [directory.LimitExceeded].
func (p *Planner) UpdateTemporaryRole(ctx context.Context, call directory.Call, id directory.UserID, in NewTemporaryRole) (directory.TemporaryRole, error) {
	return directory.Write(ctx, p.directory, call, directory.OpUpdateTemporaryRole, func(c *directory.Change) (directory.TemporaryRole, error) {
		u, before, err := hasTemporaryRole(c, id)
		if err != nil {
			return directory.TemporaryRole{}, err
		}
		if u.Invited {
			return directory.TemporaryRole{}, directory.Errorf(directory.Conflict, "the user has not accepted the invitation; give the role afterwards")
		}
		until, err := timeAhead(c, "until", in.Until)
		if err != nil {
			return directory.TemporaryRole{}, err
		}
		role, err := temporaryRoleToGive(c, u, before, in.Role, until)
		if err != nil {
			return directory.TemporaryRole{}, err
		}
		next := directory.TemporaryRole{OrgID: u.OrgID, UserID: u.ID, AccountID: u.AccountID, Role: role.Ref(), Until: until}
		if before == nil {
			if err := c.OneMore(limits.TemporaryRoles); err != nil {
				return directory.TemporaryRole{}, err
			}
			if err := c.PutTemporaryRole(next); err != nil {
				return directory.TemporaryRole{}, err
			}
			return next, c.Record(next.Target(), nil, next)
		}
		if before.Role.ID == next.Role.ID && before.Until.Equal(next.Until) {
			return *before, nil
		}
		if err := c.PutTemporaryRole(next); err != nil {
			return directory.TemporaryRole{}, err
		}
		return next, c.Record(next.Target(), *before, next)
	})
}

// temporaryRoleToGive finds a role to give until a time.
func temporaryRoleToGive(c *directory.Change, u directory.User, before *directory.TemporaryRole, id directory.RoleID, until time.Time) (directory.Role, error) {
	if id == authz.RoleOwner {
		return directory.Role{}, directory.InvalidField("role", "owner can't be given for a time, because an owner could stay one; make the user an owner instead")
	}
	if before != nil && before.Role.ID == id && !before.Ended(c.Now()) && !until.After(before.Until) {
		return directory.LookupRole(c, u.OrgID, id) // it only ends earlier
	}
	base, err := directory.LookupRole(c, u.OrgID, u.Role.ID)
	if err != nil {
		return directory.Role{}, err
	}
	return c.RoleToGive("role", id, base.Capabilities)
}

// DeleteTemporaryRole takes a temporary role away. Permission users|update. Audit entry
// deleteTemporaryRole. Errors: [directory.NotFound].
func (p *Planner) DeleteTemporaryRole(ctx context.Context, call directory.Call, id directory.UserID) error {
	return directory.Do(ctx, p.directory, call, directory.OpDeleteTemporaryRole, func(c *directory.Change) error {
		_, before, err := hasTemporaryRole(c, id)
		if err != nil {
			return err
		}
		if before == nil {
			return directory.Missing("temporary role")
		}
		return c.DropTemporaryRole(*before)
	})
}

// hasTemporaryRole finds a user and their temporary role, nil for none, and asks the
// call's precondition about it.
func hasTemporaryRole(c *directory.Change, id directory.UserID) (u directory.User, there *directory.TemporaryRole, err error) {
	if u, err = c.User(c.Actor().OrgID, id); err != nil {
		return u, nil, err
	}
	found, err := c.TemporaryRole(u.OrgID, id)
	if err := directory.IgnoreNotFound(err); err != nil {
		return u, nil, err
	}
	if err == nil {
		there = &found
	}
	return u, there, c.Check(found)
}

// EndTemporaryRole deletes a temporary role that has ended, unless it was changed
// meanwhile. It gives nothing any more in any case. Audit entry endTemporaryRole, by the
// server.
func (p *Planner) EndTemporaryRole(ctx context.Context, seen directory.TemporaryRole) error {
	return directory.DoAsSystem(ctx, p.directory, seen.OrgID, directory.OpEndTemporaryRole, func(c *directory.Change) error {
		t, err := c.TemporaryRole(seen.OrgID, seen.UserID)
		if err != nil || !t.Ended(c.Now()) {
			return directory.IgnoreNotFound(err)
		}
		return c.DropTemporaryRole(t)
	})
}
