package store

import (
	"context"
	"database/sql"
	"errors"
	"iter"
	"math"
	"runtime"
	"time"

	"github.com/rosterhq/roster/internal/directory"
)

// session runs statements in a transaction.
type session interface {
	exec(ctx context.Context, query string, args ...any) (sql.Result, error)
	query(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	// lock is what [directory.Tx.Lock] does.
	lock(ctx context.Context, l directory.Lock) error
	// horizon is the position up to which all entries are visible and no more can come.
	horizon() int64
	// json is how conditions are written for the engine.
	json() jsonDialect
}

// takesTurns is embedded by sessions whose writers run one at a time, and so number
// their entries in the order of commits.
type takesTurns struct{}

func (takesTurns) lock(context.Context, directory.Lock) error { return nil }

func (takesTurns) horizon() int64 { return math.MaxInt64 }

// tx implements [directory.Tx]. Each entity's methods are in a file of their own.
type tx struct {
	ctx context.Context // a tx lives inside one call
	db  session

	entries []directory.Entry // appended so far
	failed  error             // the first error of a statement
	reading bool              // rows are open on the transaction's only connection
	wrote   bool              // rows may have changed
	memo    *writerMemo       // nil for all but SQLite's writer
	limit   timeLimit
	work    int // statements and rows so far
}

// yieldEvery is after how many statements or rows a transaction lets other goroutines
// run. The scheduler would preempt it only after 10 ms, and short requests would wait
// that long.
const yieldEvery = 32

// yield counts a statement or row, and lets others run from time to time.
func (t *tx) yield() {
	if t.work++; t.work%yieldEvery == 0 {
		runtime.Gosched()
	}
}

// errReading is returned for a statement inside a loop over rows.
var errReading = errors.New("storage: rows of the transaction are being read; collect them first")

func (t *tx) query(query string, args ...any) (*sql.Rows, error) {
	if t.reading {
		return nil, errReading
	}
	if err := t.limit.check(); err != nil {
		return nil, err
	}
	t.yield()
	return t.db.query(t.ctx, query, args...)
}

// execute runs a statement that may change any row, so nothing stays cached.
func (t *tx) execute(query string, args ...any) (sql.Result, error) {
	t.memo.forget()
	return t.insert(query, args...)
}

// insert runs a statement that only adds rows. It must not add entries, whose end is
// cached, except in [tx.AppendEntry].
func (t *tx) insert(query string, args ...any) (sql.Result, error) {
	if t.reading {
		return nil, errReading
	}
	if err := t.limit.check(); err != nil {
		return nil, err
	}
	t.yield()
	t.wrote = true
	return t.db.exec(t.ctx, query, args...)
}

// note converts a driver's error and records it. PostgreSQL aborts the transaction at an
// error, so it can't be committed even if the caller ignores the error.
func (t *tx) note(err error) error {
	err = storageError(err)
	if t.failed == nil {
		t.failed = err
	}
	return err
}

// run calls fn. If a statement failed, run returns an error even if fn does not.
func (t *tx) run(fn func(directory.Tx) error) error {
	if err := fn(t); err != nil {
		return err
	}
	if t.failed != nil {
		return t.failed
	}
	return t.limit.check()
}

var _ directory.Tx = (*tx)(nil)

// Lock implements [directory.Tx]. The wait for it does not count against the
// transaction's time.
func (t *tx) Lock(l directory.Lock) error {
	defer t.limit.pause()()
	return t.note(t.db.lock(t.ctx, l))
}

// scanner is a row, or rows at one of them.
type scanner interface{ Scan(dest ...any) error }

// one reads the single row of a query. Errors: [directory.NotFound], naming kind.
func one[T any](t *tx, kind string, scan func(scanner) (T, error), query string, args ...any) (T, error) {
	for v, err := range each(t, scan, query, args...) {
		return v, err
	}
	var none T
	return none, directory.Errorf(directory.NotFound, "%s not found", kind)
}

// each yields the rows of a query as they are read. It ends after an error.
func each[T any](t *tx, scan func(scanner) (T, error), query string, args ...any) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var zero T
		rows, err := t.query(query, args...)
		if err != nil {
			yield(zero, t.note(err))
			return
		}
		t.reading = true
		defer func() {
			t.reading = false
			_ = rows.Close() // its error is that of the rows
		}()
		for rows.Next() {
			t.yield()
			v, err := scan(rows)
			if !yield(v, t.note(err)) || err != nil {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(zero, t.note(err))
		}
	}
}

// list reads all rows of a query.
func list[T any](t *tx, scan func(scanner) (T, error), query string, args ...any) ([]T, error) {
	var all []T
	for v, err := range each(t, scan, query, args...) {
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, nil
}

// scanValue scans a row of one column.
func scanValue[T any](row scanner) (v T, err error) {
	err = row.Scan(&v)
	return v, err
}

func (t *tx) exec(query string, args ...any) error {
	_, err := t.execute(query, args...)
	return t.note(err)
}

// execCount is exec that returns how many rows it changed.
func (t *tx) execCount(query string, args ...any) (int, error) {
	return t.affected(t.execute(query, args...))
}

// insertCount is insert that returns how many rows it added.
func (t *tx) insertCount(query string, args ...any) (int, error) {
	return t.affected(t.insert(query, args...))
}

func (t *tx) affected(res sql.Result, err error) (int, error) {
	if err != nil {
		return 0, t.note(err)
	}
	n, err := res.RowsAffected()
	return int(n), t.note(err)
}

// execOne is exec for a statement that must find its row.
func (t *tx) execOne(kind, query string, args ...any) error {
	n, err := t.execCount(query, args...)
	if err == nil && n == 0 {
		return directory.Errorf(directory.NotFound, "%s not found", kind)
	}
	return err
}

// micros and fromMicros convert a time to the stored microseconds and back. The zero time
// is stored as 0.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func fromMicros(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}
