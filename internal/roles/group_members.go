package roles

import (
	"context"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/limits"
	"github.com/rosterhq/roster/internal/quote"
)

// AddGroupMember puts a user into a group. Its cost does not grow with the members of the
// group. If the user is in it already, nothing changes and there is no entry.
//
// Permission rbac|update and, for a user who is not in it, users|update and rule 2 for all
// roles of the group. Audit entry addGroupMember. Errors: [directory.NotFound] for the group
// and the user; [directory.Conflict] for a managed group; [directory.LimitExceeded] for a
// user who is in too many groups.
func (k *Catalog) AddGroupMember(ctx context.Context, call directory.Call, id directory.GroupID, user directory.UserID) error {
	return directory.Do(ctx, k.directory, call, directory.OpAddGroupMember, func(c *directory.Change) error {
		g, err := groupToChange(c, id)
		if err != nil {
			return err
		}
		if _, err := c.User(g.OrgID, user); err != nil {
			return err
		}
		return moveMembers(c, g, []directory.UserID{user}, nil)
	})
}

// RemoveGroupMember takes a user out of a group. A user who is not in it, or not in the
// organization, is no error and leaves no entry.
//
// Permission rbac|update and, for a user who is in it, users|update. Audit entry
// removeGroupMember. Errors: [directory.NotFound] for the group; [directory.Conflict] for a
// managed group.
func (k *Catalog) RemoveGroupMember(ctx context.Context, call directory.Call, id directory.GroupID, user directory.UserID) error {
	return directory.Do(ctx, k.directory, call, directory.OpRemoveGroupMember, func(c *directory.Change) error {
		g, err := groupToChange(c, id)
		if err != nil {
			return err
		}
		return moveMembers(c, g, nil, []directory.UserID{user})
	})
}

// ChangeGroupMembers puts some users into a group and takes others out of it, in one
// transaction.
//
// Permission rbac|update and, if anything changes, users|update and, for users who join,
// rule 2 for all roles of the group. Audit entry updateGroupMembers, if anything changes.
// Errors: [directory.NotFound] for the group; [directory.Invalid] for an addition who is
// not a user of the organization, and for a user who is both to be added and removed;
// [directory.Conflict] for a managed group; [directory.LimitExceeded] for too many users,
// and for one who is in too many groups.
func (k *Catalog) ChangeGroupMembers(ctx context.Context, call directory.Call, id directory.GroupID, add, remove []directory.UserID) error {
	return directory.Do(ctx, k.directory, call, directory.OpUpdateGroupMembers, func(c *directory.Change) error {
		g, err := groupToChange(c, id)
		if err != nil {
			return err
		}
		if err := c.Within(limits.MembersPerRequest, 0, len(add)+len(remove)); err != nil {
			return err
		}
		add, remove := sortedSet(add), sortedSet(remove)
		if both := among(add, remove); len(both) > 0 {
			return directory.InvalidField("remove", "%s is also in add; name a user in one of them", quote.Input(both[0]))
		}
		if err := checkUsers(c, "add", add); err != nil {
			return err
		}
		return moveMembers(c, g, add, remove)
	})
}

// moveMembers changes the members of a group, and nothing else of it. Users who are in or
// out of it already stay there.
func moveMembers(c *directory.Change, g directory.Group, add, remove []directory.UserID) error {
	m, err := moving(c, g, add, remove)
	if err != nil {
		return err
	}
	if err := mayChangeMembers(c, g, "add", m); err != nil {
		return err
	}
	if err := mayRegroup(c, g, g, m); err != nil {
		return err
	}
	return changeMembers(c, g, g, m)
}

// replaceMembers is what changes if a group has the listed members and no others. It
// reads no more members than a request may list and change together.
func replaceMembers(c *directory.Change, g directory.Group, ids []directory.UserID) (m memberChange, err error) {
	few := func(n int) error { return directory.InField("members", c.Within(limits.MembersPerRequest, 0, n)) }
	if err := few(len(ids)); err != nil {
		return m, err
	}
	ids = sortedSet(ids)
	if err := checkUsers(c, "members", ids); err != nil {
		return m, err
	}
	n, err := c.CountMembers(g.OrgID, g.ID)
	if err != nil {
		return m, err
	}
	if err := few(n - len(ids)); err != nil { // so many leave at least
		return m, err
	}
	if m, err = replacing(c, g, ids); err != nil {
		return m, err
	}
	if err := few(len(m.joined) + len(m.left)); err != nil {
		return m, err
	}
	return m, mayChangeMembers(c, g, "members", m)
}
