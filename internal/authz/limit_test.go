package authz_test

import (
	"encoding/json"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/rosterhq/roster/internal/authz"
)

func limits() *rapid.Generator[authz.Limit] {
	return rapid.Custom(func(t *rapid.T) authz.Limit {
		roles := rapid.SliceOfN(rapid.SampledFrom([]string{"owner", "admin", "user", "role_x"}), 0, 2).Draw(t, "roles")
		return authz.LimitOf(sets().Draw(t, "held"), roles...)
	})
}

func meet(a, b map[string]bool) map[string]bool {
	m := make(map[string]bool)
	for f := range a {
		if b[f] {
			m[f] = true
		}
	}
	return m
}

func TestMayGive(t *testing.T) {
	given := map[string]authz.Set{
		"billing read":          org(t, "billing|read"),
		"audit":                 org(t, "auditLog|read"),
		"users":                 org(t, "users|create", "users|update"),
		"see users":             org(t, "users|read"),
		"see users and audit":   org(t, "users|read", "auditLog|read"),
		"one dataset":           {Datasets: map[string]authz.Grants{"logs": authz.Dataset.All()}},
		"dashboards and audits": org(t, "dashboards|create", "auditLog|read"),
	}
	for _, name := range authz.BuiltinRoles() {
		given[name], _ = authz.Builtin(name)
	}
	admin := []string{"admin", "user", "read-only", "none", "users", "see users", "audit", "see users and audit", "one dataset", "dashboards and audits"}
	for giver, tt := range map[string]struct {
		limit authz.Limit
		may   []string
	}{
		"owner":           {authz.LimitOf(given["owner"], "owner"), append([]string{"owner", "billing read"}, admin...)},
		"unlimited":       {authz.Unlimited(), append([]string{"owner", "billing read"}, admin...)},
		"admin":           {authz.LimitOf(given["admin"], "admin"), admin},
		"admin, billing":  {authz.LimitOf(given["admin"].Union(given["billing read"]), "role_x", "admin"), append([]string{"billing read"}, admin...)},
		"user":            {authz.LimitOf(given["user"], "user"), []string{"user", "none", "see users"}},
		"nothing":         {authz.Limit{}, []string{"user", "none", "see users"}},
		"users":           {authz.LimitOf(given["users"]), []string{"user", "none", "see users", "users"}},
		"audit":           {authz.LimitOf(given["audit"]), []string{"user", "none", "see users", "audit"}},
		"both, in a role": {authz.LimitOf(given["see users and audit"]), []string{"user", "none", "see users", "audit", "see users and audit"}},
	} {
		for role, set := range given {
			if got, want := tt.limit.MayGive(set), slices.Contains(tt.may, role); got != want {
				t.Errorf("%s gives %s: %t, want %t", giver, role, got, want)
			}
		}
	}
}

// Intersect is the intersection of what the limits mean, on every name.
func TestLimitIntersectIsIntersection(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := limits().Draw(t, "a"), limits().Draw(t, "b")
		both := a.Intersect(b)
		got, want := facts(both.Set()), meet(facts(a.Set()), facts(b.Set()))
		if !subset(got, want) || !subset(want, got) {
			t.Fatalf("%v and %v meet in %v", a.Set().Names(), b.Set().Names(), both.Set().Names())
		}
		if c := b.Intersect(a).Set(); !c.Covers(both.Set()) || !both.Covers(c) {
			t.Fatal("not commutative")
		}
	})
}

// TestLimitsStaySymbolic checks that the intersection of names is a name.
func TestLimitsStaySymbolic(t *testing.T) {
	owner, _ := authz.Builtin("owner")
	admin, _ := authz.Builtin("admin")
	billing := org(t, "billing|read")
	all, some := authz.LimitOf(owner, "owner"), authz.LimitOf(admin.Union(billing), "role_x", "admin")
	for want, limit := range map[string]authz.Limit{
		`{"upTo":"everything"}`: all.Intersect(authz.Unlimited()),
		`{"upTo":"admin","capabilities":{"orgCapabilities":{"billing":["read"]}}}`: all.Intersect(some),
		`{"upTo":"admin"}`: some.Intersect(authz.LimitOf(admin, "admin")),
		`{"capabilities":{"orgCapabilities":{"users":["create"]}}}`: authz.LimitOf(org(t, "users|create")).Intersect(some),
		`{}`: authz.LimitOf(authz.Set{}).Intersect(all),
	} {
		if got, err := json.Marshal(limit); err != nil || string(got) != want {
			t.Errorf("%s, %v, want %s", got, err, want)
		}
	}
}

func TestLimitJSONRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limit := limits().Draw(t, "limit")
		first, err := json.Marshal(limit)
		if err != nil {
			t.Fatal(err)
		}
		var back authz.Limit
		if err := json.Unmarshal(first, &back); err != nil {
			t.Fatal(err)
		}
		if second, _ := json.Marshal(back); string(first) != string(second) || !back.Covers(limit.Set()) || !limit.Covers(back.Set()) {
			t.Fatalf("%s came back as %s", first, second)
		}
	})
	if err := json.Unmarshal([]byte(`{"upTo":"emperor"}`), new(authz.Limit)); err == nil {
		t.Error("an unknown limit is read")
	}
}
