package authz_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/rosterhq/roster/internal/authz"
)

func TestBuiltinRoles(t *testing.T) {
	var order []string
	for _, row := range builtinTables {
		order = append(order, row.role)
		got, ok := authz.Builtin(row.role)
		if !ok {
			t.Errorf("%s is not built in", row.role)
			continue
		}
		want := set(t, row.org, row.dataset, row.view)
		if diff := cmp.Diff(want.Names(), got.Names()); diff != "" {
			t.Errorf("%s (-table +package):\n%s", row.role, diff)
		}
	}
	if got := authz.BuiltinRoles(); !slices.Equal(got, order) {
		t.Errorf("built-in roles %v, want %v", got, order)
	}
	for _, other := range []string{"", "Owner", "OWNER", "member", "read_only", "role_x"} {
		if s, ok := authz.Builtin(other); ok || !s.Empty() {
			t.Errorf("%q is built in", other)
		}
	}
}

// Each built-in role holds all that the next one does, but for read-only and
// user: each may see something that the other may not.
func TestBuiltinRolesAreOrdered(t *testing.T) {
	role := func(name string) authz.Set {
		s, _ := authz.Builtin(name)
		return s
	}
	covers := map[string][]string{
		"owner":     {"owner", "admin", "user", "read-only", "none"},
		"admin":     {"admin", "user", "read-only", "none"},
		"user":      {"user", "none"},
		"read-only": {"read-only", "none"},
		"none":      {"none"},
	}
	for _, a := range authz.BuiltinRoles() {
		for _, b := range authz.BuiltinRoles() {
			if got, want := role(a).Covers(role(b)), slices.Contains(covers[a], b); got != want {
				t.Errorf("%s covers %s: %t, want %t", a, b, got, want)
			}
		}
	}
}

// The table says it of every giver and every role: up to admin anybody may hand
// out (whether they may at all, users|create and its like decide); beyond admin,
// only what the giver has.
func TestMayHandOut(t *testing.T) {
	sets := map[string]authz.Set{
		"billing read":       org(t, "billing|read"),
		"billing":            org(t, "billing|read", "billing|update"),
		"billing read+users": org(t, "billing|read", "users|read", "users|create"),
		"users":              org(t, "users|create"),
		"one dataset": {Datasets: map[string]authz.Grants{
			"logs": authz.Dataset.All(),
		}},
	}
	for _, name := range authz.BuiltinRoles() {
		sets[name], _ = authz.Builtin(name)
	}
	withinAdmin := []string{"admin", "user", "read-only", "none", "users", "one dataset"}
	more := map[string][]string{ // giver → what it may hand out besides
		"owner":              {"owner", "billing read", "billing", "billing read+users"},
		"billing":            {"billing read", "billing"},
		"billing read":       {"billing read"},
		"billing read+users": {"billing read", "billing read+users"},
	}
	cases := 0
	for giver := range sets {
		for role := range sets {
			want := slices.Contains(withinAdmin, role) || slices.Contains(more[giver], role)
			if got := authz.MayHandOut(sets[giver], sets[role]); got != want {
				t.Errorf("%s hands out %s: %t, want %t", giver, role, got, want)
			}
			cases++
		}
	}
	t.Logf("%d pairs", cases)
}

func TestMayHandOutGrowsWithTheGiver(t *testing.T) {
	admin, _ := authz.Builtin(authz.RoleAdmin)
	rapid.Check(t, func(t *rapid.T) {
		giver, role := sets().Draw(t, "giver"), sets().Draw(t, "role")
		if rapid.Bool().Draw(t, "related") {
			role = within(t, giver)
		}
		may := authz.MayHandOut(giver, role)
		if want := subset(facts(role), facts(giver)) || subset(facts(role), facts(admin)); may != want {
			t.Fatalf("%v hands out %v: %t, want %t", giver.Names(), role.Names(), may, want)
		}
		if stronger := giver.Union(sets().Draw(t, "more")); may && !authz.MayHandOut(stronger, role) {
			t.Fatal("with more capabilities one may hand out less")
		}
		if may && !authz.MayHandOut(giver, within(t, role)) {
			t.Fatal("one may hand out a role and not a part of it")
		}
	})
}
