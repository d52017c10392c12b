package console

import "testing"

// SearchFew makes requests look through n entries until the test ends.
func SearchFew(t *testing.T, n int64) {
	before := entriesSearched
	entriesSearched = n
	t.Cleanup(func() { entriesSearched = before })
}
