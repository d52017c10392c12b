package client_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/rosterhq/roster/client"
	"github.com/rosterhq/roster/internal/apptest"
)

// nodes are three servers on one database, with a checker at each.
type nodes struct {
	*apptest.Server
	t        testing.TB
	checkers []*client.Checker
}

func startNodes(t *testing.T) *nodes {
	t.Helper()
	n := &nodes{Server: apptest.Start(t), t: t}
	credential, err := createApp(n.URL, n.PersonalToken)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []*apptest.Server{n.Server, n.Beside(), n.Beside()} {
		c, err := client.New(s.URL, credential)
		if err != nil {
			t.Fatal(err)
		}
		k := client.NewChecker(c, client.CheckerOptions{Timeout: 2 * time.Minute})
		t.Cleanup(k.Close)
		n.checkers = append(n.checkers, k)
	}
	return n
}

// owner sends a request to the first node.
func (n *nodes) owner(method, path, body string) apptest.Answer {
	n.t.Helper()
	answer := n.Do(method, path, apptest.Request{Token: n.PersonalToken, Body: body})
	if answer.Status >= 300 {
		n.t.Fatalf("%s %s: %d %s", method, path, answer.Status, answer.Body)
	}
	return answer
}

func (n *nodes) id(method, path, body string) string {
	n.t.Helper()
	var made struct{ ID string }
	n.owner(method, path, body).Decode(n.t, &made)
	return made.ID
}

// until asks a checker until it gives the answer. Others before it may be to the contrary.
func (n *nodes) until(k *client.Checker, q client.Question, want bool, what string, done func(client.Answer) bool) {
	n.t.Helper()
	for late := time.Now().Add(2 * time.Minute); ; time.Sleep(10 * time.Millisecond) {
		a, err := k.Ask(n.t.Context(), q)
		if err != nil {
			n.t.Fatalf("%v: %v", q.Subject, err)
		}
		if a.Allowed == want && done(a) {
			return
		}
		if time.Now().After(late) {
			n.t.Fatalf("%v: not %s: %+v", q.Subject, what, a)
		}
	}
}

// After every kind of revocation, the checkers at all nodes, which have the permission in
// their caches, say no, and never yes again.
func TestServersTellCheckersOfRevocations(t *testing.T) {
	t.Parallel()
	n := startNodes(t)
	const clerk = `"appCapabilities": {"accounting": {"invoice": {"2026-*": ["read"]}}}`
	kinds := []string{
		"role changed", "role removed from", "user suspended", "user removed", "token revoked", "API token removed", "group left", "group's role removed",
		"capability of the role removed",
	}
	type subject struct{ name, user, role, group, token, api, apiID string }
	subjects := make(map[string]subject)
	questions := make(map[string][]client.Question)
	for i, kind := range kinds {
		s := subject{name: fmt.Sprintf("user%d", i)}
		s.role = n.id("POST", "/v2/rbac/roles", fmt.Sprintf(`{"name": "Clerk %d", %s}`, i, clerk))
		base := s.role
		if strings.HasPrefix(kind, "group") {
			base = "none"
		}
		email := s.name + "@example.com"
		s.user = n.CreateUser(s.name, email, base).ID
		s.token = n.TokenOf(email)
		if base == "none" {
			s.group = n.id("POST", "/v2/rbac/groups", fmt.Sprintf(`{"name": "Clerks %d", "roles": [%q], "members": [%q]}`, i, s.role, s.user))
		}
		var made struct{ ID, Token string }
		n.owner("POST", "/v2/tokens", `{"name": "api", `+clerk+`}`).Decode(t, &made)
		s.apiID, s.api = made.ID, made.Token
		for _, who := range []client.Subject{{Type: client.UserSubject, ID: s.user}, {Type: client.UserSubject, ID: email}, {Type: client.TokenSubject, ID: s.token}} {
			if kind == "token revoked" && who.Type == client.UserSubject {
				continue
			}
			questions[kind] = append(questions[kind], client.Question{Subject: who})
		}
		if kind == "API token removed" {
			questions[kind] = []client.Question{{Subject: client.Subject{Type: client.TokenSubject, ID: s.api}}, {Subject: client.Subject{Type: client.TokenSubject, ID: s.apiID}}}
		}
		for i := range questions[kind] {
			questions[kind][i].Action, questions[kind][i].Resource = "read", client.Resource{Type: "invoice", ID: "2026-1"}
		}
		subjects[kind] = s
	}
	for _, kind := range kinds {
		s := subjects[kind]
		for _, k := range n.checkers {
			for _, q := range questions[kind] {
				n.until(k, q, true, "cached", func(a client.Answer) bool { return a.Cached })
			}
		}
		switch kind {
		case "role changed":
			n.owner("PUT", "/v2/users/"+s.user+"/role", `{"role": "user"}`)
		case "role removed from":
			n.owner("PUT", "/v2/rbac/roles/"+s.role, `{"name": "Former clerk", "appCapabilities": {}}`)
		case "user suspended":
			n.owner("PUT", "/v2/users/"+s.user+"/status", `{"status": "suspended"}`)
		case "user removed":
			n.owner("DELETE", "/v2/users/"+s.user, "")
		case "token revoked":
			var list []struct{ ID string }
			n.Want(http.StatusOK, "GET", "/v2/user/tokens", apptest.Request{Token: s.token}).Decode(t, &list)
			n.Want(http.StatusNoContent, "DELETE", "/v2/user/tokens/"+list[0].ID, apptest.Request{Token: s.token})
		case "API token removed":
			n.owner("DELETE", "/v2/tokens/"+s.apiID, "")
		case "group left":
			n.owner("PUT", "/v2/rbac/groups/"+s.group, fmt.Sprintf(`{"name": "Empty", "roles": [%q], "members": []}`, s.role))
		case "group's role removed":
			n.owner("PUT", "/v2/rbac/groups/"+s.group, fmt.Sprintf(`{"name": "Idle", "roles": [], "members": [%q]}`, s.user))
		case "capability of the role removed":
			n.owner("PUT", "/v2/apps/accounting?force=true", `{"name": "Accounting", "types": {"report": {"actions": ["read"]}}}`)
		}
		for _, k := range n.checkers {
			for _, q := range questions[kind] {
				n.until(k, q, false, kind, func(client.Answer) bool { return true })
			}
		}
		for range 20 {
			for i, k := range n.checkers {
				for _, q := range questions[kind] {
					if a, err := k.Ask(t.Context(), q); err != nil || a.Allowed {
						t.Errorf("%s: %v may read again at node %d (cached: %t): %v", kind, q.Subject, i, a.Cached, err)
					}
				}
			}
			time.Sleep(10 * time.Millisecond)
		}
	}
}

// When a server shuts down it ends its streams, and checkers ask for every answer.
func TestServersThatDrainAreAsked(t *testing.T) {
	t.Parallel()
	n := startNodes(t)
	q := client.Question{
		Subject: client.Subject{Type: client.UserSubject, ID: n.UserID}, Action: "read", Resource: client.Resource{Type: "report"},
	}
	k := n.checkers[0]
	n.until(k, q, true, "cached", func(a client.Answer) bool { return a.Cached })
	n.API.Drain() // ends the streams, and refuses new ones
	n.until(k, q, true, "asked without a stream", func(a client.Answer) bool { return !a.Cached })
}

// A question with the consistency token of a write is answered as after it, at every node
// and whatever is cached.
func TestServersAnswerAsAfterAWrite(t *testing.T) {
	t.Parallel()
	n := startNodes(t)
	written := ""
	owner, err := client.New(n.URL, n.PersonalToken, client.WithConsistency(func(token string) { written = token }))
	if err != nil {
		t.Fatal(err)
	}
	user := n.CreateUser("Admin", "admin@example.com", "admin").ID
	q := client.Question{Subject: client.Subject{Type: client.UserSubject, ID: user}, Action: "read", Resource: client.Resource{Type: "report"}}
	for _, role := range []string{"user", "admin", "user", "admin", "user"} {
		if _, err := owner.UpdateUserRole(t.Context(), user, role); err != nil {
			t.Fatal(err)
		}
		if written == "" {
			t.Fatal("the write has no consistency token")
		}
		for i, k := range n.checkers {
			q.Consistency = written
			if ok, err := k.Check(t.Context(), q); err != nil || ok != (role == "admin") {
				t.Errorf("node %d after the role became %s: %t, %v", i, role, ok, err)
			}
		}
	}
}

// An answer that rests on a temporary role ends with it, without an event.
func TestServersSayWhenTimeEndsAnAnswer(t *testing.T) {
	t.Parallel()
	n := startNodes(t)
	user := n.CreateUser("Guest", "guest@example.com", "user").ID
	until := time.Now().Add(3 * time.Second)
	n.owner("PUT", "/v2/users/"+user+"/temporary-role", fmt.Sprintf(`{"role": "admin", "until": %q}`, until.Format(time.RFC3339Nano)))
	q := client.Question{Subject: client.Subject{Type: client.UserSubject, ID: user}, Action: "read", Resource: client.Resource{Type: "report"}}
	for time.Now().Before(until.Add(500 * time.Millisecond)) {
		for i, k := range n.checkers {
			asked := time.Now()
			if a, err := k.Ask(t.Context(), q); err != nil || a.Allowed && asked.After(until) {
				t.Fatalf("node %d: %+v, %v", i, a, err)
			}
		}
		time.Sleep(5 * time.Millisecond)
	}
}
