// Package store keeps the directory in SQL. The statements are portable and
// written once; sqlite.go holds everything that belongs to that engine alone.
package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/pressly/goose/v3"

	"github.com/rosterhq/roster/internal/directory"
)

//go:embed migrations
var migrations embed.FS

// Options say how to open a database.
type Options struct {
	// MustExist refuses to make a new, empty database where there is none.
	MustExist bool
}

// Store is a [directory.Store] on an SQL database.
type Store struct {
	read  *sql.DB
	stmts *statements // of read
	write *writer
}

var _ directory.Store = (*Store)(nil)

// Open connects to the database that url names, "sqlite:PATH", and brings its
// schema up to date. Errors name the database, never a password.
func Open(ctx context.Context, url string, o Options) (*Store, error) {
	engine, rest, ok := strings.Cut(url, ":")
	switch {
	case ok && engine == "sqlite":
		return openSQLite(ctx, rest, o)
	case strings.HasPrefix(url, "postgres://"), strings.HasPrefix(url, "postgresql://"):
		return nil, fmt.Errorf("PostgreSQL is not supported by this version; use sqlite:PATH")
	default:
		return nil, fmt.Errorf("database %q: want sqlite:PATH, as in sqlite:roster.db", engine)
	}
}

// migrateUp applies the migrations that db lacks, and refuses a database that a
// newer program has changed.
func migrateUp(ctx context.Context, db *sql.DB, dialect goose.Dialect, folder string) error {
	files, err := fs.Sub(migrations, "migrations/"+folder)
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(dialect, db, files, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	current, err := provider.GetDBVersion(ctx)
	if err != nil {
		return fmt.Errorf("read schema version: %w", err)
	}
	sources := provider.ListSources()
	if newest := sources[len(sources)-1].Version; current > newest {
		return fmt.Errorf("the database has schema version %d, this program knows %d: use a newer program", current, newest)
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	return nil
}

// Read implements [directory.Store].
func (s *Store) Read(ctx context.Context, fn func(directory.Tx) error) error {
	sqlTx, err := s.read.BeginTx(ctx, nil)
	if err != nil {
		return storageError(err)
	}
	session := &readSession{tx: sqlTx, stmts: s.stmts}
	defer session.end(ctx)
	return fn(&tx{ctx: ctx, db: session})
}

// Write implements [directory.Store].
func (s *Store) Write(ctx context.Context, fn func(directory.Tx) error) error {
	return s.write.do(ctx, fn)
}

// Observe implements [directory.Store].
func (s *Store) Observe(o directory.Observer) { s.write.observer.Store(&o) }

// InTouch implements [directory.Store].
func (s *Store) InTouch() bool { return s.write.inTouch() }

// Changed implements [directory.Store].
func (s *Store) Changed() <-chan struct{} { return s.write.changed.wait() }

// Ping implements [directory.Store].
func (s *Store) Ping(ctx context.Context) error {
	var one int
	return storageError(s.read.QueryRowContext(ctx, "SELECT 1").Scan(&one))
}

// Close finishes the writes under way and closes the database.
func (s *Store) Close() error {
	// The writer goes last: the last connection merges SQLite's log.
	return errors.Join(s.stmts.close(), s.read.Close(), s.write.close())
}
