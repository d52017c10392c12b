package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"

	"github.com/rosterhq/roster/internal/directory"
)

// maxGroup bounds how many writes share a transaction, and with it how long the
// first of them waits for the last.
const maxGroup = 256

// writer is the one place that writes to an SQLite database. Whatever is waiting
// runs in one transaction, each piece under a savepoint of its own, then one
// fsync makes all of it durable, and only then all callers are answered.
type writer struct {
	db   *sql.DB
	conn *sql.Conn
	jobs chan *job
	done chan struct{}

	closing sync.RWMutex // held for reading while a job is handed over
	closed  bool
}

type job struct {
	ctx    context.Context //nolint:containedctx // the job is the call
	fn     func(directory.Tx) error
	err    error
	panics any
	answer chan struct{}
}

var errClosed = directory.Errorf(directory.Unavailable, "the server is shutting down")

func newWriter(ctx context.Context, db *sql.DB) (*writer, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	w := &writer{db: db, conn: conn, jobs: make(chan *job, maxGroup), done: make(chan struct{})}
	go w.run()
	return w, nil
}

// do runs fn with others' writes and returns when it is durable or undone. A
// panic in fn undoes its writes and goes on in the caller.
func (w *writer) do(ctx context.Context, fn func(directory.Tx) error) error {
	j := &job{ctx: ctx, fn: fn, answer: make(chan struct{})}
	if err := w.hand(j); err != nil {
		return err
	}
	<-j.answer
	if j.panics != nil {
		panic(j.panics)
	}
	return j.err
}

func (w *writer) hand(j *job) error {
	w.closing.RLock()
	defer w.closing.RUnlock()
	if w.closed {
		return errClosed
	}
	select {
	case w.jobs <- j:
		return nil
	case <-j.ctx.Done():
		return j.ctx.Err()
	}
}

func (w *writer) close() error {
	w.closing.Lock()
	if w.closed {
		w.closing.Unlock()
		return nil
	}
	w.closed = true
	close(w.jobs)
	w.closing.Unlock()
	<-w.done
	return errors.Join(w.conn.Close(), w.db.Close())
}

func (w *writer) run() {
	defer close(w.done)
	group := make([]*job, 0, maxGroup)
	for first := range w.jobs {
		group = append(group[:0], first)
	waiting:
		for len(group) < maxGroup {
			select {
			case j, ok := <-w.jobs:
				if !ok {
					break waiting
				}
				group = append(group, j)
			default:
				break waiting
			}
		}
		if err := w.commit(group); err != nil {
			for _, j := range group {
				j.err = err
			}
		}
		for _, j := range group {
			close(j.answer)
		}
	}
}

// commit runs a group in one transaction. Its error is everybody's; what a
// single job did wrong is in the job. The context is the writer's own: a caller
// who leaves must not interrupt the transaction of the others.
func (w *writer) commit(group []*job) error {
	ctx := context.Background()
	if _, err := w.conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return storageError(err)
	}
	for _, j := range group {
		if err := w.runJob(ctx, j); err != nil {
			w.rollback(ctx)
			return err
		}
	}
	if _, err := w.conn.ExecContext(ctx, "COMMIT"); err != nil {
		w.rollback(ctx)
		return storageError(fmt.Errorf("commit: %w", err))
	}
	return nil
}

// rollback ends a transaction that failed. Where SQLite has done so itself, on
// a full disk for one, there is none left and nothing to tell.
func (w *writer) rollback(ctx context.Context) {
	_, _ = w.conn.ExecContext(ctx, "ROLLBACK")
}

func (w *writer) runJob(ctx context.Context, j *job) error {
	if j.err = j.ctx.Err(); j.err != nil {
		return nil //nolint:nilerr // the job's error, not the group's
	}
	if _, err := w.conn.ExecContext(ctx, "SAVEPOINT job"); err != nil {
		return storageError(err)
	}
	j.err = w.call(ctx, j)
	if j.err != nil || j.panics != nil {
		if _, err := w.conn.ExecContext(ctx, "ROLLBACK TO job"); err != nil {
			return storageError(err)
		}
	}
	_, err := w.conn.ExecContext(ctx, "RELEASE job")
	return storageError(err)
}

func (w *writer) call(ctx context.Context, j *job) (err error) {
	defer func() {
		if p := recover(); p != nil {
			j.panics = fmt.Sprintf("%v\n%s", p, debug.Stack())
		}
	}()
	return j.fn(&tx{ctx: ctx, db: w.conn})
}
