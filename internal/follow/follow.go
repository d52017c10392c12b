// Package follow owns the cursors over the audit log: the position that each follower has
// read up to. A cursor moves only under the follower's lock, and only from the position
// that the leader last stored, so that a former leader can't undo its successor's
// progress. Background readers of the log (mail, webhooks, sealing) build on this
// package.
package follow

import (
	"context"
	"errors"
	"time"

	"github.com/rosterhq/roster/internal/directory"
)

// Poll is how long a follower waits for a notification of a change before it reads
// the log anyway: other processes, such as admin commands, append entries too.
const Poll = time.Second

// ErrOvertaken is returned if another process has moved the cursor: a new leader, or a
// second server on an SQLite file.
var ErrOvertaken = errors.New("another process follows the log")

// IgnoreOvertaken returns nil for [ErrOvertaken], and err otherwise. It is for work that
// the other process does instead.
func IgnoreOvertaken(err error) error {
	if errors.Is(err, ErrOvertaken) {
		return nil
	}
	return err
}

// Cursor returns the position up to which a follower has read. It is 0 for a new follower.
func Cursor(tx directory.Tx, follower string) (int64, error) {
	at, err := tx.Cursor(follower)
	if directory.CodeOf(err) == directory.NotFound {
		return 0, nil
	}
	return at, err
}

// Move moves a follower's cursor. Errors: [ErrOvertaken] if it is not at from.
func Move(tx directory.Tx, follower string, from, to int64) error {
	return moveNamed(tx, follower, follower, from, to)
}

// moveNamed moves one of the cursors that a follower has.
func moveNamed(tx directory.Tx, follower, name string, from, to int64) error {
	if err := tx.Lock(directory.LockFollower(follower)); err != nil {
		return err
	}
	at, err := Cursor(tx, name)
	if err != nil {
		return err
	}
	if at != from {
		return ErrOvertaken
	}
	return tx.SetCursor(name, to)
}

// Wait returns when changed is closed, after [Poll], or when ctx ends, and reports
// whether changed was closed.
func Wait(ctx context.Context, changed <-chan struct{}) bool {
	select {
	case <-ctx.Done():
		return false
	case <-changed:
		return true
	case <-time.After(Poll):
		return false
	}
}

// Pause returns after d, or when ctx ends.
func Pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
