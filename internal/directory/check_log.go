package directory

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
)

// CheckLog replays an organization's log and compares what comes of it with what is
// stored: the organization and its settings, its users, custom roles, groups, API
// tokens and webhooks. Each entry must start from the state that the entries before
// it led to. The error names the first difference. If retention has dropped the
// beginning of the log, only what the remaining entries cover is compared. It is for
// the operator. Errors: [NotFound].
func (s *Service) CheckLog(ctx context.Context, id OrgID) error {
	return s.store.Read(ctx, func(tx Tx) error {
		first, err := firstEntry(tx, id)
		if err != nil {
			return err
		}
		r := replayer{complete: first.Sequence == 1, state: make(map[stateKey]any), gone: make(map[stateKey]bool)}
		for e, err := range tx.OrgEntries(id, EntryQuery{}) {
			if err != nil {
				return err
			}
			if e.Outcome != Done || !e.holdsState() {
				continue
			}
			if err := r.apply(e); err != nil {
				return fmt.Errorf("entry %d, %s of %s %s: %w", e.Sequence, e.Action, e.Target.Type, e.Target.ID, err)
			}
		}
		return r.compare(tx, id)
	})
}

// replayer is what a log has come to so far.
type replayer struct {
	complete bool // the log has its beginning
	state    map[stateKey]any
	gone     map[stateKey]bool
}

type stateKey struct{ kind, id string }

func (k stateKey) String() string { return k.kind + " " + k.id }

// apply makes the change that an entry tells of.
func (r *replayer) apply(e Entry) error {
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
	if key.kind == "user" {
		return r.leaveGroups(UserID(key.id), e)
	}
	return nil
}

// expect wants a thing to be as something says it was; nil if it was not there.
func (r *replayer) expect(key stateKey, want any) error {
	have, known := r.state[key]
	if !known && !r.gone[key] && !r.complete {
		return nil // what is known of it begins here
	}
	if !sameState(have, want) {
		return fmt.Errorf("it was %s, as the log tells until then; it is said to have been %s", stateText(have), stateText(want))
	}
	return nil
}

// changeGroup makes a change of a group, whose entry has only the members who come and go.
func (r *replayer) changeGroup(key stateKey, e Entry) error {
	before, after, err := groupStates(e)
	if err != nil {
		return err
	}
	g, known := r.state[key].(Group)
	if !known && !r.complete && !r.gone[key] {
		return nil // its members are not known
	}
	head := func(g Group) any { g.Members = nil; return withLists(g) }
	if !known || !sameState(head(g), head(before.Group)) {
		return fmt.Errorf("it was %s, as the log tells until then; it is said to have been %s", stateText(r.state[key]), stateText(before))
	}
	if wrong := among(after.Added, g.Members); len(wrong) > 0 {
		return fmt.Errorf("%s joins, who was in it", wrong[0])
	}
	if wrong := without(after.Removed, g.Members); len(wrong) > 0 {
		return fmt.Errorf("%s leaves, who was not in it", wrong[0])
	}
	was := g.Members
	g = after.Group
	g.Members = sortedSet(slices.Concat(without(was, after.Removed), after.Added))
	r.state[key] = withLists(g)
	return nil
}

// withLists writes none as empty lists, as parseState does.
func withLists(g Group) Group {
	g.Members, g.Roles = append([]UserID{}, g.Members...), append([]RoleID{}, g.Roles...)
	return g
}

// leaveGroups takes a user who was removed out of the groups that the entry names.
func (r *replayer) leaveGroups(id UserID, e Entry) error {
	was, err := stateBefore[removedUser](e)
	if err != nil {
		return err
	}
	for _, group := range was.Groups {
		key := stateKey{"group", string(group)}
		g, known := r.state[key].(Group)
		if !known && !r.complete {
			continue
		}
		i := slices.Index(g.Members, id)
		if i < 0 {
			return fmt.Errorf("they leave the %s, which they were not in", key)
		}
		g.Members = slices.Delete(slices.Clone(g.Members), i, i+1)
		r.state[key] = g
	}
	return nil
}

// compare holds what is stored against what the log has come to.
func (r *replayer) compare(tx Tx, id OrgID) error {
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
			return fmt.Errorf("the stored %s: %w", key, err)
		}
	}
	return nil
}

// storedStates reads everything that entries tell of.
func storedStates(tx Tx, id OrgID) (map[stateKey]any, error) {
	all := make(map[stateKey]any)
	// As an entry would hold it, so that both are read alike.
	add := func(target Target, v any) error {
		b, err := entryJSON(v)
		if err == nil {
			all[stateKey{target.Type, target.ID}], err = parseState(target.Type, b)
		}
		return err
	}
	org, err := tx.Org(id)
	if err != nil {
		return nil, err
	}
	if err := add(org.target(), org); err != nil {
		return nil, err
	}
	settings, err := tx.OrgSettings(id)
	if err != nil {
		return nil, err
	}
	if kept := settings.recorded(); kept != nil {
		if err := add(settingsOf(id), kept); err != nil {
			return nil, err
		}
	}
	for u, err := range tx.Users(id, UserQuery{}) {
		if err != nil {
			return nil, err
		}
		if err := add(u.target(), u); err != nil {
			return nil, err
		}
	}
	roles, err := tx.Roles(id)
	if err != nil {
		return nil, err
	}
	for _, r := range roles {
		if err := add(r.target(), r); err != nil {
			return nil, err
		}
	}
	groups, err := tx.Groups(id)
	if err != nil {
		return nil, err
	}
	for _, g := range groups {
		if err := add(g.target(), recordGroup(g)); err != nil {
			return nil, err
		}
	}
	tokens, err := tx.APITokens(id)
	if err != nil {
		return nil, err
	}
	for _, t := range tokens {
		if err := add(t.target(), t); err != nil {
			return nil, err
		}
	}
	hooks, err := tx.Webhooks(id)
	if err != nil {
		return nil, err
	}
	for _, w := range hooks {
		if err := add(w.Target(), w); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// parseState reads a state without what is no part of it, but was shown with it;
// nil for none, and for what is not an organization's.
func parseState(kind string, raw json.RawMessage) (any, error) {
	if raw == nil {
		return nil, nil
	}
	switch kind {
	case "organization":
		return decodeState(raw, func(*Org) {})
	case "orgSettings":
		return decodeState(raw, func(*OrgSettings) {})
	case "user":
		return decodeState(raw, func(u *User) { u.Role.Name = "" }) // is the role's
	case "role":
		return decodeState(raw, func(r *Role) { r.Members = nil }) // are the users'
	case "group":
		return decodeState(raw, func(g *Group) { *g = withLists(*g) })
	case "apiToken":
		return decodeState(raw, func(*APITokenRecord) {})
	case "webhook":
		return decodeState(raw, func(*Webhook) {})
	default:
		return nil, nil
	}
}

func decodeState[T any](raw json.RawMessage, trim func(*T)) (any, error) {
	var v T
	if err := json.Unmarshal(raw, &v); err != nil {
		return nil, err
	}
	trim(&v)
	return v, nil
}

// sameState compares two states, without what was erased from either.
func sameState(a, b any) bool {
	switch x := a.(type) {
	case User:
		if y, ok := b.(User); ok && (x.erased() || y.erased()) {
			x.Name, x.Email, y.Name, y.Email = "", "", "", ""
			a, b = x, y
		}
	case APITokenRecord:
		if y, ok := b.(APITokenRecord); ok && (x.CreatedBy == Actor{} || y.CreatedBy == Actor{}) {
			x.CreatedBy, y.CreatedBy = Actor{}, Actor{}
			a, b = x, y
		}
	case Webhook:
		if y, ok := b.(Webhook); ok && (x.CreatedBy == Actor{} || y.CreatedBy == Actor{}) {
			x.CreatedBy, y.CreatedBy = Actor{}, Actor{}
			a, b = x, y
		}
	}
	return reflect.DeepEqual(a, b)
}

// erased reports whether a user's personal data is gone from an entry.
func (u User) erased() bool { return u.Name == "" && u.Email == "" }

func stateText(v any) string {
	if v == nil {
		return "nothing"
	}
	b, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(b)
}
