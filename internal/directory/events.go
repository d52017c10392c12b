package directory

import (
	"context"
	"sync"
)

const (
	// eventBatch is how many entries an event stream gets at a time, and eventBytes
	// about how much is read for it under one check of its permission.
	eventBatch = 100
	eventBytes = 64 << 10
)

// Events is a batch of an organization's log for an event stream.
type Events struct {
	Entries []Entry
	UpTo    int64 // sequence up to which the log was read; Entries may end before it
	End     int64 // sequence of the log's last entry
	More    bool  // there are more entries already
}

// ReadEvents returns the next entries of the log of the principal's organization
// that q asks for. q.After is the last sequence that the stream has, or -1 to begin
// at the log's end; q.Limit is not used. Entries that retention has dropped are left out.
//
// Permission auditLog|read.
func (s *Service) ReadEvents(ctx context.Context, call Call, q EntryQuery) (Events, error) {
	return Read(ctx, s, call, OpStreamEvents, func(tx Tx) (out Events, err error) {
		org := call.Principal.OrgID
		last, _, err := tx.LastOrgEntry(org)
		if err != nil {
			return out, err
		}
		if q.After < 0 {
			q.After = last
		}
		out.UpTo, out.End = max(q.After, last), last
		if q.After == last {
			return out, nil
		}
		q.Limit = eventBatch
		out.Entries, out.More, err = ReadEntries(tx, nil, org, q, eventBytes)
		if out.More {
			out.UpTo = out.Entries[len(out.Entries)-1].Sequence
		}
		return out, err
	})
}

// Appended returns a channel that is closed when the log of an organization may have
// grown. It covers entries that other processes append only while [Service.InTouch]
// is true.
func (s *Service) Appended(org OrgID) <-chan struct{} { return s.listeners.wait(org) }

// InTouch reports whether this process has heard of everything that others had
// committed a second ago.
func (s *Service) InTouch() bool { return s.store.InTouch() }

// listeners are woken when the log of their organization has grown, and by no other.
type listeners struct {
	mu sync.Mutex
	of map[OrgID]chan struct{}
}

// wait returns a channel that is closed when something is appended.
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

// unknown wakes all listeners: something was appended, but to which log is unknown.
func (l *listeners) unknown() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, ch := range l.of {
		close(ch)
	}
	clear(l.of)
}
