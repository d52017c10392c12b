package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/turns"
)

const (
	// oldestPostgres is the oldest supported server, as server_version_num.
	oldestPostgres = 150000
	// connectTimeout bounds how long a call waits for an unreachable server.
	connectTimeout = 3 * time.Second
	// writeTimeout bounds a transaction that writes, because others wait for its locks.
	writeTimeout = 10 * time.Second
	// beginTimeout limits how long a read waits to begin. It does not limit the read
	// itself, because exports and checks take long.
	beginTimeout = 10 * time.Second
	// attempts is how often a transaction runs that conflicts with concurrent ones.
	attempts = 20
)

// postgresEngine is a PostgreSQL database that any number of equal nodes share.
type postgresEngine struct {
	db       *sql.DB
	notifier *notifier
	feed     *feed

	slots  *turns.Places[directory.Tenant] // of transactions
	wait   time.Duration                   // limit of the wait for a slot, and for a read to begin
	write  time.Duration                   // limit of a write with all its attempts
	budget time.Duration                   // of a tenant's write, without its wait for locks

	closing sync.RWMutex // held for reading by transactions
	closed  bool
}

func openPostgres(ctx context.Context, url string, o Options, n *notifier) (engine, error) {
	db, name, err := connectPostgres(url)
	if err != nil {
		return nil, err
	}
	slots := newSlots(max(minSlots, db.Stats().MaxOpenConnections-reserved))
	if err = checkPostgres(ctx, db); err == nil {
		err = migratePostgres(ctx, db)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", name, err), db.Close())
	}
	return &postgresEngine{
		db: db, notifier: n, feed: startFeed(db, n), slots: slots,
		wait: max(beginTimeout, o.Patience), write: max(writeTimeout, o.Patience), budget: max(writeBudget, o.Patience),
	}, nil
}

func (e *postgresEngine) Read(ctx context.Context, fn func(directory.Tx) error) error {
	done, err := e.enter()
	if err != nil {
		return err
	}
	defer done()
	leave, err := takeSlot(ctx, e.slots, e.wait)
	if err != nil {
		return err
	}
	defer leave()
	safe := e.feed.safe.Load() // before the transaction takes its snapshot
	// A frozen server keeps its connections open and does not answer.
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	late := time.AfterFunc(e.wait, func() { cancel(errSlow) })
	sqlTx, err := e.db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err == nil {
		defer func() { _ = sqlTx.Rollback() }() // it only read
	}
	if !late.Stop() {
		return errSlow
	}
	if err != nil {
		return storageError(err)
	}
	return fn(&tx{ctx: ctx, db: postgresSession{sqlTx, safe}})
}

// Write runs fn at the isolation level read committed, so fn must lock rows that must not
// change meanwhile. If PostgreSQL aborts the transaction because of a concurrent one, Write
// runs fn again.
func (e *postgresEngine) Write(ctx context.Context, fn func(directory.Tx) error) error {
	done, err := e.enter()
	if err != nil {
		return err
	}
	defer done()
	leave, err := takeSlot(ctx, e.slots, e.wait)
	if err != nil {
		return err
	}
	defer leave()
	ctx, cancel := context.WithTimeoutCause(ctx, e.write, errSlow)
	defer cancel()
	for attempt := range attempts {
		err = e.writeOnce(ctx, fn)
		// The same result three times is not caused by concurrent transactions.
		if !mayRunAgain(err) || (attempt == 2 && directory.CodeOf(err) != directory.Unavailable) {
			break
		}
		select {
		case <-ctx.Done():
		case <-time.After(time.Duration(attempt) * time.Millisecond):
		}
	}
	if errors.Is(err, context.DeadlineExceeded) && errors.Is(context.Cause(ctx), errSlow) {
		return errSlow
	}
	return err
}

var errSlow = directory.Errorf(directory.Unavailable, "the database did not answer in time; try again")

func (e *postgresEngine) writeOnce(ctx context.Context, fn func(directory.Tx) error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	// If the caller's context ends, statements are canceled but not a commit, because its
	// outcome must be returned.
	whole, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	if deadline, ok := ctx.Deadline(); ok {
		whole, cancel = context.WithDeadline(whole, deadline)
		defer cancel()
	}
	safe := e.feed.safe.Load()
	sqlTx, err := e.db.BeginTx(whole, nil)
	if err != nil {
		return storageError(err)
	}
	defer func() { _ = sqlTx.Rollback() }() // does nothing after a commit
	t := &tx{ctx: ctx, db: postgresSession{sqlTx, safe}, limit: limitFor(directory.TenantOf(ctx), e.budget)}
	if err := t.run(fn); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err := sqlTx.Commit(); err != nil {
		e.notifier.unknown() // it may still have happened
		return storageError(fmt.Errorf("commit: %w", err))
	}
	e.notifier.committed(t.entries)
	e.notifier.changed.send()
	return nil
}

func (e *postgresEngine) bulk(ctx context.Context, fn func(directory.Tx) error) error {
	done, err := e.enter()
	if err != nil {
		return err
	}
	defer done()
	return e.writeOnce(ctx, fn)
}

func (e *postgresEngine) lastPosition(t *tx) (int64, error) {
	return one(t, "sequence", scanValue[int64], lastPositionSQL)
}

func (e *postgresEngine) setLastPosition(t *tx, n int64) error {
	if n == 0 {
		return nil // no position was assigned yet
	}
	_, err := one(t, "sequence", scanValue[int64], "SELECT setval('entries_position_seq', $1)", n)
	return err
}

func (e *postgresEngine) pool() *sql.DB { return e.db }

func (e *postgresEngine) Behind() time.Duration { return e.feed.touch.ago() }

func (e *postgresEngine) CatchUp(ctx context.Context) error { return e.feed.touch.reach(ctx) }

func (e *postgresEngine) InTouch() bool { return e.feed.touch.recent() }

func (e *postgresEngine) Settled(ctx context.Context) error { return e.feed.settled(ctx) }

func (e *postgresEngine) Ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	return storageError(e.db.PingContext(ctx))
}

// Close finishes the transactions under way. The feed stops first, because its observers
// may read.
func (e *postgresEngine) Close() error {
	e.feed.stop()
	e.closing.Lock()
	defer e.closing.Unlock()
	if e.closed {
		return nil
	}
	e.closed = true
	return e.db.Close()
}

// enter registers a transaction, which [postgresEngine.Close] waits for until done is
// called.
func (e *postgresEngine) enter() (done func(), err error) {
	e.closing.RLock()
	if e.closed {
		e.closing.RUnlock()
		return nil, errClosed
	}
	return e.closing.RUnlock, nil
}

// postgresSession runs statements in a transaction. The driver keeps them
// prepared on each connection.
type postgresSession struct {
	tx   *sql.Tx
	safe int64 // the feed's bound when the transaction began
}

func (s postgresSession) exec(ctx context.Context, query string, args ...any) (sql.Result, error) {
	return s.tx.ExecContext(ctx, query, args...)
}

func (s postgresSession) query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return s.tx.QueryContext(ctx, query, args...)
}

// lockSQL takes a lock until the transaction ends. If the hashes of two names collide,
// their holders only wait for each other needlessly.
const lockSQL = `SELECT pg_advisory_xact_lock(hashtextextended('roster:' || $1, 0))`

func (s postgresSession) lock(ctx context.Context, l directory.Lock) error {
	_, err := s.tx.ExecContext(ctx, lockSQL, string(l))
	return err
}

func (s postgresSession) horizon() int64 { return s.safe }

func (postgresSession) json() jsonDialect { return postgresJSON{} }
