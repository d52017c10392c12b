package crashtest

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// keeper asks a node whether a subject may do something in an application, and keeps the
// answers as the guide says: it drops all at each event, and uses none for longer than
// silence after the last message.
type keeper struct {
	base, credential string

	mu      sync.Mutex
	heard   time.Time // the last message
	kept    map[string]bool
	dropped int // how often
	events  []string
}

const silence = 750 * time.Millisecond

// follow follows the node's events until ctx ends.
func (k *keeper) follow(ctx context.Context) {
	for ctx.Err() == nil {
		k.connect(ctx)
		time.Sleep(20 * time.Millisecond)
	}
}

func (k *keeper) connect(ctx context.Context) {
	rq, err := http.NewRequestWithContext(ctx, http.MethodGet, k.base+"/v2/events", nil)
	if err != nil {
		panic(err) // of constants
	}
	rq.Header.Set("Authorization", "Bearer "+k.credential)
	resp, err := http.DefaultClient.Do(rq)
	if err != nil {
		return
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return
	}
	event := ""
	for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
		switch name, value, _ := strings.Cut(lines.Text(), ": "); name {
		case "event":
			event = value
		case "data":
			k.hear(event, value)
		}
	}
}

func (k *keeper) hear(event, data string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.heard = time.Now()
	if event != "heartbeat" {
		clear(k.kept)
		k.dropped++
		k.events = append(k.events, data)
	}
}

// question is one of a keeper's, with what takes the right away and the event of that.
type question struct {
	name     string
	body     string // without the context
	change   ask
	event    string
	taken    atomic.Pointer[time.Time] // when the change was acknowledged
	answered [3]atomic.Int64           // how often each node's keeper said yes from memory
}

// may reports whether the answer is yes, and whether it was kept.
func (k *keeper) may(ctx context.Context, q *question) (yes, kept bool, err error) {
	k.mu.Lock()
	yes, kept = k.kept[q.name]
	usable, dropped := time.Since(k.heard) < silence, k.dropped
	k.mu.Unlock()
	if kept && usable {
		return yes, true, nil
	}
	if yes, err = k.ask(ctx, q, `"context":{"cache":true}`); err == nil {
		k.mu.Lock()
		defer k.mu.Unlock()
		if k.dropped == dropped && dropped > 0 {
			k.kept[q.name] = yes
		}
	}
	return yes, false, err
}

// ask asks the node. A response without a decision counts as no.
func (k *keeper) ask(ctx context.Context, q *question, more string) (bool, error) {
	body := "{" + q.body
	if more != "" {
		body += "," + more
	}
	status, answer, err := ask{method: "POST", path: "/access/v1/evaluation", token: k.credential, body: body + "}"}.do(ctx, http.DefaultClient, k.base)
	if err != nil || status == http.StatusServiceUnavailable {
		return false, nil //nolint:nilerr // the node is cut off
	}
	if status != http.StatusOK {
		return false, errors.New(outcome(status, answer, err))
	}
	var got struct{ Decision bool }
	err = json.Unmarshal(answer, &got)
	return got.Decision, err
}

// use asks again and again, with and without what was kept, until ctx ends. It wants no yes
// that begins a second after the right was taken away.
func (k *keeper) use(ctx context.Context, node int, q *question) error {
	for ctx.Err() == nil {
		for _, direct := range []bool{false, true} {
			begun := time.Now()
			var yes, kept bool
			var err error
			if direct {
				yes, err = k.ask(context.WithoutCancel(ctx), q, "")
			} else {
				yes, kept, err = k.may(context.WithoutCancel(ctx), q)
			}
			if err != nil {
				return err
			}
			if at := q.taken.Load(); yes && at != nil && begun.Sub(*at) > heard {
				return fmt.Errorf("yes %v after the right was taken away (kept: %v, direct: %v)", begun.Sub(*at), kept, direct)
			}
			if yes && kept {
				q.answered[node].Add(1)
			}
		}
		time.Sleep(30 * time.Millisecond)
	}
	return nil
}

// TestWatchersHearOfEveryChange takes rights away while applications keep decisions of each
// of three nodes, one of which is cut off from the database at the same moment. A second
// later no node and nobody who follows it says yes, and the others have sent the event.
func TestWatchersHearOfEveryChange(t *testing.T) {
	c := newCluster(t)
	made := func(method, path, body string) (got struct{ ID, Token, Credential string }) {
		t.Helper()
		must(t, c.base(0), http.StatusOK, ask{method: method, path: path, token: c.PersonalToken, body: body}, &got)
		return got
	}
	made("POST", "/v2/apps", `{"id":"wiki","name":"Wiki","types":{"page":{"actions":["read","edit","archive"]}}}`)
	credential := made("POST", "/v2/apps/wiki/credentials", "").Credential
	const reads = `"appCapabilities":{"wiki":{"page":["read"]}}`
	kept, changed, shared := made("POST", "/v2/rbac/roles", `{"name":"kept",`+reads+`}`), made("POST", "/v2/rbac/roles", `{"name":"changed",`+reads+`}`), made("POST", "/v2/rbac/roles", `{"name":"shared",`+reads+`}`)
	token := made("POST", "/v2/tokens", `{"name":"t",`+reads+`}`)
	demoted, _ := c.create("demoted", kept.ID)
	removed, _ := c.create("removed", kept.ID)
	suspended, _ := c.create("suspended", kept.ID)
	ofRole, _ := c.create("of-role", changed.ID)
	grouped, _ := c.create("grouped", "none")
	revoking, revoked := c.create("revoked", kept.ID)
	group := c.group("readers", grouped.ID, shared.ID)
	var tokens []struct{ ID string }
	must(t, c.base(0), http.StatusOK, ask{method: "GET", path: "/v2/user/tokens", token: revoked}, &tokens)

	ofSubject := func(typ, id string) string {
		return fmt.Sprintf(`{"organization":%q,"subject":{"type":%q,"id":%q}}`, c.OrgID, typ, id)
	}
	org := fmt.Sprintf(`{"organization":%q}`, c.OrgID)
	may := func(typ, id, action string) string {
		return fmt.Sprintf(`"subject":{"type":%q,"id":%q},"action":{"name":%q},"resource":{"type":"page","id":"any"}`, typ, id, action)
	}
	owner := c.PersonalToken
	questions := []*question{
		{name: "token deleted", body: may("token", token.ID, "read"), change: ask{method: "DELETE", path: "/v2/tokens/" + token.ID, token: owner}, event: ofSubject("token", token.ID)},
		{name: "personal token revoked", body: may("token", revoked, "read"), change: ask{method: "DELETE", path: "/v2/users/" + revoking.ID + "/tokens/" + tokens[0].ID, token: owner}, event: ofSubject("token", tokens[0].ID)},
		{name: "user demoted", body: may("user", demoted.ID, "read"), change: ask{method: "PUT", path: "/v2/users/" + demoted.ID + "/role", token: owner, body: `{"role":"none"}`}, event: ofSubject("user", demoted.ID)},
		{name: "user removed", body: may("user", removed.Email, "read"), change: ask{method: "DELETE", path: "/v2/users/" + removed.ID, token: owner}, event: ofSubject("user", removed.ID)},
		{name: "user suspended", body: may("user", suspended.ID, "read"), change: ask{method: "PUT", path: "/v2/users/" + suspended.ID + "/status", token: owner, body: `{"status":"suspended"}`}, event: ofSubject("user", suspended.ID)},
		{name: "role redefined", body: may("user", ofRole.ID, "read"), change: ask{method: "PUT", path: "/v2/rbac/roles/" + changed.ID, token: owner, body: `{"name":"changed","appCapabilities":{}}`}, event: org},
		{name: "group deleted", body: may("user", grouped.ID, "read"), change: ask{method: "DELETE", path: "/v2/rbac/groups/" + group, token: owner}, event: org},
		{name: "vocabulary changed", body: may("user", c.UserID, "archive"), change: ask{method: "PUT", path: "/v2/apps/wiki", token: owner, body: `{"name":"Wiki","types":{"page":{"actions":["read","edit"]}}}`}, event: "{}"},
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var working sync.WaitGroup
	defer working.Wait()
	defer stop()
	var keepers [len(c.nodes)]*keeper
	for i := range keepers {
		k := &keeper{base: c.base(i), credential: credential, kept: make(map[string]bool)}
		keepers[i] = k
		working.Go(func() { k.follow(ctx) })
		for _, q := range questions {
			working.Go(func() {
				if err := k.use(ctx, i, q); err != nil {
					t.Errorf("%s, node %d: %v", q.name, i+1, err)
				}
			})
		}
	}
	for _, q := range questions {
		for i := range keepers {
			waitFor(t, fmt.Sprintf("%s: node %d's answer to be kept", q.name, i+1), func() bool { return q.answered[i].Load() > 0 })
		}
	}
	c.proxies[2].Cut()
	for _, q := range questions {
		status, body, err := q.change.do(t.Context(), http.DefaultClient, c.base(0))
		at := time.Now()
		q.taken.Store(&at)
		if err != nil || status/100 != 2 {
			t.Fatalf("%s: %s", q.name, outcome(status, body, err))
		}
	}
	for _, q := range questions {
		for i, k := range keepers[:2] {
			waitFor(t, fmt.Sprintf("%s: node %d's event", q.name, i+1), func() bool {
				k.mu.Lock()
				defer k.mu.Unlock()
				return slices.ContainsFunc(k.events[1:], func(e string) bool { return e == q.event || e == org || e == "{}" })
			})
		}
	}
	time.Sleep(2*heard + heard/2)
}

// TestNoNewEnemy gives and takes a right on one node, and asks another one whether it is
// there, with the response's Roster-Consistency. The answer is never from before.
func TestNoNewEnemy(t *testing.T) {
	c := newCluster(t)
	var role, app struct{ ID, Credential string }
	must(t, c.base(0), http.StatusOK, ask{method: "POST", path: "/v2/apps", token: c.PersonalToken, body: `{"id":"wiki","name":"Wiki","types":{"page":{"actions":["read"]}}}`}, nil)
	must(t, c.base(0), http.StatusOK, ask{method: "POST", path: "/v2/apps/wiki/credentials", token: c.PersonalToken}, &app)
	must(t, c.base(0), http.StatusOK, ask{method: "POST", path: "/v2/rbac/roles", token: c.PersonalToken, body: `{"name":"r","appCapabilities":{"wiki":{"page":["read"]}}}`}, &role)
	var working sync.WaitGroup
	for i := range 6 {
		u, _ := c.create(fmt.Sprintf("enemy%d", i), "none")
		working.Go(func() {
			for n := range 20 {
				given := [...]string{role.ID, "none"}[n%2]
				here, there := (i+n)%len(c.nodes), (i+n+1)%len(c.nodes)
				if err := c.giveAndAsk(u.ID, given, here, there, app.Credential, n%2 == 0); err != nil {
					t.Errorf("user %d, round %d: %v", i, n, err)
				}
			}
		})
	}
	working.Wait()
}

// giveAndAsk gives a role on one node, and asks another one whether it has an effect.
func (c *cluster) giveAndAsk(id, role string, here, there int, credential string, want bool) error {
	rq, err := http.NewRequestWithContext(c.t.Context(), http.MethodPut, c.base(here)+"/v2/users/"+id+"/role", strings.NewReader(`{"role":"`+role+`"}`))
	if err != nil {
		return err
	}
	rq.Header.Set("Authorization", "Bearer "+c.PersonalToken)
	rq.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(rq)
	if err != nil {
		return err
	}
	resp.Body.Close()
	written := resp.Header.Get("Roster-Consistency")
	if resp.StatusCode != http.StatusOK || written == "" {
		return fmt.Errorf("%s, %q", resp.Status, written)
	}
	body := fmt.Sprintf(`{"subject":{"type":"user","id":%q},"action":{"name":"read"},"resource":{"type":"page","id":"any"}}`, id)
	if rq, err = http.NewRequestWithContext(c.t.Context(), http.MethodPost, c.base(there)+"/access/v1/evaluation", strings.NewReader(body)); err != nil {
		return err
	}
	rq.Header.Set("Authorization", "Bearer "+credential)
	rq.Header.Set("Content-Type", "application/json")
	rq.Header.Set("Roster-Consistency", written)
	if resp, err = http.DefaultClient.Do(rq); err != nil {
		return err
	}
	defer resp.Body.Close()
	var got struct{ Decision bool }
	if err := json.NewDecoder(resp.Body).Decode(&got); err != nil || resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s, %w", resp.Status, err)
	}
	if got.Decision != want {
		return fmt.Errorf("at %s, node %d says %v", written, there+1, got.Decision)
	}
	return nil
}
