package signin

import (
	"sync"
	"time"

	"github.com/rosterhq/roster/internal/networks"
)

const (
	// maxAttempts is how many forms and ceremonies an address may send within a window.
	maxAttempts   = 60
	attemptWindow = time.Minute
	// maxAddresses bounds how many addresses are counted at a time.
	maxAddresses = 10_000
)

// limiter counts what addresses try.
type limiter struct {
	clock func() time.Time

	mu    sync.Mutex
	since time.Time
	tries map[string]int
}

func newLimiter(clock func() time.Time) *limiter {
	return &limiter{clock: clock, tries: make(map[string]int)}
}

// allow counts an attempt, and reports whether the address may make it.
func (l *limiter) allow(addr string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now := l.clock(); now.Sub(l.since) >= attemptWindow || len(l.tries) >= maxAddresses {
		l.since = now
		clear(l.tries)
	}
	key := networks.Source(addr)
	l.tries[key]++
	return l.tries[key] <= maxAttempts
}
