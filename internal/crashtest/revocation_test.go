package crashtest

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"
)

// TestRevocationReachesEveryNode takes rights away on one of three nodes while
// the others have them in memory, and the third is cut off from the database at
// the same moment. No request that begins a second later is carried out with
// them, on any node.
func TestRevocationReachesEveryNode(t *testing.T) {
	c := newCluster(t)
	demoted, demotedToken := c.create("demoted", "admin")
	removed, removedToken := c.create("removed", "admin")
	var api struct{ ID, Token string }
	must(t, c.base(0), http.StatusOK, ask{
		method: "POST", path: "/v2/tokens", token: c.PersonalToken,
		body: `{"name":"revoked","orgCapabilities":{"users":["read"]}}`,
	}, &api)
	look := "/v2/users/" + c.UserID
	for _, test := range []struct {
		name   string
		change ask
		use    ask // what was allowed before
	}{
		{
			"token deleted",
			ask{method: "DELETE", path: "/v2/tokens/" + api.ID, token: c.PersonalToken},
			ask{method: "GET", path: look, token: api.Token},
		},
		{
			"user demoted",
			ask{method: "PUT", path: "/v2/users/" + demoted.ID + "/role", token: c.PersonalToken, body: `{"role":"none"}`},
			ask{method: "GET", path: look, token: demotedToken},
		},
		{
			"user removed",
			ask{method: "DELETE", path: "/v2/users/" + removed.ID, token: c.PersonalToken},
			ask{method: "GET", path: look, token: removedToken},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			var revoked time.Time
			acknowledged := make(chan struct{})
			var using sync.WaitGroup
			for i := range c.nodes {
				using.Go(func() {
					if err := useOn(ctx, c.base(i), test.use, acknowledged, &revoked); err != nil {
						t.Errorf("node %d: %v", i+1, err)
					}
				})
			}
			time.Sleep(heard) // everybody remembers
			c.proxies[2].Cut()
			status, body, err := test.change.do(t.Context(), http.DefaultClient, c.base(0))
			revoked = time.Now()
			close(acknowledged)
			if err != nil || status/100 != 2 {
				t.Fatalf("revoke: %s", outcome(status, body, err))
			}
			time.Sleep(2*heard + heard/2)
			stop()
			using.Wait()
			c.proxies[2].Restore()
		})
	}
}

// useOn uses a right again and again until ctx ends, and wants no use to succeed
// that begins a second after the right was taken away, and some refusals.
func useOn(ctx context.Context, base string, use ask, acknowledged <-chan struct{}, revoked *time.Time) error {
	var before, refused int
	for ctx.Err() == nil {
		begun := time.Now()
		status, body, err := use.do(context.WithoutCancel(ctx), http.DefaultClient, base)
		if err != nil {
			return err
		}
		over := false
		select {
		case <-acknowledged:
			over = begun.Sub(*revoked) > heard
		default:
		}
		switch {
		case status == http.StatusOK && over:
			return fmt.Errorf("carried out %v after the right was taken away", begun.Sub(*revoked))
		case status == http.StatusOK:
			before++
		case status == http.StatusUnauthorized, status == http.StatusForbidden, status == http.StatusServiceUnavailable:
			if over {
				refused++
			}
		default:
			return fmt.Errorf("%s", outcome(status, body, err))
		}
	}
	if before == 0 || refused == 0 {
		return fmt.Errorf("%d uses before and %d refusals after: nothing was tried", before, refused)
	}
	return nil
}
