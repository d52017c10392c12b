package store

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/rosterhq/roster/internal/directory"
)

// notifier reports commits to their observers in this process.
type notifier struct {
	observer atomic.Pointer[directory.Observer]
	changed  broadcast
}

// committed reports the entries of a commit.
func (n *notifier) committed(entries []directory.Entry) {
	if o := n.observer.Load(); o != nil && len(entries) > 0 {
		o.Committed(entries)
	}
}

// unknown reports that something changed, when the store cannot say what.
func (n *notifier) unknown() {
	if o := n.observer.Load(); o != nil {
		o.Changed()
	}
}

// silence is the time without an answer from the database after which a process stops
// using its cache. A revoked principal must be refused within a second; the difference is
// for responses that are under way.
const silence = 800 * time.Millisecond

// touch holds the time of the last complete answer about the changes of others.
type touch struct {
	started time.Time // a monotonic clock's origin
	heard   atomic.Int64
	moved   broadcast     // sent when heard has grown
	ask     chan struct{} // wakes the loop that asks
}

func newTouch() *touch { return &touch{started: time.Now(), ask: make(chan struct{}, 1)} }

// at records that a query sent at asked was answered.
func (t *touch) at(asked time.Time) {
	t.heard.Store(int64(asked.Sub(t.started)))
	t.moved.send()
}

// reach waits until an answer to a query is recorded that was sent after the call.
func (t *touch) reach(ctx context.Context) error {
	since := int64(time.Since(t.started))
	for {
		moved := t.moved.wait()
		if t.heard.Load() >= since {
			return nil
		}
		select {
		case t.ask <- struct{}{}:
		default: // it is awake already
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// ago returns the age of the last answer, counted from its query.
func (t *touch) ago() time.Duration { return time.Since(t.started) - time.Duration(t.heard.Load()) }

func (t *touch) recent() bool { return t.ago() < silence }
