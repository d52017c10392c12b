package directory

import (
	"context"
	"time"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/limits"
)

// TemporaryRole is a role that a user has besides the base role until a time. From then on
// it gives nothing, on every node, also while nothing has deleted it yet. A user has at
// most one.
//
// It is access to use, not to hand on: what it adds can neither be given to others, nor
// put into an API token that outlives it.
type TemporaryRole struct {
	OrgID     OrgID     `json:"orgId"`
	UserID    UserID    `json:"userId"`
	AccountID AccountID `json:"accountId"`
	Role      RoleRef   `json:"role"`
	Until     time.Time `json:"until"`
}

// Target is the temporary role as the target of an entry, with the user's id.
func (t TemporaryRole) Target() Target {
	return Target{Type: "temporaryRole", ID: string(t.UserID), Name: t.Role.Name}
}

// membership returns the account and the id of the user.
func (t TemporaryRole) membership() (AccountID, UserID) { return t.AccountID, t.UserID }

// temporaryRoleTx keeps temporary roles. All but TemporaryRole are for the present only.
type temporaryRoleTx interface {
	// TemporaryRole returns a user's temporary role, also one that has ended and was not
	// deleted yet.
	TemporaryRole(OrgID, UserID) (TemporaryRole, error)
	TemporaryRoles(OrgID) ([]TemporaryRole, error)
	// CountTemporaryRoles counts the users who have a role for a time.
	CountTemporaryRoles(OrgID, RoleID) (int, error)
	// PutTemporaryRole adds a temporary role, or replaces the user's.
	PutTemporaryRole(TemporaryRole) error
	DeleteTemporaryRole(OrgID, UserID) error

	// OrgsWithEndedRoles lists organizations in which temporary roles have ended, the longest
	// waiting first. EndedRoles lists those of one, in the order in which they ended.
	OrgsWithEndedRoles(now time.Time, limit int) ([]OrgID, error)
	EndedRoles(org OrgID, now time.Time, limit int) ([]TemporaryRole, error)
}

// temporaryRole is the temporary role that a user has at a time, nil for none.
func temporaryRole(tx Snapshot, u User, now time.Time) (*TemporaryRole, error) {
	t, err := tx.TemporaryRole(u.OrgID, u.ID)
	if err != nil || expired(t.Until, now) {
		return nil, ignoreNotFound(err)
	}
	return &t, nil
}

// GetTemporaryRole returns the role that a user has for a time. Permission users|read.
// Errors: [NotFound], also for one that has ended.
func (s *Service) GetTemporaryRole(ctx context.Context, call Call, id UserID) (TemporaryRole, error) {
	return Read(ctx, s, call, OpGetTemporaryRole, func(tx Tx) (TemporaryRole, error) {
		u, err := tx.User(call.Principal.OrgID, id)
		if err != nil {
			return TemporaryRole{}, err
		}
		t, err := temporaryRole(tx, u, s.now())
		if err == nil && t == nil {
			err = Missing("temporary role")
		}
		if err != nil {
			return TemporaryRole{}, err
		}
		return *t, nil
	})
}

// ListTemporaryRoles lists who has a role for a time, the first to end first. Permission
// users|read.
func (s *Service) ListTemporaryRoles(ctx context.Context, call Call) (list []TemporaryRole, err error) {
	return Read(ctx, s, call, OpListTemporaryRoles, func(tx Tx) ([]TemporaryRole, error) {
		all, err := tx.TemporaryRoles(call.Principal.OrgID)
		now := s.now()
		list = nil
		for _, t := range all {
			if !expired(t.Until, now) {
				list = append(list, t)
			}
		}
		return list, err
	})
}

// NewTemporaryRole is a role to have until a time.
type NewTemporaryRole struct {
	Role  RoleID
	Until time.Time
}

// UpdateTemporaryRole gives a user a role until a time, besides the base role and instead
// of another temporary role.
//
// Permission users|update, and rule 2 for the role, unless it only ends earlier than
// before. Audit entry updateTemporaryRole, if anything changes. Errors: [NotFound];
// [Invalid] for an unknown role, for owner, and for a time that is past or too far in the
// future; [Conflict] for an invitation; [LimitExceeded].
func (s *Service) UpdateTemporaryRole(ctx context.Context, call Call, id UserID, in NewTemporaryRole) (TemporaryRole, error) {
	return Write(ctx, s, call, OpUpdateTemporaryRole, func(c *Change) (TemporaryRole, error) {
		u, before, err := c.hasTemporaryRole(id)
		if err != nil {
			return TemporaryRole{}, err
		}
		if u.Invited {
			return TemporaryRole{}, Errorf(Conflict, "the user has not accepted the invitation; give the role afterwards")
		}
		until, err := c.timeAhead("until", in.Until)
		if err != nil {
			return TemporaryRole{}, err
		}
		role, err := c.temporaryRoleToGive(u, before, in.Role, until)
		if err != nil {
			return TemporaryRole{}, err
		}
		next := TemporaryRole{OrgID: u.OrgID, UserID: u.ID, AccountID: u.AccountID, Role: role.Ref(), Until: until}
		if before == nil {
			if err := c.OneMore(limits.TemporaryRoles); err != nil {
				return TemporaryRole{}, err
			}
			if err := c.PutTemporaryRole(next); err != nil {
				return TemporaryRole{}, err
			}
			return next, c.Record(next.Target(), nil, next)
		}
		if before.Role.ID == next.Role.ID && before.Until.Equal(next.Until) {
			return *before, nil
		}
		if err := c.PutTemporaryRole(next); err != nil {
			return TemporaryRole{}, err
		}
		return next, c.Record(next.Target(), *before, next)
	})
}

// temporaryRoleToGive finds a role to give until a time.
func (c *Change) temporaryRoleToGive(u User, before *TemporaryRole, id RoleID, until time.Time) (Role, error) {
	if id == authz.RoleOwner {
		return Role{}, InvalidField("role", "owner can't be given for a time, because an owner could stay one; make the user an owner instead")
	}
	if before != nil && before.Role.ID == id && !expired(before.Until, c.now) && !until.After(before.Until) {
		return LookupRole(c, u.OrgID, id) // it only ends earlier
	}
	base, err := LookupRole(c, u.OrgID, u.Role.ID)
	if err != nil {
		return Role{}, err
	}
	return c.roleToGive("role", id, base.Capabilities)
}

// DeleteTemporaryRole takes a temporary role away. Permission users|update. Audit entry
// deleteTemporaryRole. Errors: [NotFound].
func (s *Service) DeleteTemporaryRole(ctx context.Context, call Call, id UserID) error {
	return Do(ctx, s, call, OpDeleteTemporaryRole, func(c *Change) error {
		_, before, err := c.hasTemporaryRole(id)
		if err != nil {
			return err
		}
		if before == nil {
			return Missing("temporary role")
		}
		return c.dropTemporaryRole(*before)
	})
}

// hasTemporaryRole finds a user and their temporary role, nil for none, and asks the
// call's precondition about it.
func (c *Change) hasTemporaryRole(id UserID) (u User, there *TemporaryRole, err error) {
	if u, err = c.User(c.actor.OrgID, id); err != nil {
		return u, nil, err
	}
	found, err := c.TemporaryRole(u.OrgID, id)
	if err := ignoreNotFound(err); err != nil {
		return u, nil, err
	}
	if err == nil {
		there = &found
	}
	return u, there, c.Check(found)
}

func (c *Change) dropTemporaryRole(t TemporaryRole) error {
	if err := c.Tx.DeleteTemporaryRole(t.OrgID, t.UserID); err != nil {
		return err
	}
	return c.RecordIn(t.OrgID, t.Target(), t, nil)
}

// dropTemporaryRoleOf takes away the temporary role of a user who leaves, with an entry of
// its own, without which the past could not be read.
func (c *Change) dropTemporaryRoleOf(u User) error {
	t, err := c.TemporaryRole(u.OrgID, u.ID)
	if err != nil {
		return ignoreNotFound(err)
	}
	return c.As(OpDeleteTemporaryRole).dropTemporaryRole(t)
}

// EndTemporaryRole deletes a temporary role that has ended, unless it was changed
// meanwhile. It gives nothing any more in any case. Audit entry endTemporaryRole, by the
// server.
func (s *Service) EndTemporaryRole(ctx context.Context, seen TemporaryRole) error {
	err := s.store.Write(ForTenant(ctx, OrgTenant(seen.OrgID)), func(tx Tx) error {
		c := s.change(tx, Call{}, OpEndTemporaryRole, SystemPrincipal(seen.OrgID))
		if err := c.Lock(LockOrg(seen.OrgID)); err != nil {
			return err
		}
		t, err := tx.TemporaryRole(seen.OrgID, seen.UserID)
		if err != nil || !expired(t.Until, c.now) {
			return ignoreNotFound(err)
		}
		return c.dropTemporaryRole(t)
	})
	return OpEndTemporaryRole.wrap(err)
}
