package history

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/rosterhq/roster/internal/directory"
)

// past is an organization as it was after one of its entries. It undoes what has
// happened since: each entry holds the state of its target before the change. The cost of
// a past time therefore depends on what happened after it, and retention may have dropped
// everything before it.
type past struct {
	tx    directory.Tx
	since int64 // the sequence of the entry
	batch int
}

// At returns an organization as it was after the entry of a sequence. It is a
// [directory.Past].
func At(tx directory.Tx, sequence int64) directory.Snapshot { return past{tx, sequence, batchSize} }

// batchSize is how many users of the past are assembled at a time.
const batchSize = 100

// InBatches returns [At] with another batch size, for tests.
func InBatches(size int) directory.Past {
	return func(tx directory.Tx, sequence int64) directory.Snapshot { return past{tx, sequence, size} }
}

// undo finds the past state of a target: the state before the first later entry about it,
// nil if it did not exist. known is false if there is no such entry, so that the state is
// the current one.
func undo[T any](p past, org directory.OrgID, kind, id string) (was *T, known bool, err error) {
	done := directory.Done
	for e, err := range p.tx.OrgEntries(org, directory.EntryQuery{After: p.since, Target: id, Outcome: &done}) {
		if err != nil {
			return nil, false, err
		}
		if e.Target.Type == kind && holdsState(e) {
			was, err = stateBefore[T](e)
			return was, true, err
		}
	}
	return nil, false, nil
}

// holdsState reports whether an entry has the states of its target. Entries of replays
// have what was sent.
func holdsState(e directory.Entry) bool {
	return (e.Before != nil || e.After != nil) && e.Action != directory.OpReplayWebhook.Name && e.Action != directory.OpReplayDelivery.Name
}

// stateBefore returns the state before an entry's change, nil if there was none.
func stateBefore[T any](e directory.Entry) (*T, error) {
	if e.Before == nil {
		return nil, nil
	}
	was := new(T)
	if err := json.Unmarshal(e.Before, was); err != nil {
		return nil, fmt.Errorf("entry %d of %s: %w", e.Sequence, e.OrgID, err)
	}
	return was, nil
}

// Role returns the custom role as it was.
func (p past) Role(org directory.OrgID, id directory.RoleID) (directory.Role, error) {
	was, known, err := undo[directory.Role](p, org, "role", string(id))
	switch {
	case err != nil:
		return directory.Role{}, err
	case !known:
		return p.tx.Role(org, id)
	case was == nil:
		return directory.Role{}, directory.Missing("role")
	}
	return *was, nil
}

// TemporaryRole returns the role that the user had for a time, with the name that it had.
func (p past) TemporaryRole(org directory.OrgID, id directory.UserID) (directory.TemporaryRole, error) {
	was, known, err := undo[directory.TemporaryRole](p, org, "temporaryRole", string(id))
	switch {
	case err != nil:
		return directory.TemporaryRole{}, err
	case !known:
		return p.tx.TemporaryRole(org, id)
	case was == nil:
		return directory.TemporaryRole{}, directory.Missing("temporary role")
	}
	return *was, nil
}

// User returns the user as they were, with the name that their role had.
func (p past) User(org directory.OrgID, id directory.UserID) (directory.User, error) {
	was, known, err := undo[directory.User](p, org, "user", string(id))
	if err != nil {
		return directory.User{}, err
	}
	if !known {
		u, err := p.tx.User(org, id)
		if err != nil {
			return directory.User{}, err
		}
		was = &u
	}
	if was == nil {
		return directory.User{}, directory.Missing("user")
	}
	role, err := directory.LookupRole(p, org, was.Role.ID)
	was.Role = role.Ref()
	return *was, err
}

// GroupsOf returns the groups that a user was in, without their members. The first
// later entry about a group has the rest of its state. The first later entry that names
// the user shows whether they were in it; without one, they were in it if they are now.
func (p past) GroupsOf(org directory.OrgID, id directory.UserID) ([]directory.Group, error) {
	now, err := p.tx.GroupsOf(org, id)
	if err != nil {
		return nil, err
	}
	left, err := p.groupsLeft(org, id)
	if err != nil {
		return nil, err
	}
	now = append(now, left...)
	var were []directory.Group
	changed := make(map[directory.GroupID]bool)
	var group pastGroup
	end := func() {
		if group.in {
			were = append(were, *group.was)
		}
	}
	for e, err := range p.tx.EntriesAbout(org, directory.NextQuery{Type: "group", Since: p.since, After: "grp_", Until: "grp_~"}) {
		if err != nil {
			return nil, err
		}
		g := directory.GroupID(e.Target.ID)
		if !changed[g] {
			end()
			changed[g] = true
			group = pastGroup{}
			if group.was, err = stateBefore[directory.Group](e); err != nil {
				return nil, err
			}
			group.in = group.was != nil && slices.ContainsFunc(now, func(n directory.Group) bool { return n.ID == g })
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
	slices.SortFunc(were, func(a, b directory.Group) int { return cmp.Compare(a.ID, b.ID) })
	return were, nil
}

// pastGroup is a group that has changed since, as its entries are read.
type pastGroup struct {
	was  *directory.Group // nil: it was not there
	in   bool             // the user was in it
	open bool             // no entry has named the user yet
}

// read updates the membership if an entry names the user.
func (g *pastGroup) read(e directory.Entry, id directory.UserID) error {
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

// groupStates returns the states of an entry about a group; the zero value for none.
func groupStates(e directory.Entry) (before, after directory.RecordedGroup, err error) {
	for _, s := range []struct {
		raw json.RawMessage
		to  *directory.RecordedGroup
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

// groupsLeft returns the groups that a removed user was taken out of. A group that has
// been deleted since has only its id.
func (p past) groupsLeft(org directory.OrgID, id directory.UserID) (left []directory.Group, err error) {
	done := directory.Done
	var last directory.RemovedUser
	for e, err := range p.tx.OrgEntries(org, directory.EntryQuery{After: p.since, Target: string(id), Outcome: &done, NewestFirst: true}) {
		if err != nil {
			return nil, err
		}
		if !holdsState(e) {
			continue
		}
		if e.After != nil {
			return nil, nil // they are still there
		}
		was, err := stateBefore[directory.RemovedUser](e)
		if err != nil {
			return nil, err
		}
		last = *was
		break
	}
	for _, group := range last.Groups {
		g, err := p.tx.GroupHead(org, group)
		if err != nil && directory.CodeOf(err) != directory.NotFound {
			return nil, err
		}
		g.ID = group
		left = append(left, g)
	}
	return left, nil
}
