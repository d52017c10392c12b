package httpapi_test

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/rosterhq/roster/internal/apptest"
)

const consistency = "Roster-Consistency"

// end is the sequence that a response names for an organization.
func end(t testing.TB, ans apptest.Answer, org string) int64 {
	t.Helper()
	for part := range strings.SplitSeq(ans.Header.Get(consistency), ", ") {
		if name, digits, _ := strings.Cut(part, ":"); name == org {
			n, err := strconv.ParseInt(digits, 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
	}
	return 0
}

// Every successful write says how the log ends with it, and nothing else does.
func TestWritesSayHowTheLogEnds(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t)
	last := func() int64 { return int64(len(entriesOf(t, s, s.APIToken, ""))) }
	wants := func(why string, ans apptest.Answer, want int64) {
		t.Helper()
		if got := end(t, ans, s.OrgID); got != want || (want == 0 && ans.Header.Get(consistency) != "") {
			t.Errorf("%s: %d %q, want %d", why, ans.Status, ans.Header.Get(consistency), want)
		}
	}
	owner := s.PersonalToken
	keyed := apptest.Request{Token: owner, Body: `{"name":"J","email":"j@example.com","role":"user"}`, Header: map[string]string{"Idempotency-Key": "k"}}
	ans := s.Want(http.StatusOK, "POST", "/v2/users", keyed)
	var jane struct{ ID string }
	ans.Decode(t, &jane)
	wants("create", ans, last())
	wants("again with the same key", s.Want(http.StatusOK, "POST", "/v2/users", keyed), last())
	role := "/v2/users/" + jane.ID + "/role"
	wants("dry run", s.Want(http.StatusOK, "PUT", role+"?dryRun=true", as(owner, `{"role":"none"}`)), 0)
	wants("change", s.Want(http.StatusOK, "PUT", role, as(owner, `{"role":"none"}`)), last())
	wants("no change", s.Want(http.StatusOK, "PUT", role, as(owner, `{"role":"none"}`)), last())
	wants("read", s.Want(http.StatusOK, "GET", "/v2/users/"+jane.ID, as(owner, "")), 0)
	wants("refused", s.Want(http.StatusConflict, "POST", "/v2/users", as(owner, keyed.Body)), 0)
	wants("delete", s.Want(http.StatusNoContent, "DELETE", "/v2/users/"+jane.ID, as(owner, "")), last())
	wants("SCIM", s.Do("POST", "/scim/v2/Users", apptest.Request{
		Token: s.APIToken, Header: map[string]string{"Content-Type": "application/scim+json"},
		Body: `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"ann@example.com","displayName":"Ann","emails":[{"value":"ann@example.com","primary":true}]}`,
	}), last())

	// An import has sent its header before it writes, and says it in a trailer.
	rq, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/v2/users/import", strings.NewReader(`{"name":"I","email":"i@example.com","role":"user"}`+"\n"))
	if err != nil {
		t.Fatal(err)
	}
	rq.Header.Set("Authorization", "Bearer "+owner)
	rq.Header.Set("Content-Type", "application/x-ndjson")
	resp, err := http.DefaultClient.Do(rq)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := resp.Trailer.Get(consistency), fmt.Sprintf("%s:%d", s.OrgID, last()); got != want {
		t.Errorf("import: %s %s %q, want %q", resp.Status, body, got, want)
	}

	// A change of a person is written in all of their organizations.
	var other struct{ ID string }
	ans = s.Want(http.StatusOK, "POST", "/v2/orgs", as(owner, `{"name":"Other"}`))
	ans.Decode(t, &other)
	if end(t, ans, other.ID) == 0 {
		t.Errorf("a new organization: %q", ans.Header.Get(consistency))
	}
	ans = s.Want(http.StatusOK, "PUT", "/v2/user", apptest.Request{Token: owner, Body: `{"name":"Olivia 2"}`, Header: map[string]string{"X-Axiom-Org-Id": s.OrgID}})
	if end(t, ans, s.OrgID) != last() || end(t, ans, other.ID) == 0 {
		t.Errorf("a change of two organizations: %q", ans.Header.Get(consistency))
	}
}

// asking asks a server about what may be done in the wiki.
type asking struct {
	*apptest.Server

	credential string
}

// try repeats a request that is refused because the server has lost touch with its database.
// That happens on a busy machine, and says nothing of what would be decided.
func (a asking) try(method, path string, rq apptest.Request) (ans apptest.Answer, err error) {
	for range 30 {
		ans, err = a.Try(method, path, rq)
		if err != nil || ans.Status != http.StatusServiceUnavailable || !strings.Contains(string(ans.Body), "lost touch") {
			break
		}
	}
	return ans, err
}

// decide returns the answer to a question about a user.
func (a asking) decide(user, consistent string) (apptest.Answer, error) {
	return a.try("POST", "/access/v1/evaluation", apptest.Request{
		Token: a.credential, Header: map[string]string{consistency: consistent},
		Body: `{"subject":{"type":"user","id":"` + user + `"},"action":{"name":"edit"},"resource":{"type":"theme","id":"any"}}`,
	})
}

// A decision that names a write reflects it, on a server that has decided the opposite
// from memory just before. Introspection and forward authentication do too.
func TestDecisionsReflectTheWritesThatTheyName(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t)
	s.Want(http.StatusOK, "POST", "/v2/apps", as(s.PersonalToken, wiki))
	var role struct{ ID string }
	s.Want(http.StatusOK, "POST", "/v2/rbac/roles", as(s.PersonalToken, `{"name":"Editor","appCapabilities":{"wiki":{"theme":["edit"]}}}`)).Decode(t, &role)
	there := asking{s.Beside(), appCredential(t, s, "wiki").Credential}
	var users, tokens []string
	const people = 6
	for i := range people {
		email := fmt.Sprintf("u%d@example.com", i)
		users = append(users, s.CreateUser("U", email, role.ID).ID)
		tokens = append(tokens, s.TokenOf(email))
	}
	var working sync.WaitGroup
	for i, user := range users {
		working.Go(func() {
			for n := range 12 {
				given, want := role.ID, "true"
				if n%2 == 0 {
					given, want = "none", "false"
				}
				ans, err := s.Try("PUT", "/v2/users/"+user+"/role", as(s.PersonalToken, `{"role":"`+given+`"}`))
				if err != nil || ans.Status != http.StatusOK {
					t.Errorf("%d %s %v", ans.Status, ans.Body, err)
					return
				}
				token := ans.Header.Get(consistency)
				for range 3 { // the first may wait, the others must not go back
					if ans, err = there.decide(user, token); err != nil || !strings.HasPrefix(string(ans.Body), `{"decision":`+want) {
						t.Errorf("at %s: %d %s %v, want %s", token, ans.Status, ans.Body, err, want)
					}
				}
				ans, err = there.try("POST", "/oauth2/introspect", apptest.Request{
					Token: there.credential, Body: "token=" + tokens[i], Header: map[string]string{consistency: token, "Content-Type": "application/x-www-form-urlencoded"},
				})
				if err != nil || strings.Contains(string(ans.Body), "theme|edit") != (want == "true") {
					t.Errorf("introspection at %s: %d %s %v, want %s", token, ans.Status, ans.Body, err, want)
				}
				ans, err = there.try("GET", "/forward-auth/?require=theme|edit", apptest.Request{
					Token: tokens[i], Header: map[string]string{consistency: token, "Roster-Application": there.credential},
				})
				if err != nil || (ans.Status == http.StatusOK) != (want == "true") {
					t.Errorf("forward authentication at %s: %d %s %v, want %s", token, ans.Status, ans.Body, err, want)
				}
			}
		})
	}
	working.Wait()
}

func TestConsistencyOfDecisionsRefuses(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t)
	withBilling(t, s)
	s.Want(http.StatusOK, "POST", "/v2/apps", as(s.PersonalToken, wiki))
	a := asking{s, appCredential(t, s, "wiki").Credential}
	ask := func(value string) apptest.Answer {
		t.Helper()
		ans, err := a.decide(s.UserID, value)
		if err != nil {
			t.Fatal(err)
		}
		return ans
	}
	org := s.OrgID
	for _, bad := range []string{
		"x", org, org + ":", ":1", org + ":0", org + ":-1", org + ":1.5", org + ":99999999999999999999", "ACME:1", "a b:1", org + ":1;" + org + ":2",
		"deployment", strings.Repeat("acme-x7q2:1,", 21), "é:1", org + ":1:2",
	} {
		wantError(t, ask(bad), 400, "invalid", "Roster-Consistency")
	}
	for _, good := range []string{
		org + ":1", " " + org + ":1 , " + org + ":2,", "deployment:9000000000000000000", "", "other-abcd:9000000000000000000", // not what the application is asked about
		strings.TrimSuffix(strings.Repeat(org+":1,", 20), ","),
	} {
		if ans := ask(good); string(ans.Body) != `{"decision":true}` {
			t.Errorf("with %q: %d %s", good, ans.Status, ans.Body)
		}
	}
	future := ask(org + ":9000000000000000000")
	wantError(t, future, 503, "unavailable", "does not have")
	if future.Header.Get("Retry-After") == "" {
		t.Error("a future state without Retry-After")
	}

	// Nobody finds out by forward authentication how long a log is, and no other organization
	// by a question.
	var other struct{ ID string }
	s.Want(http.StatusOK, "POST", "/v2/orgs", as(s.PersonalToken, `{"name":"Other"}`)).Decode(t, &other)
	jane := s.CreateUser("Jane", "jane@example.com", "admin")
	for _, token := range []string{s.TokenOf(jane.Email), "xapt-00000000-0000-4000-8000-000000000000"} {
		var answers []string
		for _, value := range []string{"", org + ":1", org + ":9000000000000000000", other.ID + ":1", other.ID + ":9000000000000000000"} {
			ans, err := a.try("GET", "/forward-auth/?require=theme|edit", apptest.Request{Token: token, Header: map[string]string{consistency: value, "Roster-Application": a.credential}})
			if err != nil {
				t.Fatal(err)
			}
			answers = append(answers, fmt.Sprint(ans.Status, string(ans.Body)))
		}
		for _, answer := range answers {
			if answer != answers[0] {
				t.Errorf("forward authentication tells states apart: %q", answers)
			}
		}
	}
	for _, n := range []string{"1", "9000000000000000000"} {
		if ans := ask(other.ID + ":" + n); string(ans.Body) != `{"decision":true}` {
			t.Errorf("another organization at %s: %d %s", n, ans.Status, ans.Body)
		}
	}

	// One of the deployment is asked about all.
	a.credential = billingCredential(t, s)
	for _, value := range []string{"deployment:9000000000000000000", other.ID + ":9000000000000000000", "none-abcd:1"} {
		wantError(t, ask(value), 503, "unavailable", "does not have")
	}
	wantError(t, ask(other.ID+":1, deployment:1"), 400, "invalid", "context.organization") // the header is right
}
