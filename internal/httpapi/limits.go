package httpapi

import (
	"math"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"github.com/rosterhq/roster/internal/directory"
)

// The scopes a limit may have, as X-RateLimit-Scope names them.
const (
	scopeUser         = "user"
	scopeOrganization = "organization"
	scopeAnonymous    = "anonymous"
)

// limitKey is who a request is charged to.
type limitKey struct{ scope, id string }

// limiter lets each key make so many requests a minute: a bucket that holds a
// minute's worth and fills steadily.
type limiter struct {
	perMinute int
	limit     []string   // perMinute as the header says it
	remaining lastNumber // most are at rest, and have one less than the limit
	reset     lastNumber

	mu      sync.Mutex
	buckets map[limitKey]*rate.Limiter
	sweepAt int // size at which full buckets are dropped
	swept   time.Time
}

const (
	// minSweep keeps small servers from sweeping at all.
	minSweep = 4096
	// maxBuckets bounds the memory that buckets take, some 20 MiB. Those that come
	// when there are so many share one.
	maxBuckets = 1 << 17
	// sweepPause keeps sweeps of many buckets, none of which is full, apart.
	sweepPause = 10 * time.Second
)

func newLimiter(perMinute int) *limiter {
	return &limiter{
		perMinute: perMinute, limit: []string{strconv.Itoa(perMinute)},
		buckets: make(map[limitKey]*rate.Limiter), sweepAt: minSweep,
	}
}

var errLimited = directory.Errorf(directory.RateLimited, "rate limit exceeded")

// charge takes cost from key's bucket and writes the rate-limit headers. A bucket
// that has less is [directory.RateLimited]. A cost is never more than a full bucket.
func (l *limiter) charge(w *exchange, key limitKey, cost int) error {
	if l.perMinute <= 0 {
		return nil
	}
	now := w.came
	cost = min(cost, l.perMinute)
	b := l.bucket(key, now)
	ok := b.AllowN(now, cost)
	tokens := b.TokensAt(now)
	perSecond := float64(l.perMinute) / 60
	full := now.Add(time.Duration((float64(l.perMinute) - tokens) / perSecond * float64(time.Second)))
	h := w.Header()
	h[headerScope] = scopeHeaders[key.scope]
	h[headerLimit] = l.limit
	w.set(headerRemaining, l.remaining.text(int64(max(0, math.Floor(tokens)))))
	w.set(headerReset, l.reset.text(full.Unix()+1))
	if !ok {
		wait := math.Ceil((float64(cost) - tokens) / perSecond)
		h["Retry-After"] = []string{decimal(max(1, int(wait)))}
		return errLimited
	}
	return nil
}

// scopeHeaders are made once: the same for every request.
var scopeHeaders = map[string][]string{
	scopeUser: {scopeUser}, scopeOrganization: {scopeOrganization}, scopeAnonymous: {scopeAnonymous},
}

// lastNumber keeps the text of a number that most requests share for a while.
type lastNumber struct{ kept atomic.Pointer[numberText] }

type numberText struct {
	n    int64
	text string
}

func (l *lastNumber) text(n int64) string {
	if n < int64(len(decimals)) {
		return decimal(int(n))
	}
	if kept := l.kept.Load(); kept != nil && kept.n == n {
		return kept.text
	}
	t := &numberText{n, strconv.FormatInt(n, 10)}
	l.kept.Store(t)
	return t.text
}

func (l *limiter) bucket(key limitKey, now time.Time) *rate.Limiter {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.buckets[key]
	if b == nil {
		if len(l.buckets) >= l.sweepAt && now.Sub(l.swept) >= sweepPause {
			l.sweep(now)
		}
		if len(l.buckets) >= maxBuckets {
			key = limitKey{scope: key.scope} // those that come now share what there is
			if shared := l.buckets[key]; shared != nil {
				return shared
			}
		}
		b = rate.NewLimiter(rate.Limit(float64(l.perMinute)/60), l.perMinute)
		l.buckets[key] = b
	}
	return b
}

// sweep drops the buckets that are full again, which are as good as new ones.
func (l *limiter) sweep(now time.Time) {
	for key, b := range l.buckets {
		if b.TokensAt(now) >= float64(l.perMinute) {
			delete(l.buckets, key)
		}
	}
	l.swept = now
	l.sweepAt = max(minSweep, min(2*len(l.buckets), maxBuckets))
}
