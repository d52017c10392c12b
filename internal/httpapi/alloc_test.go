//go:build !race

// The race detector allocates too, so these count only without it.

package httpapi_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/rosterhq/roster/internal/apptest"
)

// The most that a request may allocate within the handler. The allocations of net/http for a
// connection and a request are not counted. Lower these with the code.
const (
	getUserAllocations   = 10
	findUserAllocations  = 15
	unchangedAllocations = 9  // 304 for a list
	keptAllocations      = 12 // a list that is kept
)

// TestAllocations holds the most frequent requests to their budgets: a known user,
// and a known list, with a known token.
func TestAllocations(t *testing.T) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			get := c.request(t)
			// The fewest of several runs: on a busy machine the store may lose touch with
			// the database for a moment, and then nothing is taken from memory.
			least := testing.AllocsPerRun(1000, get)
			for range 4 {
				least = min(least, testing.AllocsPerRun(1000, get))
			}
			t.Logf("%v allocations", least)
			if least > c.budget {
				t.Errorf("%v allocations, more than the budget of %v", least, c.budget)
			}
		})
	}
}

// BenchmarkRequest is what requests cost inside the handler.
func BenchmarkRequest(b *testing.B) {
	for _, c := range cases {
		b.Run(c.name, func(b *testing.B) {
			get := c.request(b)
			b.ReportAllocs()
			for b.Loop() {
				get()
			}
		})
	}
}

var cases = []requestCase{
	{"get", "/v2/users/{owner}", http.StatusOK, false, getUserAllocations},
	{"find", "/v2/users?email=owner@example.com", http.StatusOK, false, findUserAllocations},
	{"unchanged", "/v2/users", http.StatusNotModified, true, unchangedAllocations},
	{"list", "/v2/users", http.StatusOK, false, keptAllocations},
}

type requestCase struct {
	name, path string
	status     int
	known      bool // the client has it
	budget     float64
}

// request gives one request, which with its response is made once.
func (c requestCase) request(tb testing.TB) func() {
	tb.Helper()
	s := apptest.Start(tb)
	w := &discard{header: make(http.Header)}
	r, err := http.NewRequestWithContext(tb.Context(), http.MethodGet, s.URL+strings.ReplaceAll(c.path, "{owner}", s.UserID), http.NoBody)
	if err != nil {
		tb.Fatal(err)
	}
	r.RemoteAddr = "127.0.0.1:1234"
	r.Header.Set("Authorization", "Bearer "+s.APIToken)
	if c.known {
		s.API.ServeHTTP(w, r)
		r.Header.Set("If-None-Match", w.header["Etag"][0])
	}
	return func() {
		clear(w.header)
		w.status, w.n = 0, 0
		s.API.ServeHTTP(w, r)
		if w.status != c.status || (w.n == 0) != c.known {
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

func (w *discard) Header() http.Header    { return w.header }
func (w *discard) WriteHeader(status int) { w.status = status }
func (w *discard) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	w.n += len(b)
	return len(b), nil
}
