package directory_test

import (
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/credentials"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/directorytest"
	"github.com/rosterhq/roster/internal/roles"
)

// The detour over a token: what a custom role can't give, a token that it makes
// can't give either.
func TestTokenGivesNoMoreThanItsMaker(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	me := w.Join("Me", w.Role("Support", "users|read", "users|update", "apiTokens|create").ID)
	raise := func(call directory.Call) func() error {
		return func() error { return second(w.UpdateUserRole(t.Context(), call, me.ID, "admin")) }
	}
	w.Refused("the user", directory.Forbidden, "", raise(w.By(me)))
	token := must(w.CreateAPIToken(t.Context(), w.By(me), credentials.NewAPIToken{Name: "t", Capabilities: caps(w, "users|update")}))(t)
	w.Refused("their token", directory.Forbidden, "", raise(w.As(token.Secret, "")))
	// An owner's and an admin's tokens give what their makers do.
	w.Wants("an owner's token", "", raise(w.As(w.Token("users|update").Secret, ""))())
}

// A token that replaces another gives what both the actor and the old one could.
func TestRegeneratedTokenGivesWhatBothCould(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	weak := w.Join("Weak", w.Role("Weak", "users|update", "apiTokens|create", "apiTokens|update").ID)
	ofOwner := w.Token("users|update")
	ofWeak := must(w.CreateAPIToken(t.Context(), w.By(weak), credentials.NewAPIToken{Name: "t", Capabilities: caps(w, "users|update")}))(t)
	jane := w.Join("Jane", "none")
	for what, tt := range map[string]struct {
		by  member
		old directory.TokenID
	}{"an owner's, by the weak": {weak, ofOwner.ID}, "the weak one's, by an owner": {w.Owner, ofWeak.ID}} {
		next := must(w.RegenerateAPIToken(t.Context(), w.By(tt.by), tt.old, credentials.Regeneration{ExistingExpiresAt: w.Clock().Add(-time.Hour)}))(t)
		w.Refused(what, directory.Forbidden, "", func() error {
			return second(w.UpdateUserRole(t.Context(), w.As(next.Secret, ""), jane.ID, "admin"))
		})
	}
}

// To change who gets what takes users|update, whatever the permission on roles and groups.
func TestChangingWhoGetsWhatTakesUsersUpdate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	had, given := w.Role("Had", "users|read"), w.Role("Given", "users|read")
	bob := w.Join("Bob", had.ID)
	group := w.Group("Group", []directory.UserID{bob.ID}, given.ID)
	rbac := w.As(w.Token("rbac|create", "rbac|update", "users|read").Secret, "")
	for what, try := range map[string]func() error{
		"a group with a member and admin": func() error {
			return second(w.CreateGroup(t.Context(), rbac, roles.NewGroup{Name: "X", Members: userIDs(bob.ID), Roles: roleIDs("admin")}))
		},
		"a group's roles": func() error {
			return second(w.UpdateGroup(t.Context(), rbac, group.ID, roles.NewGroup{Name: "Group", Roles: roleIDs("none")}))
		},
		"a group's members": func() error {
			return second(w.UpdateGroup(t.Context(), rbac, group.ID, roles.NewGroup{Name: "Group", Members: userIDs()}))
		},
		"a role that somebody has": func() error {
			return second(w.UpdateRole(t.Context(), rbac, had.ID, roles.NewRole{Name: "Had"}))
		},
		"a role that a group gives": func() error {
			return second(w.UpdateRole(t.Context(), rbac, given.ID, roles.NewRole{Name: "Given"}))
		},
		"a role's members": func() error {
			return second(w.CreateRole(t.Context(), rbac, roles.NewRole{Name: "X", Members: userIDs(bob.ID)}))
		},
	} {
		w.Refused(what, directory.Forbidden, "", try)
	}
	w.Wants("a group's name", "", second(w.UpdateGroup(t.Context(), rbac, group.ID, roles.NewGroup{Name: "Renamed"})))
	w.Wants("a role that nobody has", "", second(w.CreateRole(t.Context(), rbac, roles.NewRole{Name: "X", Capabilities: caps(w, "users|read")})))
}

// Taking access away never needs the right to give it.
func TestTakingAwayNeedsNoRightToGive(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	strong := w.Role("Strong", "auditLog|read", "users|read", "billing|read")
	weaker := w.Role("Weaker", "auditLog|read")
	a, b := w.Join("A", strong.ID), w.Join("B", "admin")
	group := w.Group("G", []directory.UserID{a.ID, b.ID}, strong.ID, "admin")
	me := w.By(w.Join("Me", w.Role("Manager", "users|update", "rbac|update").ID))
	w.Wants("fewer members", "", second(w.UpdateGroup(t.Context(), me, group.ID, roles.NewGroup{Name: "G", Members: userIDs(a.ID)})))
	w.Wants("fewer roles", "", second(w.UpdateGroup(t.Context(), me, group.ID, roles.NewGroup{Name: "G", Roles: roleIDs(strong.ID)})))
	w.Wants("a role that holds less", "", second(w.UpdateUserRole(t.Context(), me, a.ID, weaker.ID)))
	w.Wants("an admin who only reads", "", second(w.UpdateUserRole(t.Context(), me, b.ID, "read-only")))
	w.Wants("a narrower role", "", second(w.UpdateRole(t.Context(), me, strong.ID, roles.NewRole{Name: "Strong", Capabilities: weaker.Capabilities})))
	w.Refused("wide again", directory.Forbidden, "", func() error {
		return second(w.UpdateRole(t.Context(), me, strong.ID, roles.NewRole{Name: "Strong", Capabilities: strong.Capabilities}))
	})
}

// A token that works from more places gives there what it can give.
func TestWideningNetworksCountsAsGiving(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	bound := must(w.CreateAPIToken(t.Context(), w.ByOwner(), credentials.NewAPIToken{
		Name: "t", Capabilities: caps(w, "users|update"), Networks: directorytest.Networks(t, "10.0.0.0/8"),
	}))(t)
	me := w.By(w.Join("Me", w.Role("Tokens", "users|update", "apiTokens|update").ID))
	w.Refused("to anywhere", directory.Forbidden, "", func() error {
		return second(w.UpdateAPITokenNetworks(t.Context(), me, bound.ID, nil))
	})
	w.Wants("to less", "", second(w.UpdateAPITokenNetworks(t.Context(), me, bound.ID, directorytest.Networks(t, "10.1.0.0/16"))))
	w.Wants("an owner", "", second(w.UpdateAPITokenNetworks(t.Context(), w.ByOwner(), bound.ID, nil)))
}
