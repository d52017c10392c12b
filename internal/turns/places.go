package turns

import (
	"context"
	"errors"
	"sync"
	"time"
)

// Errors of [Places.Enter].
var (
	// ErrFull says that others held all places for too long.
	ErrFull = errors.New("all places are taken")
	// ErrOwnFull says that the tenant itself held as many places as it may for too
	// long.
	ErrOwnFull = errors.New("the tenant has all the places that it may have")
)

// Places is a number of places that tenants share. None holds more than its
// share, so that there is always one for another; those that wait take turns.
type Places[K comparable] struct {
	share func(K) int

	mu    sync.Mutex
	free  int
	held  map[K]int
	queue Queue[K, *waiter]
}

// waiter is one that waits; entered is closed when it has a place.
type waiter struct{ entered chan struct{} }

// NewPlaces makes n places, of which a tenant may hold share of it.
func NewPlaces[K comparable](n int, share func(K) int) *Places[K] {
	return &Places[K]{share: share, free: n, held: make(map[K]int)}
}

// Enter takes a place, for which it waits as long as patience at most.
// [Places.Leave] gives it back. Errors: [ErrFull], [ErrOwnFull], or that of ctx.
func (p *Places[K]) Enter(ctx context.Context, tenant K, patience time.Duration) error {
	p.mu.Lock()
	if p.takeFree(tenant) {
		p.mu.Unlock()
		return nil
	}
	w := &waiter{make(chan struct{})}
	p.queue.Push(tenant, w)
	p.hand() // those that wait may all be at their share
	p.mu.Unlock()
	late := time.NewTimer(patience)
	defer late.Stop()
	select {
	case <-w.entered:
		return nil
	case <-ctx.Done():
		return p.giveUp(tenant, w, ctx.Err())
	case <-late.C:
		return p.giveUp(tenant, w, nil)
	}
}

// TryEnter takes a place if there is one at once. [Places.Leave] gives it back.
func (p *Places[K]) TryEnter(tenant K) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.takeFree(tenant)
}

// takeFree takes a place that is free, unless others wait.
func (p *Places[K]) takeFree(tenant K) bool {
	if p.queue.Len() > 0 || p.free == 0 || !p.may(tenant) {
		return false
	}
	p.take(tenant)
	return true
}

// giveUp ends the wait of w, unless it has got a place meanwhile. Without a
// reason, it was too long.
func (p *Places[K]) giveUp(tenant K, w *waiter, reason error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case !p.queue.Remove(tenant, w):
		return nil
	case reason != nil:
		return reason
	case !p.may(tenant):
		return ErrOwnFull
	default:
		return ErrFull
	}
}

// Leave gives a place back that was used for a time.
func (p *Places[K]) Leave(tenant K, used time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.free++
	if p.held[tenant]--; p.held[tenant] == 0 {
		delete(p.held, tenant)
	}
	p.queue.Charge(tenant, used)
	p.hand()
}

// hand gives free places to those that wait.
func (p *Places[K]) hand() {
	for p.free > 0 {
		tenant, w, ok := p.queue.Pop(p.may)
		if !ok {
			return
		}
		p.take(tenant)
		close(w.entered)
	}
}

func (p *Places[K]) take(tenant K) {
	p.free--
	p.held[tenant]++
}

func (p *Places[K]) may(tenant K) bool { return p.held[tenant] < p.share(tenant) }
