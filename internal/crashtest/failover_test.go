package crashtest

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/dbtest"
)

// back is how soon after there is a primary again requests must be served again. An idle
// machine needs less than 2 seconds. A node that waited for its connections to time out
// would need minutes.
const back = 30 * time.Second

// TestFailover kills the primary under load, and promotes its synchronous standby
// or starts it again. The nodes find it by themselves, clients get nothing but 503
// meanwhile, and what was acknowledged before and after is there, once each.
func TestFailover(t *testing.T) {
	t.Parallel()
	t.Run("standby promoted", func(t *testing.T) { failover(t, (*dbtest.Pair).Promote) })
	t.Run("primary restarted", func(t *testing.T) { failover(t, (*dbtest.Pair).RestartPrimary) })
}

func failover(t *testing.T, mend func(*dbtest.Pair)) {
	pair := dbtest.NewPair(t)
	d := deployment{url: pair.URL}.initialize(t)
	nodes := []*server{d.serve(t), d.serve(t)}
	ctx, stop := context.WithCancel(t.Context())
	load := &persistent{acknowledged: make(map[string]user), client: &http.Client{
		Transport: &http.Transport{MaxIdleConnsPerHost: 32}, Timeout: patience,
	}}
	var writing sync.WaitGroup
	for n := range 8 {
		writing.Go(func() { load.run(ctx, n, nodes[n%2].URL, d.APIToken) })
	}
	waitFor(t, "load", func() bool { return load.count() > 100 })
	waitFor(t, "the metrics to tell of the standby", func() bool {
		_, body, _ := ask{method: "GET", path: "/metrics"}.do(t.Context(), load.client, nodes[0].URL)
		return strings.Contains(string(body), `roster_database_standby_lag_seconds{standby="standby",state="sync"}`)
	})
	must(t, nodes[0].URL, http.StatusOK, ask{method: "GET", path: "/readyz"}, nil)
	pair.KillPrimary()
	killed := load.count()
	waitFor(t, "refusals", func() bool { return load.refusals() > 0 })
	must(t, nodes[0].URL, http.StatusServiceUnavailable, ask{method: "GET", path: "/readyz"}, nil)
	must(t, nodes[0].URL, http.StatusOK, ask{method: "GET", path: "/healthz"}, nil)
	time.Sleep(time.Second)
	away := load.count()
	mend(pair)
	answering := time.Now()
	waitFor(t, "service", func() bool { return load.count() > away })
	if took := time.Since(answering); took > back {
		t.Errorf("service resumed %v after there was a primary again, want it within %v", took, back)
	} else {
		t.Logf("service resumed %v after there was a primary again", took)
	}
	waitFor(t, "load on the primary", func() bool { return load.count() > away+100 })
	stop()
	writing.Wait()
	if load.wrong != nil {
		t.Error(load.wrong)
	}
	there := list(t, nodes[0].URL, d.APIToken)
	delete(there, d.UserID)
	if len(there) != len(load.acknowledged) {
		t.Errorf("%d users are there, %d were acknowledged", len(there), len(load.acknowledged))
	}
	for id, want := range load.acknowledged {
		if there[id] != want {
			t.Errorf("%+v was acknowledged, there is %+v", want, there[id])
		}
	}
	verifyLog(t, nodes[1].URL, d.APIToken)
	t.Logf("%d creates acknowledged: %d before the kill, %d after; %d refusals with 503 between them",
		len(load.acknowledged), killed, len(load.acknowledged)-killed, load.refusals())
}

// persistent creates users, each until it is acknowledged, and takes no refusal
// but 503 with Retry-After.
type persistent struct {
	client *http.Client

	mu           sync.Mutex
	acknowledged map[string]user
	refused      int
	wrong        error
}

func (p *persistent) run(ctx context.Context, n int, base, token string) {
	for i := 0; ctx.Err() == nil; i++ {
		a := ask{
			method: "POST", path: "/v2/users", token: token, key: fmt.Sprintf("%d-%d", n, i),
			body: createBody("Somebody", fmt.Sprintf("load%d.%d@example.com", n, i), "user"),
		}
		for !p.once(a, base) {
			time.Sleep(20 * time.Millisecond)
		}
	}
}

// once reports whether a create needs no other try.
func (p *persistent) once(a ask, base string) bool {
	status, body, err := a.do(context.Background(), p.client, base)
	p.mu.Lock()
	defer p.mu.Unlock()
	var u user
	switch {
	case err == nil && status == http.StatusOK && json.Unmarshal(body, &u) == nil:
		p.acknowledged[u.ID] = u
		return true
	case err == nil && status == http.StatusServiceUnavailable:
		p.refused++
		return false
	default:
		p.wrong = fmt.Errorf("create: %s", outcome(status, body, err))
		return true
	}
}

func (p *persistent) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.acknowledged)
}

func (p *persistent) refusals() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.refused
}
