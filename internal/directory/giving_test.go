package directory_test

import (
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/directory"
)

// The detour over a token: what a custom role can't give, a token that it makes
// can't give either.
func TestTokenGivesNoMoreThanItsMaker(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	me := w.join("Me", w.role("Support", "users|read", "users|update", "apiTokens|create").ID)
	raise := func(call directory.Call) func() error {
		return func() error { return second(w.UpdateUserRole(t.Context(), call, me.ID, "admin")) }
	}
	w.refused("the user", directory.Forbidden, "", raise(w.by(me)))
	token := must(w.CreateAPIToken(t.Context(), w.by(me), directory.NewAPIToken{Name: "t", Capabilities: caps(w, "users|update")}))(t)
	w.refused("their token", directory.Forbidden, "", raise(w.as(token.Secret, "")))
	// An owner's and an admin's tokens give what their makers do.
	w.wants("an owner's token", "", raise(w.as(w.token("users|update").Secret, ""))())
}

// A token that replaces another gives what both the actor and the old one could.
func TestRegeneratedTokenGivesWhatBothCould(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	weak := w.join("Weak", w.role("Weak", "users|update", "apiTokens|create", "apiTokens|update").ID)
	ofOwner := w.token("users|update")
	ofWeak := must(w.CreateAPIToken(t.Context(), w.by(weak), directory.NewAPIToken{Name: "t", Capabilities: caps(w, "users|update")}))(t)
	jane := w.join("Jane", "none")
	for what, tt := range map[string]struct {
		by  member
		old directory.TokenID
	}{"an owner's, by the weak": {weak, ofOwner.ID}, "the weak one's, by an owner": {w.owner, ofWeak.ID}} {
		next := must(w.RegenerateAPIToken(t.Context(), w.by(tt.by), tt.old, directory.Regeneration{ExistingExpiresAt: w.clock.Now().Add(-time.Hour)}))(t)
		w.refused(what, directory.Forbidden, "", func() error {
			return second(w.UpdateUserRole(t.Context(), w.as(next.Secret, ""), jane.ID, "admin"))
		})
	}
}

// To change who gets what takes users|update, whatever the permission on roles and groups.
func TestChangingWhoGetsWhatTakesUsersUpdate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	had, given := w.role("Had", "users|read"), w.role("Given", "users|read")
	bob := w.join("Bob", had.ID)
	group := w.group("Group", []directory.UserID{bob.ID}, given.ID)
	rbac := w.as(w.token("rbac|create", "rbac|update", "users|read").Secret, "")
	for what, try := range map[string]func() error{
		"a group with a member and admin": func() error {
			return second(w.CreateGroup(t.Context(), rbac, directory.NewGroup{Name: "X", Members: members(bob.ID), Roles: roleIDs("admin")}))
		},
		"a group's roles": func() error {
			return second(w.UpdateGroup(t.Context(), rbac, group.ID, directory.NewGroup{Name: "Group", Roles: roleIDs("none")}))
		},
		"a group's members": func() error {
			return second(w.UpdateGroup(t.Context(), rbac, group.ID, directory.NewGroup{Name: "Group", Members: members()}))
		},
		"a role that somebody has": func() error {
			return second(w.UpdateRole(t.Context(), rbac, had.ID, directory.NewRole{Name: "Had"}))
		},
		"a role that a group gives": func() error {
			return second(w.UpdateRole(t.Context(), rbac, given.ID, directory.NewRole{Name: "Given"}))
		},
		"a role's members": func() error {
			return second(w.CreateRole(t.Context(), rbac, directory.NewRole{Name: "X", Members: members(bob.ID)}))
		},
	} {
		w.refused(what, directory.Forbidden, "", try)
	}
	w.wants("a group's name", "", second(w.UpdateGroup(t.Context(), rbac, group.ID, directory.NewGroup{Name: "Renamed"})))
	w.wants("a role that nobody has", "", second(w.CreateRole(t.Context(), rbac, directory.NewRole{Name: "X", Capabilities: caps(w, "users|read")})))
}

// Taking access away never needs the right to give it.
func TestTakingAwayNeedsNoRightToGive(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	strong := w.role("Strong", "auditLog|read", "users|read", "billing|read")
	weaker := w.role("Weaker", "auditLog|read")
	a, b := w.join("A", strong.ID), w.join("B", "admin")
	group := w.group("G", []directory.UserID{a.ID, b.ID}, strong.ID, "admin")
	me := w.by(w.join("Me", w.role("Manager", "users|update", "rbac|update").ID))
	w.wants("fewer members", "", second(w.UpdateGroup(t.Context(), me, group.ID, directory.NewGroup{Name: "G", Members: members(a.ID)})))
	w.wants("fewer roles", "", second(w.UpdateGroup(t.Context(), me, group.ID, directory.NewGroup{Name: "G", Roles: roleIDs(strong.ID)})))
	w.wants("a role that holds less", "", second(w.UpdateUserRole(t.Context(), me, a.ID, weaker.ID)))
	w.wants("an admin who only reads", "", second(w.UpdateUserRole(t.Context(), me, b.ID, "read-only")))
	w.wants("a narrower role", "", second(w.UpdateRole(t.Context(), me, strong.ID, directory.NewRole{Name: "Strong", Capabilities: weaker.Capabilities})))
	w.refused("wide again", directory.Forbidden, "", func() error {
		return second(w.UpdateRole(t.Context(), me, strong.ID, directory.NewRole{Name: "Strong", Capabilities: strong.Capabilities}))
	})
}

// A token that works from more places gives there what it can give.
func TestWideningNetworksCountsAsGiving(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	bound := must(w.CreateAPIToken(t.Context(), w.byOwner(), directory.NewAPIToken{
		Name: "t", Capabilities: caps(w, "users|update"), Networks: networks(t, "10.0.0.0/8"),
	}))(t)
	me := w.by(w.join("Me", w.role("Tokens", "users|update", "apiTokens|update").ID))
	w.refused("to anywhere", directory.Forbidden, "", func() error {
		return second(w.UpdateAPITokenNetworks(t.Context(), me, bound.ID, nil))
	})
	w.wants("to less", "", second(w.UpdateAPITokenNetworks(t.Context(), me, bound.ID, networks(t, "10.1.0.0/16"))))
	w.wants("an owner", "", second(w.UpdateAPITokenNetworks(t.Context(), w.byOwner(), bound.ID, nil)))
}
