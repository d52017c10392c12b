package httpapi

import (
	"math"
	"net/http"
	"net/url"
	"strconv"
	"sync"
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
	return &limiter{perMinute: perMinute, buckets: make(map[limitKey]*rate.Limiter), sweepAt: minSweep}
}

var errLimited = directory.Errorf(directory.RateLimited, "rate limit exceeded")

// charge takes cost from key's bucket and writes the rate-limit headers. A bucket
// that has less is [directory.RateLimited]. A cost is never more than a full bucket.
func (l *limiter) charge(w *response, key limitKey, cost int) error {
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
	w.set(headerScope, key.scope)
	w.set(headerLimit, strconv.Itoa(l.perMinute))
	w.set(headerRemaining, strconv.Itoa(max(0, int(math.Floor(tokens)))))
	w.set(headerReset, strconv.FormatInt(full.Unix()+1, 10))
	if !ok {
		wait := math.Ceil((float64(cost) - tokens) / perSecond)
		w.set("Retry-After", strconv.Itoa(max(1, int(wait))))
		return errLimited
	}
	return nil
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

// cost is what a request takes from its rate limit: base, or more if the query asks for
// more. It is charged before anything is done.
type cost struct {
	base  int                    // 0: 1
	query func(q url.Values) int // nil: base
	// long reports whether a request computes for long before it responds, so that it
	// takes turns with others; nil: it never does.
	long func(q url.Values) bool
}

// always is for routes whose requests all compute for long.
func always(url.Values) bool { return true }

// searched reports whether a page of a list is searched for or is of the past.
func searched(q url.Values) bool { return q.Has("limit") && (q.Has("q") || q.Has("at")) }

// isLong reports whether a request computes for long: as its route says, or because it
// is a dry run.
func (c cost) isLong(method string, q url.Values) bool {
	return (c.long != nil && c.long(q)) || (method != http.MethodGet && q.Has(dryRun))
}

// dryRunCost is the cost of a dry run, which compares the access of everybody affected.
const dryRunCost = 5

// of returns the cost of a request.
func (c cost) of(method string, q url.Values) int {
	n := max(1, c.base)
	if c.query != nil {
		n = max(n, c.query(q))
	}
	if method != http.MethodGet && q.Has(dryRun) {
		n = max(n, dryRunCost)
	}
	return n
}

// asOfCost is the cost of a question about the past.
func asOfCost(q url.Values) int {
	if q.Has("at") {
		return 20
	}
	return 0
}

// listCost is the cost of a list of users: a page costs one, and so does an address,
// unless text is searched for.
func listCost(q url.Values) int {
	switch {
	case q.Has("at"):
		return 20
	case (q.Has("limit") || q.Has("email")) && !q.Has("q"):
		return 1
	default:
		return 5
	}
}

// entriesCost is the cost of an export of the audit log.
func entriesCost(q url.Values) int {
	if q.Has("format") {
		return 20
	}
	return 0
}

// costs has the routes that cost more than one; docs/guide/operations.md lists
// them.
var costs = map[string]cost{
	"GET /v2/users":                 {query: listCost, long: searched},
	"GET /v2/users/{id}/access":     {base: 5, query: asOfCost, long: always},
	"GET /v2/user/access":           {base: 5, long: always},
	"GET /v2/user/tokens":           {base: 2},
	"GET /v2/user/sessions":         {base: 2},
	"GET /v2/tokens":                {base: 2},
	"GET /v2/limits":                {base: 2},
	"GET /v2/rbac/roles":            {base: 2},
	"GET /v2/rbac/groups":           {base: 2},
	"GET /v2/audit":                 {base: 2, query: entriesCost},
	"GET /v2/events":                {base: 5},
	"POST /v2/users/import":         {base: 50},
	"POST /v2/audit/erasures":       {base: 20, long: always},
	"POST /v2/webhooks/{id}/test":   {base: 5},
	"POST /v2/webhooks/{id}/replay": {base: 20},
	"POST /v2/orgs":                 {base: 5},
	"POST /v2/orgs/provision":       {base: 20},
}
