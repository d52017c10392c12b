// Package dbtest gives tests databases of their own: SQLite files, or databases on
// the throwaway PostgreSQL cluster that scripts/with-postgres.sh has made.
package dbtest

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // for Tables
	_ "modernc.org/sqlite"
)

const (
	// clusterVar names the variable with the URL of the cluster, whose user may
	// make databases.
	clusterVar = "ROSTER_TEST_POSTGRES"
	// poolerVar names the variable with the port of a PgBouncer before the cluster.
	poolerVar = "ROSTER_TEST_PGBOUNCER_PORT"
	// engineVar names the variable that says on which engine tests run that do not
	// choose: sqlite, the default, or postgres.
	engineVar = "ROSTER_TEST_ENGINE"
)

// New makes an empty database on the engine that this run of the tests is for
// and gives its URL. It is gone when the test ends.
func New(t testing.TB) string {
	t.Helper()
	switch engine := os.Getenv(engineVar); engine {
	case "", "sqlite":
		return SQLite(t)
	case "postgres":
		return Postgres(t)
	default:
		t.Fatalf("%s=%s: want sqlite or postgres", engineVar, engine)
		return ""
	}
}

// OnPostgres says that [New] makes databases on PostgreSQL, which takes a while:
// tests of very many may try a part of them there.
func OnPostgres() bool { return os.Getenv(engineVar) == "postgres" }

// SQLite gives the URL of a file that is not there yet.
func SQLite(t testing.TB) string {
	t.Helper()
	return "sqlite:" + filepath.Join(t.TempDir(), "roster.db")
}

// Cluster is the URL of the cluster's maintenance database. Without a cluster the test
// fails, except in a short run, which leaves PostgreSQL out and says so.
func Cluster(t testing.TB) string {
	t.Helper()
	cluster := os.Getenv(clusterVar)
	if cluster == "" && testing.Short() {
		t.Skip("a short run without PostgreSQL")
	}
	if cluster == "" {
		t.Fatalf("%s is not set: run the tests with `make test`, or some of them with `scripts/with-postgres.sh go test ./internal/store`", clusterVar)
	}
	return cluster
}

// Postgres makes an empty database and gives its URL. It is dropped when the test
// ends, whoever is connected to it then. A drop that fails does not fail the test: on
// a busy machine it can wait long for a checkpoint or for other connections, and the
// cluster is removed with all its databases anyway.
func Postgres(t testing.TB) string {
	t.Helper()
	return PostgresWith(t, "")
}

// PostgresWith is [Postgres] with options of CREATE DATABASE.
func PostgresWith(t testing.TB, options string) string {
	t.Helper()
	cluster := Cluster(t)
	name := "roster_test_" + strings.ToLower(rand.Text())
	if err := maintain(t, cluster, "CREATE DATABASE "+name+" "+options); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := maintain(t, cluster, "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			t.Log(err)
		}
	})
	u, err := url.Parse(cluster)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/" + name
	return u.String()
}

// Pooled is the URL of a database of [Postgres] through PgBouncer in transaction
// mode, as the operations guide has it.
func Pooled(t testing.TB, database string) string {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set("port", os.Getenv(poolerVar))
	q.Set("default_query_exec_mode", "exec")
	u.RawQuery = q.Encode()
	return u.String()
}

// Exec carries out a statement outside a transaction, past the store.
func Exec(t testing.TB, database, statement string) {
	t.Helper()
	if err := execute(t, database, statement); err != nil {
		t.Fatal(err)
	}
}

func execute(t testing.TB, database, statement string) error {
	t.Helper()
	driver, source := "pgx", database
	if path, ok := strings.CutPrefix(database, "sqlite:"); ok {
		driver, source = "sqlite", path+"?_pragma=busy_timeout(120000)"
	}
	db, err := sql.Open(driver, source)
	if err != nil {
		return fmt.Errorf("%s: %w", statement, err)
	}
	defer func() { _ = db.Close() }()
	return run(t, db, statement)
}

// maintenance is the pool of connections to the cluster's maintenance database. All tests
// of a process share it: for each database that is made or dropped, a new connection would
// cost as much as the statement.
var maintenance struct {
	once sync.Once
	db   *sql.DB
	err  error
}

// maintain carries out a statement in the cluster's maintenance database.
func maintain(t testing.TB, cluster, statement string) error {
	t.Helper()
	maintenance.once.Do(func() {
		if maintenance.db, maintenance.err = sql.Open("pgx", cluster); maintenance.err == nil {
			maintenance.db.SetMaxOpenConns(4)
			maintenance.db.SetMaxIdleConns(4)
		}
	})
	if maintenance.err != nil {
		return maintenance.err
	}
	return run(t, maintenance.db, statement)
}

func run(t testing.TB, db *sql.DB, statement string) error {
	t.Helper()
	// The test's own context has ended when it cleans up.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 2*time.Minute)
	defer cancel()
	if _, err := db.ExecContext(ctx, statement); err != nil {
		return fmt.Errorf("%s: %w", statement, err)
	}
	return nil
}
