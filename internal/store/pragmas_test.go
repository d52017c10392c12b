package store

import (
	"context"
	"database/sql"
	"fmt"
	"iter"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/directory"
)

// Durability and integrity rest on settings that SQLite keeps per connection:
// each connection of either pool must have them, also one that is made later.
func TestEveryConnectionHasItsSettings(t *testing.T) {
	t.Parallel()
	opened, err := openEngine(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "roster.db"), Options{}, new(notifier))
	if err != nil {
		t.Fatal(err)
	}
	db := opened.(*sqliteEngine)
	t.Cleanup(func() { closing(t, db) })
	common := map[string]string{
		"synchronous":  "2", // FULL
		"journal_mode": "wal",
		"foreign_keys": "1",
		"busy_timeout": "10000",
	}
	check := func(who string, conn *sql.Conn, readOnly int) {
		t.Helper()
		for pragma, want := range common {
			if got := pragmaOf(t, conn, pragma); got != want {
				t.Errorf("%s: %s is %s, want %s", who, pragma, got, want)
			}
		}
		if got := pragmaOf(t, conn, "query_only"); got != strconv.Itoa(readOnly) {
			t.Errorf("%s: query_only is %s, want %d", who, got, readOnly)
		}
	}
	check("writer", db.writer.conn, 0)

	most := db.read.Stats().MaxOpenConnections
	if most < 2 {
		t.Fatalf("%d connections to read", most)
	}
	conns := make([]*sql.Conn, most)
	for i := range conns {
		if conns[i], err = db.read.Conn(t.Context()); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { closing(t, conns[i]) })
		check("reader "+strconv.Itoa(i), conns[i], 1)
	}
}

// A statement that an index should carry must not read a whole table.
func TestQueriesUseIndexes(t *testing.T) {
	t.Parallel()
	opened, err := openEngine(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "roster.db"), Options{}, new(notifier))
	if err != nil {
		t.Fatal(err)
	}
	db := opened.(*sqliteEngine)
	t.Cleanup(func() { closing(t, db) })
	now := time.Now()
	var queries []string
	err = db.Read(t.Context(), func(view directory.Tx) error {
		recorder := &recordingSession{session: view.(*tx).db}
		rec := &tx{ctx: t.Context(), db: recorder}
		_, _ = rec.User("o", "u")
		_, _ = rec.UserByEmail("o", "k")
		_, _ = rec.AccountUsers("a")
		_, _ = rec.AccountUser("o", "a")
		_, _ = rec.ActiveUsers("a", 2)
		_, _ = rec.AccountByEmail("k")
		_, _ = rec.CountUsers("o", "owner")
		_, _ = rec.CountUsersBetween("o", "a", "b")
		_, _ = rec.HasUsers("o", []directory.UserID{"a", "b"})
		drain(rec.Users("o", directory.UserQuery{After: "u"}))
		drain(rec.Users("o", directory.UserQuery{Role: "r"}))
		_, _ = rec.Role("o", "r")
		_, _ = rec.GroupsOf("o", "u")
		_, _ = rec.CountGroupsWithRole("o", "r")
		_, _ = rec.APIToken("o", "t")
		_, _ = rec.APITokenByHash(directory.SecretHash{})
		_, _ = rec.CountAPITokens(now, now)
		_, _ = rec.PersonalToken("a", "t")
		_, _ = rec.PersonalTokenByHash(directory.SecretHash{})
		_, _ = rec.Entries(1, 10)
		_, _ = rec.OrgVersion("o")
		drain(rec.OrgEntries("o", directory.EntryQuery{}))
		drain(rec.NextEntries("o", directory.NextQuery{Type: "user", Since: 1, After: "usr_", Until: "usr_~", Limit: 1}))
		_, _ = rec.Replay("s", "k", now)
		_, _ = rec.CountProvisions("a", now)
		queries = recorder.queries
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, query := range queries {
		for _, step := range planOf(t, db.read, query) {
			// "last" is a subquery of one row, "page" one of a page of users. "targets" and
			// "firsts" have a row for each target that NextEntries has found.
			if strings.HasPrefix(step, "SCAN ") && !slices.Contains([]string{"SCAN last", "SCAN page", "SCAN targets", "SCAN firsts", "SCAN CONSTANT ROW"}, step) {
				t.Errorf("%s\n%s", step, query)
			}
		}
	}
	if len(queries) < 20 {
		t.Errorf("only %d queries were looked at", len(queries))
	}
}

func drain[T any](seq iter.Seq2[T, error]) {
	seq(func(T, error) bool { return true })
}

// recordingSession notes the statements that go through it.
type recordingSession struct {
	session
	queries []string
}

func (s *recordingSession) query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	s.queries = append(s.queries, query)
	return s.session.query(ctx, query, args...)
}

func planOf(t *testing.T, db *sql.DB, query string) (steps []string) {
	t.Helper()
	var args []any
	for strings.Contains(query, fmt.Sprintf("$%d", len(args)+1)) {
		args = append(args, nil)
	}
	rows, err := db.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+query, args...)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer rows.Close()
	for rows.Next() {
		var id, parent, notUsed int
		var detail string
		if err := rows.Scan(&id, &parent, &notUsed, &detail); err != nil {
			t.Fatal(err)
		}
		steps = append(steps, detail)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return steps
}

func pragmaOf(t *testing.T, conn *sql.Conn, name string) (value string) {
	t.Helper()
	if err := conn.QueryRowContext(t.Context(), "PRAGMA "+name).Scan(&value); err != nil {
		t.Fatalf("PRAGMA %s: %v", name, err)
	}
	return value
}

func closing(t *testing.T, c interface{ Close() error }) {
	t.Helper()
	if err := c.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
}
