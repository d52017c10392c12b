package access_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/rosterhq/roster/internal/access"
	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/roles"
)

// explained writes an access as lines: capability ← path, path.
func explained(a access.Access) (lines []string) {
	for _, c := range a.Capabilities {
		var paths []string
		for _, p := range c.Paths {
			path := p.Role.Name
			if p.Group != nil {
				path = p.Group.Name + "→" + path
			}
			paths = append(paths, path)
		}
		lines = append(lines, strings.TrimSpace(c.Key.String()+" ← "+strings.Join(paths, ", ")))
	}
	return lines
}

func TestAccessNamesEveryPath(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	base := w.Role("Base", "users|read", "dataset:logs:query|read")
	reader := w.Role("Reader", "users|read", "dataset:*:query|read", "view:v:share|read")
	writer := w.Role("Writer", "users|create")
	jane := w.Join("Jane", base.ID)
	w.Group("B", []directory.UserID{jane.ID}, writer.ID, reader.ID)
	w.Pass(time.Millisecond) // groups come in order of their ids, which follow the clock
	w.Group("A", []directory.UserID{jane.ID, w.Owner.ID}, reader.ID)
	w.Group("Without her", []directory.UserID{w.Owner.ID}, "admin")
	w.Group("Without roles", []directory.UserID{jane.ID})
	want := []string{
		"users|create ← B→Writer",
		"users|read ← Base, B→Reader, A→Reader",
		"dataset:*:query|read ← B→Reader, A→Reader",
		"dataset:logs:query|read ← Base, B→Reader, A→Reader",
		"view:v:share|read ← B→Reader, A→Reader",
	}
	got := explained(must(w.GetUserAccess(t.Context(), w.ByOwner(), jane.ID, time.Time{}, authz.Query{}))(t))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	self := must(w.GetSelfAccess(t.Context(), w.By(jane), authz.Query{}))(t)
	if diff := cmp.Diff(want, explained(self)); diff != "" {
		t.Errorf("asked by herself (-want +got):\n%s", diff)
	}
	if self.Subject.User == nil || self.Subject.User.ID != jane.ID || self.Subject.Token != nil {
		t.Errorf("the subject is %+v", self.Subject)
	}
}

func TestAccessOfAPITokens(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token := w.Token("users|read", "view:v:share|read")
	a := must(w.GetSelfAccess(t.Context(), w.As(token.Secret, ""), authz.Query{}))(t)
	var got []string
	for _, c := range a.Capabilities {
		got = append(got, fmt.Sprint(c.Scope, ":", c.Name, ":", c.Pair))
	}
	if want := []string{"organization::users|read", "view:v:share|read"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if a.Subject.Token == nil || a.Subject.Token.ID != token.ID || a.Subject.User != nil {
		t.Errorf("the subject is %+v", a.Subject)
	}
}

func TestAccessIsForThoseWhoMayRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rival := w.Tenant("Rival")
	jane := w.Join("Jane", "user")
	_, err := w.GetUserAccess(t.Context(), w.By(jane), w.Owner.ID, time.Time{}, authz.Query{})
	w.Wants("without rbac|read", directory.Forbidden, err)
	for _, id := range []directory.UserID{"usr_0", rival.ID} {
		_, err = w.GetUserAccess(t.Context(), w.ByOwner(), id, time.Time{}, authz.Query{})
		w.Wants(string(id), directory.NotFound, err)
	}
	if a := must(w.GetUserAccess(t.Context(), w.ByOwner(), w.Owner.ID, time.Time{}, authz.Query{}))(t); len(a.Capabilities) != len(authz.Everything().Names())-1 { // all but "app:*": there is no application
		t.Errorf("the owner has %d capabilities", len(a.Capabilities))
	}
}

// pathPool is what the property below draws roles from.
var pathPool = []string{
	"users|read", "users|create", "rbac|read", "billing|read",
	"dataset:*:query|read", "dataset:logs:query|read", "dataset:logs:ingest|create", "view:v:share|read", "view:*:share|read",
}

// A capability is there exactly as long as one of the paths that explain it: it
// outlives all but the last, ends with the last, and no other path matters.
func TestCapabilitiesEndWithTheirLastPath(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := 0
	rapid.Check(t, func(t *rapid.T) {
		n++
		role := func(label string) directory.Role {
			names := rapid.SliceOfNDistinct(rapid.SampledFrom(pathPool), 0, 4, rapid.ID).Draw(t, label)
			return w.Role(fmt.Sprint(label, n), names...)
		}
		jane := w.Join(fmt.Sprint("jane", n), role("base").ID)
		for i := range rapid.IntRange(0, 3).Draw(t, "groups") {
			name := fmt.Sprint("group", i)
			roles := []directory.RoleID{role(name + "a").ID}
			if rapid.Bool().Draw(t, "two roles") {
				roles = append(roles, role(name+"b").ID)
			}
			w.Group(fmt.Sprint(name, n), []directory.UserID{jane.ID}, roles...)
		}
		now := func() access.Access {
			return must(w.GetUserAccess(w.Context(), w.ByOwner(), jane.ID, time.Time{}, authz.Query{}))(w)
		}
		holds := func(c access.Capability) bool {
			p := w.By(jane).Principal
			return p.Capabilities.Covers(setOf(w, c))
		}
		all := now().Capabilities
		if len(all) == 0 {
			return
		}
		c := rapid.SampledFrom(all).Draw(t, "capability")
		// First what does not explain it goes, and it stays.
		for _, s := range sourcesOf(now()) {
			if !slices.ContainsFunc(c.Paths, func(p directory.Source) bool { return pathKey(p) == pathKey(s) }) {
				takeAway(w, jane, s)
				if !holds(c) {
					t.Fatalf("%v ended with %s, which does not explain it", c.Pair, pathKey(s))
				}
			}
		}
		for i, p := range rapid.Permutation(c.Paths).Draw(t, "order") {
			if !holds(c) {
				t.Fatalf("%v ended with %d paths left", c.Pair, len(c.Paths)-i)
			}
			takeAway(w, jane, p)
		}
		if holds(c) {
			t.Fatalf("%v outlives its last path; it is explained by %v", c.Pair, explained(now()))
		}
	})
}

func setOf(w *world, c access.Capability) authz.Set {
	return caps(w, c.Key.String())
}

func pathKey(s directory.Source) string {
	if s.Group == nil {
		return "base role " + string(s.Role.ID)
	}
	return string(s.Group.ID) + " gives " + string(s.Role.ID)
}

func sourcesOf(a access.Access) (all []directory.Source) {
	seen := make(map[string]bool)
	for _, c := range a.Capabilities {
		for _, s := range c.Paths {
			if key := pathKey(s); !seen[key] {
				seen[key] = true
				all = append(all, s)
			}
		}
	}
	return all
}

// takeAway removes one path: the base role, or a role from the group.
func takeAway(w *world, m member, s directory.Source) {
	w.Helper()
	if s.Group == nil {
		must(w.UpdateUserRole(w.Context(), w.ByOwner(), m.ID, authz.RoleNone))(w)
		return
	}
	g := must(w.GetGroup(w.Context(), w.ByOwner(), s.Group.ID))(w)
	left := slices.DeleteFunc(slices.Clone(g.Roles), func(id directory.RoleID) bool { return id == s.Role.ID })
	must(w.UpdateGroup(w.Context(), w.ByOwner(), g.ID, roles.NewGroup{Name: g.Name, Roles: &left}))(w)
}
