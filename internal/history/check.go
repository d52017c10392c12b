package history

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/rosterhq/roster/internal/directory"
)

// Check replays an organization's log and compares the result with what is stored: the
// organization and its settings, its users, custom roles, groups, API tokens, webhooks and
// applications with their credentials, and what a directory keeps with users and groups.
// For [directory.DeploymentLog], it compares the applications of the deployment.
// Each entry must start from the state that the entries before it led to. The error
// describes the first difference. If retention has dropped the beginning of the log, only
// what the remaining entries cover is compared. Check is for the operator and for tests.
// Errors: [directory.NotFound].
func Check(ctx context.Context, store directory.Store, id directory.OrgID) error {
	return store.Read(ctx, func(tx directory.Tx) error {
		first, err := directory.FirstEntry(tx, id)
		if err != nil {
			return err
		}
		r := replayer{complete: first.Sequence == 1, state: make(map[stateKey]any), gone: make(map[stateKey]bool), names: make(map[string]string)}
		for e, err := range tx.OrgEntries(id, directory.EntryQuery{}) {
			if err != nil {
				return err
			}
			if e.Outcome != directory.Done || !holdsState(e) {
				continue
			}
			if err := r.apply(e); err != nil {
				return fmt.Errorf("entry %d, %s of %s %s: %w", e.Sequence, e.Action, e.Target.Type, e.Target.ID, err)
			}
		}
		return r.compare(tx, id)
	})
}

// replayer holds the state that a log has led to so far.
type replayer struct {
	complete bool // the log has its beginning
	state    map[stateKey]any
	gone     map[stateKey]bool
	names    map[string]string // the keys of the user names of profiles, with the users
}

type stateKey struct{ kind, id string }

func (k stateKey) String() string { return k.kind + " " + k.id }

// apply makes the change that an entry records.
func (r *replayer) apply(e directory.Entry) error {
	if err := r.applyProfile(e); err != nil {
		return err
	}
	key := stateKey{e.Target.Type, e.Target.ID}
	before, err := parseState(key.kind, e.Before)
	if err != nil {
		return err
	}
	after, err := parseState(key.kind, e.After)
	if err != nil {
		return err
	}
	if key.kind == "group" && before != nil && after != nil {
		return r.changeGroup(key, e)
	}
	if err := r.expect(key, before); err != nil {
		return err
	}
	if after != nil {
		r.state[key] = after
		return nil
	}
	delete(r.state, key)
	r.gone[key] = true
	switch key.kind {
	case "user":
		return r.leaveGroups(directory.UserID(key.id), e)
	case "application":
		r.dropCredentials(directory.AppID(key.id))
	}
	return nil
}

// dropCredentials removes the credentials of an application that was deleted.
func (r *replayer) dropCredentials(id directory.AppID) {
	for key, state := range r.state {
		if c, ok := state.(directory.AppCredential); ok && c.AppID == id {
			delete(r.state, key)
			r.gone[key] = true
		}
	}
}

// expect compares the state of a target with the wanted one; nil if it should not exist.
func (r *replayer) expect(key stateKey, want any) error {
	have, known := r.state[key]
	if !known && !r.gone[key] && !r.complete {
		return nil // the log begins here for this target
	}
	if !sameState(have, want) {
		return fmt.Errorf("the entries before lead to %s, but the state before the change is %s", stateText(have), stateText(want))
	}
	return nil
}

// changeGroup changes a group. Its entry has only the added and removed members.
func (r *replayer) changeGroup(key stateKey, e directory.Entry) error {
	before, after, err := groupStates(e)
	if err != nil {
		return err
	}
	g, known := r.state[key].(directory.Group)
	if !known && !r.complete && !r.gone[key] {
		return nil // its members are unknown
	}
	head := func(g directory.Group) any { g.Members = nil; return withLists(g) }
	if !known || !sameState(head(g), head(before.Group)) {
		return fmt.Errorf("the entries before lead to %s, but the state before the change is %s", stateText(r.state[key]), stateText(before))
	}
	members := make(map[directory.UserID]bool, len(g.Members))
	for _, id := range g.Members {
		members[id] = true
	}
	for _, id := range after.Added {
		if members[id] {
			return fmt.Errorf("%s is added, but was a member already", id)
		}
		members[id] = true
	}
	for _, id := range after.Removed {
		if !members[id] {
			return fmt.Errorf("%s is removed, but was not a member", id)
		}
		delete(members, id)
	}
	g = after.Group
	g.Members = slices.Sorted(maps.Keys(members))
	r.state[key] = withLists(g)
	return nil
}

// withLists replaces nil lists by empty ones, as parseState does.
func withLists(g directory.Group) directory.Group {
	g.Members, g.Roles = append([]directory.UserID{}, g.Members...), append([]directory.RoleID{}, g.Roles...)
	return g
}

// leaveGroups takes a removed user out of the groups that the entry names.
func (r *replayer) leaveGroups(id directory.UserID, e directory.Entry) error {
	was, err := stateBefore[directory.RemovedUser](e)
	if err != nil {
		return err
	}
	for _, group := range was.Groups {
		key := stateKey{"group", string(group)}
		g, known := r.state[key].(directory.Group)
		if !known && !r.complete {
			continue
		}
		i := slices.Index(g.Members, id)
		if i < 0 {
			return fmt.Errorf("the user is taken out of the %s, but was not in it", key)
		}
		g.Members = slices.Delete(slices.Clone(g.Members), i, i+1)
		r.state[key] = g
	}
	return nil
}

// compare compares what is stored with the state that the log has led to.
func (r *replayer) compare(tx directory.Tx, id directory.OrgID) error {
	stored, err := storedStates(tx, id)
	if err != nil {
		return err
	}
	keys := maps.Clone(stored)
	maps.Copy(keys, r.state)
	for _, key := range slices.SortedFunc(maps.Keys(keys), func(a, b stateKey) int {
		return slices.Compare([]string{a.kind, a.id}, []string{b.kind, b.id})
	}) {
		if err := r.expect(key, stored[key]); err != nil {
			return fmt.Errorf("stored %s: %w", key, err)
		}
	}
	return nil
}
