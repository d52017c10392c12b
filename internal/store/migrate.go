package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
)

// Schema reads the versions of a database's schema, and changes nothing.
func Schema(ctx context.Context, url string) (st SchemaStatus, err error) {
	err = withDatabase(ctx, url, func(db *sql.DB, s schema) error {
		st, err = s.status(ctx)
		return err
	})
	return st, err
}

// Migrate brings a database's schema up to date, as opening it does.
func Migrate(ctx context.Context, url string) error {
	return withDatabase(ctx, url, func(db *sql.DB, s schema) error {
		if s.folder == "postgres" {
			return migratePostgres(ctx, db)
		}
		return s.up(ctx)
	})
}

// withDatabase connects to an existing database with any schema.
func withDatabase(ctx context.Context, url string, fn func(*sql.DB, schema) error) error {
	kind, path, _ := strings.Cut(url, ":")
	if kind == "sqlite" {
		db, err := connectSQLite(path, true)
		if err != nil {
			return err
		}
		if err := fn(db, sqliteSchema(db)); err != nil {
			return errors.Join(fmt.Errorf("database sqlite:%s: %w", path, err), db.Close())
		}
		return db.Close()
	}
	if kind != "postgres" && kind != "postgresql" {
		return errKind(kind)
	}
	db, name, err := connectPostgres(url)
	if err != nil {
		return err
	}
	if err := checkPostgres(ctx, db); err != nil {
		return errors.Join(fmt.Errorf("%s: %w", name, err), db.Close())
	}
	if err := fn(db, postgresSchema(db)); err != nil {
		return errors.Join(fmt.Errorf("%s: %w", name, err), db.Close())
	}
	return db.Close()
}
