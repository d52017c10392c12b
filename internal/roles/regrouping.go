package roles

import (
	"errors"
	"slices"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/limits"
)

// memberChange lists the members who come and go, in byte order.
type memberChange struct{ joined, left []directory.UserID }

func (m memberChange) empty() bool { return len(m.joined)+len(m.left) == 0 }

// moving is what changes if some users, in byte order, are in a group and others are not.
func moving(tx directory.Tx, g directory.Group, add, remove []directory.UserID) (memberChange, error) {
	there, err := tx.MembersAmong(g.OrgID, g.ID, sortedSet(slices.Concat(add, remove)))
	return memberChange{joined: without(add, there), left: among(remove, there)}, err
}

// replacing is what changes if a group has the given members, in byte order, and no others.
func replacing(tx directory.Tx, g directory.Group, ids []directory.UserID) (memberChange, error) {
	there, err := tx.MembersOf(g.OrgID, g.ID)
	return memberChange{joined: without(ids, there), left: without(there, ids)}, err
}

// MayRegroup checks that the actor may change a group from before to after, with users who
// join and leave it: rule 2, the groups of each user, and the members that one request may
// change. Errors: [directory.Forbidden]; [directory.Invalid]; [directory.LimitExceeded].
func MayRegroup(c *directory.Change, before, after directory.Group, joined, left []directory.UserID) error {
	if err := directory.InField("members", c.Within(limits.MembersPerRequest, 0, len(joined)+len(left))); err != nil {
		return err
	}
	if err := checkUsers(c, "members", joined); err != nil {
		return err
	}
	if err := joinOneMore(c, "members", joined); err != nil {
		return err
	}
	return mayRegroup(c, before, after, memberChange{joined: joined, left: left})
}

// MayAddTo checks that the actor may put somebody into a group. Errors:
// [directory.Forbidden], and [directory.Invalid] if the group's roles can't be given to
// anybody.
func MayAddTo(c *directory.Change, g directory.Group) error {
	return mayRegroup(c, g, g, memberChange{joined: []directory.UserID{""}})
}

// mayRegroup holds rule 2 for a group that changes from before to after. Users who join get
// all of its roles, users who stay get the roles that are new. Changing who gets what takes
// users|update; taking something away takes nothing else.
func mayRegroup(c *directory.Change, before, after directory.Group, m memberChange) error {
	if m.empty() && slices.Equal(before.Roles, after.Roles) {
		return nil
	}
	if err := directory.OpUpdateUserRole.Authorize(c.Actor()); err != nil {
		return err
	}
	given := without(after.Roles, before.Roles)
	if len(m.joined) > 0 {
		given = after.Roles
	}
	for _, id := range given {
		// Otherwise owners could be made without the checks of rule 1.
		if id == authz.RoleOwner {
			return directory.InvalidField("roles", "owner can't be given through a group; make the user an owner instead")
		}
		if _, err := c.RoleToGive("roles", id, authz.Set{}); err != nil {
			return err
		}
	}
	return nil
}

// mayChangeMembers holds the rules of any change of members, apart from the actor's rights.
func mayChangeMembers(c *directory.Change, g directory.Group, field string, m memberChange) error {
	if g.Managed && !m.empty() {
		return &directory.Error{
			Code: directory.Conflict, Field: "members",
			Message: "the group is managed by a directory; change its members there",
		}
	}
	return joinOneMore(c, field, m.joined)
}

// joinOneMore refuses to put users into another group beyond [limits.GroupsPerUser].
// None of them is in that group yet.
func joinOneMore(c *directory.Change, field string, ids []directory.UserID) error {
	most := c.Limit(limits.GroupsPerUser)
	if most == 0 || len(ids) == 0 {
		return nil
	}
	full, err := c.UserInGroups(c.Actor().OrgID, ids, most)
	if err != nil || full == "" {
		return err
	}
	groups, err := c.GroupIDsOf(c.Actor().OrgID, full)
	if err != nil {
		return err
	}
	err = directory.InField(field, c.Within(limits.GroupsPerUser, len(groups), len(groups)+1))
	if e, ok := errors.AsType[*directory.Error](err); ok {
		e.Message = string(full) + ": " + e.Message
	}
	return err
}

// changeMembers stores who comes and goes, and records the whole change of the group.
func changeMembers(c *directory.Change, before, g directory.Group, m memberChange) error {
	if !m.empty() {
		if err := c.ChangeMembers(g.OrgID, g.ID, m.joined, m.left); err != nil {
			return err
		}
	} else if sameGroup(g, before) {
		return nil
	}
	return c.Record(g.Target(), directory.RecordedGroup{Group: before}, directory.RecordedGroup{Group: g, Added: m.joined, Removed: m.left})
}

// PutMember puts a user into a group, or takes them out of it. The caller has checked that
// the actor may do so, with [MayAddTo], and that the user is not in the group yet, or is in
// it. Audit entry by the actor. Errors: [directory.LimitExceeded].
func PutMember(c *directory.Change, g directory.Group, user directory.UserID, joins bool) error {
	m := memberChange{left: []directory.UserID{user}}
	if joins {
		m = memberChange{joined: []directory.UserID{user}}
	}
	if err := joinOneMore(c, "groups", m.joined); err != nil {
		return err
	}
	return changeMembers(c, g, g, m)
}

func sortedSet[T ~string](ids []T) []T {
	set := slices.Clone(ids)
	slices.Sort(set)
	return slices.Compact(set)
}

// among are those of ids that others, which are sorted, have too.
func among[T ~string](ids, others []T) []T {
	return slices.DeleteFunc(slices.Clone(ids), func(id T) bool {
		_, found := slices.BinarySearch(others, id)
		return !found
	})
}

// without are those of ids that others, which are sorted, don't have.
func without[T ~string](ids, others []T) []T {
	return slices.DeleteFunc(slices.Clone(ids), func(id T) bool {
		_, found := slices.BinarySearch(others, id)
		return found
	})
}
