package freshness

import (
	"sync"

	"github.com/rosterhq/roster/internal/directory"
)

// Appended returns a channel that is closed when the log of an organization may have
// grown. It covers entries that other processes append only while [Tracker.InTouch]
// is true.
func (t *Tracker) Appended(org directory.OrgID) <-chan struct{} { return t.listeners.wait(org) }

// listeners are woken when the log of their organization has grown, and by no other.
type listeners struct {
	mu sync.Mutex
	of map[directory.OrgID]chan struct{}
}

// wait returns a channel that is closed when something is appended.
func (l *listeners) wait(org directory.OrgID) <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.of == nil {
		l.of = make(map[directory.OrgID]chan struct{})
	}
	if l.of[org] == nil {
		l.of[org] = make(chan struct{})
	}
	return l.of[org]
}

func (l *listeners) committed(entries []directory.Entry) {
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
