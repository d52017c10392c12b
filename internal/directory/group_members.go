package directory

import (
	"context"
	"slices"

	"github.com/rosterhq/roster/internal/limits"
	"github.com/rosterhq/roster/internal/quote"
)

// AddGroupMember puts a user into a group, which may be large: what it takes does not
// grow with the members. A user who is in it stays, without an entry.
//
// Permission rbac|update and, for a user who is not in it, users|update and rule 2 for
// all roles of the group. Audit entry addGroupMember. Errors: [NotFound] for the
// group and the user; [Conflict] for a managed group; [LimitExceeded] for a user who is
// in too many groups.
func (s *Service) AddGroupMember(ctx context.Context, call Call, id GroupID, user UserID) error {
	return Do(ctx, s, call, OpAddGroupMember, func(c *Change) error {
		g, err := c.groupToChange(id)
		if err != nil {
			return err
		}
		if _, err := c.User(g.OrgID, user); err != nil {
			return err
		}
		return c.moveMembers(g, []UserID{user}, nil)
	})
}

// RemoveGroupMember takes a user out of a group. A user who is not in it, or not in the
// organization, is no error and leaves no entry.
//
// Permission rbac|update and, for a user who is in it, users|update. Audit entry
// removeGroupMember. Errors: [NotFound] for the group; [Conflict] for a managed group.
func (s *Service) RemoveGroupMember(ctx context.Context, call Call, id GroupID, user UserID) error {
	return Do(ctx, s, call, OpRemoveGroupMember, func(c *Change) error {
		g, err := c.groupToChange(id)
		if err != nil {
			return err
		}
		return c.moveMembers(g, nil, []UserID{user})
	})
}

// ChangeGroupMembers puts some users into a group and takes others out of it, in one
// transaction.
//
// Permission rbac|update and, if anything changes, users|update and, for those who join,
// rule 2 for all roles of the group. Audit entry updateGroupMembers, if anything
// changes. Errors: [NotFound] for the group; [Invalid] for a stranger among those to
// add, and for a user who is both to be added and removed; [Conflict] for a managed
// group; [LimitExceeded] for too many users, and for one who is in too many groups.
func (s *Service) ChangeGroupMembers(ctx context.Context, call Call, id GroupID, add, remove []UserID) error {
	return Do(ctx, s, call, OpUpdateGroupMembers, func(c *Change) error {
		g, err := c.groupToChange(id)
		if err != nil {
			return err
		}
		if err := c.within(limits.MembersPerRequest, 0, len(add)+len(remove)); err != nil {
			return err
		}
		add, remove := sortedSet(add), sortedSet(remove)
		if both := among(add, remove); len(both) > 0 {
			return InvalidField("remove", "%s is also in add; name a user in one of them", quote.Input(both[0]))
		}
		if err := c.checkUsers("add", add); err != nil {
			return err
		}
		return c.moveMembers(g, add, remove)
	})
}

// memberChange lists the members who come and go, in byte order.
type memberChange struct{ joined, left []UserID }

func (m memberChange) empty() bool { return len(m.joined)+len(m.left) == 0 }

// moveMembers changes the members of a group, and nothing else of it. Those who are
// in or out of it already stay.
func (c *Change) moveMembers(g Group, add, remove []UserID) error {
	there, err := c.MembersAmong(g.OrgID, g.ID, sortedSet(slices.Concat(add, remove)))
	if err != nil {
		return err
	}
	m := memberChange{joined: without(add, there), left: among(remove, there)}
	if err := c.mayChangeMembers(g, "add", m); err != nil {
		return err
	}
	if err := c.mayRegroup(g, g, m); err != nil {
		return err
	}
	return c.changeMembers(g, g, m)
}

// replaceMembers is what changes if a group has the listed members and no others. It
// reads no more members than a request may list and change together.
func (c *Change) replaceMembers(g Group, ids []UserID) (m memberChange, err error) {
	if err := InField("members", c.within(limits.MembersPerRequest, 0, len(ids))); err != nil {
		return m, err
	}
	ids = sortedSet(ids)
	if err := c.checkUsers("members", ids); err != nil {
		return m, err
	}
	n, err := c.CountMembers(g.OrgID, g.ID)
	if err != nil {
		return m, err
	}
	if err := InField("members", c.within(limits.MembersPerRequest, 0, n-len(ids))); err != nil { // so many leave at least
		return m, err
	}
	there, err := c.MembersOf(g.OrgID, g.ID)
	if err != nil {
		return m, err
	}
	m = memberChange{joined: without(ids, there), left: without(there, ids)}
	if err := InField("members", c.within(limits.MembersPerRequest, 0, len(m.joined)+len(m.left))); err != nil {
		return m, err
	}
	return m, c.mayChangeMembers(g, "members", m)
}

// mayChangeMembers holds what is asked of any change of members but the actor's rights.
func (c *Change) mayChangeMembers(g Group, field string, m memberChange) error {
	if g.Managed && !m.empty() {
		return &Error{
			Code: Conflict, Field: "members",
			Message: "the group is managed by a directory; change its members there",
		}
	}
	return c.joinOneMore(field, m.joined)
}

// changeMembers stores who comes and goes, and records the whole change of the group.
func (c *Change) changeMembers(before, g Group, m memberChange) error {
	if !m.empty() {
		if err := c.Tx.ChangeMembers(g.OrgID, g.ID, m.joined, m.left); err != nil {
			return err
		}
	} else if g.is(before) {
		return nil
	}
	return c.Record(g.Target(), RecordedGroup{Group: before}, RecordedGroup{Group: g, Added: m.joined, Removed: m.left})
}

// PutMember puts a user into a group, or takes them out of it. Whether the actor may do so
// is the caller's to check, with [Change.MayAddTo]. The user must not be there, or must be
// there. Audit entry by the actor. Errors: [LimitExceeded].
func (c *Change) PutMember(g Group, user UserID, joins bool) error {
	m := memberChange{left: []UserID{user}}
	if joins {
		m = memberChange{joined: []UserID{user}}
	}
	if err := c.joinOneMore("groups", m.joined); err != nil {
		return err
	}
	return c.changeMembers(g, g, m)
}

// among are those of ids that others, which are sorted, have too.
func among[T ~string](ids, others []T) []T {
	return slices.DeleteFunc(slices.Clone(ids), func(id T) bool {
		_, found := slices.BinarySearch(others, id)
		return !found
	})
}
