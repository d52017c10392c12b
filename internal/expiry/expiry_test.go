package expiry_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/directorytest"
	"github.com/rosterhq/roster/internal/expiry"
)

// old makes an API token with a capability to read users.
func old(w *directorytest.World, expires time.Time) directory.IssuedAPIToken {
	w.Helper()
	return directorytest.Must(w.CreateAPIToken(w.Context(), w.ByOwner(), directory.NewAPIToken{
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
	directorytest.Must(w.RegenerateAPIToken(t.Context(), w.ByOwner(), replaced.ID, directory.Regeneration{ExistingExpiresAt: in(85 * day)}))(t)
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
