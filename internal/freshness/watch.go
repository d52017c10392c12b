package freshness

import (
	"slices"
	"time"

	"github.com/rosterhq/roster/internal/directory"
)

// sendAgain is when a watch returns something for the second time: see [accessWatch.next].
const sendAgain = Fresh

// accessWatch is an application's watch over what its decisions are made from.
type accessWatch struct {
	journals *journals
	journal  *journal
	fresh    func() bool
	org      directory.OrgID
	app      directory.AppID

	once, twice int64 // positions up to which everything was returned so often
	reads       []journalRead
}

// journalRead is up to where a watch had read at a time.
type journalRead struct {
	at   time.Time
	upTo int64
}

// watchAccess begins a watch for an application. [accessWatch.close] ends it.
func (t *Tracker) watchAccess(call directory.Call) (*accessWatch, error) {
	p := call.Principal
	if err := directory.OpWatchAccess.Authorize(p); err != nil {
		return nil, err
	}
	w := &accessWatch{journals: &t.journals, journal: t.journals.open(p.OrgID), fresh: t.IsFresh, org: p.OrgID, app: p.App}
	w.journals.mu.Lock()
	defer w.journals.mu.Unlock()
	w.once = w.journal.end()
	w.twice = w.once
	return w, nil
}

// close ends the watch.
func (w *accessWatch) close() { w.journals.close(w.org, w.journal) }

// next returns what changes have affected since the last call, each once. It reports false
// and returns nothing while the process is not fresh; otherwise the calls so far have
// returned everything that any process had committed [Fresh] ago.
//
// A later call returns everything a second time, because another node may still have
// answered from what it was before, if it was asked at once. An answer that is asked for
// after the second time comes from a later state on every node.
func (w *accessWatch) next(now time.Time) (list []Affected, fresh bool) {
	if !w.fresh() { // before reading
		return nil, false
	}
	w.journals.mu.Lock()
	defer w.journals.mu.Unlock()
	twice := w.twice
	for len(w.reads) > 0 && now.Sub(w.reads[0].at) >= sendAgain {
		twice = w.reads[0].upTo
		w.reads = w.reads[1:]
	}
	list = w.merge(w.journal.from(w.twice, twice), w.journal.from(w.once, w.journal.end()))
	w.twice, w.once = twice, w.journal.read()
	if n := len(w.reads); w.once != w.twice && (n == 0 || w.reads[n-1].upTo != w.once) {
		w.reads = append(w.reads, journalRead{now, w.once})
	}
	return list, true
}

// merge returns what concerns the application, without what something else covers.
func (w *accessWatch) merge(lists ...[]Affected) (merged []Affected) {
	seen := make(map[Affected]bool)
	for _, list := range lists {
		for _, a := range list {
			if a.app != "" && a.app != w.app {
				continue
			}
			a.app = ""
			if !seen[a] {
				seen[a] = true
				merged = append(merged, a)
			}
		}
	}
	if seen[Affected{}] {
		return []Affected{{}}
	}
	return slices.DeleteFunc(merged, func(a Affected) bool { return a.ID != "" && seen[Affected{OrgID: a.OrgID}] })
}
