package freshness

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/directory"
)

// watched are journals with a watch of each kind, and a clock.
type watched struct {
	journals journals
	fresh    bool
	now      time.Time
}

func (w *watched) watch(org directory.OrgID, app directory.AppID) *accessWatch {
	return &accessWatch{journals: &w.journals, journal: w.journals.open(org), fresh: func() bool { return w.fresh }, org: org, app: app}
}

func (w *watched) next(t *testing.T, a *accessWatch) []Affected {
	t.Helper()
	w.now = w.now.Add(200 * time.Millisecond)
	list, fresh := a.next(w.now)
	if !fresh {
		t.Fatal("not fresh")
	}
	return list
}

func changeOf(org directory.OrgID, kind string, n int) directory.Entry {
	return directory.Entry{OrgID: org, Target: directory.Target{Type: kind, ID: fmt.Sprint(kind, n)}}
}

func changesOf(org directory.OrgID, kind string, n int) (all []directory.Entry) {
	for i := range n {
		all = append(all, changeOf(org, kind, i))
	}
	return all
}

// Everything is returned twice, the second time when no node can answer from before, and
// nothing while the process may have missed something.
func TestWatchReturnsEverythingTwice(t *testing.T) {
	w := &watched{fresh: true, now: time.Now()}
	a := w.watch("acme-aaaa", "wiki")
	w.journals.committed(changesOf("acme-aaaa", "user", 1))
	w.fresh = false
	if list, fresh := a.next(w.now); fresh || list != nil {
		t.Fatalf("while out of touch: %v", list)
	}
	w.fresh = true
	want := []Affected{{OrgID: "acme-aaaa", Type: "user", ID: "user0"}}
	for i, times := range []bool{true, false, true, false, false} {
		if got := w.next(t, a); (len(got) > 0) != times || (times && !slices.Equal(got, want)) {
			t.Errorf("call %d: %v", i, got)
		}
	}
}

// A busy organization is named as a whole, and costs others neither their events nor their
// names; a reader that is far behind gets everything at once.
func TestJournalIsBounded(t *testing.T) {
	w := &watched{fresh: true, now: time.Now()}
	all, own, slow := w.watch("", "billing"), w.watch("acme-aaaa", "wiki"), w.watch("", "billing")
	for range 20 { // commits
		w.journals.committed(changesOf("busy-aaaa", "user", 1000))
	}
	w.journals.committed(changesOf("acme-aaaa", "apiToken", 1))
	token := Affected{OrgID: "acme-aaaa", Type: "token", ID: "apiToken0"}
	if got := w.next(t, all); !slices.Equal(got, []Affected{{OrgID: "busy-aaaa"}, token}) {
		t.Errorf("a busy organization: %v", got)
	}
	if got := w.next(t, own); !slices.Equal(got, []Affected{token}) {
		t.Errorf("an organization beside a busy one: %v", got)
	}
	if n := w.journals.of[""].end(); n > maxSubjects+2 {
		t.Errorf("20,000 changes take %d places", n)
	}

	// Nobody reads, and many organizations change something.
	for i := range 3 * maxUnread {
		w.journals.committed([]directory.Entry{changeOf(directory.OrgID(fmt.Sprint("org", i)), "user", i)})
	}
	j := w.journals.of[""]
	if len(j.unread) > maxUnread+1 || len(j.list) > 2*maxAll {
		t.Errorf("%d unread, %d kept", len(j.unread), len(j.list))
	}
	if got := w.next(t, all); !slices.Equal(got, []Affected{{}}) {
		t.Errorf("after too many changes: %d of them", len(got))
	}

	// One reads, and another one does not.
	for i := range 4 * maxAll {
		w.journals.committed([]directory.Entry{changeOf(directory.OrgID(fmt.Sprint("org", i)), "user", i)})
		if i%100 == 0 {
			w.next(t, all)
		}
	}
	if len(j.list) > 2*maxAll {
		t.Errorf("%d kept", len(j.list))
	}
	if got := w.next(t, slow); !slices.Equal(got, []Affected{{}}) {
		t.Errorf("a reader that is far behind gets %d", len(got))
	}

	for _, a := range []*accessWatch{all, own, slow} {
		a.close()
	}
	if len(w.journals.of) != 0 {
		t.Errorf("%d journals without watches", len(w.journals.of))
	}
}

// An entry of an unknown kind drops all that is cached of its organization and all that
// applications keep of it.
func TestUnrecognizedEntryChangesEverything(t *testing.T) {
	e := changeOf("acme-aaaa", "newKind", 1)
	var affected []Affected
	for s := range e.Changed {
		if a, ok := affectedBy(s, e.OrgID); ok {
			affected = append(affected, a)
		}
	}
	if !slices.Equal(affected, []Affected{{OrgID: "acme-aaaa"}}) {
		t.Errorf("it affects %v", affected)
	}
	e.Outcome = directory.Refused
	for s := range e.Changed {
		t.Errorf("a refusal changes %v", s)
	}
}

// A sequence counts as reached only without a gap: an entry of this process may be reported
// before an earlier one of another.
func TestReachedHasNoGaps(t *testing.T) {
	var r reached
	at := func(n int64) directory.LogEnd { return directory.LogEnd{OrgID: "acme-aaaa", Sequence: n} }
	commit := func(n int64) { r.committed([]directory.Entry{{OrgID: "acme-aaaa", Sequence: n}}) }
	commit(1)
	if r.has(at(1)) {
		t.Error("nobody asked, and it is known")
	}
	r.set(at(5))
	commit(7)
	if !r.has(at(5)) || r.has(at(6)) || r.has(at(7)) {
		t.Error("7 counts although 6 has not come")
	}
	commit(6)
	commit(7) // as the feed reports it
	if !r.has(at(7)) || r.has(at(8)) {
		t.Error("6 and 7 have come")
	}
	r.set(at(2))
	if !r.has(at(7)) {
		t.Error("it goes back")
	}
	for i := range 3 * maxReached {
		r.set(directory.LogEnd{OrgID: directory.OrgID(fmt.Sprint(i)), Sequence: 1})
	}
	if len(r.of) > maxReached {
		t.Errorf("%d logs", len(r.of))
	}
}
