package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/rosterhq/roster/internal/directory"
)

// session runs statements where a transaction is under way.
type session interface {
	exec(ctx context.Context, query string, args ...any) (sql.Result, error)
	query(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// tx implements [directory.Tx]; its methods stand in a file per entity.
type tx struct {
	ctx context.Context //nolint:containedctx // a tx lives inside one call
	db  session

	entries []directory.Entry // appended so far
}

var _ directory.Tx = (*tx)(nil)

// scanner is a row, or rows at one of them.
type scanner interface{ Scan(dest ...any) error }

// one reads the single row of a query; none is [directory.NotFound] of kind.
func one[T any](t *tx, kind string, scan func(scanner) (T, error), query string, args ...any) (T, error) {
	for v, err := range each(t, scan, query, args...) {
		return v, err
	}
	var none T
	return none, directory.Errorf(directory.NotFound, "%s not found", kind)
}

// each yields the rows of a query as they are read; an error ends it.
func each[T any](t *tx, scan func(scanner) (T, error), query string, args ...any) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var zero T
		rows, err := t.db.query(t.ctx, query, args...)
		if err != nil {
			yield(zero, storageError(err))
			return
		}
		defer rows.Close()
		for rows.Next() {
			v, err := scan(rows)
			if !yield(v, storageError(err)) || err != nil {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(zero, storageError(err))
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
	_, err := t.db.exec(t.ctx, query, args...)
	return storageError(err)
}

// execOne is exec for a statement that must find its row.
func (t *tx) execOne(kind, query string, args ...any) error {
	res, err := t.db.exec(t.ctx, query, args...)
	if err != nil {
		return storageError(err)
	}
	n, err := res.RowsAffected()
	if err == nil && n == 0 {
		return directory.Errorf(directory.NotFound, "%s not found", kind)
	}
	return storageError(err)
}

// storageError makes of a driver's error one that callers can act on: a taken
// unique key is a conflict, a cancelled call is itself, all else is wrapped
// without its type.
func storageError(err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*directory.Error](err); ok {
		return err
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	switch classify(err) {
	case uniqueViolation:
		return &directory.Error{Code: directory.Conflict, Message: "exists already", Err: errors.New(err.Error())}
	case busy:
		return &directory.Error{Code: directory.Unavailable, Message: "the database is busy; try again", Err: errors.New(err.Error())}
	default:
		return fmt.Errorf("storage: %v", err) //nolint:errorlint // drivers' types end here
	}
}

// micros and fromMicros are a time as it is stored; 0 is the zero time.
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
