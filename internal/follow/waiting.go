package follow

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/rosterhq/roster/internal/directory"
)

// Bounds of the pause before a retry of an entry, which is half the entry's age.
const (
	leastWait = 30 * time.Second
	mostWait  = 30 * time.Minute
	// againAtATime is how many entries are retried between two batches of new ones.
	againAtATime = 10
)

// waiting is an entry to retry, before the follower's cursor. Position 0 is a free place.
// The position is stored as a cursor of its own, so there is no table for it. Places are
// reused and never removed.
type waiting struct {
	position int64
	due      time.Time // zero after a restart: now
}

// place returns the name of the cursor of the waiting entry at index i.
func (r *reader) place(i int) string { return fmt.Sprintf("%s waiting %d", r.Follower, i) }

// load reads the cursor and the waiting entries.
func (r *reader) load(ctx context.Context) error {
	return r.Store.Read(ctx, func(tx directory.Tx) (err error) {
		r.waiting = nil
		if r.stored, err = Cursor(tx, r.Follower); err != nil {
			return err
		}
		for {
			at, err := tx.Cursor(r.place(len(r.waiting)))
			if directory.CodeOf(err) == directory.NotFound {
				return nil
			}
			if err != nil {
				return err
			}
			r.waiting = append(r.waiting, waiting{position: at})
		}
	})
}

// putOff adds an entry to the waiting ones.
func (r *reader) putOff(e directory.Entry) int {
	i := slices.IndexFunc(r.waiting, func(w waiting) bool { return w.position == 0 })
	if i < 0 {
		i, r.waiting = len(r.waiting), append(r.waiting, waiting{})
	}
	r.waiting[i] = waiting{e.Position, r.dueAgain(e)}
	return i
}

func (r *reader) dueAgain(e directory.Entry) time.Time {
	now := r.Clock()
	return now.Add(min(max(now.Sub(e.At)/2, leastWait), mostWait))
}

// retryDue handles some of the waiting entries that are due, the longest due first.
func (r *reader) retryDue(ctx context.Context) error {
	for range againAtATime {
		next := -1
		for i, w := range r.waiting {
			if w.position != 0 && !w.due.After(r.Clock()) && (next < 0 || w.due.Before(r.waiting[next].due)) {
				next = i
			}
		}
		if next < 0 {
			return nil
		}
		if err := r.retry(ctx, next); err != nil {
			return err
		}
	}
	return nil
}

func (r *reader) retry(ctx context.Context, i int) error {
	w := &r.waiting[i]
	var found []directory.Entry
	err := r.Store.Read(ctx, func(tx directory.Tx) (err error) {
		found, err = tx.Entries(w.position-1, 1)
		return err
	})
	if err != nil {
		return err
	}
	if len(found) == 0 { // the entry is too new to be visible in the store yet
		w.due = r.Clock().Add(leastWait)
		return nil
	}
	if e := found[0]; e.Position == w.position { // otherwise it was deleted
		done, err := r.handle(ctx, e)
		if err != nil {
			return err
		}
		if !done {
			w.due = r.dueAgain(e)
			return nil
		}
	}
	from := w.position
	w.position = 0
	return r.Store.Write(context.WithoutCancel(ctx), func(tx directory.Tx) error { return moveNamed(tx, r.Follower, r.place(i), from, 0) })
}
