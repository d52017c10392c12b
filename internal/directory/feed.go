package directory

import (
	"context"
	"errors"
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
// follower of this name has handled, in order, batch by batch, until ctx ends.
// How far it has come is kept in the store: after a crash, or when fn fails, the
// same entries come again, so fn sees each at least once. fn says how many of
// the batch it has handled, also with an error, which ends Follow. Of all processes one follows
// under a name; the others wait to take over.
func (s *Service) Follow(ctx context.Context, follower string, fn func(context.Context, []Entry) (handled int, err error)) error {
	return s.store.Lead(ctx, follower, func(ctx context.Context) error { return s.follow(ctx, follower, fn) })
}

func (s *Service) follow(ctx context.Context, follower string, fn func(context.Context, []Entry) (int, error)) error {
	for {
		changed := s.store.Changed()
		n, err := s.followOnce(ctx, follower, fn)
		if err != nil {
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

func (s *Service) followOnce(ctx context.Context, follower string, fn func(context.Context, []Entry) (int, error)) (int, error) {
	var batch []Entry
	err := s.store.Read(ctx, func(tx Tx) error {
		after, err := tx.Cursor(follower)
		if err != nil && CodeOf(err) != NotFound {
			return err
		}
		batch, err = tx.Entries(after, feedBatch)
		return err
	})
	if err != nil || len(batch) == 0 {
		return 0, err
	}
	handled, err := fn(ctx, batch)
	if handled == 0 {
		return 0, err
	}
	last := batch[handled-1].Seq
	// What was handled stays handled, also if ctx has ended since, or what comes next fails.
	stored := s.store.Write(context.WithoutCancel(ctx), func(tx Tx) error { return tx.SetCursor(follower, last) })
	return handled, errors.Join(err, stored)
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
	var at, last int64
	err := s.store.Read(ctx, func(tx Tx) (err error) {
		if at, err = tx.Cursor(follower); err != nil && CodeOf(err) != NotFound {
			return err
		}
		last, err = tx.LastEntry()
		return err
	})
	if err != nil || at >= last {
		return err
	}
	return s.store.Write(ctx, func(tx Tx) error { return tx.SetCursor(follower, last) })
}
