package store

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
)

//go:embed migrations
var migrations embed.FS

// schema is the migrations of one database.
type schema struct {
	db      *sql.DB
	dialect goose.Dialect
	folder  string
}

// SchemaStatus compares a database's schema with this program's migrations.
type SchemaStatus struct {
	Version int64 `json:"version"` // of the database
	Known   int64 `json:"known"`   // the newest migration of this program
	// Oldest is the newest migration of the oldest program that works with the database
	// in its current state.
	Oldest  int64    `json:"oldest"`
	Pending []string `json:"pending"` // migrations that the database lacks
}

func (s schema) provider() (*goose.Provider, error) {
	files, err := fs.Sub(migrations, "migrations/"+s.folder)
	if err != nil {
		return nil, err
	}
	provider, err := goose.NewProvider(s.dialect, s.db, files, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return nil, fmt.Errorf("read migrations: %w", err)
	}
	return provider, nil
}

// status reads the versions of the schema.
func (s schema) status(ctx context.Context) (SchemaStatus, error) {
	st := SchemaStatus{Pending: []string{}}
	provider, err := s.provider()
	if err != nil {
		return st, err
	}
	if st.Version, err = provider.GetDBVersion(ctx); err != nil {
		return st, fmt.Errorf("read schema version: %w", err)
	}
	for _, source := range provider.ListSources() {
		st.Known = source.Version
		if source.Version > st.Version {
			st.Pending = append(st.Pending, source.Path)
		}
	}
	st.Oldest, err = s.oldest(ctx, st.Version)
	return st, err
}

// oldest reads the oldest program version that works with the schema. A migration that
// removes or changes something in use writes its own version there. One that only adds
// leaves it, so that the previous release can run beside the new one.
func (s schema) oldest(ctx context.Context, version int64) (int64, error) {
	if version == 0 { // an empty database
		return version, nil
	}
	var oldest int64
	if err := s.db.QueryRowContext(ctx, "SELECT oldest_program FROM schema_compatibility").Scan(&oldest); err != nil {
		return 0, fmt.Errorf("read schema compatibility: %w", err)
	}
	return oldest, nil
}

// up applies the pending migrations. It refuses a database that a newer program changed
// incompatibly.
func (s schema) up(ctx context.Context) error {
	st, err := s.status(ctx)
	if err != nil {
		return err
	}
	if st.Oldest > st.Known {
		return fmt.Errorf("the database has schema version %d and needs a program with schema version %d or later; "+
			"this program has %d: use a newer program", st.Version, st.Oldest, st.Known)
	}
	if len(st.Pending) == 0 {
		return nil
	}
	provider, err := s.provider()
	if err != nil {
		return err
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	return nil
}
