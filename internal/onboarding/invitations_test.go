package onboarding_test

import (
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/directorytest"
	"github.com/rosterhq/roster/internal/members"
)

// shown is what the v2 answer is made of.
type shown struct {
	Email, Name string
	Role        directory.RoleRef
	id          int
}

func showUser(u directory.User) shown { return shown{u.Email, u.Name, u.Role, len(u.ID)} }

// Adding a user does not reveal whether the address had an account: not
// from the answer, nor from reading the user, nor from the list.
func TestInvitationAnswersAlike(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rival := w.Tenant("Rival")
	add := func(email string) directory.User {
		return must(w.CreateUser(t.Context(), w.ByOwner(), members.NewUser{Name: "Jane", Email: email, Role: "user"}))(t)
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
	alike("read", w.User(known.ID), w.User(unknown.ID))
	var users directorytest.Listed
	must(w.ListUsers(t.Context(), w.ByOwner(), members.UserFilter{Text: "example.net"}, &users))(t)
	if len(users.Users) != 2 {
		t.Fatalf("listed %v", users.Users)
	}
	// The invited account's own name does not show, whatever becomes of it.
	name := "Secret Name"
	must(w.UpdateSelf(t.Context(), w.By(rival), members.SelfUpdate{Name: &name}))(t)
	alike("after the account's renaming", w.User(known.ID), w.User(unknown.ID))
	// Both can be given another role and both can be removed.
	for _, u := range []directory.User{known, unknown} {
		must(w.UpdateUserRole(t.Context(), w.ByOwner(), u.ID, "read-only"))(t)
	}
	alike("with another role", w.User(known.ID), w.User(unknown.ID))
	for _, email := range []string{known.Email, unknown.Email} {
		w.Refused("again", directory.Conflict, "email", func() error {
			return second(w.CreateUser(t.Context(), w.ByOwner(), members.NewUser{Name: "X", Email: email, Role: "user"}))
		})
	}
	for _, u := range []directory.User{known, unknown} {
		w.Wants("remove", "", w.RemoveUser(t.Context(), w.ByOwner(), u.ID))
	}
}

// Until they accept, somebody who is invited is nobody in the organization.
func TestInvitedMayDoNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rival := w.Tenant("Rival")
	invited := w.Invite(rival, "admin")
	w.Group("G", []directory.UserID{invited.ID}, "admin")

	_, err := w.Authenticate(t.Context(), rival.Secret, w.Org.ID)
	w.Wants("authenticate", directory.Forbidden, err)
	_, err = w.Authenticate(t.Context(), rival.Secret, "unknown-0000")
	w.Wants("authenticate elsewhere", directory.Forbidden, err)
	if access := must(w.GetUserAccess(t.Context(), w.ByOwner(), invited.ID, time.Time{}, authz.Query{}))(t); len(access.Capabilities) != 0 {
		t.Errorf("they have %v", access.Capabilities)
	}
	call := w.As(rival.Secret, "") // without a header, their own organization is meant still
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
		"get the organization":    {func() error { return second(w.GetOrg(t.Context(), call, w.Org.ID)) }, directory.NotFound},
		"rename the organization": {func() error { return second(w.UpdateOrg(t.Context(), call, w.Org.ID, "X")) }, directory.NotFound},
		"rename the invited user": {func() error {
			return second(w.UpdateUser(t.Context(), call, invited.ID, members.SelfUpdate{Name: &name}))
		}, directory.Forbidden},
	} {
		w.Refused(what, code.code, "", code.try)
	}
}

func TestAcceptInvitation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rival := w.Tenant("Rival")
	invited := w.Invite(rival, "admin")
	open := must(w.ListInvitations(t.Context(), w.By(rival)))(t)
	if len(open) != 1 || open[0].Org.ID != w.Org.ID || open[0].User.ID != invited.ID || open[0].User.Role.ID != "admin" {
		t.Errorf("open invitations %+v", open)
	}
	u := must(w.AcceptInvitation(t.Context(), w.By(rival), w.Org.ID))(t)
	if u.ID != invited.ID || u.Name != rival.Name || u.Invited || u.Role.ID != "admin" {
		t.Errorf("accepted as %+v", u)
	}
	if got := w.User(invited.ID); got != u {
		t.Errorf("read as %+v, want %+v", got, u)
	}
	if p := w.As(rival.Secret, w.Org.ID).Principal; p.UserID != invited.ID || p.Role != "admin" {
		t.Errorf("acts as %+v", p)
	}
	if open := must(w.ListInvitations(t.Context(), w.By(rival)))(t); len(open) != 0 {
		t.Errorf("open still %v", open)
	}
	for what, try := range map[string]func() error{
		"accept again":     func() error { return second(w.AcceptInvitation(t.Context(), w.By(rival), w.Org.ID)) },
		"decline after it": func() error { return w.DeclineInvitation(t.Context(), w.By(rival), w.Org.ID) },
	} {
		w.Refused(what, directory.NotFound, "", try)
	}
}

func TestDeclineInvitation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rival := w.Tenant("Rival")
	invited := w.Invite(rival, "admin")
	g := w.Group("G", []directory.UserID{invited.ID})
	w.Wants("decline", "", w.DeclineInvitation(t.Context(), w.By(rival), w.Org.ID))
	_, err := w.GetUser(t.Context(), w.ByOwner(), invited.ID)
	w.Wants("the user", directory.NotFound, err)
	if got := must(w.GetGroup(t.Context(), w.ByOwner(), g.ID))(t); len(got.Members) != 0 {
		t.Errorf("in the group still: %v", got.Members)
	}
	w.Refused("decline again", directory.NotFound, "", func() error { return w.DeclineInvitation(t.Context(), w.By(rival), w.Org.ID) })
	w.Refused("accept after it", directory.NotFound, "", func() error {
		return second(w.AcceptInvitation(t.Context(), w.By(rival), w.Org.ID))
	})
	w.Invite(rival, "user") // one may ask again
}

// An invitation is for one account, and a membership is none.
func TestOthersInvitations(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rival, third := w.Tenant("Rival"), w.Tenant("Third")
	w.Invite(rival, "admin")
	for who, m := range map[string]member{"a stranger": third, "a member": w.Owner} {
		w.Refused(who+" accepts", directory.NotFound, "", func() error {
			return second(w.AcceptInvitation(t.Context(), w.By(m), w.Org.ID))
		})
		w.Refused(who+" declines", directory.NotFound, "", func() error { return w.DeclineInvitation(t.Context(), w.By(m), w.Org.ID) })
		if open := must(w.ListInvitations(t.Context(), w.By(m)))(t); len(open) != 0 {
			t.Errorf("%s is shown %v", who, open)
		}
	}
	w.Refused("an unknown organization", directory.NotFound, "", func() error {
		return second(w.AcceptInvitation(t.Context(), w.By(rival), "unknown-0000"))
	})
}

// The offered role may change until the invitation is accepted.
func TestInvitationsCanChange(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rival := w.Tenant("Rival")
	invited := w.Invite(rival, "admin")
	must(w.UpdateUserRole(t.Context(), w.ByOwner(), invited.ID, "read-only"))(t)
	u := must(w.AcceptInvitation(t.Context(), w.By(rival), w.Org.ID))(t)
	if p := w.As(rival.Secret, w.Org.ID).Principal; u.Role.ID != "read-only" || p.Capabilities.Covers(caps(t, "users|create")) {
		t.Errorf("accepted as %v with %v", u.Role, p.Capabilities.Names())
	}
}
