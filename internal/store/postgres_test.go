package store_test

import (
	"testing"

	"github.com/rosterhq/roster/internal/dbtest"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/store"
	"github.com/rosterhq/roster/internal/storetest"
)

func openPostgres(t testing.TB, url string) *store.Store {
	t.Helper()
	db, err := store.Open(t.Context(), url, store.Options{})
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	return db
}

func TestPostgres(t *testing.T) {
	storetest.Run(t, func(t *testing.T) directory.Store { return openPostgres(t, dbtest.Postgres(t)) })
}

func TestPostgresShared(t *testing.T) {
	storetest.RunShared(t, func(t *testing.T) func() directory.Store {
		url := dbtest.Postgres(t)
		return func() directory.Store { return openPostgres(t, url) }
	})
}
