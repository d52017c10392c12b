package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"runtime"

	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// openSQLite opens the file at path. Readers and the writer have connections of
// their own: in WAL mode neither waits for the other.
func openSQLite(ctx context.Context, path string, o Options) (*Store, error) {
	if path == "" {
		return nil, errors.New("database sqlite: needs a path, as in sqlite:roster.db")
	}
	if err := makeFile(path, o.MustExist); err != nil {
		return nil, fmt.Errorf("database sqlite:%s: %w", path, err)
	}
	write, err := sql.Open("sqlite", sqliteDSN(path))
	if err != nil {
		return nil, err
	}
	write.SetMaxOpenConns(1)
	if err := migrateUp(ctx, write, goose.DialectSQLite3, "sqlite"); err != nil {
		return nil, errors.Join(fmt.Errorf("database sqlite:%s: %w", path, err), write.Close())
	}
	w, err := newWriter(ctx, write)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("database sqlite:%s: %w", path, err), write.Close())
	}
	read, err := sql.Open("sqlite", sqliteDSN(path, "query_only(1)"))
	if err != nil {
		return nil, errors.Join(err, w.close())
	}
	conns := max(4, runtime.GOMAXPROCS(0)*2)
	read.SetMaxOpenConns(conns)
	read.SetMaxIdleConns(conns)
	return &Store{read: read, stmts: newStatements(read.PrepareContext), write: w}, nil
}

// makeFile makes the database's file for its owner's eyes only; the files that
// SQLite puts beside it get the same permissions.
func makeFile(path string, mustExist bool) error {
	flags := os.O_RDWR | os.O_CREATE
	if mustExist {
		flags = os.O_RDWR
	}
	f, err := os.OpenFile(path, flags, 0o600) //nolint:gosec // the operator says which file
	if err != nil {
		return err
	}
	return f.Close()
}

// sqliteDSN sets what every connection needs. synchronous(FULL) makes COMMIT
// return only after the log is on the disk (sqlite.org/pragma.html#pragma_synchronous);
// busy_timeout lets the admin commands write beside a running server;
// temp_store(MEMORY) keeps the journals of savepoints off the disk.
func sqliteDSN(path string, more ...string) string {
	q := url.Values{"_pragma": append([]string{
		"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)", "temp_store(MEMORY)",
	}, more...)}
	return (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: q.Encode()}).String()
}

type violation int

const (
	otherError violation = iota
	uniqueViolation
	busy
)

// classify tells the driver's errors that mean something to a caller
// (sqlite.org/rescode.html).
func classify(err error) violation {
	e, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		return otherError
	}
	switch e.Code() {
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
		return uniqueViolation
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return busy
	}
	return otherError
}
