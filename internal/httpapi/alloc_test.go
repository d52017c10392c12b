//go:build !race

// The race detector allocates too, so these count only without it.

package httpapi_test

import (
	"io"
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
	evaluateAllocations  = 21 // a decision for an application
)

// TestAllocations holds the most frequent requests to their budgets: a known user,
// and a known list, with a known token.
func TestAllocations(t *testing.T) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			checkAllocations(t, c.budget, c.request(t))
		})
	}
	t.Run("evaluate", func(t *testing.T) { checkAllocations(t, evaluateAllocations, evaluation(t)) })
}

func checkAllocations(t *testing.T, budget float64, request func()) {
	t.Helper()
	// The fewest of several runs: on a busy machine the store may lose touch with
	// the database for a moment, and then nothing is taken from memory.
	least := testing.AllocsPerRun(1000, request)
	for range 4 {
		least = min(least, testing.AllocsPerRun(1000, request))
	}
	t.Logf("%v allocations", least)
	if least > budget {
		t.Errorf("%v allocations, more than the budget of %v", least, budget)
	}
}

// BenchmarkRequest is what requests cost inside the handler.
func BenchmarkRequest(b *testing.B) {
	bench := func(name string, request func(testing.TB) func()) {
		b.Run(name, func(b *testing.B) {
			send := request(b)
			b.ReportAllocs()
			for b.Loop() {
				send()
			}
		})
	}
	for _, c := range cases {
		bench(c.name, c.request)
	}
	bench("evaluate", evaluation)
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

// evaluation gives a question of an application, as request does.
func evaluation(tb testing.TB) func() {
	tb.Helper()
	s := apptest.Start(tb)
	owner := apptest.Request{Token: s.PersonalToken}
	s.Want(http.StatusOK, "POST", "/v2/apps", apptest.Request{Token: s.PersonalToken, Body: `{"id": "billing", "name": "Billing", "types": {"report": {"actions": ["read"]}}}`})
	var made struct{ Credential string }
	s.Want(http.StatusOK, "POST", "/v2/apps/billing/credentials", owner).Decode(tb, &made)
	w := &discard{header: make(http.Header)}
	question := `{"subject": {"type": "user", "id": "` + s.UserID + `"}, "action": {"name": "read"}, "resource": {"type": "report", "id": "1"}}`
	body := strings.NewReader(question)
	r, err := http.NewRequestWithContext(tb.Context(), http.MethodPost, s.URL+"/access/v1/evaluation", http.NoBody)
	if err != nil {
		tb.Fatal(err)
	}
	r.RemoteAddr = "127.0.0.1:1234"
	r.Header.Set("Authorization", "Bearer "+made.Credential)
	r.Header.Set("Content-Type", "application/json")
	r.ContentLength = body.Size()
	closer := io.NopCloser(body)
	return func() {
		clear(w.header)
		w.status = 0
		body.Reset(question)
		r.Body = closer
		s.API.ServeHTTP(w, r)
		if w.status != http.StatusOK {
			tb.Fatalf("status %d", w.status)
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
