package refusals

import (
	"fmt"
	"sync"
	"time"
)

const (
	// most is how many refusals of one token are recorded in a window; how many more there
	// were stands in the next entry.
	most   = 10
	window = time.Minute
	// maxCounted bounds how many tokens are counted at a time.
	maxCounted = 10_000
)

// repeated counts what was refused to each token, account or issuer.
type repeated struct {
	mu     sync.Mutex
	counts map[string]*count
}

type count struct {
	since   time.Time
	kept    int
	skipped int
}

// keep reports whether a refusal is to be recorded, and how many were not since
// the last that was.
func (r *repeated) keep(id string, now time.Time) (skipped int, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.counts == nil || len(r.counts) > maxCounted {
		r.counts = make(map[string]*count)
	}
	c := r.counts[id]
	if c == nil {
		c = &count{since: now}
		r.counts[id] = c
	}
	if now.Sub(c.since) >= window {
		c.since, c.kept = now, 0
	}
	if c.kept >= most {
		c.skipped++
		return 0, false
	}
	c.kept++
	skipped, c.skipped = c.skipped, 0
	return skipped, true
}

// after is the reason of a refusal, after others that were only counted.
func after(skipped int, reason string) string {
	if skipped > 0 {
		reason += fmt.Sprintf(" (%d earlier refusals were not recorded)", skipped)
	}
	return reason
}
