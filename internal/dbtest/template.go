package dbtest

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// Migrate brings an empty database up to date.
type Migrate func(ctx context.Context, url string) error

// NewFrom is [New] with a database that migrate has brought up to date. It is a copy of
// a template, which takes a fraction of the time.
func NewFrom(t testing.TB, migrate Migrate) string {
	t.Helper()
	if OnPostgres() {
		return PostgresFrom(t, migrate)
	}
	return sqliteFrom(t, migrate)
}

// sqliteTemplate is the content of a migrated file, made once in a process.
var sqliteTemplate struct {
	once    sync.Once
	content []byte
	err     error
}

func sqliteFrom(t testing.TB, migrate Migrate) string {
	t.Helper()
	sqliteTemplate.once.Do(func() {
		sqliteTemplate.content, sqliteTemplate.err = migratedFile(migrate)
	})
	if sqliteTemplate.err != nil {
		t.Fatalf("make the template of SQLite databases: %v", sqliteTemplate.err)
	}
	return sqliteWith(t, sqliteTemplate.content)
}

func sqliteWith(t testing.TB, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "roster.db")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return "sqlite:" + path
}

// Copy makes a database with the content of another one of this run, and gives its URL. It
// is gone when the test ends. Nothing may be connected to the other.
func Copy(t testing.TB, database string) string {
	t.Helper()
	if path, ok := strings.CutPrefix(database, "sqlite:"); ok {
		content, err := contentOf(path)
		if err != nil {
			t.Fatal(err)
		}
		return sqliteWith(t, content)
	}
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	return copyPostgres(t, strings.TrimPrefix(u.Path, "/"))
}

func migratedFile(migrate Migrate) ([]byte, error) {
	dir, err := os.MkdirTemp("", "roster-template")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	path := filepath.Join(dir, "roster.db")
	if err := migrate(context.Background(), "sqlite:"+path); err != nil {
		return nil, err
	}
	return contentOf(path)
}

// contentOf reads a database's file, which is all of it once the database is closed.
func contentOf(path string) ([]byte, error) {
	if left, err := os.Stat(path + "-wal"); err == nil && left.Size() > 0 {
		return nil, fmt.Errorf("%s is not empty after the database was closed", left.Name())
	}
	return os.ReadFile(path) // a test's own
}

// postgresTemplate is the name of the cluster's template, found or made once in a process.
var postgresTemplate struct {
	once sync.Once
	name string
	err  error
}

// PostgresFrom is [Postgres] with a database that migrate has brought up to date. All
// processes on a cluster copy one template, which stays until the cluster is removed
// and has the schema's hash in its name.
func PostgresFrom(t testing.TB, migrate Migrate) string {
	t.Helper()
	cluster := Cluster(t)
	postgresTemplate.once.Do(func() {
		postgresTemplate.name, postgresTemplate.err = template(cluster, migrate)
	})
	if postgresTemplate.err != nil {
		t.Fatalf("make the template of PostgreSQL databases: %v", postgresTemplate.err)
	}
	return copyPostgres(t, postgresTemplate.name)
}

// copyPostgres copies a database's files. PostgreSQL's default, to copy pages through its
// log, takes three times as long.
func copyPostgres(t testing.TB, name string) string {
	t.Helper()
	return PostgresWith(t, "TEMPLATE "+name+" STRATEGY FILE_COPY")
}

// template gives the name of the cluster's template for this schema, and makes it if
// no process has. A lock keeps others waiting meanwhile.
func template(cluster string, migrate Migrate) (name string, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	hash, err := schemaHash()
	if err != nil {
		return "", err
	}
	name = "roster_template_" + hash
	db, err := sql.Open("pgx", cluster)
	if err != nil {
		return "", err
	}
	defer func() { _ = db.Close() }()
	conn, err := db.Conn(ctx) // the lock belongs to a connection
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close() }()
	if _, err := conn.ExecContext(ctx, "SELECT pg_advisory_lock(hashtext('roster_template'))"); err != nil {
		return "", err
	}
	var made bool
	if err := conn.QueryRowContext(ctx, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", name).Scan(&made); err != nil || made {
		return name, err
	}
	unfinished := name + "_unfinished" // by a process that was killed
	for _, statement := range []string{"DROP DATABASE IF EXISTS " + unfinished + " WITH (FORCE)", "CREATE DATABASE " + unfinished} {
		if _, err := conn.ExecContext(ctx, statement); err != nil {
			return "", fmt.Errorf("%s: %w", statement, err)
		}
	}
	u, err := url.Parse(cluster)
	if err != nil {
		return "", err
	}
	u.Path = "/" + unfinished
	if err := migrate(ctx, u.String()); err != nil {
		return "", err
	}
	for _, statement := range []string{
		"ALTER DATABASE " + unfinished + " ALLOW_CONNECTIONS false", // a copy fails while anything is connected
		"ALTER DATABASE " + unfinished + " RENAME TO " + name,
	} {
		if _, err := conn.ExecContext(ctx, statement); err != nil {
			return "", fmt.Errorf("%s: %w", statement, err)
		}
	}
	return name, nil
}

// schemaHash tells one schema from another: it is made of the migrations' files, which
// are found from the directory of the package under test.
func schemaHash() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("no go.mod above the working directory")
		}
	}
	files := os.DirFS(filepath.Join(dir, "internal", "store", "migrations", "postgres"))
	names, err := fs.Glob(files, "*.sql")
	if err != nil || len(names) == 0 {
		return "", fmt.Errorf("no migrations in %s", dir)
	}
	h := sha256.New()
	for _, name := range names {
		content, err := fs.ReadFile(files, name)
		if err != nil {
			return "", err
		}
		_, _ = h.Write(content) // a hash takes everything
	}
	return strings.ToLower(hex.EncodeToString(h.Sum(nil)[:8])), nil
}
