package store_test

import (
	"path/filepath"
	"testing"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/store"
	"github.com/rosterhq/roster/internal/storetest"
)

func sqlitePath(t *testing.T) string { return filepath.Join(t.TempDir(), "roster.db") }

func openSQLite(t testing.TB, path string) *store.Store {
	t.Helper()
	db, err := store.Open(t.Context(), "sqlite:"+path, store.Options{})
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	return db
}

func TestSQLite(t *testing.T) {
	storetest.Run(t, func(t *testing.T) directory.Store { return openSQLite(t, sqlitePath(t)) })
}

func TestSQLiteShared(t *testing.T) {
	storetest.RunShared(t, func(t *testing.T) func() directory.Store {
		path := sqlitePath(t)
		return func() directory.Store { return openSQLite(t, path) }
	})
}
