package directory

import (
	"context"
	"sync"
	"time"
)

const (
	// watchCheck is how often a watcher's authority is looked at while nothing
	// happens, so that what is revoked has ended within a second.
	watchCheck = 500 * time.Millisecond
	// watchPoll is how often a watcher looks at the log without having been told
	// of anything.
	watchPoll = 5 * time.Second
	// watchBytes is about how much is handed over under one look at the authority.
	watchBytes = 64 << 10
)

// Watcher follows the audit log of an organisation.
type Watcher struct {
	// Renew gives the principal as it is now; its error ends the watch.
	Renew Renewal
	// Query narrows what is handed over. After is where it begins: the number of
	// the last entry that the watcher has, or -1 for what is still to come.
	Query EntryQuery
	// Entries is called at once, with each batch of entries, and at least every
	// half second. upTo is the number up to which everything was handed over.
	// Its error ends the watch.
	Entries func(list []Entry, upTo int64) error
}

// WatchEntries hands the entries of the audit log of the principal's organisation
// to w in order, each once, as they are committed by any node. It ends with an
// error: ctx's, w's, or [Unauthenticated] or [Forbidden] as soon as w may not read
// them any more. Entries that retention has dropped are left out.
//
// Permission auditLog|read. Errors besides: [Invalid] for a place beyond the log's end.
func (s *Service) WatchEntries(ctx context.Context, call Call, w Watcher) error {
	if err := OpStreamEvents.Authorise(call.Principal); err != nil {
		return err
	}
	org, q := call.Principal.OrgID, w.Query
	q.Limit = feedBatch
	for first := true; ; first = false {
		appended := s.listeners.wait(org)
		list, more, err := s.watchOnce(ctx, org, &q, first)
		if err != nil {
			return err
		}
		if err := w.Entries(list, q.After); err != nil {
			return err
		}
		if more {
			err = w.Renew.check(ctx, org, OpStreamEvents)
		} else {
			err = s.idle(ctx, org, w, appended, q.After)
		}
		if err != nil {
			return err
		}
	}
}

// watchOnce reads the next batch and moves q on to where it ends.
func (s *Service) watchOnce(ctx context.Context, org OrgID, q *EntryQuery, first bool) (list []Entry, more bool, err error) {
	err = s.store.Read(ForTenant(ctx, OrgTenant(org)), func(tx Tx) error {
		last, _, err := tx.LastOrgEntry(org)
		if err != nil {
			return err
		}
		if first && q.After < 0 {
			q.After = last
		}
		if first && q.After > last {
			return InvalidField("lastEventId", "is beyond the end of the log, which is %d; start again without it", last)
		}
		if q.After == last {
			return nil
		}
		list, more, err = readEntries(tx, nil, org, *q, watchBytes)
		if more {
			last = list[len(list)-1].Sequence
		}
		q.After = max(q.After, last)
		return err
	})
	return list, more, err
}

// idle waits for something to read, and looks at the authority first and meanwhile.
func (s *Service) idle(ctx context.Context, org OrgID, w Watcher, appended <-chan struct{}, upTo int64) error {
	for waited := time.Duration(0); waited < watchPoll; waited += watchCheck {
		told := false
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-appended:
			told = true
		case <-time.After(watchCheck):
		}
		if err := w.Renew.check(ctx, org, OpStreamEvents); err != nil {
			return err
		}
		if told || !s.store.InTouch() {
			return nil
		}
		if err := w.Entries(nil, upTo); err != nil {
			return err
		}
	}
	return nil
}

// listeners are woken when an organisation's log has grown: each by its own
// organisation's, so that who listens to a quiet one costs nothing.
type listeners struct {
	mu sync.Mutex
	of map[OrgID]chan struct{}
}

// wait gives a channel that is closed when something is appended.
func (l *listeners) wait(org OrgID) <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.of == nil {
		l.of = make(map[OrgID]chan struct{})
	}
	if l.of[org] == nil {
		l.of[org] = make(chan struct{})
	}
	return l.of[org]
}

func (l *listeners) committed(entries []Entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range entries {
		if ch := l.of[entries[i].OrgID]; ch != nil {
			close(ch)
			delete(l.of, entries[i].OrgID)
		}
	}
}

// unknown wakes everybody: something was appended, and to which log is unknown.
func (l *listeners) unknown() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, ch := range l.of {
		close(ch)
	}
	clear(l.of)
}
