package directory

import (
	"cmp"
	"encoding/json"
	"fmt"
	"iter"
	"slices"

	"github.com/rosterhq/roster/internal/text"
)

// past is an organization as it was after one of its entries: as it is, with
// what has happened since undone. Each entry holds what its target was before, so
// that nothing is asked of the log but what is newer: a time of yesterday costs
// what happened since yesterday, and retention may have dropped all before.
type past struct {
	tx    Tx
	since int64
}

// undo finds what a target was: what the first entry about it since then holds of
// before, which is nothing if it did not exist. known is false if there is no
// entry: it was as it is.
func undo[T any](p past, org OrgID, kind, id string) (was *T, known bool, err error) {
	done := Done
	for e, err := range p.tx.OrgEntries(org, EntryQuery{After: p.since, Target: id, Outcome: &done}) {
		if err != nil {
			return nil, false, err
		}
		if e.Target.Type == kind && e.holdsState() {
			was, err = stateBefore[T](e)
			return was, true, err
		}
	}
	return nil, false, nil
}

// holdsState reports whether an entry tells what its target was and became; of a
// replay it tells what was sent.
func (e Entry) holdsState() bool {
	return (e.Before != nil || e.After != nil) && e.Action != OpReplayWebhook.Name && e.Action != OpReplayDelivery.Name
}

// stateBefore is the state that an entry's change began from, nil if there was none.
func stateBefore[T any](e Entry) (*T, error) {
	if e.Before == nil {
		return nil, nil
	}
	was := new(T)
	if err := json.Unmarshal(e.Before, was); err != nil {
		return nil, fmt.Errorf("entry %d of %s: %w", e.Sequence, e.OrgID, err)
	}
	return was, nil
}

// Role is the custom role as it was.
func (p past) Role(org OrgID, id RoleID) (Role, error) {
	was, known, err := undo[Role](p, org, "role", string(id))
	switch {
	case err != nil:
		return Role{}, err
	case !known:
		return p.tx.Role(org, id)
	case was == nil:
		return Role{}, notFound("role")
	}
	return *was, nil
}

// User is the user as they were, by the name that their role had.
func (p past) User(org OrgID, id UserID) (User, error) {
	was, known, err := undo[User](p, org, "user", string(id))
	if err != nil {
		return User{}, err
	}
	if !known {
		u, err := p.tx.User(org, id)
		if err != nil {
			return User{}, err
		}
		was = &u
	}
	if was == nil {
		return User{}, notFound("user")
	}
	role, err := lookupRole(p, org, was.Role.ID)
	was.Role = role.Ref()
	return *was, err
}

// GroupsOf are the groups that a user was in, without their lists of members. The
// first entry about a group holds what else it was. Whether the user was in it says
// the first one that names them, or else where they are now.
func (p past) GroupsOf(org OrgID, id UserID) ([]Group, error) {
	now, err := p.tx.GroupsOf(org, id)
	if err != nil {
		return nil, err
	}
	left, err := p.groupsLeft(org, id)
	if err != nil {
		return nil, err
	}
	now = append(now, left...)
	var were []Group
	changed := make(map[GroupID]bool)
	var group pastGroup
	end := func() {
		if group.in {
			were = append(were, *group.was)
		}
	}
	for e, err := range p.tx.EntriesAbout(org, NextQuery{Since: p.since, After: "grp_", Until: "grp_~"}) {
		if err != nil {
			return nil, err
		}
		g := GroupID(e.Target.ID)
		if !changed[g] {
			end()
			changed[g] = true
			group = pastGroup{}
			if group.was, err = stateBefore[Group](e); err != nil {
				return nil, err
			}
			group.in = group.was != nil && slices.ContainsFunc(now, func(n Group) bool { return n.ID == g })
			group.open = group.was != nil
		}
		if err := group.read(e, id); err != nil {
			return nil, err
		}
	}
	end()
	for _, g := range now {
		if !changed[g.ID] {
			were = append(were, g)
		}
	}
	for i := range were {
		were[i].Members = nil
	}
	slices.SortFunc(were, func(a, b Group) int { return cmp.Compare(a.ID, b.ID) })
	return were, nil
}

// pastGroup is a group that has changed since, as its entries are read.
type pastGroup struct {
	was  *Group // nil: it was not there
	in   bool   // the user was in it
	open bool   // no entry has named the user yet
}

// read takes from an entry whether it names the user.
func (g *pastGroup) read(e Entry, id UserID) error {
	if !g.open {
		return nil
	}
	before, after, err := groupStates(e)
	if err != nil {
		return err
	}
	switch {
	case slices.Contains(after.Added, id):
		g.in, g.open = false, false
	case slices.Contains(after.Removed, id), slices.Contains(before.Members, id):
		g.in, g.open = true, false
	}
	return nil
}

// groupStates are what an entry about a group holds; the zero value for none.
func groupStates(e Entry) (before, after recordedGroup, err error) {
	for _, s := range []struct {
		raw json.RawMessage
		to  *recordedGroup
	}{{e.Before, &before}, {e.After, &after}} {
		if s.raw == nil {
			continue
		}
		if err := json.Unmarshal(s.raw, s.to); err != nil {
			return before, after, fmt.Errorf("entry %d of %s: %w", e.Sequence, e.OrgID, err)
		}
	}
	return before, after, nil
}

// groupsLeft are the groups that a user who is gone was taken out of. If a group has
// been deleted since, only its id is known.
func (p past) groupsLeft(org OrgID, id UserID) (left []Group, err error) {
	done := Done
	var last removedUser
	for e, err := range p.tx.OrgEntries(org, EntryQuery{After: p.since, Target: string(id), Outcome: &done, NewestFirst: true}) {
		if err != nil {
			return nil, err
		}
		if !e.holdsState() {
			continue
		}
		if e.After != nil {
			return nil, nil // they are still there
		}
		was, err := stateBefore[removedUser](e)
		if err != nil {
			return nil, err
		}
		last = *was
		break
	}
	for _, group := range last.Groups {
		g, err := p.tx.GroupHead(org, group)
		if err != nil && CodeOf(err) != NotFound {
			return nil, err
		}
		g.ID = group
		left = append(left, g)
	}
	return left, nil
}

// historyBatch is how many users of the past are put together at a time. Tests
// make it small.
var historyBatch = 100

// Users yields the users as they were. Memory stays bounded, however many there
// are now and were then.
func (p past) Users(org OrgID, q UserQuery) iter.Seq2[User, error] {
	return func(yield func(User, error) bool) {
		names, err := p.roleNames(org)
		if err != nil {
			yield(User{}, err)
			return
		}
		n := 0
		for after := max(q.After, "usr_"); after != lastUser; {
			var batch []User
			if batch, after, err = p.userBatch(org, after); err != nil {
				yield(User{}, err)
				return
			}
			for _, u := range batch {
				if !q.matches(u) {
					continue
				}
				u.Role.Name = cmp.Or(names[u.Role.ID], string(u.Role.ID)) // built-in ones are named by their ids
				if n++; !yield(u, nil) || n == q.Limit {
					return
				}
			}
		}
	}
}

func (q UserQuery) matches(u User) bool {
	return (q.Role == "" || u.Role.ID == q.Role) && (q.EmailKey == "" || text.FoldKey(u.Email) == q.EmailKey)
}

// lastUser is beyond the ids of all users.
const lastUser UserID = "usr_~"

// userBatch gives the users as they were with ids from after to end.
func (p past) userBatch(org OrgID, after UserID) (batch []User, end UserID, err error) {
	var there []User
	for u, err := range p.tx.Users(org, UserQuery{After: after, Limit: historyBatch}) {
		if err != nil {
			return nil, "", err
		}
		there = append(there, u)
	}
	end = lastUser
	if len(there) == historyBatch {
		end = there[len(there)-1].ID
	}
	changed := make(map[UserID]bool)
	for e, err := range p.tx.NextEntries(org, NextQuery{Since: p.since, After: string(after), Until: string(end), Limit: historyBatch}) {
		if err != nil {
			return nil, "", err
		}
		was, err := stateBefore[User](e)
		if err != nil {
			return nil, "", err
		}
		id := UserID(e.Target.ID)
		if was != nil {
			batch = append(batch, *was)
		}
		if changed[id] = true; len(changed) == historyBatch {
			end = id // there may be more behind it
		}
	}
	for _, u := range there {
		if u.ID <= end && !changed[u.ID] {
			batch = append(batch, u)
		}
	}
	slices.SortFunc(batch, func(a, b User) int { return cmp.Compare(a.ID, b.ID) })
	return batch, end, nil
}

// roleNames are the names that custom roles had.
func (p past) roleNames(org OrgID) (map[RoleID]string, error) {
	roles, err := p.tx.Roles(org)
	if err != nil {
		return nil, err
	}
	names := make(map[RoleID]string)
	for _, r := range roles {
		names[r.ID] = r.Name
	}
	for e, err := range p.tx.NextEntries(org, NextQuery{Since: p.since, After: "role_", Until: "role_~"}) {
		if err != nil {
			return nil, err
		}
		was, err := stateBefore[Role](e)
		if err != nil {
			return nil, err
		}
		if was != nil {
			names[was.ID] = was.Name
		}
	}
	return names, nil
}
