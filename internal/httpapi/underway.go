package httpapi

import (
	"net/http"
	"runtime"
	"sync"
	"time"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/turns"
)

// underway counts what each key has under way at a time, up to a maximum.
type underway struct {
	most int // 0: any number

	mu    sync.Mutex
	count map[limitKey]int
}

func newUnderway(most int) *underway { return &underway{most: most, count: make(map[limitKey]int)} }

// enter takes a place, which leave gives back. It reports false if there is none.
func (u *underway) enter(key limitKey) bool {
	if u.most <= 0 {
		return true
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.count[key] >= u.most {
		return false
	}
	u.count[key]++
	return true
}

func (u *underway) leave(key limitKey) {
	if u.most <= 0 {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.count[key]--; u.count[key] == 0 {
		delete(u.count, key)
	}
}

// tenantOf is whose requests take each other's places: those of an organization, or of
// an account that acts for itself. Event streams have places of their own.
func tenantOf(p *directory.Principal) limitKey {
	if p.OrgID == "" {
		return limitKey{scope: scopeUser, id: string(p.AccountID)}
	}
	return limitKey{scope: scopeOrganization, id: string(p.OrgID)}
}

// serveInTurn is [API.serve] for a request that takes one of its tenant's places.
func (a *API) serveInTurn(w *exchange, r *http.Request, e endpoint, p *directory.Principal) error {
	if p == nil || e.op.Name == directory.OpStreamEvents.Name {
		return a.serve(w, r, e, p)
	}
	key := tenantOf(p)
	if !a.requests.enter(key) {
		w.Header()["Retry-After"] = []string{"1"}
		return directory.Errorf(directory.RateLimited, "%d requests of this %s are under way; wait for some of them to end", a.requests.most, key.scope)
	}
	defer a.requests.leave(key)
	if !e.cost.isLong(r) {
		return a.serve(w, r, e, p)
	}
	if err := a.long.Enter(r.Context(), key, longPatience); err != nil {
		if r.Context().Err() != nil {
			return err
		}
		w.Header()["Retry-After"] = []string{"1"}
		return directory.Errorf(directory.RateLimited, "requests like this one take turns, and others of this %s take long; try again", key.scope)
	}
	begun := time.Now()
	defer func() { a.long.Leave(key, time.Since(begun)) }()
	return a.serve(w, r, e, p)
}

// longPatience is how long a request waits for its turn to compute for long.
const longPatience = 10 * time.Second

// newLongPlaces makes the places of requests that compute for long. A tenant holds half
// of them, one at least, so that it leaves processors to others.
func newLongPlaces() *turns.Places[limitKey] {
	n := max(2, runtime.GOMAXPROCS(0))
	return turns.NewPlaces(n, func(limitKey) int { return n / 2 })
}
