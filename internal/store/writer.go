package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/turns"
)

const (
	// maxGroup bounds how many writes share a transaction.
	maxGroup = 256
	// groupTime bounds how long a transaction takes up further writes, and with it how
	// long the first of them waits for the last, and another process for the database.
	groupTime = 10 * time.Millisecond
	// writeBudget bounds a write for a tenant. While it runs, all others wait.
	writeBudget = 5 * time.Second
)

// writer is the one place that writes to an SQLite database. Writes that wait
// run in one transaction, then one fsync makes all of them durable, and only then
// their callers are answered. Tenants take turns at it. A write that fails after it
// has written is undone with all others of its transaction, and those run again,
// each under a savepoint of its own. A trial always fails, so it has a savepoint
// from the start and is undone alone.
type writer struct {
	db        *sql.DB
	conn      *sql.Conn
	beginLock *beginLock // shared with other processes
	done      chan struct{}

	session  writeSession // on conn
	memo     writerMemo
	notifier *notifier
	budget   time.Duration

	version int64 // of the database, as PRAGMA data_version has it
	touch   touch // when version was read last

	mu     sync.Mutex
	jobs   turns.Queue[directory.Tenant, *job]
	closed bool
	wake   chan struct{} // there may be jobs, or no more of them
}

type job struct {
	ctx    context.Context // the job is the call
	tenant directory.Tenant
	trial  bool
	fn     func(directory.Tx) error
	err    error
	panics any

	entries []directory.Entry // appended by fn
	wrote   bool
	answer  chan struct{}
}

func (j *job) failed() bool { return j.err != nil || j.panics != nil }

var errClosed = directory.Errorf(directory.Unavailable, "the server is shutting down")

func newWriter(ctx context.Context, db *sql.DB, d *beginLock, n *notifier) (*writer, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	w := &writer{
		db: db, conn: conn, beginLock: d, done: make(chan struct{}), wake: make(chan struct{}, 1), budget: writeBudget,
		session: writeSession{stmts: newStatements(conn.PrepareContext)}, notifier: n, touch: newTouch(),
	}
	go w.run() //nolint:gosec // it outlives the context that opened the database
	return w, nil
}

// do runs fn with others' writes and returns when it is durable or undone. If ctx
// ends while it waits, fn is not run. A panic in fn undoes its writes and goes on
// in the caller.
func (w *writer) do(ctx context.Context, fn func(directory.Tx) error) error {
	j := &job{ctx: ctx, tenant: directory.TenantOf(ctx), trial: directory.IsTrial(ctx), fn: fn, answer: make(chan struct{})}
	if err := w.hand(j); err != nil {
		return err
	}
	select {
	case <-j.answer:
	case <-ctx.Done():
		if w.drop(j) {
			return ctx.Err()
		}
		<-j.answer
	}
	if j.panics != nil {
		panic(j.panics)
	}
	return j.err
}

func (w *writer) hand(j *job) error {
	if err := j.ctx.Err(); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return errClosed
	}
	w.jobs.Push(j.tenant, j)
	w.rouse()
	return nil
}

// rouse wakes the writer.
func (w *writer) rouse() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// drop takes back a job, unless it has begun.
func (w *writer) drop(j *job) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.jobs.Remove(j.tenant, j)
}

func (w *writer) close() error {
	w.mu.Lock()
	if w.closed {
		w.mu.Unlock()
		return nil
	}
	w.closed = true
	w.rouse()
	w.mu.Unlock()
	<-w.done
	return errors.Join(w.session.stmts.close(), w.conn.Close(), w.db.Close(), w.beginLock.close())
}

// listenEvery is how often the writer looks for changes by other processes when
// it has nothing to do.
const listenEvery = 250 * time.Millisecond

func (w *writer) inTouch() bool { return w.touch.recent() }

func (w *writer) run() {
	defer close(w.done)
	tick := time.NewTicker(listenEvery)
	defer tick.Stop()
	for {
		select {
		case <-w.wake:
			w.gather()
			for w.carryOut() {
				w.gather()
			}
			if w.ended() {
				return
			}
		case <-tick.C:
			// An error leaves heard as it is: out of touch before long.
			_ = w.listen(context.Background())
		}
	}
}

func (w *writer) waiting() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.jobs.Len()
}

// ended reports whether the writer is closed and no jobs are left.
func (w *writer) ended() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.closed && w.jobs.Len() == 0
}

// gather lets those hand their jobs over who are ready to, until nobody is: the
// first to do so wakes the writer, which would run before them, and every group
// pays for its commit.
func (w *writer) gather() {
	for before, n := -1, w.waiting(); n > before && n < maxGroup; {
		runtime.Gosched()
		before, n = n, w.waiting()
	}
}

// next takes the job whose turn it is, nil if none waits.
func (w *writer) next() *job {
	w.mu.Lock()
	defer w.mu.Unlock()
	_, j, _ := w.jobs.Pop(nil)
	return j
}

// charge has a job's tenant wait for the others' turns in return for its own.
func (w *writer) charge(j *job, used time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.jobs.Charge(j.tenant, used)
}

// carryOut commits a group, notifies the observer, and then answers the callers, so that
// the cache holds nothing older when they get the answer. It reports whether there was a
// job.
func (w *writer) carryOut() bool {
	first := w.next()
	if first == nil {
		return false
	}
	group, err := w.commit(first)
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
		w.notifier.unknown() // a failed commit may have happened after all
	} else {
		w.notifier.committed(entries)
	}
	w.notifier.changed.send()
	for _, j := range group {
		close(j.answer)
	}
	return true
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
		w.notifier.unknown()
	}
	w.version = version
	w.touch.at(asked)
	return nil
}

// errUndo is for a job that failed and has written: nothing of it may stay.
var errUndo = errors.New("a job must be undone")

// commit runs a job, and those that wait, in one transaction. The error is that of
// all; what a single job did wrong is in the job. The context is the writer's own: a
// caller who leaves must not interrupt the transaction of the others.
func (w *writer) commit(first *job) (group []*job, err error) {
	ctx := context.Background()
	if err := w.begin(ctx); err != nil {
		for j := first; j != nil; j = w.next() { // the next could not begin either
			group = append(group, j)
		}
		return group, err
	}
	// Savepoints keep a copy of every page that is changed after them, a quarter of
	// what a write costs. Most groups need none.
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

// begin begins a transaction, and looks at what other processes did before it.
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

// undo begins a group's transaction anew without its last job, which failed. Those
// before it run again, if there is anything that they have written.
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

// rollback ends a failed transaction. SQLite may have done so itself, for example on a
// full disk, so an error is ignored.
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

// call runs a job's function, from the beginning if it has run before.
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
