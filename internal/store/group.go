package store

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"time"
)

// errUndo is returned for a job that failed after it changed rows, which must be
// rolled back.
var errUndo = errors.New("a job must be undone")

// commit runs a job, and those that wait, in one transaction. The returned error applies
// to the whole group; the error of a single job is stored in the job. The transaction
// has its own context, because a caller that cancels must not interrupt the others.
func (w *writer) commit(first *job) (group []*job, err error) {
	ctx := context.Background()
	if err := w.begin(ctx); err != nil {
		for j := first; j != nil; j = w.next() { // the jobs after it would fail too
			group = append(group, j)
		}
		return group, err
	}
	// A savepoint copies every page that is changed after it, which is a quarter of the
	// cost of a write. Most groups need none.
	run := w.runJob
	last := time.Now().Add(groupTime)
	for j := first; j != nil; {
		group = append(group, j)
		began := time.Now()
		var err error
		if j.trial {
			err = w.runUnderSavepoint(ctx, j)
		} else {
			err = run(ctx, j)
		}
		if errors.Is(err, errUndo) {
			err = w.undo(ctx, group)
			run = w.runUnderSavepoint
		}
		if err != nil {
			w.rollback(ctx)
			return group, err
		}
		now := time.Now()
		w.charge(j, now.Sub(began))
		if len(group) == maxGroup || now.After(last) {
			break
		}
		j = w.next()
	}
	if _, err := w.session.exec(ctx, "COMMIT"); err != nil {
		w.rollback(ctx)
		return group, storageError(fmt.Errorf("commit: %w", err))
	}
	return group, nil
}

// begin begins a transaction and checks for earlier changes by other processes.
func (w *writer) begin(ctx context.Context) error {
	w.beginLock.acquire()
	_, err := w.session.exec(ctx, "BEGIN IMMEDIATE")
	w.beginLock.release()
	if err != nil {
		return storageError(err)
	}
	if err := w.listen(ctx); err != nil {
		w.rollback(ctx)
		return err
	}
	return nil
}

// undo restarts a group's transaction after its last job failed. The earlier jobs run
// again if any of them changed rows.
func (w *writer) undo(ctx context.Context, group []*job) error {
	w.rollback(ctx)
	if err := w.begin(ctx); err != nil {
		return err
	}
	if !slices.ContainsFunc(group, func(j *job) bool { return j.wrote && !j.failed() }) {
		return nil
	}
	for _, j := range group {
		if err := w.runUnderSavepoint(ctx, j); err != nil {
			return err
		}
	}
	return nil
}

// rollback rolls a failed transaction back. It ignores errors, because SQLite may have
// rolled back already, for example when the disk is full.
func (w *writer) rollback(ctx context.Context) {
	w.memo.forget()
	_, _ = w.session.exec(ctx, "ROLLBACK")
}

func (w *writer) runJob(ctx context.Context, j *job) error {
	if j.err = j.ctx.Err(); j.err != nil {
		return nil //nolint:nilerr // the job's error, not the group's
	}
	w.call(ctx, j)
	if j.wrote && j.failed() {
		return errUndo
	}
	return nil
}

func (w *writer) runUnderSavepoint(ctx context.Context, j *job) error {
	if _, err := w.session.exec(ctx, "SAVEPOINT job"); err != nil {
		return storageError(err)
	}
	if err := w.runJob(ctx, j); errors.Is(err, errUndo) {
		w.memo.forget()
		if _, err := w.session.exec(ctx, "ROLLBACK TO job"); err != nil {
			return storageError(err)
		}
	}
	_, err := w.session.exec(ctx, "RELEASE job")
	return storageError(err)
}

// call runs a job's function and records its result, which replaces that of an earlier
// run.
func (w *writer) call(ctx context.Context, j *job) {
	t := &tx{ctx: ctx, db: w.session, memo: &w.memo, limit: limitFor(j.tenant, w.budget)}
	defer func() {
		j.panics = nil
		if p := recover(); p != nil {
			j.panics = fmt.Sprintf("%v\n%s", p, debug.Stack())
		}
		j.entries, j.wrote = t.entries, t.wrote
	}()
	j.err = t.run(j.fn)
}
