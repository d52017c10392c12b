//go:build !race

// The race detector allocates too, so these count only without it.

package httpapi_test

import (
	"net/http"
	"testing"

	"github.com/rosterhq/roster/internal/apptest"
)

// getUserAllocations is the most that one request for a known user with a known
// token may allocate, from the handler's door on: what net/http allocates for a
// connection and a request comes on top. It is what it takes now and a tenth
// more; whoever makes it less lowers this.
const getUserAllocations = 20

// TestGetUserAllocations holds the most frequent request to its budget.
func TestGetUserAllocations(t *testing.T) {
	get := getUser(t)
	// The fewest of several runs: on a busy machine the store may lose touch with
	// the database for a moment, and then nothing is taken from memory.
	least := testing.AllocsPerRun(1000, get)
	for range 4 {
		least = min(least, testing.AllocsPerRun(1000, get))
	}
	t.Logf("%v allocations", least)
	if least > getUserAllocations {
		t.Errorf("a request for a user allocates %v times, more than the budget of %d", least, getUserAllocations)
	}
}

func BenchmarkGetUser(b *testing.B) {
	get := getUser(b)
	b.ReportAllocs()
	for b.Loop() {
		get()
	}
}

// getUser gives one request for a user, whose request and response are made once.
func getUser(tb testing.TB) func() {
	tb.Helper()
	s := apptest.Start(tb)
	w := &discard{header: make(http.Header)}
	r, err := http.NewRequestWithContext(tb.Context(), http.MethodGet, s.URL+"/v2/users/"+s.UserID, http.NoBody)
	if err != nil {
		tb.Fatal(err)
	}
	r.RemoteAddr = "127.0.0.1:1234"
	r.Header.Set("Authorization", "Bearer "+s.APIToken)
	return func() {
		clear(w.header)
		s.API.ServeHTTP(w, r)
		if w.status != http.StatusOK || w.n == 0 {
			tb.Fatalf("status %d, %d bytes", w.status, w.n)
		}
	}
}

// discard is a response that is thrown away, without allocating.
type discard struct {
	header http.Header
	status int
	n      int
}

func (w *discard) Header() http.Header         { return w.header }
func (w *discard) WriteHeader(status int)      { w.status = status }
func (w *discard) Write(b []byte) (int, error) { w.n = len(b); return len(b), nil }
