package credentials_test

import (
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/credentials"
	"github.com/rosterhq/roster/internal/dbtest"
	"github.com/rosterhq/roster/internal/directory"
)

// A revoked token is refused in the organization and nowhere else, and nothing that it
// makes gets around that.
func TestRevokeMemberToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rival := w.Tenant("Rival")
	jane := w.Invite(rival, "user")
	must(w.AcceptInvitation(t.Context(), w.As(rival.Secret, rival.OrgID), w.Org.ID))(t)
	stolen := must(w.CreatePersonalToken(t.Context(), w.As(rival.Secret, rival.OrgID), credentials.NewPersonalToken{Name: "stolen"}))(t)
	manager := w.By(w.Join("Manager", w.Role("Manager", "users|update", "users|read").ID))
	here, there := w.As(stolen.Secret, w.Org.ID), w.As(stolen.Secret, rival.OrgID)

	w.Wants("revoke", "", w.RevokeMemberToken(t.Context(), manager, jane.ID, stolen.ID))
	refused := func(what, secret string) {
		t.Helper()
		_, err := w.Authenticate(t.Context(), secret, w.Org.ID)
		w.Wants(what, directory.Forbidden, err)
	}
	refused("the token", stolen.Secret)
	w.Refused("a request under way", directory.Forbidden, "", func() error {
		return second(w.UpdateOrg(t.Context(), here, w.Org.ID, "Taken"))
	})
	w.Refused("from the other organization", directory.Forbidden, "", func() error {
		return second(w.UpdateOrg(t.Context(), there, w.Org.ID, "Taken"))
	})
	w.As(stolen.Secret, rival.OrgID) // works
	child := must(w.CreatePersonalToken(t.Context(), there, credentials.NewPersonalToken{Name: "child"}))(t)
	refused("a token that it made", child.Secret)
	grandchild := must(w.CreatePersonalToken(t.Context(), w.As(child.Secret, rival.OrgID), credentials.NewPersonalToken{Name: "grandchild"}))(t)
	refused("a token that this one made", grandchild.Secret)
	w.As(rival.Secret, w.Org.ID) // another token of the person works

	for org, want := range map[directory.OrgID]int{w.Org.ID: 1, rival.OrgID: 0} {
		n := 0
		for _, e := range w.EntriesOf(org) {
			if e.Action == "revokeUserToken" && e.Target.ID == string(stolen.ID) {
				n++
			}
		}
		if n != want {
			t.Errorf("%d entries in the log of %s, want %d", n, org, want)
		}
	}
	w.Refused("again", directory.NotFound, "", func() error { return w.RevokeMemberToken(t.Context(), manager, jane.ID, stolen.ID) })
	w.Refused("a token of nobody", directory.NotFound, "", func() error { return w.RevokeMemberToken(t.Context(), manager, jane.ID, "pat_none") })
	w.Refused("a stranger's", directory.NotFound, "", func() error { return w.RevokeMemberToken(t.Context(), manager, rival.ID, child.ID) })
}

func TestOnlyOwnersRevokeAnOwnersTokens(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token := must(w.CreatePersonalToken(t.Context(), w.ByOwner(), credentials.NewPersonalToken{Name: "laptop"}))(t)
	admin, api := w.By(w.Join("Admin", "admin")), w.As(w.Token("users|update", "users|read").Secret, "")
	for what, call := range map[string]directory.Call{"an admin": admin, "an API token": api} {
		w.Refused(what, directory.Forbidden, "", func() error { return w.RevokeMemberToken(t.Context(), call, w.Owner.ID, token.ID) })
	}
	w.Wants("an owner", "", w.RevokeMemberToken(t.Context(), w.ByOwner(), w.Owner.ID, token.ID))
	weak := w.By(w.Join("Weak", "user"))
	w.Refused("list without users|update", directory.Forbidden, "", func() error { return second(w.ListMemberTokens(t.Context(), weak, w.Owner.ID)) })
}

// An organization sees when a token was used in it, and nothing of its use elsewhere.
func TestListMemberTokens(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rival := w.Tenant("Rival")
	jane := w.Invite(rival, "user")
	list := func() map[string]time.Time {
		t.Helper()
		all := make(map[string]time.Time)
		for _, k := range must(w.ListMemberTokens(t.Context(), w.ByOwner(), jane.ID))(t) {
			all[k.Name] = k.LastUsedAt
		}
		return all
	}
	w.Refused("of an invitation", directory.NotFound, "", func() error { return second(w.ListMemberTokens(t.Context(), w.ByOwner(), jane.ID)) })
	must(w.AcceptInvitation(t.Context(), w.As(rival.Secret, rival.OrgID), w.Org.ID))(t)
	laptop := must(w.CreatePersonalToken(t.Context(), w.As(rival.Secret, rival.OrgID), credentials.NewPersonalToken{Name: "laptop"}))(t)
	must(w.CreatePersonalToken(t.Context(), w.As(rival.Secret, rival.OrgID), credentials.NewPersonalToken{Name: "brief", ExpiresAt: w.Clock().Add(time.Second)}))(t)
	w.As(laptop.Secret, rival.OrgID)
	w.Pass(time.Hour)
	if all := list(); !all["laptop"].IsZero() || len(all) != 2 {
		t.Errorf("used elsewhere: %v", all)
	}
	w.As(laptop.Secret, w.Org.ID)
	at := w.now()
	if all := list(); !all["laptop"].Equal(at) {
		t.Errorf("used here: %v, want %s", all, at)
	}
	w.Wants("store the use", "", w.StoreUsage(t.Context()))
	again := credentials.NewKeeper(directory.NewService(w.DB, dbtest.Keys(), w.Clock)) // after a restart
	stored := must(again.ListMemberTokens(t.Context(), w.ByOwner(), jane.ID))(t)
	for _, k := range stored {
		if k.ID == laptop.ID && !k.LastUsedAt.Equal(at) {
			t.Errorf("stored as %s, want %s", k.LastUsedAt, at)
		}
	}
	w.Wants("revoke", "", w.RevokeMemberToken(t.Context(), w.ByOwner(), jane.ID, laptop.ID))
	if _, there := list()["laptop"]; there {
		t.Error("a revoked token is listed")
	}
	w.As(laptop.Secret, rival.OrgID)
	w.Pass(time.Minute)
	w.As(laptop.Secret, rival.OrgID)
	w.Wants("delete the token", "", w.DeletePersonalToken(t.Context(), w.As(laptop.Secret, rival.OrgID), laptop.ID))
	w.Wants("store the use of a token that is gone", "", w.StoreUsage(t.Context()))
}
