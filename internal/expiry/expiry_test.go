package expiry_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rosterhq/roster/internal/credentials"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/directorytest"
	"github.com/rosterhq/roster/internal/expiry"
)

// old makes an API token with a capability to read users.
func old(w *directorytest.World, expires time.Time) credentials.IssuedAPIToken {
	w.Helper()
	return directorytest.Must(w.CreateAPIToken(w.Context(), w.ByOwner(), credentials.NewAPIToken{
		Name: "Old", Capabilities: directorytest.Caps(w, "users|read"), ExpiresAt: expires,
	}))(w)
}

// A token is announced once 14 days and once 3 days before its end, and not for every
// look; what was made to live briefly, or was replaced, is not.
func TestAnnounceExpiring(t *testing.T) {
	t.Parallel()
	w := directorytest.New(t)
	day := 24 * time.Hour
	in := func(d time.Duration) time.Time { return w.Clock().Add(d) }
	long, replaced := old(w, in(100*day)), old(w, in(100*day))
	old(w, time.Time{})
	old(w, in(2*day)) // made to live briefly
	week := old(w, in(7*day))
	announced := func() map[string]int {
		t.Helper()
		w.Wants("announce", "", expiry.Announce(t.Context(), w.Service))
		n := make(map[string]int)
		for _, e := range w.EntriesOf(w.Org.ID) {
			if e.Action == "announceTokenExpiry" {
				if e.Actor.Kind != directory.ActorSystem {
					t.Errorf("the actor is %+v", e.Actor)
				}
				n[e.Target.ID]++
			}
		}
		return n
	}
	wants := func(what string, want map[string]int) {
		t.Helper()
		for range 2 {
			if diff := cmp.Diff(want, announced()); diff != "" {
				t.Errorf("%s (-want +got):\n%s", what, diff)
			}
		}
	}
	wants("at first", map[string]int{})
	w.Pass(5 * day)
	wants("a token of a week, 2 days before its end", map[string]int{string(week.ID): 1})
	directorytest.Must(w.RegenerateAPIToken(t.Context(), w.ByOwner(), replaced.ID, credentials.Regeneration{ExistingExpiresAt: in(85 * day)}))(t)
	w.Pass(82 * day)
	wants("13 days before", map[string]int{string(week.ID): 1, string(long.ID): 1})
	w.Pass(11 * day)
	wants("2 days before", map[string]int{string(week.ID): 1, string(long.ID): 2})
	w.Pass(3 * day)
	wants("afterwards", map[string]int{string(week.ID): 1, string(long.ID): 2})
}

// A server that was off for long announces the end once, not for each notice that it missed.
func TestAnnounceExpiringAfterAPause(t *testing.T) {
	t.Parallel()
	w := directorytest.New(t)
	old(w, w.Clock().Add(100*24*time.Hour))
	w.Pass(99 * 24 * time.Hour)
	for range 2 {
		w.Wants("announce", "", expiry.Announce(t.Context(), w.Service))
	}
	n := 0
	for _, e := range w.EntriesOf(w.Org.ID) {
		if e.Action == "announceTokenExpiry" {
			n++
		}
	}
	if n != 1 {
		t.Errorf("%d entries, want 1", n)
	}
}

// A personal token is announced in each organization that it acts in: not where the person is
// suspended, and not where it was revoked.
func TestAnnounceExpiringPersonalTokens(t *testing.T) {
	t.Parallel()
	w := directorytest.New(t)
	day := 24 * time.Hour
	mia := w.Join("Mia", "user")
	add := func(name string, lifetime time.Duration) directory.PersonalTokenRecord {
		t.Helper()
		var token credentials.IssuedPersonalToken
		err := w.DB.Write(t.Context(), func(tx directory.Tx) (err error) {
			token, err = credentials.IssuePersonalToken(tx, mia.AccountID, credentials.NewPersonalToken{Name: name, ExpiresAt: w.Clock().Add(lifetime)}, w.Clock())
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return token.PersonalTokenRecord
	}
	orgs := []directory.OrgID{w.Org.ID}
	for range 3 {
		m := directorytest.Must(w.CreateOrg(t.Context(), w.By(mia), "Elsewhere"))(t)
		orgs = append(orgs, m.Org.ID)
	}
	long, revoked := add("long", 100*day), add("revoked", 100*day)
	add("brief", 2*day)
	in := func(org directory.OrgID, change func(directory.Tx, directory.User) error) {
		t.Helper()
		err := w.DB.Write(t.Context(), func(tx directory.Tx) error {
			u, err := tx.AccountUser(org, mia.AccountID)
			if err != nil {
				return err
			}
			return change(tx, u)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	in(orgs[1], func(tx directory.Tx, u directory.User) error { u.Suspended = true; return tx.UpdateUser(u) })
	in(orgs[2], func(tx directory.Tx, u directory.User) error {
		return tx.RevokeToken(orgs[2], mia.AccountID, long.ID, w.Clock())
	})
	for _, org := range orgs {
		in(org, func(tx directory.Tx, _ directory.User) error {
			return tx.RevokeToken(org, mia.AccountID, revoked.ID, w.Clock())
		})
	}
	wants := func(what string, want ...int) {
		t.Helper()
		for range 2 {
			w.Wants("announce", "", expiry.Announce(t.Context(), w.Service))
			for i, org := range orgs {
				n := 0
				for _, e := range w.EntriesOf(org) {
					if e.Action != "announceTokenExpiry" {
						continue
					}
					if n++; e.Actor.Kind != directory.ActorSystem || e.Target != long.Target() {
						t.Errorf("%s: %+v about %+v", what, e.Actor, e.Target)
					}
				}
				if n != want[i] {
					t.Errorf("%s: organization %d has %d entries, want %d", what, i, n, want[i])
				}
			}
		}
	}
	wants("at first", 0, 0, 0, 0)
	w.Pass(87 * day)
	wants("13 days before", 1, 0, 0, 1)
	w.Pass(11 * day)
	wants("2 days before", 2, 0, 0, 2)
}
