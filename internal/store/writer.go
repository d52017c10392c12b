package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"
	"time"

	"github.com/rosterhq/roster/internal/directory"
)

// maxGroup bounds how many writes share a transaction, and with it how long the
// first of them waits for the last.
const maxGroup = 256

// writer is the one place that writes to an SQLite database. Whatever is waiting
// runs in one transaction, then one fsync makes all of it durable, and only then
// all callers are answered. A piece that fails after it has written is undone
// with all others, and they run again, each under a savepoint of its own.
type writer struct {
	db   *sql.DB
	conn *sql.Conn
	jobs chan *job
	done chan struct{}

	session writeSession // on conn
	memo    writerMemo
	news    *news

	version int64        // of the database, as PRAGMA data_version has it
	touch   touch        // when version was read last
	closing sync.RWMutex // held for reading while a job is handed over
	closed  bool
}

type job struct {
	ctx    context.Context //nolint:containedctx // the job is the call
	fn     func(directory.Tx) error
	err    error
	panics any

	entries []directory.Entry // appended by fn
	answer  chan struct{}
}

func (j *job) failed() bool { return j.err != nil || j.panics != nil }

var errClosed = directory.Errorf(directory.Unavailable, "the server is shutting down")

func newWriter(ctx context.Context, db *sql.DB, n *news) (*writer, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	w := &writer{
		db: db, conn: conn, jobs: make(chan *job, maxGroup), done: make(chan struct{}),
		session: writeSession{stmts: newStatements(conn.PrepareContext)}, news: n, touch: newTouch(),
	}
	go w.run() //nolint:gosec // it outlives the context that opened the database
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
	return errors.Join(w.session.stmts.close(), w.conn.Close(), w.db.Close())
}

// listenEvery is how often the writer looks for changes by other processes when
// it has nothing to do.
const listenEvery = 250 * time.Millisecond

func (w *writer) inTouch() bool { return w.touch.recent() }

func (w *writer) run() {
	defer close(w.done)
	tick := time.NewTicker(listenEvery)
	defer tick.Stop()
	group := make([]*job, 0, maxGroup)
	for {
		select {
		case first, open := <-w.jobs:
			if !open {
				return
			}
			group = w.gather(append(group[:0], first))
			w.carryOut(group)
		case <-tick.C:
			// An error leaves heard as it is: out of touch before long.
			_ = w.listen(context.Background())
		}
	}
}

// gather adds the jobs that are waiting, and lets those hand theirs over who are
// ready to, until nobody is: the first to do so wakes the writer, which would run
// before them, and every group pays for its commit.
func (w *writer) gather(group []*job) []*job {
	for n := 0; n < len(group); {
		n = len(group)
		runtime.Gosched()
		group = w.takeWaiting(group)
	}
	return group
}

func (w *writer) takeWaiting(group []*job) []*job {
	for len(group) < maxGroup {
		select {
		case j, open := <-w.jobs:
			if !open {
				return group
			}
			group = append(group, j)
		default:
			return group
		}
	}
	return group
}

// carryOut commits a group, tells who follows, and answers its callers, in this
// order: what was remembered of before is forgotten when the answer comes.
func (w *writer) carryOut(group []*job) {
	err := w.commit(group)
	var entries []directory.Entry
	for _, j := range group {
		switch {
		case err != nil:
			j.err = err
		case !j.failed():
			entries = append(entries, j.entries...)
		}
	}
	if err != nil {
		w.news.unknown() // a failed commit may have happened after all
	} else {
		w.news.committed(entries)
	}
	w.news.changed.send()
	for _, j := range group {
		close(j.answer)
	}
}

// listen looks whether another process has changed the database since the last
// look (sqlite.org/pragma.html#pragma_data_version: the number does not change
// with this connection's own commits).
func (w *writer) listen(ctx context.Context) error {
	asked := time.Now()
	version, err := one(&tx{ctx: ctx, db: w.session}, "version", scanValue[int64], "PRAGMA data_version")
	if err != nil {
		return err
	}
	if version != w.version {
		w.memo.forget()
		w.news.unknown()
	}
	w.version = version
	w.touch.at(asked)
	return nil
}

// commit runs a group in one transaction. Its error is everybody's; what a
// single job did wrong is in the job.
func (w *writer) commit(group []*job) error {
	// Savepoints keep a copy of every page that is changed after them, a quarter of
	// what a write costs. Most groups need none.
	err := w.commitWith(w.runJob, group)
	if errors.Is(err, errUndo) {
		err = w.commitWith(w.runUnderSavepoint, group)
	}
	return err
}

// errUndo is for a job that failed and has written: nothing of it may stay.
var errUndo = errors.New("a job must be undone")

// commitWith runs a group in one transaction. The context is the writer's own: a
// caller who leaves must not interrupt the transaction of the others.
func (w *writer) commitWith(run func(context.Context, *job) error, group []*job) error {
	ctx := context.Background()
	if _, err := w.session.exec(ctx, "BEGIN IMMEDIATE"); err != nil {
		return storageError(err)
	}
	if err := w.listen(ctx); err != nil {
		w.rollback(ctx)
		return err
	}
	for _, j := range group {
		if err := run(ctx, j); err != nil {
			w.rollback(ctx)
			return err
		}
	}
	if _, err := w.session.exec(ctx, "COMMIT"); err != nil {
		w.rollback(ctx)
		return storageError(fmt.Errorf("commit: %w", err))
	}
	return nil
}

// rollback ends a transaction that failed. Where SQLite has done so itself, on
// a full disk for one, there is none left and nothing to tell.
func (w *writer) rollback(ctx context.Context) {
	w.memo.forget()
	_, _ = w.session.exec(ctx, "ROLLBACK")
}

func (w *writer) runJob(ctx context.Context, j *job) error {
	if j.err = j.ctx.Err(); j.err != nil {
		return nil //nolint:nilerr // the job's error, not the group's
	}
	if wrote := w.call(ctx, j); wrote && j.failed() {
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

// call runs a job's function, from the beginning if it has run before.
func (w *writer) call(ctx context.Context, j *job) (wrote bool) {
	t := &tx{ctx: ctx, db: w.session, memo: &w.memo}
	defer func() {
		j.panics = nil
		if p := recover(); p != nil {
			j.panics = fmt.Sprintf("%v\n%s", p, debug.Stack())
		}
		j.entries, wrote = t.entries, t.wrote
	}()
	j.err = t.run(j.fn)
	return t.wrote
}
