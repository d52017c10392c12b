package directory

import (
	"context"
	"errors"
	"slices"
	"time"
)

const (
	// feedBatch is how many entries a follower gets at a time.
	feedBatch = 100
	// feedPoll is how long a follower waits for word of a change before it looks
	// by itself: other processes, such as admin commands, append entries too.
	feedPoll = time.Second
	// skipEvery is how often a follower who wants nothing is moved on.
	skipEvery = time.Minute
)

// Follow calls fn with the entries of the audit log after those that the
// follower of this name has handled, in order, until ctx ends. fn says whether it
// is done with an entry; one that it is not done with comes again by itself, after
// pauses that grow, and the others don't wait for it. An error ends Follow; its
// entry comes again, and so do all after it. What was handled and what waits is kept
// in the store, batch by batch: after a crash some entries come again, so fn sees each
// at least once. Of all processes one follows under a name; the others wait to take over.
func (s *Service) Follow(ctx context.Context, follower string, fn func(context.Context, Entry) (done bool, err error)) error {
	return s.store.Lead(ctx, follower, func(ctx context.Context) error {
		f := &feed{s: s, follower: follower, fn: fn}
		return f.follow(ctx)
	})
}

// feed is a follower that leads.
type feed struct {
	s        *Service
	follower string
	fn       func(context.Context, Entry) (done bool, err error)
	stored   int64 // how far it had come when waiting was read, and has come since
	waiting  []waiting
}

func (f *feed) follow(ctx context.Context) error {
	if err := f.load(ctx); err != nil {
		return err
	}
	for {
		changed := f.s.store.Changed()
		n, err := f.ahead(ctx)
		if err != nil {
			return err
		}
		if err := f.again(ctx); err != nil {
			return err
		}
		if n > 0 {
			continue
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
		case <-time.After(feedPoll):
		}
	}
}

// ahead goes on by a batch and says how many entries of it were handled.
func (f *feed) ahead(ctx context.Context) (handled int, err error) {
	var batch []Entry
	err = f.s.store.Read(ctx, func(tx Tx) error {
		at, err := cursor(tx, f.follower)
		if err == nil && at != f.stored {
			err = errOvertaken
		}
		if err != nil {
			return err
		}
		batch, err = tx.Entries(at, feedBatch)
		return err
	})
	if err != nil {
		return 0, err
	}
	var put []int
	for _, e := range batch {
		var done bool
		if done, err = f.fn(ctx, e); err != nil {
			break
		}
		if !done {
			put = append(put, f.putOff(e))
		}
		handled++
	}
	if handled == 0 {
		return 0, err
	}
	// What was handled stays handled, also if ctx has ended since, or what comes next fails.
	last := batch[handled-1].Position
	stored := f.s.store.Write(context.WithoutCancel(ctx), func(tx Tx) error {
		if err := moveCursor(tx, f.follower, f.follower, f.stored, last); err != nil {
			return err
		}
		for _, i := range put {
			if err := tx.SetCursor(f.place(i), f.waiting[i].seq); err != nil {
				return err
			}
		}
		return nil
	})
	f.stored = last // where that failed, nobody follows any further
	return handled, errors.Join(err, stored)
}

// moveCursor moves a cursor of a follower's, unless another process has: who does not
// know that they lead no more may have put something off at a place that is free for
// all that this one knows.
func moveCursor(tx Tx, follower, name string, from, to int64) error {
	if err := tx.Lock(LockFollower(follower)); err != nil {
		return err
	}
	at, err := cursor(tx, name)
	if err != nil {
		return err
	}
	if at != from {
		return errOvertaken
	}
	return tx.SetCursor(name, to)
}

// cursor is how far a follower has come; 0 for one that is new.
func cursor(tx Tx, follower string) (int64, error) {
	at, err := tx.Cursor(follower)
	if CodeOf(err) == NotFound {
		return 0, nil
	}
	return at, err
}

// SkipEntries has the follower of this name be past all entries, as if it had handled
// them, until ctx ends: who follows later begins there, or, after a crash, at most
// a minute before. It costs a write a minute at most.
func (s *Service) SkipEntries(ctx context.Context, follower string) error {
	return s.store.Lead(ctx, follower, func(ctx context.Context) error {
		for {
			// The last minute's entries are worth a moment of the shutdown.
			if err := s.skipOnce(context.WithoutCancel(ctx), follower); err != nil || ctx.Err() != nil {
				return err
			}
			select {
			case <-ctx.Done():
			case <-time.After(skipEvery):
			}
		}
	})
}

func (s *Service) skipOnce(ctx context.Context, follower string) error {
	f := &feed{s: s, follower: follower}
	if err := f.load(ctx); err != nil {
		return err
	}
	var last int64
	err := s.store.Read(ctx, func(tx Tx) (err error) {
		last, err = tx.LastEntry()
		return err
	})
	waits := slices.ContainsFunc(f.waiting, func(w waiting) bool { return w.seq != 0 })
	if err != nil || (f.stored >= last && !waits) {
		return err
	}
	return s.store.Write(ctx, func(tx Tx) error {
		if err := tx.Lock(LockFollower(follower)); err != nil {
			return err
		}
		for i := range f.waiting {
			if err := tx.SetCursor(f.place(i), 0); err != nil {
				return err
			}
		}
		return tx.SetCursor(follower, max(f.stored, last))
	})
}
