package directory_test

import (
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/dbtest"
	"github.com/rosterhq/roster/internal/directory"
)

// A revoked token is refused in the organization and nowhere else, and nothing that it
// makes gets around that.
func TestRevokeMemberToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rival := w.tenant("Rival")
	jane := w.invite(rival, "user")
	must(w.AcceptInvitation(t.Context(), w.as(rival.secret, rival.OrgID), w.org.ID))(t)
	stolen := must(w.CreatePersonalToken(t.Context(), w.as(rival.secret, rival.OrgID), directory.NewPersonalToken{Name: "stolen"}))(t)
	manager := w.by(w.join("Manager", w.role("Manager", "users|update", "users|read").ID))
	here, there := w.as(stolen.Secret, w.org.ID), w.as(stolen.Secret, rival.OrgID)

	w.wants("revoke", "", w.RevokeMemberToken(t.Context(), manager, jane.ID, stolen.ID))
	refused := func(what, secret string) {
		t.Helper()
		_, err := w.Authenticate(t.Context(), secret, w.org.ID)
		w.wants(what, directory.Forbidden, err)
	}
	refused("the token", stolen.Secret)
	w.refused("a request under way", directory.Forbidden, "", func() error {
		return second(w.UpdateOrg(t.Context(), here, w.org.ID, "Taken"))
	})
	w.refused("from the other organization", directory.Forbidden, "", func() error {
		return second(w.UpdateOrg(t.Context(), there, w.org.ID, "Taken"))
	})
	w.as(stolen.Secret, rival.OrgID) // works
	child := must(w.CreatePersonalToken(t.Context(), there, directory.NewPersonalToken{Name: "child"}))(t)
	refused("a token that it made", child.Secret)
	grandchild := must(w.CreatePersonalToken(t.Context(), w.as(child.Secret, rival.OrgID), directory.NewPersonalToken{Name: "grandchild"}))(t)
	refused("a token that this one made", grandchild.Secret)
	w.as(rival.secret, w.org.ID) // another token of the person works

	for org, want := range map[directory.OrgID]int{w.org.ID: 1, rival.OrgID: 0} {
		n := 0
		for _, e := range w.entriesOf(org) {
			if e.Action == "revokeUserToken" && e.Target.ID == string(stolen.ID) {
				n++
			}
		}
		if n != want {
			t.Errorf("%d entries in the log of %s, want %d", n, org, want)
		}
	}
	w.refused("again", directory.NotFound, "", func() error { return w.RevokeMemberToken(t.Context(), manager, jane.ID, stolen.ID) })
	w.refused("a token of nobody", directory.NotFound, "", func() error { return w.RevokeMemberToken(t.Context(), manager, jane.ID, "pat_none") })
	w.refused("a stranger's", directory.NotFound, "", func() error { return w.RevokeMemberToken(t.Context(), manager, rival.ID, child.ID) })
}

func TestOnlyOwnersRevokeAnOwnersTokens(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token := must(w.CreatePersonalToken(t.Context(), w.byOwner(), directory.NewPersonalToken{Name: "laptop"}))(t)
	admin, api := w.by(w.join("Admin", "admin")), w.as(w.token("users|update", "users|read").Secret, "")
	for what, call := range map[string]directory.Call{"an admin": admin, "an API token": api} {
		w.refused(what, directory.Forbidden, "", func() error { return w.RevokeMemberToken(t.Context(), call, w.owner.ID, token.ID) })
	}
	w.wants("an owner", "", w.RevokeMemberToken(t.Context(), w.byOwner(), w.owner.ID, token.ID))
	weak := w.by(w.join("Weak", "user"))
	w.refused("list without users|update", directory.Forbidden, "", func() error { return second(w.ListMemberTokens(t.Context(), weak, w.owner.ID)) })
}

// An organization sees when a token was used in it, and nothing of its use elsewhere.
func TestListMemberTokens(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rival := w.tenant("Rival")
	jane := w.invite(rival, "user")
	list := func() map[string]time.Time {
		t.Helper()
		all := make(map[string]time.Time)
		for _, k := range must(w.ListMemberTokens(t.Context(), w.byOwner(), jane.ID))(t) {
			all[k.Name] = k.LastUsedAt
		}
		return all
	}
	w.refused("of an invitation", directory.NotFound, "", func() error { return second(w.ListMemberTokens(t.Context(), w.byOwner(), jane.ID)) })
	must(w.AcceptInvitation(t.Context(), w.as(rival.secret, rival.OrgID), w.org.ID))(t)
	laptop := must(w.CreatePersonalToken(t.Context(), w.as(rival.secret, rival.OrgID), directory.NewPersonalToken{Name: "laptop"}))(t)
	must(w.CreatePersonalToken(t.Context(), w.as(rival.secret, rival.OrgID), directory.NewPersonalToken{Name: "brief", ExpiresAt: w.clock.Now().Add(time.Second)}))(t)
	w.as(laptop.Secret, rival.OrgID)
	w.pass(time.Hour)
	if all := list(); !all["laptop"].IsZero() || len(all) != 2 {
		t.Errorf("used elsewhere: %v", all)
	}
	w.as(laptop.Secret, w.org.ID)
	at := w.now()
	if all := list(); !all["laptop"].Equal(at) {
		t.Errorf("used here: %v, want %s", all, at)
	}
	w.wants("store the use", "", w.StoreUsage(t.Context()))
	again := directory.NewService(w.db, dbtest.Keys(), w.clock.Now) // after a restart
	stored := must(again.ListMemberTokens(t.Context(), w.byOwner(), jane.ID))(t)
	for _, k := range stored {
		if k.ID == laptop.ID && !k.LastUsedAt.Equal(at) {
			t.Errorf("stored as %s, want %s", k.LastUsedAt, at)
		}
	}
	w.wants("revoke", "", w.RevokeMemberToken(t.Context(), w.byOwner(), jane.ID, laptop.ID))
	if _, there := list()["laptop"]; there {
		t.Error("a revoked token is listed")
	}
	w.as(laptop.Secret, rival.OrgID)
	w.pass(time.Minute)
	w.as(laptop.Secret, rival.OrgID)
	w.wants("delete the token", "", w.DeletePersonalToken(t.Context(), w.as(laptop.Secret, rival.OrgID), laptop.ID))
	w.wants("store the use of a token that is gone", "", w.StoreUsage(t.Context()))
}
