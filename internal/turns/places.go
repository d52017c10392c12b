package turns

import (
	"context"
	"errors"
	"sync"
	"time"
)

// Errors of [Places.Enter].
var (
	// ErrFull is returned if other tenants held all places until the timeout.
	ErrFull = errors.New("all places are taken")
	// ErrOwnFull is returned if the tenant held its maximum of places until the timeout.
	ErrOwnFull = errors.New("the tenant holds its maximum of places")
)

// Places is a number of places that tenants share. No tenant holds more than its share, so
// that places remain for others. Waiting calls take turns.
type Places[K comparable] struct {
	share func(K) int

	mu    sync.Mutex
	free  int
	held  map[K]int
	queue Queue[K, *waiter]
}

// waiter is a waiting call. entered is closed when it has a place.
type waiter struct{ entered chan struct{} }

// NewPlaces returns n places, of which a tenant may hold at most share.
func NewPlaces[K comparable](n int, share func(K) int) *Places[K] {
	return &Places[K]{share: share, free: n, held: make(map[K]int)}
}

// Enter takes a place. It waits for one at most until the timeout. [Places.Leave] releases
// it. Errors: [ErrFull], [ErrOwnFull], or that of ctx.
func (p *Places[K]) Enter(ctx context.Context, tenant K, timeout time.Duration) error {
	p.mu.Lock()
	if p.takeFree(tenant) {
		p.mu.Unlock()
		return nil
	}
	w := &waiter{make(chan struct{})}
	p.queue.Push(tenant, w)
	p.hand() // the waiting tenants may all hold their share
	p.mu.Unlock()
	late := time.NewTimer(timeout)
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

// TryEnter takes a place if one is free. [Places.Leave] releases it.
func (p *Places[K]) TryEnter(tenant K) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.takeFree(tenant)
}

// takeFree takes a free place, unless others wait.
func (p *Places[K]) takeFree(tenant K) bool {
	if p.queue.Len() > 0 || p.free == 0 || !p.may(tenant) {
		return false
	}
	p.take(tenant)
	return true
}

// giveUp ends the wait of w, unless it has got a place meanwhile. If reason is nil, the
// timeout has passed.
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

// Leave releases a place and charges the time that it was used.
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

// hand gives free places to waiting calls.
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
