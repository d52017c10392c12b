package dbtest_test

import (
	"slices"
	"testing"

	"github.com/rosterhq/roster/internal/dbtest"
)

// TestCopyIsADatabaseOfItsOwn checks that a copy has what the other database has, and that
// changes of one are not in the other.
func TestCopyIsADatabaseOfItsOwn(t *testing.T) {
	t.Parallel()
	for name, empty := range map[string]func(testing.TB) string{"sqlite": dbtest.SQLite, "postgres": dbtest.Postgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			database := empty(t)
			dbtest.Exec(t, database, "CREATE TABLE names (name TEXT)")
			dbtest.Exec(t, database, "INSERT INTO names VALUES ('Jane')")
			first, second := dbtest.Copy(t, database), dbtest.Copy(t, database)
			dbtest.Exec(t, first, "INSERT INTO names VALUES ('John')")
			for database, want := range map[string][]string{
				database: {"Jane"}, first: {"Jane", "John"}, second: {"Jane"},
			} {
				if got := dbtest.Tables(t, database)["names"]; !slices.Equal(got, want) {
					t.Errorf("%s has %q, want %q", database, got, want)
				}
			}
		})
	}
}
