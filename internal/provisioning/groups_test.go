package provisioning_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/rosterhq/roster/internal/credentials"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/directorytest"
	"github.com/rosterhq/roster/internal/provisioning"
	"github.com/rosterhq/roster/internal/roles"
)

func (w *world) createGroup(name string, members ...directory.UserID) provisioning.Group {
	w.Helper()
	return directorytest.Must(w.Provisioner.CreateGroup(w.Context(), w.call(), provisioning.GroupChange{Name: name, ExternalID: "ext-" + name, Replace: &members}))(w)
}

func (w *world) modifyGroup(id directory.GroupID, change func(*provisioning.GroupChange)) (provisioning.Group, error) {
	w.Helper()
	return w.ModifyGroup(w.Context(), w.call(), id, false, func(g provisioning.Group) (provisioning.GroupChange, error) {
		want := provisioning.GroupChange{Name: g.Name, ExternalID: g.ExternalID, Attributes: g.Attributes}
		change(&want)
		return want, nil
	})
}

func (w *world) members(id directory.GroupID) []directory.UserID {
	w.Helper()
	return directorytest.Must(w.Provisioner.GetGroup(w.Context(), w.call(), id, true))(w).Members
}

func TestDirectoryManagesItsGroups(t *testing.T) {
	w := newWorld(t)
	jane, john := w.create("jane"), w.create("john")
	before := w.last()
	g := w.createGroup("Team", jane.ID)
	if !g.Managed || g.ExternalID != "ext-Team" {
		t.Errorf("created %+v", g)
	}
	_, err := w.Provisioner.CreateGroup(t.Context(), w.call(), provisioning.GroupChange{Name: "TEAM"})
	w.Wants("the same name", directory.Conflict, err)
	w.Wants("members through v2", directory.Conflict, w.AddGroupMember(t.Context(), w.ByOwner(), g.ID, john.ID))
	changed := directorytest.Must(w.modifyGroup(g.ID, func(c *provisioning.GroupChange) {
		c.Add, c.Remove = []directory.UserID{john.ID, jane.ID}, []directory.UserID{"usr_unknown"}
	}))(t)
	if changed.Version == g.Version || !slices.Equal(w.members(g.ID), slices.Sorted(slices.Values([]directory.UserID{jane.ID, john.ID}))) {
		t.Errorf("version %d, members %v", changed.Version, w.members(g.ID))
	}
	same := directorytest.Must(w.modifyGroup(g.ID, func(c *provisioning.GroupChange) { c.Replace = &[]directory.UserID{john.ID, jane.ID} }))(t)
	if same.Version != changed.Version {
		t.Errorf("nothing changed, but version %d became %d", changed.Version, same.Version)
	}
	if got := w.actions(before); !slices.Equal(got, []string{"createGroup", "updateGroup"}) {
		t.Errorf("entries %v", got)
	}
	_, err = w.modifyGroup(g.ID, func(c *provisioning.GroupChange) { c.Add = []directory.UserID{"usr_unknown"} })
	w.Wants("a stranger", directory.Invalid, err)
	renamed := directorytest.Must(w.modifyGroup(g.ID, func(c *provisioning.GroupChange) {
		c.Name, c.Attributes = "Crew", map[string]any{"color": "red"}
	}))(t)
	if renamed.Name != "Crew" || renamed.Attributes["color"] != "red" {
		t.Errorf("renamed %+v", renamed)
	}
	if got := w.person(jane.ID).Groups; len(got) != 1 || got[0].Name != "Crew" {
		t.Errorf("groups of a member: %v", got)
	}
	w.checkLog()
	w.Wants("delete", "", w.Provisioner.DeleteGroup(t.Context(), w.call(), g.ID, nil))
	w.checkLog()
}

func TestGroupOfV2IsTakenOver(t *testing.T) {
	w := newWorld(t)
	jane := w.create("jane")
	g := directorytest.Must(w.Catalog.CreateGroup(t.Context(), w.ByOwner(), roles.NewGroup{
		Name: "Admins", Members: &[]directory.UserID{jane.ID}, Roles: &[]directory.RoleID{"admin"},
	}))(t)
	taken := directorytest.Must(w.modifyGroup(g.ID, func(c *provisioning.GroupChange) { c.ExternalID = "1" }))(t)
	if !taken.Managed || !slices.Equal(taken.Roles, []directory.RoleID{"admin"}) {
		t.Errorf("taken over: %+v", taken)
	}
	w.checkLog()
}

// A directory puts nobody into a group whose roles its token can't give.
func TestDirectoryCannotGiveWhatItsTokenCannot(t *testing.T) {
	w := newWorld(t)
	strong := directorytest.Must(w.CreateRole(t.Context(), w.ByOwner(), roles.NewRole{Name: "Strong", Capabilities: capabilities(t, "auditLog")}))(t)
	g := directorytest.Must(w.Catalog.CreateGroup(t.Context(), w.ByOwner(), roles.NewGroup{Name: "G", Roles: &[]directory.RoleID{strong.ID}}))(t)
	jane := w.create("jane")
	w.token = directorytest.Must(w.CreateAPIToken(t.Context(), w.By(w.limited()), credentials.NewAPIToken{Name: "Limited", Capabilities: capabilities(t, "users", "rbac")}))(t)
	_, err := w.modifyGroup(g.ID, func(c *provisioning.GroupChange) { c.Add = []directory.UserID{jane.ID} })
	w.Wants("join", directory.Forbidden, err)
}

// limited is a user who may manage users, groups and tokens, and no more.
func (w *world) limited() directorytest.Member {
	w.Helper()
	role := directorytest.Must(w.CreateRole(w.Context(), w.ByOwner(), roles.NewRole{Name: "Limited", Capabilities: capabilities(w, "users", "rbac", "apiTokens")}))(w)
	m := w.Join("Limited", "admin")
	directorytest.Must(w.UpdateUserRole(w.Context(), w.ByOwner(), m.ID, role.ID))(w)
	return m
}

// The entry about a change of one member has that member, however large the group is.
func TestEntryOfALargeGroupIsSmall(t *testing.T) {
	w := newWorld(t)
	jane := w.create("jane")
	var members []directory.UserID
	for i := range 30 {
		members = append(members, w.create(fmt.Sprintf("u%d", i)).ID)
	}
	g := w.createGroup("Team", members...)
	before := w.last()
	directorytest.Must(w.modifyGroup(g.ID, func(c *provisioning.GroupChange) { c.Add = []directory.UserID{jane.ID} }))(t)
	w.Settle()
	e := w.Since(before)[0]
	if n := strings.Count(string(e.Before)+string(e.After), "usr_"); n != 1 {
		t.Errorf("the entry names %d users: %s", n, e.After)
	}
}
