package follow

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/rosterhq/roster/internal/directory"
)

const (
	// batchSize is how many entries a follower reads at a time.
	batchSize = 100
	// skipEvery is how often [Feed.Skip] stores its cursor.
	skipEvery = time.Minute
)

// Feed reads the entries of all organizations for one follower.
type Feed struct {
	Store    directory.Store
	Clock    func() time.Time
	Follower string // its name
}

// Handler handles an entry and reports whether it is done with it.
type Handler func(context.Context, directory.Entry) (done bool, err error)

// Run calls handle with the entries of the audit log after the follower's cursor, in
// order, until ctx ends. If handle reports that it is not done with an entry, Run calls
// it again after growing pauses, without blocking other entries. An error ends Run; its
// entry and all later ones are handled again. Cursors are stored once per batch, so after
// a crash some entries are handled again: handle gets each at least once. One process
// leads each follower; the others wait to take over.
func (f Feed) Run(ctx context.Context, handle Handler) error {
	return f.Store.Lead(ctx, f.Follower, func(ctx context.Context) error {
		r := &reader{Feed: f, handle: handle}
		return r.run(ctx)
	})
}

// reader is a follower that leads.
type reader struct {
	Feed
	handle  Handler
	stored  int64 // the cursor when waiting was read, and as it was moved since
	waiting []waiting
}

func (r *reader) run(ctx context.Context) error {
	if err := r.load(ctx); err != nil {
		return err
	}
	for {
		changed := r.Store.Changed()
		n, err := r.readOn(ctx)
		if err != nil {
			return err
		}
		if err := r.retryDue(ctx); err != nil {
			return err
		}
		if n > 0 {
			continue
		}
		if Wait(ctx, changed); ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

// readOn reads a batch and returns how many entries of it were handled.
func (r *reader) readOn(ctx context.Context) (handled int, err error) {
	var batch []directory.Entry
	err = r.Store.Read(ctx, func(tx directory.Tx) error {
		at, err := Cursor(tx, r.Follower)
		if err == nil && at != r.stored {
			err = ErrOvertaken
		}
		if err != nil {
			return err
		}
		batch, err = tx.Entries(at, batchSize)
		return err
	})
	if err != nil {
		return 0, err
	}
	var put []int
	for _, e := range batch {
		var done bool
		if done, err = r.handle(ctx, e); err != nil {
			break
		}
		if !done {
			put = append(put, r.putOff(e))
		}
		handled++
	}
	if handled == 0 {
		return 0, err
	}
	// Store the cursor even if ctx has ended or a later step fails.
	last := batch[handled-1].Position
	stored := r.Store.Write(context.WithoutCancel(ctx), func(tx directory.Tx) error {
		if err := Move(tx, r.Follower, r.stored, last); err != nil {
			return err
		}
		for _, i := range put {
			if err := tx.SetCursor(r.place(i), r.waiting[i].position); err != nil {
				return err
			}
		}
		return nil
	})
	r.stored = last // if that failed, this reader ends
	return handled, errors.Join(err, stored)
}

// Skip keeps the follower's cursor at the end of the log until ctx ends, as if it
// had handled all entries. A later follower begins there, or, after a crash, at most
// a minute before. Skip writes once a minute at most.
func (f Feed) Skip(ctx context.Context) error {
	return f.Store.Lead(ctx, f.Follower, func(ctx context.Context) error {
		for {
			// Store the cursor of the last minute before shutting down.
			if err := f.skipOnce(context.WithoutCancel(ctx)); err != nil || ctx.Err() != nil {
				return err
			}
			Pause(ctx, skipEvery)
		}
	})
}

func (f Feed) skipOnce(ctx context.Context) error {
	r := &reader{Feed: f}
	if err := r.load(ctx); err != nil {
		return err
	}
	var last int64
	err := f.Store.Read(ctx, func(tx directory.Tx) (err error) {
		last, err = tx.LastEntry()
		return err
	})
	waits := slices.ContainsFunc(r.waiting, func(w waiting) bool { return w.position != 0 })
	if err != nil || (r.stored >= last && !waits) {
		return err
	}
	return f.Store.Write(ctx, func(tx directory.Tx) error {
		if err := tx.Lock(directory.LockFollower(f.Follower)); err != nil {
			return err
		}
		for i := range r.waiting {
			if err := tx.SetCursor(r.place(i), 0); err != nil {
				return err
			}
		}
		return tx.SetCursor(f.Follower, max(r.stored, last))
	})
}
