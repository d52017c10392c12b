package store

import (
	"database/sql"
	"testing"
)

// Parameters mean what PostgreSQL's numbers mean, however often and in whatever order
// they stand.
func TestParametersInOrder(t *testing.T) {
	t.Parallel()
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, c := range []struct{ query, inOrder, result string }{
		{"$1 || $2 || $3", "? || ? || ?", "abc"},
		{"$1 || $2 || $1 || $3", "? || ? || ?1 || ?", "abac"},
		{"$2 || $1 || $3", "?2 || ?1 || ?", "bac"},
		{"$3 || $3 || $2 || $1", "?3 || ?3 || ?2 || ?1", "ccba"},
		{"$1 || '$' || $3 || $2", "? || '$' || ?3 || ?2", "a$cb"},
	} {
		if got := inOrder(c.query); got != c.inOrder {
			t.Errorf("%s is %s, want %s", c.query, got, c.inOrder)
		}
		var got string
		if err := db.QueryRowContext(t.Context(), "SELECT "+inOrder(c.query), "a", "b", "c").Scan(&got); err != nil || got != c.result {
			t.Errorf("%s gives %s, %v, want %s", c.query, got, err, c.result)
		}
	}
}
