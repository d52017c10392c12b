package dbtest

import (
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
)

// Tables reads every row of every table, past the store, as text in no order that means
// anything. The result must not be changed.
func Tables(t testing.TB, database string) map[string][]string {
	t.Helper()
	r := readerOf(t, database)
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.tables(t)
}

// reader reads the tables of a database on a connection of its own. A new connection to
// SQLite would read and parse the whole schema first.
type reader struct {
	mu     sync.Mutex
	sqlite bool
	db     *sql.DB
	stmts  map[string]*sql.Stmt
	read   map[string][]string // SQLite only
	at     string              // the version that was read
}

// readers are by the URLs of their databases.
var readers struct {
	mu sync.Mutex
	by map[string]*reader
}

// readerOf returns a reader that stays open until the test ends.
func readerOf(t testing.TB, database string) *reader {
	t.Helper()
	readers.mu.Lock()
	defer readers.mu.Unlock()
	if r := readers.by[database]; r != nil {
		return r
	}
	driver, source := "pgx", database
	path, sqlite := strings.CutPrefix(database, "sqlite:")
	if sqlite {
		driver, source = "sqlite", path
	}
	db, err := sql.Open(driver, source)
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	r := &reader{sqlite: sqlite, db: db, stmts: make(map[string]*sql.Stmt)}
	if readers.by == nil {
		readers.by = make(map[string]*reader)
	}
	readers.by[database] = r
	t.Cleanup(func() {
		readers.mu.Lock()
		defer readers.mu.Unlock()
		delete(readers.by, database)
		_ = db.Close()
	})
	return r
}

func (r *reader) tables(t testing.TB) map[string][]string {
	t.Helper()
	if !r.sqlite {
		return r.all(t, `SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'`)
	}
	// It changes with every commit of another connection.
	version := r.rows(t, "PRAGMA data_version")[0]
	if r.read == nil || version != r.at {
		r.read, r.at = r.all(t, `SELECT name FROM sqlite_schema WHERE type = 'table'`), version
	}
	return r.read
}

func (r *reader) all(t testing.TB, names string) map[string][]string {
	t.Helper()
	all := make(map[string][]string)
	for _, name := range r.rows(t, names) {
		all[name] = r.rows(t, "SELECT * FROM "+name)
	}
	return all
}

func (r *reader) rows(t testing.TB, query string) (list []string) {
	t.Helper()
	stmt := r.stmts[query]
	if stmt == nil {
		var err error
		if stmt, err = r.db.PrepareContext(t.Context(), query); err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		r.stmts[query] = stmt
	}
	rows, err := stmt.QueryContext(t.Context())
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		values, into := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		list = append(list, strings.TrimSuffix(fmt.Sprintln(values...), "\n"))
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	slices.Sort(list)
	return list
}
