package crashtest

import (
	"net/http"
	"sync"
	"testing"

	"github.com/rosterhq/roster/internal/dbtest"
)

// cluster is three nodes on one PostgreSQL database. Each has a proxy of its own
// before the database, to be cut off by.
type cluster struct {
	deployment
	t *testing.T

	mu      sync.Mutex
	nodes   [3]*server
	proxies [3]*dbtest.Proxy
}

func newCluster(t *testing.T) *cluster {
	t.Helper()
	database := dbtest.Postgres(t)
	c := &cluster{t: t, deployment: deployment{url: database}.initialize(t)}
	for i := range c.nodes {
		c.proxies[i] = dbtest.NewProxy(t, database)
		c.start(i)
	}
	return c
}

// start starts a node, on a new port.
func (c *cluster) start(i int) {
	c.t.Helper()
	s := deployment{url: c.proxies[i].URL}.serve(c.t)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.nodes[i] = s
}

// base is where a node is reached now.
func (c *cluster) base(i int) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.nodes[i].URL
}

func (c *cluster) kill(i int) {
	c.mu.Lock()
	s := c.nodes[i]
	c.mu.Unlock()
	s.kill()
}

// create adds a user on the first node and gives it a personal token.
func (c *cluster) create(name, role string) (u user, token string) {
	c.t.Helper()
	must(c.t, c.base(0), http.StatusOK, ask{
		method: "POST", path: "/v2/users", token: c.PersonalToken, body: createBody(name, name+"@example.com", role),
	}, &u)
	return u, c.personalToken(c.t, u.Email)
}
