package directory_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/access"
	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/roles"
)

// crowd puts so many new users into the store, past the service, which would take long.
func (w *world) crowd(n int, role directory.RoleID, group directory.GroupID) (ids []directory.UserID) {
	w.Helper()
	for i := range n {
		ids = append(ids, directory.UserID(fmt.Sprintf("usr_%s%022d", w.Org.ID[:4], i)))
	}
	const together = 500 // in a transaction, which may take only so long
	for chunk := range slices.Chunk(ids, together) {
		w.Wants("crowd", "", w.DB.Write(w.Context(), func(tx directory.Tx) error {
			for _, id := range chunk {
				number := strings.TrimLeft(string(id)[8:], "0")
				email := "c" + number + "@example.com"
				a, err := tx.EnsureAccount(directory.Account{ID: directory.AccountID("acc_" + string(id)[4:]), Email: email, Name: "C"}, email)
				if err != nil {
					return err
				}
				u := directory.User{ID: id, OrgID: w.Org.ID, AccountID: a.ID, Email: email, Name: "C", Role: directory.RoleRef{ID: role}}
				if err := tx.CreateUser(u, email); err != nil {
					return err
				}
			}
			if group == "" {
				return nil
			}
			return tx.ChangeMembers(w.Org.ID, group, chunk, nil)
		}))
	}
	return ids
}

// One member more or less of a group of 5,000 costs what it does in one of 50: the
// same statements, and an entry of the same size.
func TestMembersOfLargeGroupsCostTheSame(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	jane, role := w.Join("Jane", "user"), w.Role("Role", "users|read")
	small, large := w.Group("Small", nil, role.ID), w.Group("Large", nil, role.ID)
	ids := w.crowd(5000, "none", large.ID)
	w.Wants("fill", "", w.DB.Write(t.Context(), func(tx directory.Tx) error {
		return tx.ChangeMembers(w.Org.ID, small.ID, ids[:50], nil)
	}))
	call := w.ByOwner()
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
			last := w.LastEntry()
			cost = append(cost, statements(func() { w.Wants("change", "", change()) }))
			list := w.Since(last)
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
	jane, joe := w.Join("Jane", "none"), w.Join("Joe", "none")
	g := w.Group("G", []directory.UserID{joe.ID}, "admin")
	wantMembers := func(ids ...directory.UserID) {
		t.Helper()
		if got := must(w.GetGroup(t.Context(), w.ByOwner(), g.ID))(t).Members; !slices.Equal(got, sorted(ids...)) {
			t.Errorf("members %v, want %v", got, ids)
		}
	}
	last := w.LastEntry()
	for range 2 {
		w.Wants("add", "", w.AddGroupMember(t.Context(), w.ByOwner(), g.ID, jane.ID))
		wantMembers(jane.ID, joe.ID)
	}
	if p := w.By(jane).Principal; p.Capabilities.Empty() {
		t.Error("the group gives nothing")
	}
	for range 2 {
		w.Wants("remove", "", w.RemoveGroupMember(t.Context(), w.ByOwner(), g.ID, jane.ID))
		wantMembers(joe.ID)
	}
	if p := w.By(jane).Principal; !p.Capabilities.Empty() {
		t.Error("the group still gives something")
	}
	for range 2 {
		w.Wants("change", "", w.ChangeGroupMembers(t.Context(), w.ByOwner(), g.ID, []directory.UserID{jane.ID, jane.ID}, []directory.UserID{joe.ID, "usr_x"}))
		wantMembers(jane.ID)
	}
	if n := len(w.Since(last)); n != 3 {
		t.Errorf("%d entries, want 3", n)
	}
	w.Wants("log", "", w.CheckLog(t.Context(), w.Org.ID))
}

func TestGroupMembersRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	jane, joe, rival := w.Join("Jane", "user"), w.Join("Joe", "none"), w.Tenant("Rival")
	g, theirs := w.Group("G", []directory.UserID{joe.ID}, "admin"), must(w.CreateGroup(t.Context(), w.By(rival), roles.NewGroup{Name: "T"}))(t)
	managed := w.Group("Managed", nil)
	w.Wants("manage", "", w.DB.Write(t.Context(), func(tx directory.Tx) error {
		managed.Managed = true
		return tx.UpdateGroup(managed, "managed")
	}))
	add := func(call directory.Call, g directory.GroupID, u directory.UserID) func() error {
		return func() error { return w.AddGroupMember(t.Context(), call, g, u) }
	}
	change := func(add, remove []directory.UserID) func() error {
		return func() error { return w.ChangeGroupMembers(t.Context(), w.ByOwner(), g.ID, add, remove) }
	}
	w.Refused("no such user", directory.NotFound, "", add(w.ByOwner(), g.ID, "usr_x"))
	w.Refused("another's user", directory.NotFound, "", add(w.ByOwner(), g.ID, rival.ID))
	w.Refused("another's group", directory.NotFound, "", add(w.ByOwner(), theirs.ID, jane.ID))
	w.Refused("managed", directory.Conflict, "members", add(w.ByOwner(), managed.ID, jane.ID))
	w.Refused("a stranger", directory.Invalid, "add", change([]directory.UserID{rival.ID}, nil))
	w.Refused("in both", directory.Invalid, "remove", change([]directory.UserID{jane.ID}, []directory.UserID{jane.ID}))
	w.Refused("too many", directory.LimitExceeded, "", change(nil, make([]directory.UserID, 1001)))
	// rbac|update alone neither adds nor removes; with users|update, nobody gives what
	// they do not hold, but may take it away.
	rbac := w.As(w.Token("rbac|update").Secret, "")
	w.Refused("rbac alone", directory.Forbidden, "", add(rbac, g.ID, jane.ID))
	w.Refused("rbac alone, to remove", directory.Forbidden, "", func() error { return w.RemoveGroupMember(t.Context(), rbac, g.ID, joe.ID) })
	helper := w.Join("Helper", w.Role("Helper", "rbac|update", "users|update").ID)
	w.Refused("gives admin", directory.Forbidden, "", add(w.By(helper), g.ID, helper.ID))
	w.Wants("takes admin", "", w.RemoveGroupMember(t.Context(), w.By(helper), g.ID, joe.ID))
}

// The past is told from entries that only hold who came and went.
func TestPastOfGroupMembers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	jane := w.Join("Jane", "none")
	g := w.Group("G", nil, "read-only")
	var was []bool
	var at []time.Time
	mark := func(in bool) {
		was, at = append(was, in), append(at, w.Clock())
		w.Pass(time.Second)
	}
	mark(false)
	w.Wants("add", "", w.AddGroupMember(t.Context(), w.ByOwner(), g.ID, jane.ID))
	mark(true)
	must(w.UpdateGroup(t.Context(), w.ByOwner(), g.ID, roles.NewGroup{Name: "Renamed"}))(t)
	mark(true)
	w.Wants("remove", "", w.RemoveGroupMember(t.Context(), w.ByOwner(), g.ID, jane.ID))
	mark(false)
	must(w.UpdateGroup(t.Context(), w.ByOwner(), g.ID, roles.NewGroup{Name: "Back", Members: userIDs(jane.ID, w.Owner.ID)}))(t)
	mark(true)
	w.Wants("log", "", w.CheckLog(t.Context(), w.Org.ID))
	w.Wants("delete", "", w.DeleteGroup(t.Context(), w.ByOwner(), g.ID))
	mark(false)
	w.Wants("log", "", w.CheckLog(t.Context(), w.Org.ID))
	for i := range was {
		access := must(w.GetUserAccess(t.Context(), w.ByOwner(), jane.ID, at[i], authz.Query{Limit: 10}))(t)
		if got := len(access.Capabilities) > 0; got != was[i] {
			t.Errorf("moment %d: in the group: %t, want %t", i, got, was[i])
		}
	}
}

// A request changes no more members than it may list, whichever way they go.
func TestPutsMoveFewMembers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	role, g := w.Role("Role"), w.Group("G", nil)
	w.crowd(1001, role.ID, g.ID)
	last := w.LastEntry()
	w.Refused("role", directory.LimitExceeded, "members", func() error {
		return second(w.UpdateRole(t.Context(), w.ByOwner(), role.ID, roles.NewRole{Name: "Role", Members: userIDs()}))
	})
	w.Refused("group", directory.LimitExceeded, "members", func() error {
		return second(w.UpdateGroup(t.Context(), w.ByOwner(), g.ID, roles.NewGroup{Name: "G", Members: userIDs()}))
	})
	w.Wants("delete", directory.Conflict, w.DeleteRole(t.Context(), w.ByOwner(), role.ID))
	if n := len(w.Since(last)); n != 0 {
		t.Errorf("%d entries", n)
	}
}

// A dry run that reaches many users reads as much as one that reaches few, and counts
// each user once.
func TestDryRunOfManyReadsFew(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	role := w.Role("Role")
	g := w.Group("G", nil, role.ID)
	ids := w.crowd(access.MaxDiff, role.ID, g.ID)
	statements := w.counted()
	try := func() (omitted, n int) {
		call := w.ByOwner()
		diff := new(access.Diff)
		call.DryRun = diff
		n = statements(func() {
			must(w.UpdateRole(t.Context(), call, role.ID, roles.NewRole{Name: "Role", Capabilities: caps(t, "users|read")}))(t)
		})
		return diff.Omitted, n
	}
	try()
	omitted, few := try()
	if omitted != 0 {
		t.Errorf("%d omitted of %d", omitted, len(ids))
	}
	for i := range 20 {
		w.Join(fmt.Sprint("More", i), role.ID)
	}
	omitted, many := try()
	if omitted != 20 || many > few {
		t.Errorf("%d omitted; %d statements for 120 users, %d for 100", omitted, many, few)
	}
}
