package store_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/rosterhq/roster/internal/dbtest"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/directorytest"
	"github.com/rosterhq/roster/internal/store"
	"github.com/rosterhq/roster/internal/storetest"
)

func openPostgres(t testing.TB, url string) *store.Store {
	t.Helper()
	return openPostgresWith(t, url, directorytest.StoreOptions)
}

func openPostgresWith(t testing.TB, url string, o store.Options) *store.Store {
	t.Helper()
	db, err := store.Open(t.Context(), url, o)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	return db
}

func TestPostgres(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) directory.Store { return openPostgres(t, directorytest.Postgres(t)) })
}

func TestPostgresShared(t *testing.T) {
	t.Parallel()
	storetest.RunShared(t, func(t *testing.T) func() directory.Store {
		url := directorytest.Postgres(t)
		return func() directory.Store { return openPostgres(t, url) }
	})
}

// A pooler hands out connections for one transaction each: nothing may rest on
// having the same one again. PgBouncer 1.18, which Debian 12 has, ends itself now
// and then when a statement is canceled.
func TestPostgresPooled(t *testing.T) {
	storetest.RunBut(t, "canceled", func(t *testing.T) directory.Store {
		return openPostgres(t, dbtest.Pooled(t, directorytest.Postgres(t)))
	})
	storetest.RunShared(t, func(t *testing.T) func() directory.Store {
		url := dbtest.Pooled(t, directorytest.Postgres(t))
		return func() directory.Store { return openPostgres(t, url) }
	})
}

// Nodes that start at once bring the schema up to date once.
func TestPostgresMigratesOnce(t *testing.T) {
	t.Parallel()
	url := dbtest.Postgres(t)
	var nodes sync.WaitGroup
	for range 8 {
		nodes.Go(func() {
			db, err := store.Open(t.Context(), url, store.Options{})
			if err != nil {
				t.Errorf("open: %v", err)
				return
			}
			closing(t, db)
		})
	}
	nodes.Wait()
	versions := dbtest.Tables(t, url)["goose_db_version"]
	seen := make(map[string]bool)
	for _, row := range versions {
		version := strings.Fields(row)[1]
		if seen[version] {
			t.Errorf("migration %s was applied twice", version)
		}
		seen[version] = true
	}
	if len(seen) < 2 { // 0, and at least one migration
		t.Errorf("migrations %v", versions)
	}
}

func TestPostgresNewerSchemaIsRefused(t *testing.T) {
	t.Parallel()
	url := dbtest.Postgres(t)
	closing(t, openPostgres(t, url))
	dbtest.Exec(t, url, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, true)")
	// One that only added something leaves room for the program before it.
	closing(t, openPostgres(t, url))
	dbtest.Exec(t, url, "UPDATE schema_compatibility SET oldest_program = 9998")
	refuses(t, url, "9999", "9998", "newer program")
}

// refuses wants the database not to be opened, for a reason that has the words
// and no password.
func refuses(t *testing.T, url string, words ...string) {
	t.Helper()
	db, err := store.Open(t.Context(), url, store.Options{})
	if err == nil {
		closing(t, db)
		t.Errorf("opened, want a refusal with %q", words)
		return
	}
	for _, word := range words {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("error %q does not say %q", err, word)
		}
	}
	if strings.Contains(err.Error(), "s3cret") {
		t.Errorf("error %q tells the password", err)
	}
}

func TestPostgresRefuses(t *testing.T) {
	t.Parallel()
	t.Run("a server that may lose what it acknowledged", func(t *testing.T) {
		url := dbtest.Postgres(t)
		dbtest.Exec(t, url, "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET synchronous_commit = off', current_database()); END $$")
		refuses(t, url, "synchronous_commit")
	})
	t.Run("another encoding", func(t *testing.T) {
		url := dbtest.PostgresWith(t, "TEMPLATE template0 ENCODING 'LATIN1' LOCALE_PROVIDER libc LOCALE 'C'")
		refuses(t, url, "LATIN1", "UTF8")
	})
	t.Run("no server", func(t *testing.T) {
		refuses(t, "postgres://u:s3cret@127.0.0.1:1/roster", "127.0.0.1:1/roster", "can't be reached")
	})
	t.Run("no database", func(t *testing.T) {
		url := strings.Replace(dbtest.Cluster(t), "/postgres?", "/nowhere?", 1)
		refuses(t, url, "nowhere")
	})
	t.Run("no URL", func(t *testing.T) {
		refuses(t, "postgres://u:s3cret@[::1/roster", "postgres://USER:PASSWORD@HOST")
		refuses(t, "postgres://u:s3cret@h/roster?sslmode=perhaps", "sslmode=verify-full")
		refuses(t, "postgres://u:s3cret@h/roster?pool_max_conns=1", "pool_max_conns", "at least 3")
	})
}

// TestPostgresURLs checks that the error says what is wrong with a URL without its secrets.
func TestPostgresURLs(t *testing.T) {
	t.Parallel()
	for parameters, words := range map[string][]string{
		"connect_timeout=abc":                   {"connect_timeout", "abc"},
		"default_query_exec_mode=foo":           {"default_query_exec_mode", "foo"},
		"target_session_attrs=foo":              {"target_session_attrs", "foo"},
		"options=-c%20statement_timeout=5s":     {"options", `"="`},
		"sslmode=perhaps":                       {"sslmode"},
		"password=s3cret&pool_max_conns=abc":    {"postgres://h:5432/d", "pool_max_conns", "abc"},
		"password=s3cret&connect_timeout=never": {"connect_timeout", "never"},
		"connect_timeout=s3cret":                {"it is malformed"}, // which is the password
	} {
		refuses(t, "postgres://u:s3cret@h/d?"+parameters, words...)
	}
	for _, url := range []string{
		"postgres:u:s3cret@h/d", "postgres://u:s3cret two@h/d", "postgres://u:`: s3cret@h:x/d",
	} {
		refuses(t, url, "postgres://USER:PASSWORD@HOST")
	}
	refuses(t, "host=h password=s3cret", "want sqlite:PATH")
}
