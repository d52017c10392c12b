package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"

	"github.com/rosterhq/roster/internal/directory"
)

// driverErrors provokes each kind of error in a real database.
func driverErrors(t *testing.T) map[string]error {
	t.Helper()
	path := filepath.Join(t.TempDir(), "errors.db")
	connect := func() *sql.Conn {
		db, err := sql.Open("sqlite", "file:"+path+"?_pragma=foreign_keys(1)&_pragma=busy_timeout(0)")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { closing(t, db) })
		conn, err := db.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return conn
	}
	one, two := connect(), connect()
	must := func(query string) {
		t.Helper()
		if _, err := one.ExecContext(t.Context(), query); err != nil {
			t.Fatal(err)
		}
	}
	fails := func(conn *sql.Conn, query string) error {
		t.Helper()
		_, err := conn.ExecContext(t.Context(), query)
		if err == nil {
			t.Fatalf("%s succeeds", query)
		}
		return err
	}
	must(`CREATE TABLE p (id TEXT NOT NULL PRIMARY KEY, u TEXT UNIQUE) STRICT, WITHOUT ROWID`)
	must(`CREATE TABLE c (id TEXT NOT NULL REFERENCES p (id), n INTEGER CHECK (n > 0)) STRICT`)
	must(`INSERT INTO p VALUES ('a', 'u')`)
	found := map[string]error{
		"primary key": fails(one, `INSERT INTO p VALUES ('a', 'v')`),
		"unique":      fails(one, `INSERT INTO p VALUES ('b', 'u')`),
		"foreign key": fails(one, `INSERT INTO c VALUES ('x', 1)`),
		"not null":    fails(one, `INSERT INTO c VALUES (NULL, 1)`),
		"check":       fails(one, `INSERT INTO c VALUES ('a', 0)`),
		"syntax":      fails(one, `INSERT INTO nowhere`),
		"no rows":     sql.ErrNoRows,
		"plain":       errors.New("anything"),
	}
	must(`BEGIN IMMEDIATE`)
	found["busy"] = fails(two, `BEGIN IMMEDIATE`)
	return found
}

func TestClassify(t *testing.T) {
	t.Parallel()
	want := map[string]meaning{"primary key": taken, "unique": taken, "busy": busy}
	for name, err := range driverErrors(t) {
		for _, err := range []error{err, fmt.Errorf("wrapped: %w", err)} {
			if got := classify(err); got != want[name] {
				t.Errorf("%s: %v is class %d, want %d", name, err, got, want[name])
			}
		}
	}
}

func TestStorageErrorHidesDriverErrors(t *testing.T) {
	t.Parallel()
	want := map[string]directory.Code{
		"primary key": directory.Conflict, "unique": directory.Conflict, "busy": directory.Unavailable,
	}
	for name, err := range driverErrors(t) {
		got := storageError(fmt.Errorf("doing it: %w", err))
		if directory.CodeOf(got) != want[name] {
			t.Errorf("%s: code %q, want %q", name, directory.CodeOf(got), want[name])
		}
		if _, ok := errors.AsType[*sqlite.Error](got); ok || errors.Is(got, sql.ErrNoRows) {
			t.Errorf("%s: the driver's error comes through", name)
		}
		// The message for the client names no tables. The cause for the log is complete.
		if e, ok := errors.AsType[*directory.Error](got); ok {
			if strings.Contains(e.Message, "constraint") || strings.Contains(e.Message, "p.") {
				t.Errorf("%s: message %q", name, e.Message)
			}
			if !strings.Contains(fmt.Sprint(e.Err), err.Error()) {
				t.Errorf("%s: cause %v, want %v", name, e.Err, err)
			}
		} else if !strings.Contains(got.Error(), err.Error()) {
			t.Errorf("%s: %v does not say %v", name, got, err)
		}
	}
}

func TestStorageErrorWrapsOnce(t *testing.T) {
	t.Parallel()
	once := storageError(errors.New("disk full"))
	if got := storageError(fmt.Errorf("look at the log: %w", once)); got.Error() != "look at the log: storage: disk full" {
		t.Errorf("error %q", got)
	}
}

func TestStorageErrorKeepsCodedAndCanceledErrors(t *testing.T) {
	t.Parallel()
	own := directory.Errorf(directory.Forbidden, "no")
	for _, err := range []error{
		nil, own, fmt.Errorf("wrapped: %w", own),
		context.Canceled, context.DeadlineExceeded, fmt.Errorf("query: %w", context.Canceled),
	} {
		if got := storageError(err); got != err { //nolint:errorlint // the very same
			t.Errorf("%v became %v", err, got)
		}
	}
}

// PostgreSQL's errors about its own state are temporary: the caller may retry.
func TestPostgresErrors(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]directory.Code{
		"23505": directory.Conflict,    // unique_violation
		"40001": directory.Unavailable, // serialization_failure
		"40P01": directory.Unavailable, // deadlock_detected
		"53300": directory.Unavailable, // too_many_connections
		"53100": directory.Unavailable, // disk_full
		"55P03": directory.Unavailable, // lock_not_available
		"57014": directory.Unavailable, // query_canceled
		"57P01": directory.Unavailable, // admin_shutdown
		"57P03": directory.Unavailable, // cannot_connect_now
		"25006": directory.Unavailable, // read_only_sql_transaction
		"08006": directory.Unavailable, // connection_failure
		"22021": directory.NotFound,    // character_not_in_repertoire
		"42601": "",                    // syntax_error
	} {
		err := storageError(&pgconn.PgError{Code: code})
		if got := directory.CodeOf(err); got != want {
			t.Errorf("%s: code %q, want %q", code, got, want)
		}
		if again := code == "40001" || code == "40P01"; mayRunAgain(err) != again {
			t.Errorf("%s: run again %t, want %t", code, !again, again)
		}
	}
}
