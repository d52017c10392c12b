package turns

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"
)

func half(string) int { return 2 }

const long = time.Minute

func enter(t *testing.T, p *Places[string], tenant string) {
	t.Helper()
	if err := p.Enter(t.Context(), tenant, long); err != nil {
		t.Fatalf("%s: %v", tenant, err)
	}
}

// waits blocks until n wait for a place.
func waits(t *testing.T, p *Places[string], n int) {
	t.Helper()
	for begun := time.Now(); ; time.Sleep(time.Millisecond) {
		p.mu.Lock()
		length := p.queue.Len()
		p.mu.Unlock()
		if length == n {
			return
		}
		if time.Since(begun) > long {
			t.Fatalf("%d wait, want %d", length, n)
		}
	}
}

// A hundred of one tenant leave a place for another, who need not wait.
func TestPlacesLeaveRoom(t *testing.T) {
	t.Parallel()
	p := NewPlaces(4, half)
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	for range 100 {
		all.Go(func() { _ = p.Enter(ctx, "a", long) })
	}
	waits(t, p, 98)
	enter(t, p, "b")
	enter(t, p, "b")
	if p.held["a"] != 2 || p.held["b"] != 2 {
		t.Errorf("held %v, want 2 each", p.held)
	}
	cancel()
	all.Wait()
	if p.queue.Len() != 0 {
		t.Errorf("%d wait that have gone", p.queue.Len())
	}
}

// Those that wait for a place that is given back take turns.
func TestPlacesTakeTurns(t *testing.T) {
	t.Parallel()
	p := NewPlaces(1, func(string) int { return 1 })
	enter(t, p, "z")
	var mu sync.Mutex
	var order []string
	var all sync.WaitGroup
	for i, tenant := range []string{"a", "a", "a", "b", "c"} {
		all.Go(func() {
			if err := p.Enter(t.Context(), tenant, long); err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			order = append(order, tenant)
			mu.Unlock()
			p.Leave(tenant, time.Millisecond)
		})
		waits(t, p, i+1)
	}
	p.Leave("z", 0)
	all.Wait()
	if first := slices.Sorted(slices.Values(order[:3])); !slices.Equal(first, []string{"a", "b", "c"}) {
		t.Errorf("order %v, want each of the three tenants among the first three", order)
	}
	if p.free != 1 || len(p.held) != 0 {
		t.Errorf("%d free, held %v", p.free, p.held)
	}
}

func TestPlacesEndTheWait(t *testing.T) {
	t.Parallel()
	p := NewPlaces(2, func(string) int { return 1 })
	enter(t, p, "a")
	if err := p.Enter(t.Context(), "a", time.Millisecond); !errors.Is(err, ErrOwnFull) {
		t.Errorf("error %v, want that a has its share", err)
	}
	enter(t, p, "b")
	if err := p.Enter(t.Context(), "c", time.Millisecond); !errors.Is(err, ErrFull) {
		t.Errorf("error %v, want that all places are taken", err)
	}
	gone, leave := context.WithCancel(t.Context())
	leave()
	if err := p.Enter(gone, "c", long); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want that the caller has gone", err)
	}
	p.Leave("a", 0)
	enter(t, p, "c")
}
