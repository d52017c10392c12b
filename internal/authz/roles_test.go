package authz_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
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
		if row.apps {
			want.Apps = authz.AllApps()
		}
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
