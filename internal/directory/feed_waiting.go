package directory

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// The pauses after which an entry that waits comes again: half its age, within these.
const (
	leastWait = 30 * time.Second
	mostWait  = 30 * time.Minute
	// againAtATime is how many come again before the log goes on: new entries wait
	// for no more.
	againAtATime = 10
)

// waiting is an entry that a follower is not done with and has gone past; no
// number: the place is free. The number is kept as a cursor of its own, so it takes
// no table; places are used again, and never become fewer.
type waiting struct {
	seq int64
	due time.Time // zero after a restart: now
}

// place is the name of the cursor that keeps what waits at i.
func (f *feed) place(i int) string { return fmt.Sprintf("%s waiting %d", f.follower, i) }

// load reads how far the follower has come, and what waits.
func (f *feed) load(ctx context.Context) error {
	return f.s.store.Read(ctx, func(tx Tx) (err error) {
		f.waiting = nil
		if f.stored, err = cursor(tx, f.follower); err != nil {
			return err
		}
		for {
			seq, err := tx.Cursor(f.place(len(f.waiting)))
			if CodeOf(err) == NotFound {
				return nil
			}
			if err != nil {
				return err
			}
			f.waiting = append(f.waiting, waiting{seq: seq})
		}
	})
}

// putOff finds an entry a place to wait at.
func (f *feed) putOff(e Entry) int {
	i := slices.IndexFunc(f.waiting, func(w waiting) bool { return w.seq == 0 })
	if i < 0 {
		i, f.waiting = len(f.waiting), append(f.waiting, waiting{})
	}
	f.waiting[i] = waiting{e.Position, f.dueAgain(e)}
	return i
}

func (f *feed) dueAgain(e Entry) time.Time {
	now := f.s.now()
	return now.Add(min(max(now.Sub(e.At)/2, leastWait), mostWait))
}

// again hands over some of what waits and is due, what has been due longest first.
func (f *feed) again(ctx context.Context) error {
	for range againAtATime {
		next := -1
		for i, w := range f.waiting {
			if w.seq != 0 && !w.due.After(f.s.now()) && (next < 0 || w.due.Before(f.waiting[next].due)) {
				next = i
			}
		}
		if next < 0 {
			return nil
		}
		if err := f.retry(ctx, next); err != nil {
			return err
		}
	}
	return nil
}

func (f *feed) retry(ctx context.Context, i int) error {
	w := &f.waiting[i]
	var found []Entry
	err := f.s.store.Read(ctx, func(tx Tx) (err error) {
		found, err = tx.Entries(w.seq-1, 1)
		return err
	})
	if err != nil {
		return err
	}
	if len(found) == 0 { // the store shows nothing as new as that yet
		w.due = f.s.now().Add(leastWait)
		return nil
	}
	if e := found[0]; e.Position == w.seq { // else it was deleted, and so is done with
		done, err := f.fn(ctx, e)
		if err != nil {
			return err
		}
		if !done {
			w.due = f.dueAgain(e)
			return nil
		}
	}
	from := w.seq
	w.seq = 0
	return f.s.store.Write(context.WithoutCancel(ctx), func(tx Tx) error { return moveCursor(tx, f.follower, f.place(i), from, 0) })
}
