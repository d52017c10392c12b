package members_test

import (
	"testing"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/credentials"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/members"
	"github.com/rosterhq/roster/internal/roles"
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
		return second(w.CreateRole(w.Context(), call, roles.NewRole{Name: "New", Members: &[]directory.UserID{id}}))
	},
	"make a member of a role": func(w *world, call directory.Call, id directory.UserID) error {
		there := w.roleNamed("There")
		return second(w.UpdateRole(w.Context(), call, there.ID, roles.NewRole{Name: "There", Members: &[]directory.UserID{id}}))
	},
}

func (w *world) roleNamed(name string) directory.Role {
	w.Helper()
	for _, r := range must(w.ListRoles(w.Context(), w.ByOwner()))(w) {
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
			everything := must(w.CreateRole(t.Context(), w.ByOwner(), roles.NewRole{Name: "Everything", Capabilities: authz.Everything()}))(t)
			w.Join("Almighty", everything.ID)
			grouped := w.Join("Grouped", "user")
			w.Group("G", []directory.UserID{grouped.ID}, everything.ID)
			// Nor is somebody who may become one.
			invited := w.Tenant("Rival")
			w.Invite(invited, "owner")

			w.Role("There")
			w.Wants("the only owner", directory.Conflict, unmake(w, w.ByOwner(), w.Owner.ID))
			if u := w.User(w.Owner.ID); u.Role.ID != authz.RoleOwner {
				t.Fatalf("the owner is %s", u.Role.ID)
			}

			must(w.AcceptInvitation(t.Context(), w.As(invited.Secret, invited.OrgID), w.Org.ID))(t)
			call := w.As(invited.Secret, w.Org.ID)
			w.Wants("one of two", "", unmake(w, w.ByOwner(), w.Owner.ID))
			w.Wants("the one that is left", directory.Conflict, unmaking["remove"](w, call, call.Principal.UserID))
		})
	}
}

// Only an owner with a personal token makes or demotes owners, whatever else others
// may do.
func TestOwnersAreTheOwnersAffair(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	everything := must(w.CreateRole(t.Context(), w.ByOwner(), roles.NewRole{Name: "Everything", Capabilities: authz.Everything()}))(t)
	second := member{User: w.Join("Second", "owner").User}
	invited := w.Invite(w.Tenant("Rival"), "owner")
	token := must(w.CreateAPIToken(t.Context(), w.ByOwner(), credentials.NewAPIToken{Name: "t", Capabilities: authz.Everything()}))(t)
	jane := w.Join("Jane", "user")
	w.Role("There")
	for who, secret := range map[string]string{
		"an admin":                           w.Join("Admin", "admin").Secret,
		"somebody with every capability":     w.Join("Almighty", everything.ID).Secret,
		"an API token with every capability": token.Secret,
	} {
		call := w.As(secret, "")
		for what, unmake := range unmaking {
			for whom, id := range map[string]directory.UserID{"an owner": second.ID, "an invited owner": invited.ID} {
				w.Refused(who+": "+what+" "+whom, directory.Forbidden, "", func() error { return unmake(w, call, id) })
			}
		}
		w.Refused(who+": make an owner", directory.Forbidden, "", func() error {
			_, err := w.UpdateUserRole(t.Context(), call, jane.ID, "owner")
			return err
		})
		w.Refused(who+": create an owner", directory.Forbidden, "", func() error {
			_, err := w.CreateUser(t.Context(), call, members.NewUser{Name: "X", Email: "x@example.com", Role: "owner"})
			return err
		})
		w.Refused(who+": leave an owner as one", directory.Forbidden, "", func() error {
			_, err := w.UpdateUserRole(t.Context(), call, second.ID, "owner")
			return err
		})
	}
}

func TestNoOwnersThroughGroups(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	g := w.Group("G", nil)
	gives := []directory.RoleID{"user", "owner"}
	w.Refused("create", directory.Invalid, "roles", func() error {
		return second(w.CreateGroup(t.Context(), w.ByOwner(), roles.NewGroup{Name: "H", Roles: &gives}))
	})
	w.Refused("update", directory.Invalid, "roles", func() error {
		return second(w.UpdateGroup(t.Context(), w.ByOwner(), g.ID, roles.NewGroup{Name: "G", Roles: &gives}))
	})
}

// An organization may have several owners, who unmake each other down to one.
func TestOwnersUnmakeOwners(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, b := w.Join("A", "owner"), w.Join("B", "owner")
	must(w.UpdateUserRole(t.Context(), w.By(a), b.ID, "admin"))(t)
	w.Refused("one who was", directory.Forbidden, "", func() error { return w.RemoveUser(t.Context(), w.By(b), a.ID) })
	w.Wants("remove", "", w.RemoveUser(t.Context(), w.By(a), w.Owner.ID))
	w.Refused("the last one", directory.Conflict, "", func() error { return w.RemoveUser(t.Context(), w.By(a), a.ID) })
	must(w.UpdateUserRole(t.Context(), w.By(a), b.ID, "owner"))(t)
	w.Wants("the last but one", "", w.RemoveUser(t.Context(), w.By(a), a.ID))
}

// Two owners can't both be unmade by one change.
func TestOneChangeCannotUnmakeAllOwners(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.Join("B", "owner")
	w.Refused("both", directory.Conflict, "", func() error {
		return second(w.CreateRole(t.Context(), w.ByOwner(), roles.NewRole{Name: "R", Members: &[]directory.UserID{w.Owner.ID, b.ID}}))
	})
}
