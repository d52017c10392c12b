package client_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/rosterhq/roster/client"
)

// A stream that is cut off, in the middle of an event too, is opened again after
// the last whole one; it ends when the server refuses.
func TestEventsComeBack(t *testing.T) {
	t.Parallel()
	var connections atomic.Int64
	var mu sync.Mutex // one that is cut off may not be at its end when the next begins
	var asked []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		asked = append(asked, r.URL.Query().Get("lastEventId"))
		mu.Unlock()
		write := func(parts ...any) {
			if _, err := fmt.Fprint(w, parts...); err != nil {
				t.Error(err)
			}
		}
		event := func(n int) string { return fmt.Sprintf("id: %d\nevent: x\ndata: {\"sequence\":%d}\n\n", n, n) }
		switch connections.Add(1) {
		case 1: // a comment, a place, one event, and half of another
			write("retry: 1000\nid: 6\n\n", ": still here\n\n", event(7), event(8)[:20])
		case 2: // cut off without anything
			panic(http.ErrAbortHandler)
		case 3:
			write(event(8), "id: 40\n\n")
		case 4:
			write("id: 41\r\ndata:{\"sequence\":41}\r\n\r\n")
		default:
			w.WriteHeader(http.StatusUnauthorized)
		}
	}))
	defer server.Close()
	c, err := client.New(server.URL, "xaat-1")
	if err != nil {
		t.Fatal(err)
	}
	var got []int64
	var ended error
	for e, err := range c.Events(t.Context(), client.EventsOptions{}) {
		if ended = err; err == nil {
			got = append(got, e.Sequence)
		}
	}
	if !slices.Equal(got, []int64{7, 8, 41}) || !errors.Is(ended, client.ErrUnauthenticated) {
		t.Errorf("got %v, ended with %v", got, ended)
	}
	mu.Lock()
	defer mu.Unlock()
	if want := []string{"", "7", "7", "40", "41"}; !slices.Equal(asked, want) {
		t.Errorf("asked after %q, want %q", asked, want)
	}
}

// The first connection's error is the caller's to know.
func TestEventsSayWhyTheyDontBegin(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }))
	defer server.Close()
	c, err := client.New(server.URL, "xaat-1")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, err := range c.Events(t.Context(), client.EventsOptions{}) {
		if n++; !errors.Is(err, client.ErrForbidden) {
			t.Errorf("got %v", err)
		}
	}
	if n != 1 {
		t.Errorf("%d results", n)
	}
}
