package directory_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rosterhq/roster/internal/directory"
)

// A token is announced once 14 days and once 3 days before its end, and not for every
// look; what was made to live briefly, or was replaced, is not.
func TestAnnounceExpiring(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	day := 24 * time.Hour
	in := func(d time.Duration) time.Time { return w.Clock().Add(d) }
	long, replaced := w.old(in(100*day), "users|read"), w.old(in(100*day), "users|read")
	w.old(time.Time{}, "users|read")
	w.old(in(2*day), "users|read") // made to live briefly
	week := w.old(in(7*day), "users|read")
	announced := func() map[string]int {
		t.Helper()
		w.Wants("announce", "", w.AnnounceExpiring(t.Context()))
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
	must(w.RegenerateAPIToken(t.Context(), w.ByOwner(), replaced.ID, directory.Regeneration{ExistingExpiresAt: in(85 * day)}))(t)
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
	w := newWorld(t)
	w.old(w.Clock().Add(100*24*time.Hour), "users|read")
	w.Pass(99 * 24 * time.Hour)
	for range 2 {
		w.Wants("announce", "", w.AnnounceExpiring(t.Context()))
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
