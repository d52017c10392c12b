package directory_test

import (
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/directory"
)

// shown is what the v2 answer is made of.
type shown struct {
	Email, Name string
	Role        directory.RoleRef
	id          int
}

func showUser(u directory.User) shown { return shown{u.Email, u.Name, u.Role, len(u.ID)} }

// Whoever adds a user does not learn whether the address had an account: not
// from the answer, nor from reading the user, nor from the list.
func TestInvitationAnswersAlike(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rival := w.tenant("Rival")
	add := func(email string) directory.User {
		return must(w.CreateUser(t.Context(), w.byOwner(), directory.NewUser{Name: "Jane", Email: email, Role: "user"}))(t)
	}
	known, unknown := add("RIVAL@example.NET"), add("UNKNOWN@example.NET")
	if !known.Invited || unknown.Invited {
		t.Fatalf("invited: %t and %t", known.Invited, unknown.Invited)
	}
	alike := func(what string, a, b directory.User) {
		t.Helper()
		x, y := showUser(a), showUser(b)
		x.Email, y.Email = "", ""
		if x != y || a.Email != "RIVAL@example.NET" || b.Email != "UNKNOWN@example.NET" {
			t.Errorf("%s: %+v and %+v", what, showUser(a), showUser(b))
		}
	}
	alike("created", known, unknown)
	alike("read", w.user(known.ID), w.user(unknown.ID))
	var users listed
	must(w.ListUsers(t.Context(), w.byOwner(), directory.UserFilter{Text: "example.net"}, &users))(t)
	if len(users.users) != 2 {
		t.Fatalf("listed %v", users.users)
	}
	// The invited account's own name does not show, whatever becomes of it.
	name := "Secret Name"
	must(w.UpdateSelf(t.Context(), w.by(rival), directory.SelfUpdate{Name: &name}))(t)
	alike("after the account's renaming", w.user(known.ID), w.user(unknown.ID))
	// Both can be given another role and both can be removed.
	for _, u := range []directory.User{known, unknown} {
		must(w.UpdateUserRole(t.Context(), w.byOwner(), u.ID, "read-only"))(t)
	}
	alike("with another role", w.user(known.ID), w.user(unknown.ID))
	for _, email := range []string{known.Email, unknown.Email} {
		w.refused("again", directory.Conflict, "email", func() error {
			return second(w.CreateUser(t.Context(), w.byOwner(), directory.NewUser{Name: "X", Email: email, Role: "user"}))
		})
	}
	for _, u := range []directory.User{known, unknown} {
		w.wants("remove", "", w.RemoveUser(t.Context(), w.byOwner(), u.ID))
	}
}

// Until they accept, somebody who is invited is nobody in the organization.
func TestInvitedMayDoNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rival := w.tenant("Rival")
	invited := w.invite(rival, "admin")
	w.group("G", []directory.UserID{invited.ID}, "admin")

	_, err := w.Authenticate(t.Context(), rival.secret, w.org.ID)
	w.wants("authenticate", directory.Forbidden, err)
	_, err = w.Authenticate(t.Context(), rival.secret, "unknown-0000")
	w.wants("authenticate elsewhere", directory.Forbidden, err)
	if access := must(w.GetUserAccess(t.Context(), w.byOwner(), invited.ID, time.Time{}, authz.Query{}))(t); len(access.Capabilities) != 0 {
		t.Errorf("they have %v", access.Capabilities)
	}
	call := w.as(rival.secret, "") // without a header, their own organization is meant still
	if call.Principal.OrgID != rival.OrgID {
		t.Errorf("acts in %s", call.Principal.OrgID)
	}
	if orgs := must(w.ListOrgs(t.Context(), call))(t); len(orgs) != 1 || orgs[0].Org.ID != rival.OrgID {
		t.Errorf("organizations %v", orgs)
	}
	name := "X"
	for what, code := range map[string]struct {
		try  func() error
		code directory.Code
	}{
		"get the organization":    {func() error { return second(w.GetOrg(t.Context(), call, w.org.ID)) }, directory.NotFound},
		"rename the organization": {func() error { return second(w.UpdateOrg(t.Context(), call, w.org.ID, "X")) }, directory.NotFound},
		"rename the invited user": {func() error {
			return second(w.UpdateUser(t.Context(), call, invited.ID, directory.SelfUpdate{Name: &name}))
		}, directory.Forbidden},
	} {
		w.refused(what, code.code, "", code.try)
	}
}

func TestAcceptInvitation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rival := w.tenant("Rival")
	invited := w.invite(rival, "admin")
	open := must(w.ListInvitations(t.Context(), w.by(rival)))(t)
	if len(open) != 1 || open[0].Org.ID != w.org.ID || open[0].User.ID != invited.ID || open[0].User.Role.ID != "admin" {
		t.Errorf("open invitations %+v", open)
	}
	u := must(w.AcceptInvitation(t.Context(), w.by(rival), w.org.ID))(t)
	if u.ID != invited.ID || u.Name != rival.Name || u.Invited || u.Role.ID != "admin" {
		t.Errorf("accepted as %+v", u)
	}
	if got := w.user(invited.ID); got != u {
		t.Errorf("read as %+v, want %+v", got, u)
	}
	if p := w.as(rival.secret, w.org.ID).Principal; p.UserID != invited.ID || p.Role != "admin" {
		t.Errorf("acts as %+v", p)
	}
	if open := must(w.ListInvitations(t.Context(), w.by(rival)))(t); len(open) != 0 {
		t.Errorf("open still %v", open)
	}
	for what, try := range map[string]func() error{
		"accept again":     func() error { return second(w.AcceptInvitation(t.Context(), w.by(rival), w.org.ID)) },
		"decline after it": func() error { return w.DeclineInvitation(t.Context(), w.by(rival), w.org.ID) },
	} {
		w.refused(what, directory.NotFound, "", try)
	}
}

func TestDeclineInvitation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rival := w.tenant("Rival")
	invited := w.invite(rival, "admin")
	g := w.group("G", []directory.UserID{invited.ID})
	w.wants("decline", "", w.DeclineInvitation(t.Context(), w.by(rival), w.org.ID))
	_, err := w.GetUser(t.Context(), w.byOwner(), invited.ID)
	w.wants("the user", directory.NotFound, err)
	if got := must(w.GetGroup(t.Context(), w.byOwner(), g.ID))(t); len(got.Members) != 0 {
		t.Errorf("in the group still: %v", got.Members)
	}
	w.refused("decline again", directory.NotFound, "", func() error { return w.DeclineInvitation(t.Context(), w.by(rival), w.org.ID) })
	w.refused("accept after it", directory.NotFound, "", func() error {
		return second(w.AcceptInvitation(t.Context(), w.by(rival), w.org.ID))
	})
	w.invite(rival, "user") // one may ask again
}

// An invitation is for one account, and a membership is none.
func TestOthersInvitations(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rival, third := w.tenant("Rival"), w.tenant("Third")
	w.invite(rival, "admin")
	for who, m := range map[string]member{"a stranger": third, "a member": w.owner} {
		w.refused(who+" accepts", directory.NotFound, "", func() error {
			return second(w.AcceptInvitation(t.Context(), w.by(m), w.org.ID))
		})
		w.refused(who+" declines", directory.NotFound, "", func() error { return w.DeclineInvitation(t.Context(), w.by(m), w.org.ID) })
		if open := must(w.ListInvitations(t.Context(), w.by(m)))(t); len(open) != 0 {
			t.Errorf("%s is shown %v", who, open)
		}
	}
	w.refused("an unknown organization", directory.NotFound, "", func() error {
		return second(w.AcceptInvitation(t.Context(), w.by(rival), "unknown-0000"))
	})
}

// The offered role may change until the invitation is accepted.
func TestInvitationsCanChange(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rival := w.tenant("Rival")
	invited := w.invite(rival, "admin")
	must(w.UpdateUserRole(t.Context(), w.byOwner(), invited.ID, "read-only"))(t)
	u := must(w.AcceptInvitation(t.Context(), w.by(rival), w.org.ID))(t)
	if p := w.as(rival.secret, w.org.ID).Principal; u.Role.ID != "read-only" || p.Capabilities.Covers(caps(t, "users|create")) {
		t.Errorf("accepted as %v with %v", u.Role, p.Capabilities.Names())
	}
}
