package directory_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/directory"
)

// crowd puts so many new users into the store, past the service, which would take long.
func (w *world) crowd(n int, role directory.RoleID, group directory.GroupID) (ids []directory.UserID) {
	w.Helper()
	for i := range n {
		ids = append(ids, directory.UserID(fmt.Sprintf("usr_%s%022d", w.org.ID[:4], i)))
	}
	w.wants("crowd", "", w.db.Write(w.Context(), func(tx directory.Tx) error {
		for i, id := range ids {
			email := fmt.Sprintf("c%d@example.com", i)
			a, err := tx.EnsureAccount(directory.Account{ID: directory.AccountID(fmt.Sprintf("acc_%026d", i)), Email: email, Name: "C"}, email)
			if err != nil {
				return err
			}
			u := directory.User{ID: id, OrgID: w.org.ID, AccountID: a.ID, Email: email, Name: "C", Role: directory.RoleRef{ID: role}}
			if err := tx.CreateUser(u, email); err != nil {
				return err
			}
		}
		if group == "" {
			return nil
		}
		return tx.ChangeMembers(w.org.ID, group, ids, nil)
	}))
	return ids
}

// One member more or less of a group of 5,000 costs what it does in one of 50: the
// same statements, and an entry of the same size.
func TestMembersOfLargeGroupsCostTheSame(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	jane, role := w.join("Jane", "user"), w.role("Role", "users|read")
	small, large := w.group("Small", nil, role.ID), w.group("Large", nil, role.ID)
	ids := w.crowd(5000, "none", large.ID)
	w.wants("fill", "", w.db.Write(t.Context(), func(tx directory.Tx) error {
		return tx.ChangeMembers(w.org.ID, small.ID, ids[:50], nil)
	}))
	call := w.byOwner()
	call.Precondition = precondition(func(any) error { return nil })
	statements := w.counted()
	cost := func(g directory.Group) (cost []int) {
		for _, change := range []func() error{
			func() error { return w.AddGroupMember(t.Context(), call, g.ID, jane.ID) },
			func() error { return w.RemoveGroupMember(t.Context(), call, g.ID, jane.ID) },
			func() error {
				return w.ChangeGroupMembers(t.Context(), call, g.ID, []directory.UserID{jane.ID}, ids[:1])
			},
			func() error {
				return w.ChangeGroupMembers(t.Context(), call, g.ID, ids[:1], []directory.UserID{jane.ID})
			},
		} {
			last := w.lastEntry()
			cost = append(cost, statements(func() { w.wants("change", "", change()) }))
			list := w.since(last)
			if len(list) != 1 {
				t.Fatalf("%d entries", len(list))
			}
			cost = append(cost, len(list[0].Before)+len(list[0].After))
		}
		return cost
	}
	cost(small) // prepares what is to be counted
	if few, many := cost(small), cost(large); !slices.Equal(few, many) {
		t.Errorf("statements and bytes for a group of 50: %v; of 5,000: %v", few, many)
	}
}

// Members are added and removed any number of times with one effect and one entry.
func TestGroupMembersAreIdempotent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	jane, joe := w.join("Jane", "none"), w.join("Joe", "none")
	g := w.group("G", []directory.UserID{joe.ID}, "admin")
	wantMembers := func(ids ...directory.UserID) {
		t.Helper()
		if got := must(w.GetGroup(t.Context(), w.byOwner(), g.ID))(t).Members; !slices.Equal(got, sorted(ids...)) {
			t.Errorf("members %v, want %v", got, ids)
		}
	}
	last := w.lastEntry()
	for range 2 {
		w.wants("add", "", w.AddGroupMember(t.Context(), w.byOwner(), g.ID, jane.ID))
		wantMembers(jane.ID, joe.ID)
	}
	if p := w.by(jane).Principal; p.Capabilities.Empty() {
		t.Error("the group gives nothing")
	}
	for range 2 {
		w.wants("remove", "", w.RemoveGroupMember(t.Context(), w.byOwner(), g.ID, jane.ID))
		wantMembers(joe.ID)
	}
	if p := w.by(jane).Principal; !p.Capabilities.Empty() {
		t.Error("the group still gives something")
	}
	for range 2 {
		w.wants("change", "", w.ChangeGroupMembers(t.Context(), w.byOwner(), g.ID, []directory.UserID{jane.ID, jane.ID}, []directory.UserID{joe.ID, "usr_x"}))
		wantMembers(jane.ID)
	}
	if n := len(w.since(last)); n != 3 {
		t.Errorf("%d entries, want 3", n)
	}
	w.wants("log", "", w.CheckLog(t.Context(), w.org.ID))
}

func TestGroupMembersRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	jane, joe, rival := w.join("Jane", "user"), w.join("Joe", "none"), w.tenant("Rival")
	g, theirs := w.group("G", []directory.UserID{joe.ID}, "admin"), must(w.CreateGroup(t.Context(), w.by(rival), directory.NewGroup{Name: "T"}))(t)
	managed := w.group("Managed", nil)
	w.wants("manage", "", w.db.Write(t.Context(), func(tx directory.Tx) error {
		managed.Managed = true
		return tx.UpdateGroup(managed, "managed")
	}))
	add := func(call directory.Call, g directory.GroupID, u directory.UserID) func() error {
		return func() error { return w.AddGroupMember(t.Context(), call, g, u) }
	}
	change := func(add, remove []directory.UserID) func() error {
		return func() error { return w.ChangeGroupMembers(t.Context(), w.byOwner(), g.ID, add, remove) }
	}
	w.refused("no such user", directory.NotFound, "", add(w.byOwner(), g.ID, "usr_x"))
	w.refused("another's user", directory.NotFound, "", add(w.byOwner(), g.ID, rival.ID))
	w.refused("another's group", directory.NotFound, "", add(w.byOwner(), theirs.ID, jane.ID))
	w.refused("managed", directory.Conflict, "members", add(w.byOwner(), managed.ID, jane.ID))
	w.refused("a stranger", directory.Invalid, "add", change([]directory.UserID{rival.ID}, nil))
	w.refused("in both", directory.Invalid, "remove", change([]directory.UserID{jane.ID}, []directory.UserID{jane.ID}))
	w.refused("too many", directory.LimitExceeded, "", change(nil, make([]directory.UserID, 1001)))
	// rbac|update alone neither adds nor removes; with users|update, nobody gives what
	// they do not hold, but may take it away.
	rbac := w.as(w.token("rbac|update").Secret, "")
	w.refused("rbac alone", directory.Forbidden, "", add(rbac, g.ID, jane.ID))
	w.refused("rbac alone, to remove", directory.Forbidden, "", func() error { return w.RemoveGroupMember(t.Context(), rbac, g.ID, joe.ID) })
	helper := w.join("Helper", w.role("Helper", "rbac|update", "users|update").ID)
	w.refused("gives admin", directory.Forbidden, "", add(w.by(helper), g.ID, helper.ID))
	w.wants("takes admin", "", w.RemoveGroupMember(t.Context(), w.by(helper), g.ID, joe.ID))
}

// The past is told from entries that only hold who came and went.
func TestPastOfGroupMembers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	jane := w.join("Jane", "none")
	g := w.group("G", nil, "read-only")
	var was []bool
	var at []time.Time
	mark := func(in bool) {
		was, at = append(was, in), append(at, w.clock.Now())
		w.pass(time.Second)
	}
	mark(false)
	w.wants("add", "", w.AddGroupMember(t.Context(), w.byOwner(), g.ID, jane.ID))
	mark(true)
	must(w.UpdateGroup(t.Context(), w.byOwner(), g.ID, directory.NewGroup{Name: "Renamed"}))(t)
	mark(true)
	w.wants("remove", "", w.RemoveGroupMember(t.Context(), w.byOwner(), g.ID, jane.ID))
	mark(false)
	must(w.UpdateGroup(t.Context(), w.byOwner(), g.ID, directory.NewGroup{Name: "Back", Members: members(jane.ID, w.owner.ID)}))(t)
	mark(true)
	w.wants("log", "", w.CheckLog(t.Context(), w.org.ID))
	w.wants("delete", "", w.DeleteGroup(t.Context(), w.byOwner(), g.ID))
	mark(false)
	w.wants("log", "", w.CheckLog(t.Context(), w.org.ID))
	for i := range was {
		access := must(w.GetUserAccess(t.Context(), w.byOwner(), jane.ID, at[i], authz.Query{Limit: 10}))(t)
		if got := len(access.Capabilities) > 0; got != was[i] {
			t.Errorf("moment %d: in the group: %t, want %t", i, got, was[i])
		}
	}
}

// A request changes no more members than it may list, whichever way they go.
func TestPutsMoveFewMembers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	role, g := w.role("Role"), w.group("G", nil)
	w.crowd(1001, role.ID, g.ID)
	last := w.lastEntry()
	w.refused("role", directory.LimitExceeded, "members", func() error {
		return second(w.UpdateRole(t.Context(), w.byOwner(), role.ID, directory.NewRole{Name: "Role", Members: members()}))
	})
	w.refused("group", directory.LimitExceeded, "members", func() error {
		return second(w.UpdateGroup(t.Context(), w.byOwner(), g.ID, directory.NewGroup{Name: "G", Members: members()}))
	})
	w.wants("delete", directory.Conflict, w.DeleteRole(t.Context(), w.byOwner(), role.ID))
	if n := len(w.since(last)); n != 0 {
		t.Errorf("%d entries", n)
	}
}

// A dry run that reaches many users reads as much as one that reaches few, and counts
// each user once.
func TestDryRunOfManyReadsFew(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	role := w.role("Role")
	g := w.group("G", nil, role.ID)
	ids := w.crowd(directory.MaxDiff, role.ID, g.ID)
	statements := w.counted()
	try := func() (omitted, n int) {
		call := w.byOwner()
		call.DryRun = new(directory.AccessDiff)
		n = statements(func() {
			must(w.UpdateRole(t.Context(), call, role.ID, directory.NewRole{Name: "Role", Capabilities: caps(t, "users|read")}))(t)
		})
		return call.DryRun.Omitted, n
	}
	try()
	omitted, few := try()
	if omitted != 0 {
		t.Errorf("%d omitted of %d", omitted, len(ids))
	}
	for i := range 20 {
		w.join(fmt.Sprint("More", i), role.ID)
	}
	omitted, many := try()
	if omitted != 20 || many > few {
		t.Errorf("%d omitted; %d statements for 120 users, %d for 100", omitted, many, few)
	}
}
