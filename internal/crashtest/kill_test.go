package crashtest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	kills   = 20
	workers = 16
)

// TestKill kills the server in the middle of concurrent writes, again and again,
// on one database. Acknowledged changes are there; others are there completely or not at
// all. The log matches the data, and there is an owner.
func TestKill(t *testing.T) {
	t.Parallel()
	rounds := kills
	if testing.Short() {
		rounds = 4
	}
	ctx := t.Context()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := newRun(t, rand.New(rand.NewPCG(seed, 0)))
	for round := range rounds {
		if round%4 == 3 {
			r.killAtStart()
		}
		r.killAtWork(ctx)
		if r.check(); t.Failed() {
			t.Fatalf("kill %d; see above", round+1)
		}
		r.settle(ctx)
	}
	verifyLog(t, r.server.URL, r.deployment.APIToken)
	r.server.kill()
	acknowledged, unanswered, duels := 0, 0, 0
	for _, w := range r.workers {
		acknowledged += w.acknowledged
		unanswered += w.unanswered
	}
	for _, d := range r.duellers {
		duels += d.acknowledged
	}
	t.Logf("%d kills at work, %d at start: %d writes acknowledged, %d unanswered; %d changes of owners, %d of roles, groups and tokens acknowledged",
		rounds, r.killsAtStart, acknowledged, unanswered, duels, r.tinkerer.acknowledged)
	if acknowledged < 100*rounds/kills || unanswered == 0 || r.tinkerer.acknowledged < rounds/2 {
		t.Errorf("that is too little to mean anything")
	}
}

// run is one database through all its crashes.
type run struct {
	t            *testing.T
	rng          *rand.Rand
	deployment   deployment
	flags        []string // of the server
	server       *server
	workers      []*worker
	duellers     []*dueller
	tinkerer     *tinkerer
	killsAtStart int
}

// newRun sets up two owners who fight each other in place of the first one, and
// workers who share the API token.
func newRun(t *testing.T, rng *rand.Rand, flags ...string) *run {
	t.Helper()
	d := initialize(t)
	r := &run{t: t, rng: rng, deployment: d, flags: flags, server: d.serve(t, flags...)}
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: workers + 2}}
	var fighters [2]user
	for i := range fighters {
		email := fmt.Sprintf("fighter%d@example.com", i)
		must(t, r.server.URL, http.StatusOK, ask{
			method: "POST", path: "/v2/users", token: d.PersonalToken, body: createBody("Fighter", email, "owner"),
		}, &fighters[i])
	}
	for i, u := range fighters {
		r.duellers = append(r.duellers, &dueller{
			self: u.ID, other: fighters[1-i].ID, token: d.personalToken(t, u.Email),
			client: client, rng: rand.New(rand.NewPCG(rng.Uint64(), 1)),
		})
	}
	must(t, r.server.URL, http.StatusOK, ask{
		method: "PUT", path: "/v2/users/" + d.UserID + "/role", token: d.PersonalToken, body: `{"role":"none"}`,
	}, nil)
	for i := range workers {
		r.workers = append(r.workers, &worker{
			n: i, token: d.APIToken, client: client, users: make(map[string]user),
			rng: rand.New(rand.NewPCG(rng.Uint64(), 2)),
		})
	}
	r.tinkerer = &tinkerer{
		token: d.APIToken, client: client, ids: make(map[string][]string), rng: rand.New(rand.NewPCG(rng.Uint64(), 3)),
	}
	return r
}

// killAtWork lets everybody write and kills the server a moment after the first
// acknowledged write.
func (r *run) killAtWork(ctx context.Context) {
	r.t.Helper()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	begun := make(chan struct{})
	first := sync.OnceFunc(func() { close(begun) })
	var all sync.WaitGroup
	for _, w := range r.workers {
		all.Go(func() { w.run(ctx, r.server.URL, first) })
	}
	for _, d := range r.duellers {
		all.Go(func() { d.run(ctx, r.server.URL) })
	}
	all.Go(func() { r.tinkerer.run(ctx, r.server.URL) })
	select {
	case <-begun:
	case <-time.After(patience):
		r.t.Errorf("no write is acknowledged:\n%s", r.server.logged())
	}
	time.Sleep(time.Duration(r.rng.IntN(500)) * time.Millisecond)
	r.server.kill()
	all.Wait()
	if log := r.server.logged(); strings.Contains(log, `"level":"ERROR"`) {
		r.t.Errorf("the server logged an error:\n%s", log)
	}
	for _, w := range r.workers {
		if w.wrong != nil {
			r.t.Errorf("worker %d: %v", w.n, w.wrong)
		}
	}
	for _, d := range r.duellers {
		if d.wrong != nil {
			r.t.Errorf("owner: %v", d.wrong)
		}
	}
	if r.tinkerer.wrong != nil {
		r.t.Errorf("roles, groups and tokens: %v", r.tinkerer.wrong)
	}
}

// killAtStart kills a server that is about to recover the database.
func (r *run) killAtStart() {
	s := r.deployment.launch(r.t, r.flags...)
	time.Sleep(time.Duration(r.rng.IntN(40)) * time.Millisecond)
	s.kill()
	r.killsAtStart++
}

// check looks at what the crash left: in a copy of the database, and through a
// new server on the database itself.
func (r *run) check() {
	r.t.Helper()
	copied := copyDatabase(r.t, r.deployment.path)
	checkIntegrity(r.t, copied)
	checkLog(r.t, copied, r.deployment.OrgID)
	told, err := retell(r.t.Context(), copied, r.deployment.OrgID)
	if err != nil {
		r.t.Fatalf("the log: %v", err)
	}
	r.server = r.deployment.serve(r.t, r.flags...)
	there := list(r.t, r.server.URL, r.deployment.APIToken)
	for id, u := range there {
		if told.users[id] != u {
			r.t.Errorf("%+v is there; the log tells of %+v", u, told.users[id])
		}
	}
	if len(there) != len(told.users) || len(there) != told.creates-told.removes {
		r.t.Errorf("%d users are there; the log tells of %d: %d created, %d removed", len(there), len(told.users), told.creates, told.removes)
	}
	for _, w := range r.workers {
		if err := w.check(there); err != nil {
			r.t.Errorf("worker %d: %v", w.n, err)
		}
	}
	for _, u := range there {
		if !r.expected(u) {
			r.t.Errorf("%+v is there; nobody made it", u)
		}
	}
}

// expected reports whether a user is somebody's.
func (r *run) expected(u user) bool {
	for _, d := range r.duellers {
		if u.ID == d.self {
			return true
		}
	}
	for _, w := range r.workers {
		if w.owns(u) {
			return true
		}
	}
	return u.ID == r.deployment.UserID
}

// settle brings what was left open to its end.
func (r *run) settle(ctx context.Context) {
	r.t.Helper()
	there := list(r.t, r.server.URL, r.deployment.APIToken)
	for _, w := range r.workers {
		if err := w.settle(ctx, r.server.URL, there); err != nil {
			r.t.Fatalf("worker %d: %v", w.n, err)
		}
	}
}
