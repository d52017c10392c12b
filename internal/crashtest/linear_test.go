package crashtest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
)

// TestLinearizable has clients change the same users, and owners depose each
// other, on three nodes at once, while nodes are killed and cut off from the
// database. Some order of single steps, within the
// times of the requests, must explain all answers.
func TestLinearizable(t *testing.T) {
	c := newCluster(t)
	const addresses, clients = 6, 3
	users, owners := newHistory(), newHistory()
	ids, tokens := c.owners()
	ctx, stop := context.WithCancel(t.Context())
	var all sync.WaitGroup
	defer all.Wait()
	defer stop()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 32}, Timeout: patience}
	for a := range addresses {
		shared := new(newest)
		for n := range clients {
			u := &userClient{
				cluster: c, n: a*clients + n, node: n, email: fmt.Sprintf("address%d@example.com", a), newest: shared,
				log: users, http: client, rng: rand.New(rand.NewPCG(uint64(a), uint64(n))),
			}
			all.Go(func() { u.run(ctx) })
		}
	}
	for n := range ids {
		o := &ownerClient{
			cluster: c, n: n, node: n, ids: ids, tokens: tokens, log: owners, http: client,
			rng: rand.New(rand.NewPCG(77, uint64(n))),
		}
		all.Go(func() { o.run(ctx) })
	}
	begun := time.Now()
	c.disturb(func() bool {
		enough := users.len() >= 200 && owners.len() >= 100
		return (enough && time.Since(begun) > 8*time.Second) || time.Since(begun) > patience
	})
	stop()
	all.Wait()
	t.Logf("%d operations on users, %d on owners", users.len(), owners.len())
	if users.len() < 200 || owners.len() < 100 {
		t.Errorf("too few to mean anything")
	}
	explain(t, "users", userModel, users)
	waitFor(t, "the last disturbance to be over", func() bool {
		status, _ := c.attempt(t.Context(), client, 0, ask{method: "GET", path: "/v2/users", token: c.APIToken})
		return status == http.StatusOK
	})
	if left := list(t, c.base(0), c.APIToken); !slices.ContainsFunc(ids, func(id string) bool { return left[id].Role.ID == "owner" }) {
		t.Error("no owner is left")
	}
	verifyLog(t, c.base(0), c.APIToken)
	explain(t, "owners", ownersModel(uint8(1)<<len(ids)-1), owners)
}

// owners are three: the first one, and two that it makes.
func (c *cluster) owners() (ids, tokens []string) {
	c.t.Helper()
	ids, tokens = []string{c.UserID}, []string{c.PersonalToken}
	for _, name := range []string{"second", "third"} {
		u, token := c.create(name, "owner")
		ids, tokens = append(ids, u.ID), append(tokens, token)
	}
	return ids, tokens
}

// disturb kills nodes and starts them again, and cuts others off, until it is over.
func (c *cluster) disturb(over func() bool) {
	for n := 0; !over(); n++ {
		time.Sleep(300 * time.Millisecond)
		if i := n % len(c.nodes); n%2 == 0 {
			c.proxies[i].Cut()
			time.Sleep(200 * time.Millisecond)
			c.proxies[i].Restore()
		} else {
			c.kill(i)
			c.start(i)
		}
	}
}

// explain looks for an order of steps. Where there is none, a page to look at the
// history is left among the temporary files.
func explain(t *testing.T, what string, model porcupine.Model, h *history) {
	t.Helper()
	result, info := porcupine.CheckOperationsVerbose(model, h.ops, time.Minute)
	if result == porcupine.Ok {
		return
	}
	page := filepath.Join(os.TempDir(), "roster-history-"+what+".html")
	t.Errorf("no order of steps explains the history of %s (%s); look at %s", what, result, page)
	if err := porcupine.VisualizePath(model, info, page); err != nil {
		t.Error(err)
	}
}
