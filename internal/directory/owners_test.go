package directory_test

import (
	"testing"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/directory"
)

// unmaking is every way to take the owner role from a user, or the user away.
var unmaking = map[string]func(w *world, call directory.Call, id directory.UserID) error{
	"remove": func(w *world, call directory.Call, id directory.UserID) error {
		return w.RemoveUser(w.Context(), call, id)
	},
	"demote": func(w *world, call directory.Call, id directory.UserID) error {
		return second(w.UpdateUserRole(w.Context(), call, id, "admin"))
	},
	"demote to none": func(w *world, call directory.Call, id directory.UserID) error {
		return second(w.UpdateUserRole(w.Context(), call, id, "none"))
	},
	"suspend": func(w *world, call directory.Call, id directory.UserID) error {
		return second(w.UpdateUserStatus(w.Context(), call, id, directory.Suspended))
	},
	"make a member of a new role": func(w *world, call directory.Call, id directory.UserID) error {
		return second(w.CreateRole(w.Context(), call, directory.NewRole{Name: "New", Members: &[]directory.UserID{id}}))
	},
	"make a member of a role": func(w *world, call directory.Call, id directory.UserID) error {
		there := w.roleNamed("There")
		return second(w.UpdateRole(w.Context(), call, there.ID, directory.NewRole{Name: "There", Members: &[]directory.UserID{id}}))
	},
}

func (w *world) roleNamed(name string) directory.Role {
	w.Helper()
	for _, r := range must(w.ListRoles(w.Context(), w.byOwner()))(w) {
		if r.Name == name {
			return r
		}
	}
	w.Fatalf("no role %q", name)
	return directory.Role{}
}

func TestLastOwnerStays(t *testing.T) {
	t.Parallel()
	for what, unmake := range unmaking {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			// Others who can do all that an owner can are no owners: not with a
			// role that has every capability, not through a group.
			everything := must(w.CreateRole(t.Context(), w.byOwner(), directory.NewRole{Name: "Everything", Capabilities: authz.Everything()}))(t)
			w.join("Almighty", everything.ID)
			grouped := w.join("Grouped", "user")
			w.group("G", []directory.UserID{grouped.ID}, everything.ID)
			// Nor is somebody who may become one.
			invited := w.tenant("Rival")
			w.invite(invited, "owner")

			w.role("There")
			w.wants("the only owner", directory.Conflict, unmake(w, w.byOwner(), w.owner.ID))
			if u := w.user(w.owner.ID); u.Role.ID != authz.RoleOwner {
				t.Fatalf("the owner is %s", u.Role.ID)
			}

			must(w.AcceptInvitation(t.Context(), w.as(invited.secret, invited.OrgID), w.org.ID))(t)
			call := w.as(invited.secret, w.org.ID)
			w.wants("one of two", "", unmake(w, w.byOwner(), w.owner.ID))
			w.wants("the one that is left", directory.Conflict, unmaking["remove"](w, call, call.Principal.UserID))
		})
	}
}

// Whoever is not an owner with a personal token neither unmakes nor makes one,
// whatever else they can do.
func TestOwnersAreTheOwnersAffair(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	everything := must(w.CreateRole(t.Context(), w.byOwner(), directory.NewRole{Name: "Everything", Capabilities: authz.Everything()}))(t)
	second := member{w.join("Second", "owner").User, ""}
	invited := w.invite(w.tenant("Rival"), "owner")
	token := must(w.CreateAPIToken(t.Context(), w.byOwner(), directory.NewAPIToken{Name: "t", Capabilities: authz.Everything()}))(t)
	jane := w.join("Jane", "user")
	w.role("There")
	for who, secret := range map[string]string{
		"an admin":                           w.join("Admin", "admin").secret,
		"somebody with every capability":     w.join("Almighty", everything.ID).secret,
		"an API token with every capability": token.Secret,
	} {
		call := w.as(secret, "")
		for what, unmake := range unmaking {
			for whom, id := range map[string]directory.UserID{"an owner": second.ID, "an invited owner": invited.ID} {
				w.refused(who+": "+what+" "+whom, directory.Forbidden, "", func() error { return unmake(w, call, id) })
			}
		}
		w.refused(who+": make an owner", directory.Forbidden, "", func() error {
			_, err := w.UpdateUserRole(t.Context(), call, jane.ID, "owner")
			return err
		})
		w.refused(who+": create an owner", directory.Forbidden, "", func() error {
			_, err := w.CreateUser(t.Context(), call, directory.NewUser{Name: "X", Email: "x@example.com", Role: "owner"})
			return err
		})
		w.refused(who+": leave an owner as one", directory.Forbidden, "", func() error {
			_, err := w.UpdateUserRole(t.Context(), call, second.ID, "owner")
			return err
		})
	}
}

func TestNoOwnersThroughGroups(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	g := w.group("G", nil)
	roles := []directory.RoleID{"user", "owner"}
	w.refused("create", directory.Invalid, "roles", func() error {
		return second(w.CreateGroup(t.Context(), w.byOwner(), directory.NewGroup{Name: "H", Roles: &roles}))
	})
	w.refused("update", directory.Invalid, "roles", func() error {
		return second(w.UpdateGroup(t.Context(), w.byOwner(), g.ID, directory.NewGroup{Name: "G", Roles: &roles}))
	})
}

// An organization may have several owners, who unmake each other down to one.
func TestOwnersUnmakeOwners(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, b := w.join("A", "owner"), w.join("B", "owner")
	must(w.UpdateUserRole(t.Context(), w.by(a), b.ID, "admin"))(t)
	w.refused("one who was", directory.Forbidden, "", func() error { return w.RemoveUser(t.Context(), w.by(b), a.ID) })
	w.wants("remove", "", w.RemoveUser(t.Context(), w.by(a), w.owner.ID))
	w.refused("the last one", directory.Conflict, "", func() error { return w.RemoveUser(t.Context(), w.by(a), a.ID) })
	must(w.UpdateUserRole(t.Context(), w.by(a), b.ID, "owner"))(t)
	w.wants("the last but one", "", w.RemoveUser(t.Context(), w.by(a), a.ID))
}

// Two owners can't both be unmade by one change.
func TestOneChangeCannotUnmakeAllOwners(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.join("B", "owner")
	w.refused("both", directory.Conflict, "", func() error {
		return second(w.CreateRole(t.Context(), w.byOwner(), directory.NewRole{Name: "R", Members: &[]directory.UserID{w.owner.ID, b.ID}}))
	})
}
