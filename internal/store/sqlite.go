package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"runtime"
	"time"

	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/private"
	"github.com/rosterhq/roster/internal/turns"
)

// sqliteEngine is an SQLite file. Readers and the writer use separate connections,
// because in WAL mode neither waits for the other.
type sqliteEngine struct {
	read   *sql.DB
	stmts  *statements                     // of read
	slots  *turns.Places[directory.Tenant] // of reads
	wait   time.Duration                   // limit of the wait for a slot
	writer *writer
}

func openSQLite(ctx context.Context, path string, o Options, n *notifier) (engine, error) {
	write, err := connectSQLite(path, o.MustExist)
	if err != nil {
		return nil, err
	}
	if err := sqliteSchema(write).up(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("database sqlite:%s: %w", path, err), write.Close())
	}
	w, err := newWriter(ctx, write, openBeginLock(path), n, max(writeBudget, o.Patience))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("database sqlite:%s: %w", path, err), write.Close())
	}
	read, err := sql.Open("sqlite", sqliteDSN(path, "query_only(1)"))
	if err != nil {
		return nil, errors.Join(err, w.close())
	}
	conns := max(4, runtime.GOMAXPROCS(0)*2)
	read.SetMaxOpenConns(conns + 1) // one more for calls without a slot
	read.SetMaxIdleConns(conns + 1)
	return &sqliteEngine{
		read: read, stmts: newStatements(read.PrepareContext), slots: newSlots(conns), wait: max(beginTimeout, o.Patience), writer: w,
	}, nil
}

// connectSQLite opens the file at path with a single connection, which may write.
func connectSQLite(path string, mustExist bool) (*sql.DB, error) {
	if path == "" {
		return nil, errors.New("database sqlite: needs a path, as in sqlite:roster.db")
	}
	if err := makeFile(path, mustExist); err != nil {
		return nil, fmt.Errorf("database sqlite:%s: %w", path, err)
	}
	db, err := sql.Open("sqlite", sqliteDSN(path))
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	return db, nil
}

func sqliteSchema(db *sql.DB) schema {
	return schema{db: db, dialect: goose.DialectSQLite3, folder: "sqlite"}
}

func (e *sqliteEngine) Read(ctx context.Context, fn func(directory.Tx) error) error {
	leave, err := takeSlot(ctx, e.slots, e.wait)
	if err != nil {
		return err
	}
	defer leave()
	sqlTx, err := e.read.BeginTx(ctx, nil)
	if err != nil {
		return storageError(err)
	}
	session := &readSession{tx: sqlTx, stmts: e.stmts}
	defer session.end(ctx)
	return fn(&tx{ctx: ctx, db: session})
}

func (e *sqliteEngine) Write(ctx context.Context, fn func(directory.Tx) error) error {
	return e.writer.do(ctx, fn)
}

func (e *sqliteEngine) bulk(ctx context.Context, fn func(directory.Tx) error) error {
	return e.writer.do(ctx, fn)
}

func (e *sqliteEngine) lastPosition(t *tx) (int64, error) {
	return one(t, "sequence", scanValue[int64], "SELECT COALESCE(max(seq), 0) FROM sqlite_sequence WHERE name = 'entries'")
}

func (e *sqliteEngine) setLastPosition(t *tx, n int64) error {
	if err := t.exec("DELETE FROM sqlite_sequence WHERE name = 'entries'"); err != nil {
		return err
	}
	return t.exec("INSERT INTO sqlite_sequence (name, seq) VALUES ('entries', $1)", n)
}

func (e *sqliteEngine) pool() *sql.DB { return e.read }

func (e *sqliteEngine) Behind() time.Duration { return e.writer.touch.ago() }

func (e *sqliteEngine) CatchUp(ctx context.Context) error { return e.writer.touch.reach(ctx) }

func (e *sqliteEngine) InTouch() bool { return e.writer.inTouch() }

// Lead runs fn at once: an SQLite file has one server.
func (e *sqliteEngine) Lead(ctx context.Context, _ string, fn func(context.Context) error) error {
	return fn(ctx)
}

// Settled returns at once, because entries are numbered in the order of their commits.
func (e *sqliteEngine) Settled(context.Context) error { return nil }

func (e *sqliteEngine) Ping(ctx context.Context) error {
	var one int
	return storageError(e.read.QueryRowContext(ctx, "SELECT 1").Scan(&one))
}

// Close finishes the writes under way. It closes the writer last, because the last
// connection merges SQLite's log.
func (e *sqliteEngine) Close() error {
	return errors.Join(e.stmts.close(), e.read.Close(), e.writer.close())
}

// makeFile creates the database's file with permissions for its owner only. It fails if
// others can read or write an existing file, or SQLite's files beside it. SQLite creates
// those with the same permissions.
func makeFile(path string, mustExist bool) error {
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if err := private.Check(path + suffix); err != nil {
			return err
		}
	}
	flags := os.O_RDWR | os.O_CREATE
	if mustExist {
		flags = os.O_RDWR
	}
	f, err := os.OpenFile(path, flags, 0o600) // the operator names the file
	if err != nil {
		return err
	}
	return f.Close()
}

// sqliteDSN returns a data source name with the settings that every connection needs:
//   - synchronous(FULL) makes COMMIT return only after the log is on the disk
//     (sqlite.org/pragma.html#pragma_synchronous).
//   - busy_timeout lets the admin commands write beside a running server.
//   - temp_store(MEMORY) keeps the journals of savepoints off the disk.
//   - wal_autocheckpoint lets the log grow to 16 MiB before a checkpoint, during which a
//     write waits.
func sqliteDSN(path string, more ...string) string {
	q := url.Values{"_pragma": append([]string{
		"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)", "temp_store(MEMORY)", "wal_autocheckpoint(4000)",
	}, more...)}
	return (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: q.Encode()}).String()
}

// classifySQLite maps SQLite's error codes (sqlite.org/rescode.html).
func classifySQLite(e *sqlite.Error) meaning {
	switch e.Code() {
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
		return taken
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return busy
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return damaged
	}
	return other
}
