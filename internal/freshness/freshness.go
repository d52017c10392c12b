// Package freshness makes reads see what other nodes have written: decisions wait for a
// write that they must reflect, answers that callers keep are never older than [Fresh], and
// streams are woken when a log grows, and get what changes have affected.
package freshness

import (
	"context"
	"time"

	"github.com/rosterhq/roster/internal/directory"
)

// Fresh is how far an answer that an application may keep, and a message to an
// application that watches, may be behind a commit of another process. With the time
// for which a client trusts the last message, it makes up a second.
const Fresh = 250 * time.Millisecond

// Tracker observes the commits of all processes, as this one hears of them. Its methods are
// safe for concurrent use.
type Tracker struct {
	store     directory.Store
	listeners listeners
	journals  journals
	reached   reached
}

// New returns a tracker of the changes of a directory, which is on a store. A process has
// one.
func New(service *directory.Service, store directory.Store) *Tracker {
	t := &Tracker{store: store}
	service.Observe(directory.Observer{Committed: t.committed, Changed: t.unknown})
	return t
}

// committed is called with the entries of every commit when no cache has what they changed.
func (t *Tracker) committed(entries []directory.Entry) {
	t.listeners.committed(entries)
	t.journals.committed(entries)
	t.reached.committed(entries)
}

// unknown is called when something changed but the store cannot say what.
func (t *Tracker) unknown() {
	t.listeners.unknown()
	t.journals.unknown()
}

// InTouch reports whether this process has heard of everything that others had
// committed a second ago.
func (t *Tracker) InTouch() bool { return t.store.InTouch() }

// IsFresh reports whether this process has heard of everything that others had committed
// [Fresh] ago.
func (t *Tracker) IsFresh() bool { return t.store.Behind() <= Fresh }

// AwaitFresh waits until [Tracker.IsFresh], for answers that the caller keeps. Errors:
// [directory.Unavailable] if that takes more than a second.
func (t *Tracker) AwaitFresh(ctx context.Context) error {
	if t.IsFresh() {
		return nil
	}
	return t.catchUp(ctx)
}

// catchUp waits until this process has heard of everything that was committed before the
// call. Errors: [directory.Unavailable] if that takes more than a second.
func (t *Tracker) catchUp(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, catchUpTimeout)
	defer cancel()
	if t.store.CatchUp(ctx) != nil {
		return errBehind
	}
	return nil
}

const catchUpTimeout = time.Second

var errBehind = directory.Errorf(directory.Unavailable, "this server has lost touch with its database; try again")
