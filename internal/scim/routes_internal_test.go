package scim

import (
	"slices"
	"testing"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/directory"
)

// needs has the capability of each route, written down from the rules; "any" for those
// that every principal of the organization may call.
var needs = map[string]string{
	"GET /ServiceProviderConfig": "any",
	"GET /ResourceTypes":         "any",
	"GET /ResourceTypes/{id}":    "any",
	"GET /Schemas":               "any",
	"GET /Schemas/{id}":          "any",
	"GET /Users":                 "users|read",
	"POST /Users":                "users|create",
	"POST /Users/.search":        "users|read",
	"GET /Users/{id}":            "users|read",
	"PUT /Users/{id}":            "users|update",
	"PATCH /Users/{id}":          "users|update",
	"DELETE /Users/{id}":         "users|delete",
	"GET /Groups":                "rbac|read",
	"POST /Groups":               "rbac|create",
	"POST /Groups/.search":       "rbac|read",
	"GET /Groups/{id}":           "rbac|read",
	"PUT /Groups/{id}":           "rbac|update",
	"PATCH /Groups/{id}":         "rbac|update",
	"DELETE /Groups/{id}":        "rbac|delete",
	"GET /Me":                    "any",
	"PUT /Me":                    "any",
	"POST /Me":                   "any",
	"PATCH /Me":                  "any",
	"DELETE /Me":                 "any",
	"POST /Bulk":                 "any",
}

func TestEveryRouteDeclaresItsPermission(t *testing.T) {
	t.Parallel()
	seen := make(map[string]bool)
	for _, rt := range New(Options{}).API().Routes {
		name := rt.Method + " " + rt.Pattern[len(Root):]
		seen[name] = true
		want, ok := needs[name]
		if !ok {
			t.Errorf("%s has no permission in the table of this test", name)
			continue
		}
		if !slices.Contains(directory.Actions(), rt.Op.Name) {
			t.Errorf("%s has the operation %q, which does not exist", name, rt.Op.Name)
		}
		got := "any"
		if rt.Op.Need.Capability != (authz.Pair{}) {
			got = rt.Op.Need.Capability.String()
		}
		if got != want || rt.Op.Need.Public {
			t.Errorf("%s takes %s, want %s", name, got, want)
		}
	}
	for name := range needs {
		if !seen[name] {
			t.Errorf("%s has no route", name)
		}
	}
}
