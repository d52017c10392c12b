package store

import (
	"context"
	"database/sql"
	"errors"
	"runtime"
	"sync"
	"time"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/turns"
)

const (
	// maxGroup bounds how many writes share a transaction.
	maxGroup = 256
	// groupTime bounds how long a transaction accepts further writes. It also bounds how
	// long the first write waits for the last, and how long other processes wait for the
	// database.
	groupTime = 10 * time.Millisecond
	// writeBudget bounds one write of a tenant, because all other writes wait for it.
	writeBudget = 5 * time.Second
)

// writer runs all writes to an SQLite database. It runs the waiting writes as a group
// in one transaction, and returns to their callers only after the commit has made all
// of them durable with a single fsync. Tenants take turns. If a write fails after it
// has changed rows, the whole transaction is rolled back, and the other writes run
// again, each under its own savepoint. A trial always fails, so it runs under a
// savepoint from the start and is rolled back alone.
type writer struct {
	db        *sql.DB
	conn      *sql.Conn
	beginLock *beginLock // shared between processes
	done      chan struct{}

	session  writeSession // on conn
	memo     writerMemo
	notifier *notifier
	budget   time.Duration

	version int64  // the last PRAGMA data_version
	touch   *touch // when version was last read

	mu     sync.Mutex
	jobs   turns.Queue[directory.Tenant, *job]
	closed bool
	wake   chan struct{} // signals new jobs, or that the writer is closed
}

type job struct {
	ctx    context.Context // the caller's; a job lives as long as one call
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

func newWriter(ctx context.Context, db *sql.DB, d *beginLock, n *notifier, budget time.Duration) (*writer, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	w := &writer{
		db: db, conn: conn, beginLock: d, done: make(chan struct{}), wake: make(chan struct{}, 1), budget: budget,
		session: writeSession{conn: conn, stmts: newStatements(conn.PrepareContext)}, notifier: n, touch: newTouch(),
	}
	go w.run()
	return w, nil
}

// do runs fn in a group with other writes, and returns when its result is durable or
// rolled back. If ctx ends before fn begins, fn is not run. If fn panics, its writes
// are rolled back and do panics in the caller's goroutine.
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

// drop removes a job from the queue. It reports false if the job has begun.
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

// listenEvery is how often an idle writer checks for changes by other processes.
const listenEvery = 100 * time.Millisecond

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
			w.listenIdly()
		case <-w.touch.ask:
			w.listenIdly()
		}
	}
}

// listenIdly is listen outside a transaction. After an error touch is not updated, so the
// cache soon goes unused.
func (w *writer) listenIdly() { _ = w.listen(context.Background()) }

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

// gather yields to other goroutines until no more of them queue a job. The first job
// wakes the writer. If it began at once, the first job would be a group alone, and
// each group costs a commit.
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

// charge counts the time that a job used against its tenant's turns.
func (w *writer) charge(j *job, used time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.jobs.Charge(j.tenant, used)
}

// carryOut commits a group, notifies the observer, and then returns to the callers, so
// that the cache is current when they continue. It reports whether there was a job.
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
		w.notifier.unknown() // a commit that returned an error may still have happened
	} else {
		w.notifier.committed(entries)
	}
	w.notifier.changed.send()
	for _, j := range group {
		close(j.answer)
	}
	return true
}

// listen clears the caches if another process has changed the database since the last
// call. PRAGMA data_version does not change with this connection's own commits
// (sqlite.org/pragma.html#pragma_data_version).
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
