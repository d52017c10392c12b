package access_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/access"
	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/directorytest"
	"github.com/rosterhq/roster/internal/roles"
)

// wide is a member of groups that give many roles with many names.
func wide(w *world, many, names int) member {
	query, _ := authz.Dataset.Grant(authz.Pair{Resource: "query", Action: authz.Read})
	jane := w.Join("Jane", "user")
	var ids []directory.RoleID
	for i := range many {
		set := authz.Set{Datasets: make(map[string]authz.Grants), Views: map[string]authz.Grants{"v": authz.View.All()}}
		for n := range names {
			set.Datasets[fmt.Sprintf("dataset-%03d", (i+n)%(2*names))] = query
		}
		role := must(w.CreateRole(w.Context(), w.ByOwner(), roles.NewRole{Name: fmt.Sprint("Role ", i), Capabilities: set}))(w)
		ids = append(ids, role.ID)
	}
	for half := range 2 { // each role by two groups
		w.Group(fmt.Sprint("Group ", half), []directory.UserID{jane.ID}, ids...)
	}
	return jane
}

// The pages of an explanation are the explanation, whatever their size.
func TestAccessPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	jane := wide(w, 4, 10)
	explain := func(q authz.Query) access.Access {
		return must(w.GetUserAccess(t.Context(), w.ByOwner(), jane.ID, time.Time{}, q))(t)
	}
	whole := explain(authz.Query{})
	if whole.More || len(whole.Capabilities) < 40 {
		t.Fatalf("%d capabilities, more: %t", len(whole.Capabilities), whole.More)
	}
	for _, limit := range []int{1, 3, 7, len(whole.Capabilities) - 1, len(whole.Capabilities), 1000} {
		var all []access.Capability
		q := authz.Query{Limit: limit}
		for more := true; more; {
			page := explain(q)
			if len(page.Capabilities) > limit {
				t.Fatalf("a page of %d, want at most %d", len(page.Capabilities), limit)
			}
			all = append(all, page.Capabilities...)
			if more = page.More; more {
				q.After = all[len(all)-1].Key
			}
		}
		if directorytest.TellAccess(access.Access{Capabilities: all}) != directorytest.TellAccess(whole) {
			t.Errorf("the pages of %d are not the whole", limit)
		}
	}
	for _, c := range whole.Capabilities { // each alone
		one := explain(authz.Query{Only: &c.Key})
		if directorytest.TellAccess(one) != directorytest.TellAccess(access.Access{Capabilities: []access.Capability{c}}) {
			t.Errorf("%v alone: %s", c.Key, directorytest.TellAccess(one))
		}
	}
	ingest := authz.Key{Scope: authz.ScopeDataset, Name: "nowhere", Pair: authz.Pair{Resource: "ingest", Action: authz.Create}}
	if one := explain(authz.Query{Only: &ingest}); len(one.Capabilities) != 1 || one.Capabilities[0].Paths[0].Role.ID != "user" {
		t.Errorf("a grant on all names is not one on a name of nobody's: %v", one.Capabilities)
	}
	ingest.Pair = authz.Pair{Resource: "trim", Action: authz.Update}
	if one := explain(authz.Query{Only: &ingest}); len(one.Capabilities) != 0 {
		t.Errorf("nobody grants this: %v", one.Capabilities)
	}
}
