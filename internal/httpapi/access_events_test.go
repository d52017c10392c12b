package httpapi_test

import (
	"bufio"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/applications"
	"github.com/rosterhq/roster/internal/apptest"
	"github.com/rosterhq/roster/internal/dbtest"
)

// watching is an open stream of an application's events.
type watching struct {
	t    testing.TB
	resp *http.Response
	// messages has "EVENT DATA" for each event, and is closed at the end of the stream.
	messages chan string
}

// watch opens a stream and waits until it is ready.
func watch(t testing.TB, s *apptest.Server, credential string, header ...string) *watching {
	t.Helper()
	rq, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/v2/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	rq.Header.Set("Authorization", "Bearer "+credential)
	for i := 0; i < len(header); i += 2 {
		rq.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(rq)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resp.Body.Close() })
	w := &watching{t, resp, make(chan string, 10_000)}
	if resp.StatusCode != http.StatusOK {
		return w
	}
	go w.read()
	if first := w.next(); first != "ready {}" {
		t.Fatalf("the first event is %q", first)
	}
	return w
}

func (w *watching) read() {
	defer close(w.messages)
	event := ""
	for lines := bufio.NewScanner(w.resp.Body); lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), ": ")
		switch name {
		case "event":
			event = value
		case "data":
			w.messages <- event + " " + value
		case "id":
			w.messages <- "an id: " + value
		}
	}
}

// next returns the next message, "" at the end.
func (w *watching) next() string {
	w.t.Helper()
	select {
	case message := <-w.messages:
		return message
	case <-time.After(2 * time.Minute):
		w.t.Fatal("no message for two minutes")
		return ""
	}
}

// wants reads until every one of the events has come.
func (w *watching) wants(why string, events ...string) {
	w.t.Helper()
	events = slices.Clone(events)
	for len(events) > 0 {
		message := w.next()
		if message == "" {
			w.t.Fatalf("%s: the stream ended before %q", why, events)
		}
		events = slices.DeleteFunc(events, func(e string) bool { return covers(strings.TrimPrefix(message, "access "), e) })
	}
}

// covers reports whether an event says at least as much as another one. A server that was
// out of touch with PostgreSQL for a moment says that anything may have changed.
func covers(event, other string) bool {
	org, _, _ := strings.Cut(other, `,"subject"`)
	return event == other || event == strings.TrimSuffix(org, "}")+"}" || event == "{}"
}

// quiet reads until nothing has come but heartbeats for longer than an event is repeated.
func (w *watching) quiet() (events []string) {
	w.t.Helper()
	for beats := 0; beats < 5; {
		switch message := w.next(); message {
		case "":
			w.t.Fatal("the stream ended")
		case "heartbeat {}":
			beats++
		default:
			beats = 0
			events = append(events, strings.TrimPrefix(message, "access "))
		}
	}
	return events
}

// only waits for silence and wants no other events than these, each at least once, but for
// the one that a server sends after it was out of touch with PostgreSQL.
func (w *watching) only(why string, want ...string) {
	w.t.Helper()
	got := w.quiet()
	if dbtest.OnPostgres() && !slices.Contains(want, "{}") {
		got = slices.DeleteFunc(got, func(event string) bool { return event == "{}" })
	}
	slices.Sort(got)
	slices.Sort(want)
	if got = slices.Compact(got); !slices.Equal(got, want) {
		w.t.Errorf("%s: got %q, want %q", why, got, want)
	}
}

// ends reads until the stream ends.
func (w *watching) ends() {
	w.t.Helper()
	for w.next() != "" { //nolint:revive // it reads to the end
	}
}

// ofOrg and ofSubject are the data of events.
func ofOrg(org string) string { return fmt.Sprintf(`{"organization":%q}`, org) }

func ofSubject(org, typ, id string) string {
	return fmt.Sprintf(`{"organization":%q,"subject":{"type":%q,"id":%q}}`, org, typ, id)
}

// appCredential creates a credential of one of the organization's applications.
func appCredential(t testing.TB, s *apptest.Server, app string) (made struct{ ID, Credential string }) {
	s.Want(http.StatusOK, "POST", "/v2/apps/"+app+"/credentials", as(s.PersonalToken, "")).Decode(t, &made)
	return made
}

// billingCredential creates a credential of the deployment's application.
func billingCredential(t testing.TB, s *apptest.Server) string {
	t.Helper()
	made, err := applications.New(s.Service).IssueCredential(t.Context(), "", "billing")
	if err != nil {
		t.Fatal(err)
	}
	return made.Secret
}

// Every change that can change a decision is sent to all applications that it concerns, by
// every server, and nothing else is.
func TestAccessEvents(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t)
	withBilling(t, s)
	owner := s.PersonalToken
	s.Want(http.StatusOK, "POST", "/v2/apps", as(owner, wiki))
	s.Want(http.StatusOK, "POST", "/v2/apps", as(owner, `{"id":"other","name":"Other"}`))
	own, all := appCredential(t, s, "wiki").Credential, billingCredential(t, s)
	jane := s.CreateUser("Jane", "jane@example.com", "user")
	var token, group, role struct{ ID string }
	s.Want(http.StatusOK, "POST", "/v2/tokens", as(owner, `{"name":"t"}`)).Decode(t, &token)
	s.Want(http.StatusOK, "POST", "/v2/rbac/roles", as(owner, `{"name":"r"}`)).Decode(t, &role)
	s.Want(http.StatusOK, "POST", "/v2/rbac/groups", as(owner, `{"name":"g"}`)).Decode(t, &group)

	streams := []*watching{watch(t, s, own), watch(t, s, all)}
	if dbtest.OnPostgres() { // another server on SQLite can't say what changed
		beside := s.Beside()
		streams = append(streams, watch(t, beside, own), watch(t, beside, all))
	}
	for _, w := range streams {
		w.quiet()
	}
	ofJane, org := ofSubject(s.OrgID, "user", jane.ID), ofOrg(s.OrgID)
	until := time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
	for _, c := range []struct{ method, path, body, event string }{
		{"PUT", "/v2/users/" + jane.ID + "/role", `{"role":"none"}`, ofJane},
		{"PUT", "/v2/users/" + jane.ID + "/status", `{"status":"suspended"}`, ofJane},
		{"PUT", "/v2/users/" + jane.ID + "/status", `{"status":"active"}`, ofJane},
		{"PUT", "/v2/users/" + jane.ID + "/temporary-role", `{"role":"user","until":"` + until + `"}`, ofJane},
		{"DELETE", "/v2/users/" + jane.ID + "/temporary-role", "", ofJane},
		{"PUT", "/v2/rbac/roles/" + role.ID, `{"name":"r","appCapabilities":{"wiki":{"theme":["edit"]}}}`, org},
		{"PUT", "/v2/rbac/groups/" + group.ID, `{"name":"g","members":["` + jane.ID + `"],"roles":["` + role.ID + `"]}`, org},
		{"PUT", "/v2/orgs/" + s.OrgID + "/settings", `{"maxTokenLifetimeSeconds":86400}`, org},
		{"POST", "/v2/tokens/" + token.ID + "/regenerate", `{"existingTokenExpiresAt":"` + until + `","newTokenExpiresAt":"` + until + `"}`, ofSubject(s.OrgID, "token", token.ID)},
		{"DELETE", "/v2/tokens/" + token.ID, "", ofSubject(s.OrgID, "token", token.ID)},
		{"DELETE", "/v2/users/" + jane.ID, "", ofJane},
		{"PUT", "/v2/orgs/" + s.OrgID, `{"name":"Acme 2"}`, org},
	} {
		if ans := s.Do(c.method, c.path, as(owner, c.body)); ans.Status/100 != 2 {
			t.Fatalf("%s %s: %d %s", c.method, c.path, ans.Status, ans.Body)
		}
		for i, w := range streams {
			w.wants(fmt.Sprintf("%s %s, stream %d", c.method, c.path, i), c.event)
		}
	}
	for _, w := range streams {
		w.quiet()
	}

	// Entries that change no decision make no event: those of other kinds, and refusals.
	s.Want(http.StatusOK, "POST", "/v2/webhooks", as(owner, `{"name":"w","url":"http://127.0.0.1:1/"}`))
	s.Want(http.StatusOK, "PUT", "/v2/audit/retention", as(owner, `{"days":400}`))
	s.Want(http.StatusForbidden, "GET", "/v2/users", as(s.APITokenWith(`"orgCapabilities":{}`), ""))
	for _, w := range streams {
		for _, event := range w.quiet() {
			if event != "{}" && !strings.Contains(event, `"type":"token"`) { // the one that was made for the refusal
				t.Errorf("an event without a reason: %s", event)
			}
		}
	}

	// The vocabulary concerns the application itself.
	s.Want(http.StatusOK, "PUT", "/v2/apps/other", as(owner, `{"name":"Other 2"}`))
	for _, w := range streams {
		w.only("another application")
	}
	s.Want(http.StatusOK, "PUT", "/v2/apps/wiki", as(owner, `{"name":"Wiki 2","types":{"page":{"actions":["read"]},"theme":{"actions":["edit"]}}}`))
	for i, w := range streams {
		if i%2 == 0 {
			w.only("its own vocabulary", "{}")
		} else {
			w.only("the vocabulary of another one")
		}
	}
	withBilling(t, s)
	if _, err := applications.New(s.Service).Apply(t.Context(), []applications.NewApplication{{ID: "billing", Name: "B"}}, applications.How{}); err != nil {
		t.Fatal(err)
	}
	for i, w := range streams {
		if i%2 == 1 {
			w.only("the vocabulary of the deployment's", "{}")
		} else {
			w.only("the vocabulary of the deployment's")
		}
	}
}

// An application of an organization hears nothing of another one; one of the deployment
// hears of all of them.
func TestAccessEventsOfOtherOrganizations(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t)
	withBilling(t, s)
	s.Want(http.StatusOK, "POST", "/v2/apps", as(s.PersonalToken, wiki))
	var other struct{ ID string }
	s.Want(http.StatusOK, "POST", "/v2/orgs", as(s.PersonalToken, `{"name":"Other"}`)).Decode(t, &other)
	elsewhere := map[string]string{"X-Axiom-Org-Id": other.ID}
	here := map[string]string{"X-Axiom-Org-Id": s.OrgID}
	var made struct{ Credential string }
	s.Want(http.StatusOK, "POST", "/v2/apps/wiki/credentials", apptest.Request{Token: s.PersonalToken, Header: here}).Decode(t, &made)
	own, all := watch(t, s, made.Credential), watch(t, s, billingCredential(t, s))
	own.quiet()
	all.quiet()
	var user struct{ ID string }
	s.Want(http.StatusOK, "POST", "/v2/users", apptest.Request{Token: s.PersonalToken, Header: elsewhere, Body: `{"name":"J","email":"j@example.com","role":"user"}`}).Decode(t, &user)
	all.only("the deployment's", ofSubject(other.ID, "user", user.ID))
	own.only("the organization's")

	// With an organization that it does not serve, a credential opens no stream.
	if resp := watch(t, s, made.Credential, "X-Axiom-Org-Id", other.ID).resp; resp.StatusCode != http.StatusForbidden {
		t.Errorf("for another organization: %s", resp.Status)
	}
}

// A stream ends with its credential, with its application, and when the server drains.
func TestAccessEventsEnd(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t)
	owner := s.PersonalToken
	s.Want(http.StatusOK, "POST", "/v2/apps", as(owner, wiki))
	first, second := appCredential(t, s, "wiki"), appCredential(t, s, "wiki")
	one, two := watch(t, s, first.Credential), watch(t, s, second.Credential)
	s.Want(http.StatusNoContent, "DELETE", "/v2/apps/wiki/credentials/"+first.ID, as(owner, ""))
	one.ends()
	two.only("the other credential")
	s.Want(http.StatusNoContent, "DELETE", "/v2/apps/wiki", as(owner, ""))
	two.ends()
	if resp := watch(t, s, second.Credential).resp; resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("a credential of no application: %s", resp.Status)
	}

	s.Want(http.StatusOK, "POST", "/v2/apps", as(owner, wiki))
	third := appCredential(t, s, "wiki")
	three := watch(t, s, third.Credential)
	s.API.Drain()
	three.ends()
	wantError(t, s.Do("GET", "/v2/events", as(third.Credential, "")), 503, "unavailable", "shutting down")
}

// Streams are bounded for the applications of an organization together, and whatever a
// client sends as the last id, it gets no error and no id.
func TestAccessEventsBounds(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t)
	withBilling(t, s)
	s.Want(http.StatusOK, "POST", "/v2/apps", as(s.PersonalToken, wiki))
	credential := appCredential(t, s, "wiki").Credential
	for _, id := range []string{"0", "-1", "9999999999999999999999", "x", strings.Repeat("1", 4000), "'; DROP TABLE entries"} {
		w := watch(t, s, credential, "Last-Event-ID", id)
		if got := w.next(); strings.HasPrefix(got, "an id") {
			t.Errorf("after Last-Event-ID %.20q came %q", id, got)
		}
		w.resp.Body.Close()
		w.ends()
	}
	wantError(t, s.Do("GET", "/v2/events?lastEventId=1", as(credential, "")), 400, "invalid", "this operation has none")
	opened := make(chan *http.Response)
	for range 50 {
		go func() {
			for {
				rq, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/v2/events", nil)
				if err != nil {
					panic(err) // of the constant method
				}
				rq.Header.Set("Authorization", "Bearer "+credential)
				resp, err := http.DefaultClient.Do(rq)
				if err != nil || resp.StatusCode == http.StatusOK {
					opened <- resp
					return
				}
				resp.Body.Close()
				time.Sleep(10 * time.Millisecond) // the server notices soon that the ones above are closed
			}
		}()
	}
	var last *http.Response
	for range 50 {
		if last = <-opened; last == nil {
			t.Fatal("a stream did not open")
		}
		t.Cleanup(func() { last.Body.Close() })
	}
	wantError(t, s.Do("GET", "/v2/events", as(credential, "")), 429, "rate_limited", "50 streams")
	watch(t, s, billingCredential(t, s)) // another application
	if ans := s.Do("GET", "/v2/events", as(s.APIToken, "")); ans.Status != http.StatusOK {
		t.Errorf("the organization's own log: %d %s", ans.Status, ans.Body)
	}
	last.Body.Close()
	for w := watch(t, s, credential); w.resp.StatusCode != http.StatusOK; w = watch(t, s, credential) {
		time.Sleep(10 * time.Millisecond)
	}
}
