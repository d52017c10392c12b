// Package lastuse keeps the times at which things were last used in memory, so that using
// one costs no write, until somebody stores those that have moved. No I/O.
package lastuse

import (
	"sync"
	"sync/atomic"
	"time"
)

// Marks are the times of things by their keys. The zero value is ready for use, and methods
// are safe for concurrent use.
type Marks[K comparable] struct {
	mu    sync.Mutex
	marks map[K]*Mark
}

// Mark is the time at which one thing was last used.
type Mark struct {
	last   atomic.Int64 // in microseconds since 1970; 0: not used since the process began
	stored int64        // guarded by Marks.mu
}

// Use sets the time. A nil Mark is that of nothing.
func (m *Mark) Use(now time.Time) {
	if m != nil {
		m.last.Store(now.UnixMicro())
	}
}

// Of returns the mark of a key, which all who ask for the key share.
func (u *Marks[K]) Of(key K) *Mark {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.marks[key] == nil {
		if u.marks == nil {
			u.marks = make(map[K]*Mark)
		}
		u.marks[key] = new(Mark)
	}
	return u.marks[key]
}

// Latest returns when a thing was last used, if that is after the stored time, and else the
// stored time.
func (u *Marks[K]) Latest(key K, stored time.Time) time.Time {
	u.mu.Lock()
	m := u.marks[key]
	u.mu.Unlock()
	if m != nil {
		if last := m.last.Load(); last > 0 && last > stored.UnixMicro() {
			return time.UnixMicro(last).UTC()
		}
	}
	return stored
}

// Moved returns the times that have moved since they were last stored, by more than lag.
func (u *Marks[K]) Moved(lag func(K) time.Duration) map[K]time.Time {
	u.mu.Lock()
	defer u.mu.Unlock()
	moved := make(map[K]time.Time)
	for key, m := range u.marks {
		last, stored := m.last.Load(), m.stored
		if stored > 0 {
			stored += lag(key).Microseconds()
		}
		if last > stored {
			moved[key] = time.UnixMicro(last).UTC()
		}
	}
	return moved
}

// Stored notes times of [Marks.Moved] that have been stored.
func (u *Marks[K]) Stored(times map[K]time.Time) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for key, at := range times {
		u.marks[key].stored = at.UnixMicro()
	}
}
