package store_test

import (
	"database/sql"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pressly/goose/v3"

	"github.com/rosterhq/roster/internal/dbtest"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/store"
)

// migrateTo makes a database of an older schema.
func migrateTo(t *testing.T, url string, version int64) {
	t.Helper()
	dialect, driver, source, folder := goose.DialectPostgres, "pgx", url, "migrations/postgres"
	if path, ok := strings.CutPrefix(url, "sqlite:"); ok {
		dialect, driver, source, folder = goose.DialectSQLite3, "sqlite", path, "migrations/sqlite"
	}
	db, err := sql.Open(driver, source)
	if err != nil {
		t.Fatal(err)
	}
	defer closing(t, db)
	p, err := goose.NewProvider(dialect, db, os.DirFS(folder), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.UpTo(t.Context(), version); err != nil {
		t.Fatal(err)
	}
}

// Transactions' times crossed before entries were numbered. A log in which they go
// back would be sealed as it is, and no verifier would ever take it.
func TestNumberedEntriesAreInOrderOfTime(t *testing.T) {
	for engine, url := range map[string]string{"sqlite": dbtest.SQLite(t), "postgres": dbtest.Postgres(t)} {
		t.Run(engine, func(t *testing.T) {
			migrateTo(t, url, 2)
			for i, at := range []int64{5, 7, 6, 4, 9, 3} {
				dbtest.Exec(t, url, fmt.Sprintf(`INSERT INTO entries (at, org_id, actor, action, target_type, target_id, target_name, trace_id, remote_addr, user_agent)
					VALUES (%d, '%s', '{"kind":"operator"}', 'x', '', '', '', '', '', '')`, at, []string{"acme", "acme", "acme", "acme", "acme", "other"}[i]))
			}
			db, err := store.Open(t.Context(), url, store.Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer closing(t, db)
			for org, want := range map[directory.OrgID][][2]int64{"acme": {{1, 5}, {2, 7}, {3, 7}, {4, 7}, {5, 9}}, "other": {{1, 3}}} {
				var found [][2]int64
				err := db.Read(t.Context(), func(tx directory.Tx) error {
					for e, err := range tx.OrgEntries(org, directory.EntryQuery{}) {
						if err != nil {
							return err
						}
						found = append(found, [2]int64{e.Number, e.At.Sub(time.Unix(0, 0)).Microseconds()})
					}
					return nil
				})
				if err != nil || !slices.Equal(found, want) {
					t.Errorf("%s: %v, %v, want %v", org, found, err, want)
				}
			}
		})
	}
}
