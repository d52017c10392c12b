package provisioning_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/directorytest"
	"github.com/rosterhq/roster/internal/provisioning"
	"github.com/rosterhq/roster/internal/text"
)

// A page of groups ends before the group with which it would have too many members, in
// every order, and the next page goes on there.
func TestPagesOfGroupsHaveLimitedMembers(t *testing.T) {
	w := newWorld(t)
	var ids []directory.UserID
	for _, p := range w.fill(5) {
		ids = append(ids, p.ID)
	}
	for name, n := range map[string]int{"A": 2, "B": 1, "C": 0, "D": 2, "E": 4} {
		w.createGroup(name, ids[:n]...)
	}
	w.SetMaxMembers(3)
	for _, order := range []directory.Path{nil, {"displayName"}} {
		q := provisioning.Query{Related: true, Total: true, ProfileQuery: directory.ProfileQuery{OrderBy: order, Where: directory.Not{Condition: compare(directory.Equal, "E", "displayName")}}}
		var names []string
		for {
			page, err := w.ListGroups(t.Context(), w.call(), q)
			if err != nil {
				t.Fatal(err)
			}
			members := 0
			for _, g := range page.Items {
				names = append(names, g.Name)
				members += len(g.Members)
			}
			if members > 3 || len(page.Items) == 0 || page.Total != 4 {
				t.Fatalf("a page of %d groups, of %d, with %d members", len(page.Items), page.Total, members)
			}
			if page.Next == nil {
				break
			}
			q.After = page.Next
		}
		if slices.Sort(names); !slices.Equal(names, []string{"A", "B", "C", "D"}) {
			t.Errorf("ordered by %v, the pages have %v", order, names)
		}
	}
	all := provisioning.Query{ProfileQuery: directory.ProfileQuery{Where: compare(directory.Equal, "E", "displayName")}}
	page := directorytest.Must(w.ListGroups(t.Context(), w.call(), all))(t)
	if len(page.Items) != 1 {
		t.Fatal("the large group is not listed without its members")
	}
	all.Related = true
	_, err := w.ListGroups(t.Context(), w.call(), all)
	_, getErr := w.GetGroup(t.Context(), w.call(), page.Items[0].ID, true)
	for _, err := range []error{err, getErr} {
		if !errors.Is(err, provisioning.ErrTooManyMembers) || directory.CodeOf(err) != directory.Invalid {
			t.Errorf("with more members than are shown: %v", err)
		}
	}
	if _, err := w.GetGroup(t.Context(), w.call(), page.Items[0].ID, false); err != nil {
		t.Errorf("without its members: %v", err)
	}
}

// Changing one member takes no more allocations in a large group than in a small one: no
// members are read.
func TestChangeOfOneMemberDoesNotReadTheGroup(t *testing.T) {
	w := newWorld(t)
	ids := w.many(401)
	work := func(size int) (allocations float64) {
		g := directory.Group{ID: directory.GroupID("grp_" + string(rune('a'+size%26))), OrgID: w.Org.ID, Name: string(rune('a' + size%26)), Managed: true, Members: ids[1 : 1+size], CreatedAt: w.Clock()}
		err := w.DB.Write(t.Context(), func(tx directory.Tx) error { return tx.CreateGroup(g, text.FoldKey(g.Name)) })
		if err != nil {
			t.Fatal(err)
		}
		call, i := w.call(), 0
		return testing.AllocsPerRun(20, func() {
			change := provisioning.GroupChange{Name: g.Name, Add: ids[:1]}
			if i++; i%2 == 0 {
				change = provisioning.GroupChange{Name: g.Name, Remove: ids[:1]}
			}
			_, err := w.ModifyGroup(t.Context(), call, g.ID, false, func(provisioning.Group) (provisioning.GroupChange, error) { return change, nil })
			if err != nil {
				t.Fatal(err)
			}
		})
	}
	small, large := work(20), work(400)
	if large > 1.3*small {
		t.Errorf("a change takes %.0f allocations in a group of 400 and %.0f in one of 20", large, small)
	}
}
