package crashtest

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/dbtest"
)

// balancer hands requests to nodes in turn, as load balancers do: it asks each
// now and then whether it is ready, and does not try a request twice.
type balancer struct {
	mu    sync.Mutex
	nodes map[string]*httputil.ReverseProxy // those that were ready when asked last
	order []string
	next  atomic.Uint64
}

const healthCheck = 50 * time.Millisecond

// watch asks a node whether it is ready until ctx ends.
func (b *balancer) watch(ctx context.Context, base string) {
	u, err := url.Parse(base)
	if err != nil {
		panic(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(u)
	for ctx.Err() == nil {
		resp, err := http.Get(base + "/readyz")
		ready := err == nil && resp.StatusCode == http.StatusOK
		if err == nil {
			resp.Body.Close()
		}
		b.mu.Lock()
		if ready {
			b.nodes[base] = proxy
		} else {
			delete(b.nodes, base)
		}
		b.order = b.order[:0]
		for node := range b.nodes {
			b.order = append(b.order, node)
		}
		b.mu.Unlock()
		time.Sleep(healthCheck)
	}
}

func (b *balancer) ready() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.nodes)
}

func (b *balancer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	var node *httputil.ReverseProxy
	if len(b.order) > 0 {
		node = b.nodes[b.order[b.next.Add(1)%uint64(len(b.order))]]
	}
	b.mu.Unlock()
	if node == nil {
		http.Error(w, "no node is ready", http.StatusBadGateway)
		return
	}
	node.ServeHTTP(w, r)
}

// TestRollingRestart replaces three nodes one after the other under load, behind
// a load balancer. No request fails.
func TestRollingRestart(t *testing.T) {
	t.Parallel()
	d := deployment{url: dbtest.Postgres(t)}.initialize(t)
	ctx, stop := context.WithCancel(t.Context())
	lb := &balancer{nodes: make(map[string]*httputil.ReverseProxy)}
	front := httptest.NewServer(lb)
	defer front.Close()
	var background sync.WaitGroup
	start := func() *server {
		s := d.serve(t, "--drain-delay", "2s")
		background.Go(func() { lb.watch(ctx, s.URL) })
		return s
	}
	nodes := []*server{start(), start(), start()}
	waitFor(t, "three nodes", func() bool { return lb.ready() == len(nodes) })

	var requests atomic.Int64
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 16}}
	loading, ended := context.WithCancel(ctx)
	var load sync.WaitGroup
	for n := range 6 {
		load.Go(func() {
			for i := 0; loading.Err() == nil; i++ {
				a := ask{method: "GET", path: "/v2/users/" + d.UserID, token: d.APIToken}
				if i%5 == 0 {
					a = ask{method: "POST", path: "/v2/users", token: d.APIToken, body: createBody("X", fmt.Sprintf("x%d.%d@example.com", n, i), "user")}
				}
				status, body, err := a.do(t.Context(), client, front.URL)
				if err != nil || status != http.StatusOK {
					t.Errorf("%s %s: %s", a.method, a.path, outcome(status, body, err))
					return
				}
				requests.Add(1)
			}
		})
	}
	for i := range nodes {
		before := requests.Load()
		replacement := start()
		waitFor(t, "the replacement", func() bool { return lb.ready() == len(nodes)+1 })
		nodes[i].terminate()
		if code := nodes[i].exitCode(); code != 0 {
			t.Errorf("exit code %d:\n%s", code, nodes[i].logged())
		}
		waitFor(t, "the balancer to notice", func() bool { return lb.ready() == len(nodes) })
		if requests.Load() == before {
			t.Error("no request came meanwhile")
		}
		nodes[i] = replacement
	}
	ended()
	load.Wait()
	stop()
	background.Wait()
	t.Logf("%d requests", requests.Load())
}
