package directory_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/members"
	"github.com/rosterhq/roster/internal/roles"
)

func userIDs(ids ...directory.UserID) *[]directory.UserID { return &ids }

func TestCreateRole(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, b := w.Join("A", "user"), w.Join("B", "admin")
	set := caps(t, "users|read", "dataset:logs:query|read", "view:*:share|create")
	r := must(w.CreateRole(t.Context(), w.ByOwner(), roles.NewRole{
		Name: " Support ", Description: " helps\n", Capabilities: set, Members: userIDs(b.ID, a.ID, b.ID),
	}))(t)
	want := directory.Role{
		ID: r.ID, OrgID: w.Org.ID, Name: "Support", Description: "helps", Capabilities: set,
		CreatedAt: w.Clock().UTC().Truncate(time.Microsecond), Members: sorted(a.ID, b.ID),
	}
	same := cmp.Comparer(func(a, b authz.Set) bool { return a.Equal(b) })
	if diff := cmp.Diff(want, r, same); diff != "" {
		t.Errorf("(-want +answered):\n%s", diff)
	}
	if diff := cmp.Diff(want, must(w.GetRole(t.Context(), w.ByOwner(), r.ID))(t), same); diff != "" {
		t.Errorf("(-want +read later):\n%s", diff)
	}
	for _, m := range []member{a, b} {
		if u := w.User(m.ID); u.Role != r.Ref() {
			t.Errorf("%s is %v", m.Name, u.Role)
		}
	}
}

func TestRoleNames(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Role("Support")
	other := w.Role("Other")
	for _, name := range []string{"Support", "support", "SUPPORT", " support ", "ſupport"} {
		w.Refused("create "+name, directory.Conflict, "name", func() error {
			return second(w.CreateRole(t.Context(), w.ByOwner(), roles.NewRole{Name: name}))
		})
		w.Refused("rename to "+name, directory.Conflict, "name", func() error {
			return second(w.UpdateRole(t.Context(), w.ByOwner(), other.ID, roles.NewRole{Name: name}))
		})
	}
	for _, reserved := range []string{"owner", "Owner", "ADMIN", "user", "uſer", "Read-Only", "none", " None ", "adm\u0069n"} {
		w.Refused("create "+reserved, directory.Conflict, "name", func() error {
			return second(w.CreateRole(t.Context(), w.ByOwner(), roles.NewRole{Name: reserved}))
		})
		w.Refused("rename to "+reserved, directory.Conflict, "name", func() error {
			return second(w.UpdateRole(t.Context(), w.ByOwner(), other.ID, roles.NewRole{Name: reserved}))
		})
	}
	for _, free := range []string{"owners", "read only", "users", "support 2"} {
		w.Role(free)
	}
	must(w.UpdateRole(t.Context(), w.ByOwner(), other.ID, roles.NewRole{Name: "OTHER"}))(t)
	rival := w.Tenant("Rival")
	must(w.CreateRole(t.Context(), w.By(rival), roles.NewRole{Name: "Support"}))(t)
}

func TestBuiltinRolesCannotBeChanged(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, id := range authz.BuiltinRoles() {
		w.Refused("update "+id, directory.Conflict, "", func() error {
			return second(w.UpdateRole(t.Context(), w.ByOwner(), directory.RoleID(id), roles.NewRole{Name: "X", Members: userIDs()}))
		})
		w.Refused("delete "+id, directory.Conflict, "", func() error {
			return w.DeleteRole(t.Context(), w.ByOwner(), directory.RoleID(id))
		})
		r := must(w.GetRole(t.Context(), w.ByOwner(), directory.RoleID(id)))(t)
		if set, _ := authz.Builtin(id); !r.Capabilities.Equal(set) || r.Name != id {
			t.Errorf("%s reads as %v", id, r)
		}
	}
}

func TestListRoles(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rival := w.Tenant("Rival")
	must(w.CreateRole(t.Context(), w.By(rival), roles.NewRole{Name: "Theirs"}))(t)
	custom := w.Role("Custom")
	jane := w.Join("Jane", custom.ID)
	invited := w.Invite(rival, "admin")
	var got []directory.RoleID
	have := make(map[directory.RoleID][]directory.UserID)
	for _, r := range must(w.ListRoles(t.Context(), w.ByOwner()))(t) {
		got = append(got, r.ID)
		have[r.ID] = r.Members
	}
	if want := []directory.RoleID{"owner", "admin", "user", "read-only", "none", custom.ID}; !slices.Equal(got, want) {
		t.Errorf("roles %v, want %v", got, want)
	}
	// An invited user has the role already, but none of its capabilities yet.
	want := map[directory.RoleID][]directory.UserID{
		"owner": {w.Owner.ID}, "admin": {invited.ID}, "user": nil, "read-only": nil, "none": nil, custom.ID: {jane.ID},
	}
	if diff := cmp.Diff(want, have); diff != "" {
		t.Errorf("members (-want +got):\n%s", diff)
	}
}

func TestUpdateRole(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rival := w.Tenant("Rival")
	theirs := must(w.CreateRole(t.Context(), w.By(rival), roles.NewRole{Name: "Theirs"}))(t)
	role := w.Role("Role", "users|read")
	a, b, c := w.Join("A", role.ID), w.Join("B", role.ID), w.Join("C", "user")
	roleOf := func(m member) directory.RoleID { return w.User(m.ID).Role.ID }

	// Without the field nobody's role changes, and what the role grants does at once.
	set := caps(t, "users|read", "users|delete")
	r := must(w.UpdateRole(t.Context(), w.ByOwner(), role.ID, roles.NewRole{Name: "Renamed", Capabilities: set}))(t)
	if !slices.Equal(r.Members, sorted(a.ID, b.ID)) || r.Name != "Renamed" || r.Description != "" {
		t.Errorf("updated to %v", r)
	}
	if p := w.By(a).Principal; !p.Capabilities.Equal(set) {
		t.Errorf("a member has %v", p.Capabilities.Names())
	}
	if u := w.User(a.ID); u.Role != r.Ref() {
		t.Errorf("a member shows the role as %v", u.Role)
	}

	// With it, those in it have the role, and whoever is taken out has none.
	r = must(w.UpdateRole(t.Context(), w.ByOwner(), role.ID, roles.NewRole{Name: "Renamed", Capabilities: set, Members: userIDs(c.ID, b.ID)}))(t)
	if !slices.Equal(r.Members, sorted(b.ID, c.ID)) {
		t.Errorf("members %v", r.Members)
	}
	for _, tt := range []struct {
		m    member
		want directory.RoleID
	}{{a, "none"}, {b, role.ID}, {c, role.ID}} {
		if got := roleOf(tt.m); got != tt.want {
			t.Errorf("%s is %s, want %s", tt.m.Name, got, tt.want)
		}
	}
	must(w.UpdateRole(t.Context(), w.ByOwner(), role.ID, roles.NewRole{Name: "Renamed", Members: userIDs()}))(t)
	if roleOf(b) != "none" || roleOf(c) != "none" {
		t.Errorf("after taking everybody out: %s, %s", roleOf(b), roleOf(c))
	}

	update := func(id directory.RoleID, in roles.NewRole) func() error {
		return func() error { return second(w.UpdateRole(t.Context(), w.ByOwner(), id, in)) }
	}
	w.Refused("unknown", directory.NotFound, "", update("role_0", roles.NewRole{Name: "X"}))
	w.Refused("another organization's", directory.NotFound, "", update(theirs.ID, roles.NewRole{Name: "X"}))
	for _, stranger := range []directory.UserID{"usr_0", rival.ID, ""} {
		in := roles.NewRole{Name: "X", Members: userIDs(a.ID, stranger)}
		w.Refused("with a stranger", directory.Invalid, "members", update(role.ID, in))
		w.Refused("new with a stranger", directory.Invalid, "members", func() error {
			_, err := w.CreateRole(t.Context(), w.ByOwner(), in)
			if err != nil && !strings.Contains(err.Error(), `"`+string(stranger)+`"`) {
				t.Errorf("%q does not name %q", err, stranger)
			}
			return err
		})
	}
}

// To reassign users takes users|update besides; to leave them as they are does not.
func TestRoleMembersNeedUsersUpdate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	role := w.Role("Role")
	a, b := w.Join("A", role.ID), w.Join("B", "user")
	rbac := w.As(w.Token("rbac|create", "rbac|update").Secret, "")
	both := w.As(w.Token("rbac|create", "rbac|update", "users|update").Secret, "")
	update := func(call directory.Call, m *[]directory.UserID) func() error {
		return func() error {
			return second(w.UpdateRole(t.Context(), call, role.ID, roles.NewRole{Name: "Role", Members: m}))
		}
	}
	w.Wants("leaving out", "", update(rbac, nil)())
	w.Wants("the same", "", update(rbac, userIDs(a.ID))())
	w.Refused("one more", directory.Forbidden, "", update(rbac, userIDs(a.ID, b.ID)))
	w.Refused("one less", directory.Forbidden, "", update(rbac, userIDs()))
	w.Refused("a new role with members", directory.Forbidden, "", func() error {
		return second(w.CreateRole(t.Context(), rbac, roles.NewRole{Name: "New", Members: userIDs(a.ID)}))
	})
	w.Wants("with the permission", "", update(both, userIDs(b.ID))())
}

func TestDeleteRole(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rival := w.Tenant("Rival")
	role := w.Role("Role", "users|read")
	a, b := w.Join("A", role.ID), w.Join("B", role.ID)
	g := w.Group("G", nil, role.ID)
	del := func() error { return w.DeleteRole(t.Context(), w.ByOwner(), role.ID) }
	inUse := func(counts ...string) {
		t.Helper()
		w.Refused("in use", directory.Conflict, "", func() error {
			err := del()
			for _, count := range counts {
				if err == nil || !strings.Contains(err.Error(), count) {
					t.Errorf("%v does not say %q", err, count)
				}
			}
			return err
		})
	}
	inUse("2 users", "1 groups")
	w.Wants("remove", "", w.RemoveUser(t.Context(), w.ByOwner(), a.ID))
	must(w.UpdateUserRole(t.Context(), w.ByOwner(), b.ID, "user"))(t)
	inUse("0 users", "1 groups")
	w.Wants("delete the group", "", w.DeleteGroup(t.Context(), w.ByOwner(), g.ID))
	// An invited user will have the role, so it counts as in use.
	must(w.CreateUser(t.Context(), w.ByOwner(), members.NewUser{Name: "R", Email: rival.Email, Role: role.ID}))(t)
	inUse("1 users", "0 groups")
	w.Wants("decline", "", w.DeclineInvitation(t.Context(), w.By(rival), w.Org.ID))
	w.Wants("free", "", del())
	w.Refused("again", directory.NotFound, "", del)
	_, err := w.GetRole(t.Context(), w.ByOwner(), role.ID)
	w.Wants("get", directory.NotFound, err)
	w.Role("Role") // the name is free
}

// A role may hold anything within admin, or within what its maker has.
func TestRolesBeyondAdmin(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	money := w.Role("Money", "billing|read")
	admin := w.By(w.Join("Admin", "admin"))
	clerk := w.Role("Clerk", "rbac|create", "rbac|update", "rbac|delete", "billing|read")
	byClerk := w.By(w.Join("Clerk2", clerk.ID))
	apiToken := w.As(w.Token("rbac|create", "rbac|update", "rbac|delete").Secret, "")
	for who, tt := range map[string]struct {
		call directory.Call
		set  authz.Set
		code directory.Code
	}{
		"admin, within":      {admin, caps(t, "users|read", "dataset:*:data|delete"), ""},
		"admin, beyond":      {admin, caps(t, "billing|read"), directory.Forbidden},
		"token, admin's":     {apiToken, caps(t, "users|delete", "apiTokens|create"), ""},
		"token, owner's":     {apiToken, caps(t, "users|read", "billing|update"), ""}, // an owner made it
		"clerk, what it has": {byClerk, caps(t, "billing|read"), ""},
		"clerk, beyond":      {byClerk, caps(t, "billing|update"), directory.Forbidden},
		"owner, everything":  {w.ByOwner(), authz.Everything(), ""},
	} {
		try := func() error {
			r, err := w.CreateRole(t.Context(), tt.call, roles.NewRole{Name: "New", Capabilities: tt.set})
			if err == nil {
				err = w.DeleteRole(t.Context(), w.ByOwner(), r.ID)
			}
			return err
		}
		if tt.code == "" {
			w.Wants(who, "", try())
		} else {
			w.Refused(who, tt.code, "", try)
		}
	}
	w.Wants("an admin renames a role beyond admin", "", second(w.UpdateRole(t.Context(), admin, money.ID, roles.NewRole{Name: "Mine", Capabilities: money.Capabilities})))
	w.Wants("an admin takes it away", "", second(w.UpdateRole(t.Context(), admin, money.ID, roles.NewRole{Name: "Money"})))
	w.Refused("an admin gives it back", directory.Forbidden, "", func() error {
		return second(w.UpdateRole(t.Context(), admin, money.ID, roles.NewRole{Name: "Money", Capabilities: money.Capabilities}))
	})
}
