package directory_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rosterhq/roster/internal/credentials"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/members"
	"github.com/rosterhq/roster/internal/roles"
)

func roleIDs(ids ...directory.RoleID) *[]directory.RoleID { return &ids }

func TestCreateGroup(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, b := w.Join("A", "none"), w.Join("B", "user")
	custom := w.Role("Custom", "users|read")
	g := must(w.CreateGroup(t.Context(), w.ByOwner(), roles.NewGroup{
		Name: " Team ", Description: "x", Members: userIDs(b.ID, a.ID, b.ID), Roles: roleIDs(custom.ID, "admin", custom.ID),
	}))(t)
	want := directory.Group{
		ID: g.ID, OrgID: w.Org.ID, Name: "Team", Description: "x", Members: sorted(a.ID, b.ID), Roles: sorted(custom.ID, "admin"),
		CreatedAt: w.Clock().UTC().Truncate(time.Microsecond),
	}
	listed := must(w.ListGroups(t.Context(), w.ByOwner()))(t)
	read := must(w.GetGroup(t.Context(), w.ByOwner(), g.ID))(t)
	if diff := cmp.Diff([]directory.Group{want, want, want}, append(listed, g, read)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	// The group adds to the base role at once.
	if p := w.By(a).Principal; !p.Capabilities.Covers(caps(t, "users|delete", "rbac|update")) || p.Role != "none" {
		t.Errorf("a member acts as %s with %v", p.Role, p.Capabilities.Names())
	}
}

func TestUpdateGroup(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, b := w.Join("A", "none"), w.Join("B", "none")
	g := w.Group("G", []directory.UserID{a.ID}, "admin")
	update := func(in roles.NewGroup) directory.Group {
		t.Helper()
		updated := must(w.UpdateGroup(t.Context(), w.ByOwner(), g.ID, in))(t)
		if diff := cmp.Diff(updated, must(w.GetGroup(t.Context(), w.ByOwner(), g.ID))(t)); diff != "" {
			t.Errorf("(-answered +read later):\n%s", diff)
		}
		return updated
	}
	if got := update(roles.NewGroup{Name: "New name"}); !slices.Equal(got.Members, []directory.UserID{a.ID}) || !slices.Equal(got.Roles, []directory.RoleID{"admin"}) {
		t.Errorf("what was left out has changed: %v", got)
	}
	update(roles.NewGroup{Name: "G", Members: userIDs(b.ID)})
	if pa, pb := w.By(a).Principal, w.By(b).Principal; !pa.Capabilities.Empty() || pb.Capabilities.Empty() {
		t.Errorf("after the exchange: %v, %v", pa.Capabilities.Names(), pb.Capabilities.Names())
	}
	update(roles.NewGroup{Name: "G", Roles: roleIDs("read-only")})
	if p := w.By(b).Principal; p.Capabilities.Covers(caps(t, "users|create")) {
		t.Errorf("with another role: %v", p.Capabilities.Names())
	}
	if got := update(roles.NewGroup{Name: "G", Members: userIDs(), Roles: roleIDs()}); len(got.Members)+len(got.Roles) != 0 {
		t.Errorf("emptied: %v", got)
	}
}

func TestGroupRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rival := w.Tenant("Rival")
	theirs := must(w.CreateRole(t.Context(), w.By(rival), roles.NewRole{Name: "Theirs"}))(t)
	theirGroup := must(w.CreateGroup(t.Context(), w.By(rival), roles.NewGroup{Name: "Theirs"}))(t)
	a := w.Join("A", "user")
	g := w.Group("G", []directory.UserID{a.ID})
	w.Group("Taken", nil)
	for what, tt := range map[string]struct {
		in    roles.NewGroup
		code  directory.Code
		field string
		names string
	}{
		"an unknown member":           {roles.NewGroup{Name: "X", Members: userIDs(a.ID, "usr_0")}, directory.Invalid, "members", "usr_0"},
		"another organization's user": {roles.NewGroup{Name: "X", Members: userIDs(rival.ID)}, directory.Invalid, "members", string(rival.ID)},
		"an unknown role":             {roles.NewGroup{Name: "X", Roles: roleIDs("user", "role_0")}, directory.Invalid, "roles", "role_0"},
		"another organization's role": {roles.NewGroup{Name: "X", Roles: roleIDs(theirs.ID)}, directory.Invalid, "roles", string(theirs.ID)},
		"a role in other letter case": {roles.NewGroup{Name: "X", Roles: roleIDs("Admin")}, directory.Invalid, "roles", "Admin"},
		"the owner role":              {roles.NewGroup{Name: "X", Roles: roleIDs("owner")}, directory.Invalid, "roles", "owner"},
		"a taken name":                {roles.NewGroup{Name: "tAKEN"}, directory.Conflict, "name", ""},
	} {
		named := func(err error) error {
			if err != nil && !strings.Contains(err.Error(), tt.names) {
				t.Errorf("%s: %q does not name %q", what, err, tt.names)
			}
			return err
		}
		w.Refused("create with "+what, tt.code, tt.field, func() error {
			return named(second(w.CreateGroup(t.Context(), w.ByOwner(), tt.in)))
		})
		w.Refused("update with "+what, tt.code, tt.field, func() error {
			return named(second(w.UpdateGroup(t.Context(), w.ByOwner(), g.ID, tt.in)))
		})
	}
	for _, id := range []directory.GroupID{"grp_0", theirGroup.ID} {
		w.Refused("update "+string(id), directory.NotFound, "", func() error {
			return second(w.UpdateGroup(t.Context(), w.ByOwner(), id, roles.NewGroup{Name: "X"}))
		})
		w.Refused("delete "+string(id), directory.NotFound, "", func() error { return w.DeleteGroup(t.Context(), w.ByOwner(), id) })
		_, err := w.GetGroup(t.Context(), w.ByOwner(), id)
		w.Wants("get "+string(id), directory.NotFound, err)
	}
}

// Rule 2 holds for roles that a group is given, and for all of its roles when it
// gets members.
func TestGroupsHandOutWithinRule2(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	money := w.Role("Money", "billing|read")
	more := w.Role("More money", "billing|update")
	clerk := w.Role("Clerk", "rbac|create", "rbac|update", "users|update", "billing|read", "billing|update")
	admin := w.Join("Admin", "admin")
	token := must(w.CreateAPIToken(t.Context(), w.By(admin), credentials.NewAPIToken{
		Name: "t", Capabilities: caps(w, "rbac|create", "rbac|update", "users|update"),
	}))(t)
	a, b := w.Join("A", "none"), w.Join("B", "none")
	g := w.Group("G", []directory.UserID{a.ID}, money.ID)
	for _, tt := range []struct {
		who  string
		call directory.Call
		want directory.Code
	}{
		{"admin", w.By(admin), directory.Forbidden},
		{"token", w.As(token.Secret, ""), directory.Forbidden},
		{"clerk", w.By(w.Join("Clerky", clerk.ID)), ""},
	} {
		who, call, want := tt.who, tt.call, tt.want
		tries := map[string]func() error{
			"create": func() error {
				return second(w.CreateGroup(t.Context(), call, roles.NewGroup{Name: "New", Roles: roleIDs(money.ID)}))
			},
			"one more role": func() error {
				return second(w.UpdateGroup(t.Context(), call, g.ID, roles.NewGroup{Name: "G", Roles: roleIDs(money.ID, more.ID)}))
			},
			"one more member": func() error {
				return second(w.UpdateGroup(t.Context(), call, g.ID, roles.NewGroup{Name: "G", Members: userIDs(a.ID, b.ID)}))
			},
		}
		for what, try := range tries {
			if want != "" {
				w.Refused(who+": "+what, want, "", try)
			} else {
				w.Wants(who+": "+what, "", try())
			}
		}
		w.Wants(who+": another name", "", second(w.UpdateGroup(t.Context(), call, g.ID, roles.NewGroup{Name: "G", Description: who})))
	}
}

// A group that a directory manages keeps its members; v2 may change the rest.
func TestManagedGroups(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, b := w.Join("A", "none"), w.Join("B", "none")
	g := w.Group("G", []directory.UserID{a.ID}, "user")
	manage(t, w, g.ID)
	if got := must(w.GetGroup(t.Context(), w.ByOwner(), g.ID))(t); !got.Managed {
		t.Fatal("not managed")
	}
	for what, m := range map[string]*[]directory.UserID{"one more": userIDs(a.ID, b.ID), "another": userIDs(b.ID), "none": userIDs()} {
		w.Refused(what, directory.Conflict, "members", func() error {
			return second(w.UpdateGroup(t.Context(), w.ByOwner(), g.ID, roles.NewGroup{Name: "G", Members: m}))
		})
	}
	got := must(w.UpdateGroup(t.Context(), w.ByOwner(), g.ID, roles.NewGroup{Name: "H", Members: userIDs(a.ID), Roles: roleIDs("read-only")}))(t)
	if !got.Managed || got.Name != "H" || !slices.Equal(got.Roles, []directory.RoleID{"read-only"}) {
		t.Errorf("after the change %v", got)
	}
	// A user who leaves the organization leaves its groups, even managed ones.
	w.Wants("remove", "", w.RemoveUser(t.Context(), w.ByOwner(), a.ID))
	if got := must(w.GetGroup(t.Context(), w.ByOwner(), g.ID))(t); len(got.Members) != 0 {
		t.Errorf("members %v", got.Members)
	}
}

// manage makes a group managed, which no operation does yet.
func manage(t *testing.T, w *world, id directory.GroupID) {
	t.Helper()
	err := w.DB.Write(t.Context(), func(tx directory.Tx) error {
		g, err := tx.Group(w.Org.ID, id)
		if err != nil {
			return err
		}
		g.Managed = true
		return tx.UpdateGroup(g, strings.ToLower(g.Name))
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestDeleteGroup(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.Join("A", "none")
	g := w.Group("G", []directory.UserID{a.ID}, "admin")
	call := w.By(a)
	w.Wants("delete", "", w.DeleteGroup(t.Context(), w.ByOwner(), g.ID))
	if p := w.By(a).Principal; !p.Capabilities.Empty() {
		t.Errorf("a member has %v still", p.Capabilities.Names())
	}
	w.Refused("a request under way", directory.Forbidden, "", func() error {
		return second(w.CreateUser(t.Context(), call, members.NewUser{Name: "X", Email: "x@example.com", Role: "user"}))
	})
	w.Refused("again", directory.NotFound, "", func() error { return w.DeleteGroup(t.Context(), w.ByOwner(), g.ID) })
	w.Group("G", nil)
}
