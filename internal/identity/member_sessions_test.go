package identity_test

import (
	"testing"

	"github.com/rosterhq/roster/internal/credentials"
	"github.com/rosterhq/roster/internal/directory"
)

// A session that an organization has ended is refused in it and nowhere else, and nothing
// that it makes gets around that.
func TestEndMemberSession(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rival := w.Tenant("Rival")
	jane := w.Invite(rival, "user")
	must(w.AcceptInvitation(t.Context(), w.As(rival.Secret, rival.OrgID), w.Org.ID))(t)
	stolen, other := w.SignIn(rival.User), w.SignIn(rival.User)
	manager := w.By(w.Join("Manager", w.Role("Manager", "users|update", "users|read").ID))
	here, there := w.InSession(stolen, w.Org.ID), w.InSession(stolen, rival.OrgID)
	id := here.Principal.TokenID

	if all := must(w.ListMemberSessions(t.Context(), manager, jane.ID))(t); len(all) != 2 {
		t.Errorf("%d sessions are listed, want 2", len(all))
	}
	w.Wants("end", "", w.EndMemberSession(t.Context(), manager, jane.ID, id))
	w.Ended("the session", stolen, w.Org.ID)
	w.Refused("a request under way", directory.Unauthenticated, "", func() error {
		_, err := w.UpdateOrg(t.Context(), here, w.Org.ID, "Taken")
		return err
	})
	w.InSession(stolen, rival.OrgID) // works
	w.InSession(other, w.Org.ID)     // and so does another session
	token := must(w.CreatePersonalToken(t.Context(), there, credentials.NewPersonalToken{Name: "token"}))(t)
	_, err := w.Authenticate(t.Context(), token.Secret, w.Org.ID)
	w.Wants("a token that it made", directory.Forbidden, err)
	w.As(token.Secret, rival.OrgID) // works

	all := must(w.ListMemberSessions(t.Context(), manager, jane.ID))(t)
	if len(all) != 1 || all[0].ID == id {
		t.Errorf("the list is %+v", all)
	}
	for org, want := range map[directory.OrgID]int{w.Org.ID: 1, rival.OrgID: 0} {
		n := 0
		for _, e := range w.EntriesOf(org) {
			if e.Action == "endUserSession" && e.Target.ID == string(id) {
				n++
			}
		}
		if n != want {
			t.Errorf("%d entries in the log of %s, want %d", n, org, want)
		}
	}
	for what, try := range map[string]func() error{
		"again":           func() error { return w.EndMemberSession(t.Context(), manager, jane.ID, id) },
		"of another user": func() error { return w.EndMemberSession(t.Context(), w.ByOwner(), w.Owner.ID, all[0].ID) },
		"of a stranger":   func() error { return w.EndMemberSession(t.Context(), manager, rival.ID, all[0].ID) },
		"a token":         func() error { return w.EndMemberSession(t.Context(), manager, jane.ID, token.ID) },
		"of an invitation": func() error {
			return w.EndMemberSession(t.Context(), manager, w.Invite(w.Tenant("Third"), "user").ID, id)
		},
	} {
		w.Wants(what, directory.NotFound, try())
	}
	w.NoSecrets()
}

func TestOnlyOwnersEndAnOwnersSessions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.InSession(w.SignIn(w.Owner.User), "").Principal.TokenID
	admin, api := w.By(w.Join("Admin", "admin")), w.As(w.Token("users|update", "users|read").Secret, "")
	for what, call := range map[string]directory.Call{"an admin": admin, "an API token": api} {
		w.Refused(what, directory.Forbidden, "", func() error { return w.EndMemberSession(t.Context(), call, w.Owner.ID, id) })
	}
	weak := w.By(w.Join("Weak", "user"))
	w.Refused("the list without users|update", directory.Forbidden, "", func() error {
		_, err := w.ListMemberSessions(t.Context(), weak, w.Owner.ID)
		return err
	})
	w.Wants("an owner", "", w.EndMemberSession(t.Context(), w.ByOwner(), w.Owner.ID, id))
}
