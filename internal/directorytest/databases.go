package directorytest

import (
	"context"
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/dbtest"
	"github.com/rosterhq/roster/internal/store"
)

// Database makes a migrated database on the engine that this run of the tests is for,
// and gives its URL. It is removed when the test ends.
func Database(t testing.TB) string {
	t.Helper()
	return dbtest.NewFrom(t, migrate)
}

// Postgres is [Database] on PostgreSQL.
func Postgres(t testing.TB) string {
	t.Helper()
	return dbtest.PostgresFrom(t, migrate)
}

// StoreOptions are those of the stores on test databases: only a failure waits for a limit of time.
var StoreOptions = store.Options{Patience: 2 * time.Minute}

func migrate(ctx context.Context, url string) error {
	db, err := store.Open(ctx, url, StoreOptions)
	if err != nil {
		return err
	}
	return db.Close()
}
