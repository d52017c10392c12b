package crashtest

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/rosterhq/roster/client"
)

// TestKillWhileDelivering kills the server in the middle of concurrent writes and
// of deliveries of what they log, again and again. Every entry of the log reaches
// whoever is to be sent it, as the log has it and signed, and is in the stream of
// events; and the log verifies.
func TestKillWhileDelivering(t *testing.T) {
	t.Parallel()
	rounds := 8
	if testing.Short() {
		rounds = 3
	}
	ctx := t.Context()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := newRun(t, rand.New(rand.NewPCG(seed, 0)), "--webhook-allow-http", "--webhook-allow-networks", "127.0.0.0/8")
	everything := newReceiver(t, r, `"includeRefused":true`)
	created := newReceiver(t, r, `"actions":["createUser"]`)
	for _, to := range []*receiver{everything, created} { // what was logged before them, too
		must(t, r.server.URL, http.StatusOK, ask{
			method: "POST", path: "/v2/webhooks/" + to.ID + "/replay", token: r.duellers[0].token, body: `{"fromSequence":1}`,
		}, nil)
	}
	for round := range rounds {
		if round%3 == 2 {
			r.killAtStart()
		}
		r.killAtWork(ctx)
		if r.check(); t.Failed() {
			t.Fatalf("kill %d; see above", round+1)
		}
		r.settle(ctx)
		must(t, r.server.URL, http.StatusForbidden, ask{
			method: "GET", path: "/v2/webhooks", token: r.deployment.personalToken(t, powerless(t, r)),
		}, nil)
	}
	verifyLog(t, r.server.URL, r.deployment.APIToken)
	log := streamed(t, r.server.URL, r.deployment.APIToken)
	refused := 0
	for _, e := range log {
		if e.Outcome != "" {
			refused++
		}
		everything.wants(e)
		if e.Action == "createUser" && e.Outcome == "" {
			created.wants(e)
		}
	}
	everything.settled()
	created.settled()
	t.Logf("%d entries, of which %d were refused; %d deliveries, %d more than once", len(log), refused, everything.deliveries, everything.deliveries-len(log))
	if len(log) < 50*rounds || refused < rounds {
		t.Error("that is too little to mean anything")
	}
}

// powerless makes a user who may do nothing, and gives their address.
func powerless(t *testing.T, r *run) string {
	t.Helper()
	email := fmt.Sprintf("powerless%d@example.com", r.rng.Uint64())
	w := r.workers[0]
	var u user
	must(t, r.server.URL, http.StatusOK, ask{
		method: "POST", path: "/v2/users", token: w.token, body: createBody("Powerless", email, "none"),
	}, &u)
	w.keep(u)
	return email
}

// receiver is a webhook of the deployment with whom it leads to, who takes
// everything.
type receiver struct {
	ID, Secret string

	t      *testing.T
	orgID  string
	wanted map[string]client.AuditEntry // by message id

	mu         sync.Mutex
	got        map[string]client.AuditEntry
	deliveries int
}

func newReceiver(t *testing.T, r *run, filter string) *receiver {
	t.Helper()
	to := &receiver{t: t, orgID: r.deployment.OrgID, wanted: make(map[string]client.AuditEntry), got: make(map[string]client.AuditEntry)}
	listener := httptest.NewServer(to)
	t.Cleanup(listener.Close)
	to.mu.Lock() // what comes waits for the secret
	defer to.mu.Unlock()
	must(t, r.server.URL, http.StatusOK, ask{
		method: "POST", path: "/v2/webhooks", token: r.duellers[0].token,
		body: fmt.Sprintf(`{"name":"w","url":%q,%s}`, listener.URL, filter),
	}, to)
	return to
}

// ServeHTTP takes a message that is signed and, if it came before, the same.
func (to *receiver) ServeHTTP(w http.ResponseWriter, rq *http.Request) {
	body, err := io.ReadAll(rq.Body)
	if err != nil {
		return // the sender was killed
	}
	to.mu.Lock()
	defer to.mu.Unlock()
	signature, err := standardwebhooks.NewWebhook(to.Secret)
	if err == nil {
		err = signature.Verify(body, rq.Header)
	}
	var event struct {
		Type string
		Data client.AuditEntry
	}
	if err == nil {
		err = json.Unmarshal(body, &event)
	}
	id := rq.Header.Get("webhook-id")
	if before, again := to.got[id]; err != nil || event.Type != event.Data.Action || id != to.message(event.Data) || again && !cmp.Equal(before, event.Data) {
		to.t.Errorf("message %q, %v: %s", id, err, body)
	}
	to.got[id] = event.Data
	to.deliveries++
	w.WriteHeader(http.StatusNoContent)
}

func (to *receiver) message(e client.AuditEntry) string {
	return fmt.Sprintf("msg_%s_%d", to.orgID, e.Sequence)
}

func (to *receiver) wants(e client.AuditEntry) { to.wanted[to.message(e)] = e }

// settled waits until all that is wanted has arrived, and has nothing else, nor
// anything that is not as the log has it.
func (to *receiver) settled() {
	to.t.Helper()
	waitFor(to.t, "the deliveries", func() bool {
		to.mu.Lock()
		defer to.mu.Unlock()
		for id := range to.wanted {
			if _, arrived := to.got[id]; !arrived {
				return false
			}
		}
		return true
	})
	to.mu.Lock()
	defer to.mu.Unlock()
	if diff := cmp.Diff(to.wanted, to.got); diff != "" {
		to.t.Errorf("not as it is in the log (-log +delivered):\n%s", diff)
	}
}

// streamed reads the whole log as a stream of events, and wants each entry in it.
func streamed(t *testing.T, base, token string) (log []client.AuditEntry) {
	t.Helper()
	var last []struct{ Sequence int64 }
	must(t, base, http.StatusOK, ask{method: "GET", path: "/v2/audit?limit=1", token: token}, &last)
	c, err := client.New(base, token)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for e, err := range c.Events(ctx, client.EventsOptions{AuditFilter: client.AuditFilter{Outcome: "any"}, After: new(int64)}) {
		if err != nil {
			t.Fatalf("the stream ends after %d of %d entries: %v", len(log), last[0].Sequence, err)
		}
		if log = append(log, e); e.Sequence != int64(len(log)) {
			t.Fatalf("entry %d comes in place %d", e.Sequence, len(log))
		}
		if e.Sequence == last[0].Sequence {
			break
		}
	}
	return log
}
