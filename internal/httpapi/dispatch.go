package httpapi

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"math"
	"mime"
	"net/http"
	"net/url"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/rosterhq/roster/internal/access"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/protocol"
	"github.com/rosterhq/roster/internal/quote"
	"github.com/rosterhq/roster/internal/turns"
)

// MaxBody is how many bytes a request's body may have.
const MaxBody = 1 << 20

// MaxIdempotencyKey is how many bytes an Idempotency-Key may have.
const MaxIdempotencyKey = 255

// request is a request at its route.
type request struct {
	*http.Request
	api  *API
	w    *response
	call directory.Call
	diff *access.Diff // of a dry run
	body []byte
	// params is the query. From dispatch on, it has only parameters of the route, each
	// at most once.
	params    url.Values
	malformed bool // the query
}

// atPath serves one path of a table; without methods, a path that is not in it.
func (a *API) atPath(methods map[string]endpoint, write errorWriter) http.HandlerFunc {
	allowed := strings.Join(slices.Sorted(maps.Keys(methods)), ", ")
	return func(w http.ResponseWriter, r *http.Request) {
		rec := responseOf(w)
		rq := &request{Request: r, api: a, w: rec, call: directory.Call{TraceID: rec.trace}}
		if r.URL.RawQuery != "" {
			rq.readQuery()
		}
		e, ok := methods[r.Method]
		rec.route = e.metrics
		err := rq.authenticate(e)
		e = e.as(rq.call.Principal)
		switch {
		case err != nil:
		case methods == nil:
			err = directory.Errorf(directory.NotFound, "%s does not exist", quote.Cut(r.URL.Path))
		case !ok:
			rec.Header().Set("Allow", allowed)
			err = directory.Errorf(codeMethodNotAllowed, "%s is not allowed here; use one of %s", quote.Cut(r.Method), allowed)
		default:
			err = rq.inTurn(e)
		}
		if err != nil {
			rq.recordRefusal(e.op, e.target(r), err)
			a.fail(rec, r, err, write)
		}
	}
}

// tenantOf returns the key of the requests that share places: those of an organization, or
// of an account that acts for itself.
func tenantOf(p *directory.Principal) limitKey {
	if p.OrgID == "" {
		return limitKey{scope: scopeUser, id: string(p.AccountID)}
	}
	return limitKey{scope: scopeOrganization, id: string(p.OrgID)}
}

// inTurn carries out a request that takes one of its tenant's places.
func (rq *request) inTurn(e endpoint) error {
	p, a := rq.call.Principal, rq.api
	if p == nil || e.own.places {
		return e.dispatch(rq, e)
	}
	key := tenantOf(p)
	if !a.requests.TryEnter(key) {
		rq.w.Header().Set("Retry-After", "1")
		return directory.Errorf(directory.RateLimited, "this %s has %d requests under way; wait for some of them to end", key.scope, a.maxRequests)
	}
	defer a.requests.Leave(key, 0)
	if !e.cost.isLong(e.method, rq.params) {
		return e.dispatch(rq, e)
	}
	if err := a.long.Enter(rq.Context(), key, longTimeout); err != nil {
		if rq.Context().Err() != nil {
			return err
		}
		rq.w.Header().Set("Retry-After", "1")
		return directory.Errorf(directory.RateLimited, "requests like this one take turns, and others of this %s are still running; try again later", key.scope)
	}
	begun := time.Now()
	defer func() { a.long.Leave(key, time.Since(begun)) }()
	return e.dispatch(rq, e)
}

// longTimeout is how long a request waits for its turn to compute for long.
const longTimeout = 10 * time.Second

// newLongPlaces makes the places of requests that compute for long. A tenant holds half
// of them, one at least, so that it leaves processors to others.
func newLongPlaces() *turns.Places[limitKey] {
	n := max(2, runtime.GOMAXPROCS(0))
	return turns.NewPlaces(n, func(limitKey) int { return n / 2 })
}

// newPlaces makes an unlimited number of places, of which each key may hold at most so
// many. 0 is no limit.
func newPlaces(most int) *turns.Places[limitKey] {
	if most <= 0 {
		most = math.MaxInt
	}
	return turns.NewPlaces(math.MaxInt, func(limitKey) int { return most })
}

// dispatch carries a request of v2 through its route: the permission, the query, the body, the
// conditions, the handler.
func (rq *request) dispatch(e endpoint) error {
	if err := e.op.Authorize(rq.call.Principal); err != nil {
		return err
	}
	if rq.URL.RawQuery != "" {
		if err := rq.checkQuery(e.reads); err != nil {
			return err
		}
	}
	if e.method != http.MethodGet {
		if err := rq.prepare(e); err != nil {
			return err
		}
	}
	return e.handle(rq)
}

// prepare reads the body and the conditions of a write.
func (rq *request) prepare(e endpoint) error {
	rq.call.RemoteAddr, rq.call.UserAgent = rq.api.remoteAddr(rq.Request), rq.UserAgent()
	if rq.params.Has(dryRun) {
		dry, err := rq.flag(dryRun)
		if err != nil {
			return err
		}
		if dry {
			rq.diff = new(access.Diff)
			rq.call.DryRun = rq.diff
		}
	}
	if e.own.body {
		rq.call.Written = new(directory.Written)
		return nil
	}
	rq.noteWrites()
	if e.method != http.MethodDelete {
		var err error
		if rq.body, err = rq.read(); err != nil {
			return err
		}
	}
	if header := rq.Header["If-Match"]; len(header) > 0 {
		rq.call.Precondition = ifMatch(header)
	}
	if e.method == http.MethodPost {
		return rq.idempotency()
	}
	return nil
}

// read reads the whole body.
func (rq *request) read() ([]byte, error) {
	return protocol.ReadBody(rq.w.ResponseWriter, rq.Request, MaxBody)
}

// decode reads the JSON body into v.
func (rq *request) decode(v any) error {
	mediaType, params, err := mime.ParseMediaType(rq.Header.Get("Content-Type"))
	charset := params["charset"]
	if err != nil || mediaType != "application/json" || (charset != "" && !strings.EqualFold(charset, "utf-8")) {
		return directory.Errorf(codeUnsupportedMedia, "the body must be JSON, sent with Content-Type: application/json")
	}
	return decodeJSON(rq.body, v)
}

// idempotency reads the Idempotency-Key, with a fingerprint by which the service tells
// a repeated request from another one.
func (rq *request) idempotency() error {
	values := rq.Header.Values("Idempotency-Key")
	if len(values) == 0 {
		return nil
	}
	key := values[0]
	if len(values) > 1 || key == "" || len(key) > MaxIdempotencyKey || strings.ContainsFunc(key, notPrintable) {
		return directory.Errorf(directory.Invalid, "Idempotency-Key must be given once, with 1 to %d printable ASCII characters", MaxIdempotencyKey)
	}
	rq.call.IdempotencyKey = key
	request := fmt.Appendf(nil, "%s?dryRun=%t", rq.URL.Path, rq.call.DryRun != nil)
	for _, name := range slices.Sorted(maps.Keys(rq.params)) {
		if name != dryRun { // with its length, so that no two queries look the same
			request = fmt.Appendf(request, "&%s=%d:%s", name, len(rq.params.Get(name)), rq.params.Get(name))
		}
	}
	sum := sha256.Sum256(append(request, rq.body...))
	rq.call.Fingerprint = sum[:]
	return nil
}

func notPrintable(r rune) bool { return r < ' ' || r > '~' }
