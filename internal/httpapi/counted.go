package httpapi

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// countedAge is how long a count for the metrics is cached, because counting reads whole
// indexes.
const countedAge = time.Minute

// counted caches what a count of the database returned.
type counted[T any] struct {
	count func(context.Context) (T, error)
	what  string // for the log
	log   *slog.Logger
	clock func() time.Time

	mu   sync.Mutex
	last T
	read time.Time
}

// current returns the count, read again after a minute. A count that fails is logged, and
// ok is false.
func (c *counted[T]) current() (value T, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.clock()
	if !c.read.IsZero() && now.Sub(c.read) < countedAge {
		return c.last, true
	}
	ctx, cancel := context.WithTimeout(context.Background(), scrapeTimeout)
	defer cancel()
	value, err := c.count(ctx)
	if err != nil {
		c.log.Warn(c.what+" could not be counted", "error", err)
		return value, false
	}
	c.last, c.read = value, now
	return value, true
}
