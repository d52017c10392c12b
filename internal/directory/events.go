package directory

import "sync"

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
