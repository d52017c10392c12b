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

// The scopes of rate limits, as X-RateLimit-Scope names them.
const (
	scopeUser         = "user"
	scopeOrganization = "organization"
	scopeAnonymous    = "anonymous"
)

// limitKey identifies the bucket that a request is charged to.
type limitKey struct{ scope, id string }

// limiter limits each key to perMinute requests a minute, with a token bucket that holds a
// minute's worth.
type limiter struct {
	perMinute int

	mu      sync.Mutex
	buckets map[limitKey]*rate.Limiter
	sweepAt int // size at which full buckets are dropped
	swept   time.Time
}

const (
	// minSweep is the number of buckets below which none are dropped.
	minSweep = 4096
	// maxBuckets bounds the memory of the buckets to about 20 MiB. Beyond it, new keys
	// share a bucket.
	maxBuckets = 1 << 17
	// sweepPause is the least time between two sweeps, which may find no full bucket.
	sweepPause = 10 * time.Second
)

func newLimiter(perMinute int) *limiter {
	return &limiter{perMinute: perMinute, buckets: make(map[limitKey]*rate.Limiter), sweepAt: minSweep}
}

var errLimited = directory.Errorf(directory.RateLimited, "rate limit exceeded")

// charge takes cost from key's bucket and writes the rate-limit headers. A cost above the
// size of a bucket counts as a full bucket. Errors: [directory.RateLimited] if the bucket
// has less.
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
			key = limitKey{scope: key.scope} // new keys share a bucket
			if shared := l.buckets[key]; shared != nil {
				return shared
			}
		}
		b = rate.NewLimiter(rate.Limit(float64(l.perMinute)/60), l.perMinute)
		l.buckets[key] = b
	}
	return b
}

// sweep drops the buckets that are full again, because a new bucket is full too.
func (l *limiter) sweep(now time.Time) {
	for key, b := range l.buckets {
		if b.TokensAt(now) >= float64(l.perMinute) {
			delete(l.buckets, key)
		}
	}
	l.swept = now
	l.sweepAt = max(minSweep, min(2*len(l.buckets), maxBuckets))
}

// cost is the number of tokens that a request takes from its bucket: base, or more
// depending on the query. It is charged before the request is carried out.
type cost struct {
	base  int                    // 0: 1
	query func(q url.Values) int // nil: base
	// long reports whether a request computes for long before it responds. Such requests
	// take turns. If long is nil, none does.
	long func(q url.Values) bool
}

// always is for routes whose requests all compute for long.
func always(url.Values) bool { return true }

// searched reports whether a query is for a page of a search, or a page at a past time.
func searched(q url.Values) bool { return q.Has("limit") && (q.Has("q") || q.Has("at")) }

// isLong reports whether a request computes for long, because of its route or because it is
// a dry run.
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

// asOfCost is the cost of a query of a past time.
func asOfCost(q url.Values) int {
	if q.Has("at") {
		return 20
	}
	return 0
}

// listCost is the cost of a list of users. A page costs 1, and so does a search by address.
// A search by text or the whole list costs more, and a past time most.
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

// costs has the routes that cost more than 1. The OpenAPI description has the same costs as
// x-cost, and docs/guide/operations.md lists them.
var costs = map[string]cost{
	"GET /v2/users":                 {query: listCost, long: searched},
	"GET /v2/users/{id}/access":     {base: 5, query: asOfCost, long: always},
	"GET /v2/user/access":           {base: 5, long: always},
	"GET /v2/user/tokens":           {base: 2},
	"GET /v2/user/sessions":         {base: 2},
	"GET /v2/tokens":                {base: 2},
	"GET /v2/tokens/usage":          {base: 2},
	"GET /v2/limits":                {base: 2},
	"GET /v2/rbac/roles":            {base: 2},
	"GET /v2/schedules":             {base: 2},
	"GET /v2/temporary-roles":       {base: 2},
	"GET /v2/rbac/groups":           {base: 2},
	"GET /v2/audit":                 {base: 2, query: entriesCost},
	"GET /v2/events":                {base: 5},
	"POST /v2/users/import":         {base: 50},
	"POST /v2/audit/erasures":       {base: 20, long: always},
	"POST /v2/webhooks/{id}/test":   {base: 5},
	"POST /v2/webhooks/{id}/replay": {base: 20},
	"GET /v2/issuers/{id}/check":    {base: 20},
	"POST /v2/domains/{id}/verify":  {base: 20},
	"POST /v2/orgs":                 {base: 5},
	"POST /v2/orgs/provision":       {base: 20},
}
