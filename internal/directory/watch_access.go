package directory

import (
	"context"
	"slices"
	"time"
)

const (
	// Fresh is how far an answer that an application may keep, and a message to an
	// application that watches, may be behind a commit of another process. With the time
	// for which a client trusts the last message, it makes up a second.
	Fresh = 250 * time.Millisecond
	// sendAgain is when a watch returns something for the second time: see [AccessWatch.Next].
	sendAgain = Fresh
)

// IsFresh reports whether this process has heard of everything that others had committed
// [Fresh] ago.
func (s *Service) IsFresh() bool { return s.store.Behind() <= Fresh }

// AwaitFresh waits until [Service.IsFresh], for answers that the caller keeps. Errors:
// [Unavailable] if that takes more than a second.
func (s *Service) AwaitFresh(ctx context.Context) error {
	if s.IsFresh() {
		return nil
	}
	return s.catchUp(ctx)
}

// catchUp waits until this process has heard of everything that was committed before the
// call. Errors: [Unavailable] if that takes more than a second.
func (s *Service) catchUp(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, catchUpTimeout)
	defer cancel()
	if s.store.CatchUp(ctx) != nil {
		return errBehind
	}
	return nil
}

const catchUpTimeout = time.Second

var errBehind = Errorf(Unavailable, "this server has lost touch with its database; try again")

// AccessWatch is an application's watch over what its decisions are made from.
type AccessWatch struct {
	journals *journals
	journal  *journal
	fresh    func() bool
	org      OrgID
	app      AppID

	next, again int64 // positions up to which everything was returned once, and twice
	reads       []journalRead
}

// journalRead is up to where a watch had read at a time.
type journalRead struct {
	at   time.Time
	upTo int64
}

// WatchAccess begins a watch for an application. [AccessWatch.Close] ends it.
func (s *Service) WatchAccess(call Call) (*AccessWatch, error) {
	p := call.Principal
	if err := OpWatchAccess.Authorize(p); err != nil {
		return nil, err
	}
	w := &AccessWatch{journals: &s.journals, journal: s.journals.open(p.OrgID), fresh: s.IsFresh, org: p.OrgID, app: p.App}
	w.journals.mu.Lock()
	defer w.journals.mu.Unlock()
	w.next = w.journal.end()
	w.again = w.next
	return w, nil
}

// Close ends the watch.
func (w *AccessWatch) Close() { w.journals.close(w.org, w.journal) }

// Next returns what changes have affected since the last call, each once. It reports false
// and returns nothing while the process is not fresh; otherwise the calls so far have
// returned everything that any process had committed [Fresh] ago.
//
// A later call returns everything a second time, because another node may still have
// answered from what it was before, if it was asked at once. An answer that is asked for
// after the second time comes from a later state on every node.
func (w *AccessWatch) Next(now time.Time) (list []Affected, fresh bool) {
	if !w.fresh() { // before reading
		return nil, false
	}
	w.journals.mu.Lock()
	defer w.journals.mu.Unlock()
	again := w.again
	for len(w.reads) > 0 && now.Sub(w.reads[0].at) >= sendAgain {
		again = w.reads[0].upTo
		w.reads = w.reads[1:]
	}
	twice, once := w.journal.from(w.again, again), w.journal.from(w.next, w.journal.end())
	list = w.merge(twice, once)
	w.again, w.next = again, w.journal.read()
	if n := len(w.reads); w.next != w.again && (n == 0 || w.reads[n-1].upTo != w.next) {
		w.reads = append(w.reads, journalRead{now, w.next})
	}
	return list, true
}

// merge returns what concerns the application, without what something else covers.
func (w *AccessWatch) merge(lists ...[]Affected) (merged []Affected) {
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
