package authzen_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/rosterhq/roster/internal/apptest"
)

// fixture is a server with what section 1 of the certification scenario asks for
// (github.com/openid/authzen, certification/authorization-api-1_0-scenario.md), as far as
// it takes identifiers alone. The users' names are those that a directory gave them.
type fixture struct {
	*apptest.Server
	t          testing.TB
	credential string
	alice, bob string // the users' ids
}

func newFixture(t testing.TB) *fixture {
	t.Helper()
	s := apptest.Start(t)
	f := &fixture{Server: s, t: t}
	f.owner("POST", "/v2/apps", `{"id": "records", "name": "Records", "types": {
		"record": {"actions": ["read", "write", "delete"], "instances": true}}}`, nil)
	var made struct{ Credential string }
	f.owner("POST", "/v2/apps/records/credentials", "", &made)
	f.credential = made.Credential
	f.alice = f.user("alice", "Editor", `{"record-1": ["read", "write"], "record-2": ["read"]}`)
	f.bob = f.user("bob", "Reader", `{"record-1": ["read"]}`)
	return f
}

func (f *fixture) owner(method, path, body string, out any) {
	f.t.Helper()
	answer := f.Do(method, path, apptest.Request{Token: f.PersonalToken, Body: body})
	if answer.Status >= 300 {
		f.t.Fatalf("%s %s: %d %s", method, path, answer.Status, answer.Body)
	}
	if out != nil {
		answer.Decode(f.t, out)
	}
}

// user makes a user whom a directory calls name, with a role of their own.
func (f *fixture) user(name, role, records string) (id string) {
	f.t.Helper()
	var made struct{ ID string }
	f.owner("POST", "/v2/rbac/roles", `{"name": "`+role+`", "appCapabilities": {"records": {"record": `+records+`}}}`, &made)
	roleID, email := made.ID, strings.ReplaceAll(name, "@", ".at.")+"@example.com"
	answer := f.Do("POST", "/scim/v2/Users", apptest.Request{
		Token: f.APIToken, Header: map[string]string{"Content-Type": "application/scim+json"},
		Body: `{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "` + name + `", "emails": [{"value": "` + email + `", "primary": true}]}`,
	})
	if answer.Status != http.StatusCreated {
		f.t.Fatalf("%d %s", answer.Status, answer.Body)
	}
	answer.Decode(f.t, &made)
	f.TokenOf(email)
	f.owner("PUT", "/v2/users/"+made.ID+"/role", `{"role": "`+roleID+`"}`, nil)
	return made.ID
}

func (f *fixture) ask(path, body string) apptest.Answer {
	f.t.Helper()
	return f.Do("POST", path, apptest.Request{Token: f.credential, Body: body})
}

const (
	evaluation  = "/access/v1/evaluation"
	evaluations = "/access/v1/evaluations"
	subjects    = "/access/v1/search/subject"
	resources   = "/access/v1/search/resource"
	actions     = "/access/v1/search/action"

	alice   = `"subject": {"type": "user", "id": "alice"}`
	bob     = `"subject": {"type": "user", "id": "bob"}`
	read    = `"action": {"name": "read"}`
	write   = `"action": {"name": "write"}`
	record1 = `"resource": {"type": "record", "id": "record-1"}`
	record2 = `"resource": {"type": "record", "id": "record-2"}`
)

func join(members ...string) string { return "{" + strings.Join(members, ", ") + "}" }

// decisions of an answer, as in "true false". It checks sections 2.3 and 3.3 of the scenario.
func decisions(t testing.TB, answer apptest.Answer) string {
	t.Helper()
	if answer.Status != http.StatusOK || answer.Header.Get("Content-Type") != "application/json" {
		t.Fatalf("%d, %s: %s", answer.Status, answer.Header.Get("Content-Type"), answer.Body)
	}
	type decision struct {
		Decision *bool           `json:"decision"`
		Context  json.RawMessage `json:"context"`
	}
	var got struct {
		decision

		Evaluations []decision `json:"evaluations"`
	}
	answer.Decode(t, &got)
	list := got.Evaluations
	if list == nil {
		list = []decision{got.decision}
	}
	var text []string
	for _, d := range list {
		if d.Decision == nil || (d.Context != nil && d.Context[0] != '{') {
			t.Fatalf("no decision: %s", answer.Body)
		}
		text = append(text, map[bool]string{true: "true", false: "false"}[*d.Decision])
	}
	return strings.Join(text, " ")
}

// The tests of the levels Basic Core and Batch Core, by their number in the scenario.
func TestBasicAndBatchCore(t *testing.T) {
	f := newFixture(t)
	one := func(resource string) string { return `{` + resource + `}` }
	for _, c := range []struct{ number, path, body, want string }{
		{"1.4 rule 1", evaluation, join(alice, read, record1), "true"},
		{"1.4 rule 2", evaluation, join(alice, write, record1), "true"},
		{"1.4 rule 3", evaluation, join(bob, read, record1), "true"},
		{"1.4 rule 4", evaluation, join(bob, write, record1), "false"},
		{"2.2.1", evaluation, join(alice, read, record1), "true"},
		{"2.2.2", evaluation, join(bob, write, record1), "false"},
		{"2.2.3", evaluation, join(alice, read, record1, `"context": {"time": "2025-06-27T18:03-07:00", "ip": "192.168.1.1"}`), "true"},
		{"2.2.8", evaluation, `{"subject": {"type": "user", "id": "alice", "properties": {"department": "Sales", "role": "manager"}},
			"action": {"name": "read", "properties": {"method": "GET"}},
			"resource": {"type": "record", "id": "record-1", "properties": {"status": "active", "owner": "bob"}}}`, "true"},
		{"2.2.9", evaluation, join(alice, read, record1, `"foo": "bar"`, `"futureField": {"nested": true}`), "true"},

		{"3.2.1", evaluations, join(alice, read, `"evaluations": [`+one(record1)+`,`+one(record2)+`]`), "true true"},
		{"3.2.2", evaluations, join(bob, record1, `"evaluations": [{`+read+`}, {`+write+`}]`), "true false"},
		{"3.2.5", evaluations, `{"evaluations": [` + join(alice, read, record1) + `,` + join(bob, write, record1) + `]}`, "true false"},
		{"3.2.6", evaluations, join(alice, read, `"context": {"time": "2025-06-27T18:03-07:00"}`,
			`"evaluations": [`+one(record1)+`, {`+record2+`, "context": {"time": "2025-06-27T19:00-07:00", "source": "batch-override"}}]`), "true true"},
		{"3.4.1", evaluations, join(alice, read, `"evaluations": [`+one(record1)+`, {}]`), "true false"},
		{"3.4.2", evaluations, join(alice, read, record1), "true"},
		{"3.4.3", evaluations, join(alice, read, record1, `"evaluations": []`), "true"},
	} {
		for range 2 { // section 2.6: the same answer each time
			if got := decisions(t, f.ask(c.path, c.body)); got != c.want {
				t.Errorf("%s: %s, want %s", c.number, got, c.want)
			}
		}
	}
}

// Sections 2.4 and 4.7: every mistake is 400.
func TestMistakesAreAnsweredWith400(t *testing.T) {
	f := newFixture(t)
	user, noType := `"subject": {"type": "user"}`, `"resource": {"type": "record"}`
	for _, c := range []struct{ number, path, body string }{
		{"2.4.1 subject", evaluation, join(read, record1)},
		{"2.4.1 action", evaluation, join(alice, record1)},
		{"2.4.1 resource", evaluation, join(alice, read)},
		{"2.4.2 subject.type", evaluation, join(`"subject": {"id": "alice"}`, read, record1)},
		{"2.4.2 subject.id", evaluation, join(user, read, record1)},
		{"2.4.2 action.name", evaluation, join(alice, `"action": {}`, record1)},
		{"2.4.2 resource.type", evaluation, join(alice, read, `"resource": {"id": "record-1"}`)},
		{"2.4.2 resource.id", evaluation, join(alice, read, noType)},
		{"2.4.4", evaluation, `{"subject":`},
		{"2.4.5", evaluation, ``},
		{"2.4.6 subject", evaluation, join(`"subject": "alice"`, read, record1)},
		{"2.4.6 action.name", evaluation, join(alice, `"action": {"name": 123}`, record1)},
		{"4.7.1 subject search", subjects, join(user, record1)},
		{"4.7.1 resource search", resources, join(read, noType)},
		{"4.7.1 action search", actions, join(alice)},
		{"4.7.2 subject search", subjects, join(user, read, noType)},
		{"4.7.2 resource search", resources, join(user, read, noType)},
	} {
		if answer := f.ask(c.path, c.body); answer.Status != http.StatusBadRequest {
			t.Errorf("%s: %d %s", c.number, answer.Status, answer.Body)
		}
	}
	answer := f.Do("POST", evaluation, apptest.Request{
		Token: f.credential, Header: map[string]string{"Content-Type": "text/plain"}, Body: join(alice, read, record1),
	})
	if answer.Status != http.StatusBadRequest {
		t.Errorf("2.4.3: %d %s", answer.Status, answer.Body)
	}
}

// Section 2.5: X-Request-ID is sent back, with errors too.
func TestRequestID(t *testing.T) {
	f := newFixture(t)
	for _, body := range []string{join(alice, read, record1), `{}`} {
		answer := f.Do("POST", evaluation, apptest.Request{Token: f.credential, Header: map[string]string{"X-Request-ID": "bfe9eb29-ab87"}, Body: body})
		if got := answer.Header.Get("X-Request-ID"); got != "bfe9eb29-ab87" {
			t.Errorf("%s: %q", body, got)
		}
	}
	if got := f.ask(evaluation, join(alice, read, record1)).Header.Values("X-Request-ID"); got != nil {
		t.Errorf("an id that was not sent: %q", got)
	}
}

// found are the results of a search, as in "user:alice" or "read". It checks section 4.5.
func found(t testing.TB, answer apptest.Answer) (results []string, next string) {
	t.Helper()
	var got struct {
		Results []struct{ Type, ID, Name string }
		Page    *struct {
			NextToken *string `json:"next_token"`
		}
	}
	if answer.Status != http.StatusOK {
		t.Fatalf("%d %s", answer.Status, answer.Body)
	}
	answer.Decode(t, &got)
	if got.Results == nil || got.Page == nil || got.Page.NextToken == nil {
		t.Fatalf("no results or no page: %s", answer.Body)
	}
	results = []string{}
	for _, r := range got.Results {
		if r.Name != "" {
			results = append(results, r.Name)
		} else {
			results = append(results, r.Type+":"+r.ID)
		}
	}
	return results, *got.Page.NextToken
}

// The tests of the level Search Core. Results have the ids of users; the owner may do
// everything in every application.
func TestSearchCore(t *testing.T) {
	f := newFixture(t)
	user, records := `"subject": {"type": "user"}`, `"resource": {"type": "record"}`
	everybody := []string{"user:" + f.alice, "user:" + f.bob, "user:" + f.UserID}
	slices.Sort(everybody)
	for _, c := range []struct {
		number, path, body string
		want               []string
	}{
		{"4.2.1", subjects, join(user, read, record1), everybody},
		{"4.2.2", subjects, join(user, read, record1, `"context": {"time": "2025-06-27T18:03-07:00"}`), everybody},
		{"4.3.1", resources, join(alice, read, records), []string{"record:record-1", "record:record-2"}},
		{"4.4.1", actions, join(alice, record1), []string{"read", "write"}},
		{"4.4.2", actions, join(alice, record1, `"context": {"time": "2025-06-27T18:03-07:00"}`), []string{"read", "write"}},
		{"4.6.1", actions, join(`"subject": {"type": "user", "id": "nonexistent-user"}`, record1), []string{}},
		{"4.6.1 subject", subjects, join(user, read, `"resource": {"type": "record", "id": "nonexistent"}`), []string{"user:" + f.UserID}},
		{"4.6.2", subjects, join(`"subject": {"type": "spaceship"}`, read, record1), []string{}},
		{"4.6.2 resource", resources, join(alice, read, `"resource": {"type": "spaceship"}`), []string{}},
		{"4.6.2 action", actions, join(alice, `"resource": {"type": "spaceship", "id": "1"}`), []string{}},
	} {
		got, next := found(t, f.ask(c.path, c.body))
		if !slices.Equal(got, c.want) || next != "" {
			t.Errorf("%s: %q and %q, want %q", c.number, got, next, c.want)
		}
	}
}

// Section 4.5: pages of one.
func TestPagination(t *testing.T) {
	f := newFixture(t)
	user := `"subject": {"type": "user"}`
	all, _ := found(t, f.ask(subjects, join(user, read, record1)))
	var paged []string
	token := ""
	for range len(all) + 1 {
		page, next := found(t, f.ask(subjects, join(user, read, record1, `"page": {"limit": 1, "token": "`+token+`"}`)))
		if paged = append(paged, page...); next == "" {
			break
		}
		token = next
	}
	if !slices.Equal(paged, all) {
		t.Errorf("pages of one: %q, want %q", paged, all)
	}
}

// Section 6, the level Discovery. The metadata needs no credential.
func TestDiscovery(t *testing.T) {
	f := newFixture(t)
	answer := f.Want(http.StatusOK, "GET", "/.well-known/authzen-configuration", apptest.Request{})
	if got := answer.Header.Get("Content-Type"); got != "application/json" {
		t.Errorf("Content-Type: %s", got)
	}
	var got map[string]string
	answer.Decode(t, &got)
	for member, path := range map[string]string{
		"policy_decision_point": "", "access_evaluation_endpoint": evaluation, "access_evaluations_endpoint": evaluations,
		"search_subject_endpoint": subjects, "search_resource_endpoint": resources, "search_action_endpoint": actions,
	} {
		if got[member] != f.URL+path {
			t.Errorf("%s is %q", member, got[member])
		}
	}
	if answer := f.Do("POST", "/.well-known/authzen-configuration", apptest.Request{}); answer.Status != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d", answer.Status)
	}
}
