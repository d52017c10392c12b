package httpapi_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/rosterhq/roster/internal/apptest"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/history"
)

// Unrecognized queries are rejected before any change: a misspelt dryRun makes none, and
// a misspelt at never returns the present.
func TestUnrecognizedQueriesAreRejected(t *testing.T) {
	t.Parallel()
	s := apptest.StartWith(t, apptest.Options{RateLimit: 100_000, AllowProvision: true})
	jane := s.CreateUser("Jane", "jane@example.com", "user")
	before := s.Want(http.StatusOK, "GET", "/v2/users", as(s.APIToken, ""))
	for _, query := range []string{
		"dryrun=true", "dry_run=true", "dryRun=true;x", "dryRun=%zz", "dryRun=", "dryRun", "dryRun=yes",
		"dryRun=false&dryRun=true", "dryRun=true%00", "dryRun=%ff", "limit=1",
	} {
		wantError(t, s.Do("DELETE", "/v2/users/"+jane.ID+"?"+query, as(s.APIToken, "")), 400, "invalid", "")
		wantError(t, s.Do("POST", "/v2/users?"+query, as(s.APIToken, `{"name":"A","email":"a@example.com","role":"user"}`)), 400, "invalid", "")
	}
	if after := s.Want(http.StatusOK, "GET", "/v2/users", as(s.APIToken, "")); string(after.Body) != string(before.Body) {
		t.Errorf("refused, and yet done: %s, then %s", before.Body, after.Body)
	}
	for _, path := range []string{"/v2/orgs/provision", "/v2/orgs/claim"} { // there is nobody to show what would be
		wantError(t, s.Do("POST", path+"?dryRun=true", as("", `{}`)), 400, "invalid", "dryRun")
	}
	for _, op := range apptest.Operations(t) {
		path := op.At("nothing")
		wantError(t, s.Do(op.Method, path+"?nothing=1", inOrg(s.PersonalToken, s.OrgID, "")), 400, "invalid", "unknown query parameter")
	}
	for _, path := range []string{
		"/v2/users?limt=5", "/v2/users?limit=", "/v2/users?cursor=", "/v2/audit?cursor=", "/v2/audit/checkpoint?size=", "/v2/events?lastEventId=", "/v2/users?limit=5&limit=6", "/v2/users?At=2020-01-01T00:00:00Z", "/v2/users?email=", "/v2/users?email=%00", "/v2/users?role=%ff",
		"/v2/users/" + jane.ID + "?at=2020-01-01T00:00:00Z",
		"/v2/users/" + jane.ID + "/access?AT=2020-01-01T00:00:00Z", "/v2/users/" + jane.ID + "/access?at=2020-01-01T00:00:00Z;x",
		"/v2/users/" + jane.ID + "/access?at=2020-01-01T00:00:00Z%zz", "/v2/users/" + jane.ID + "/access?capability=",
		"/v2/users/" + jane.ID + "/access?capability=dataset:%ff:query%7Cread", "/v2/user/access?capability=view:%00:query%7Cread",
	} {
		wantError(t, s.Do("GET", path, as(s.APIToken, "")), 400, "invalid", "")
	}
}

// A member that the description requires can't be left out, nor a body be anything
// but an object.
func TestRequiredMembers(t *testing.T) {
	t.Parallel()
	s := apptest.StartWith(t, apptest.Options{RateLimit: 100_000})
	members := 0
	for _, op := range apptest.Operations(t) {
		if op.Body == nil || strings.Contains(op.Path, "{") || op.Permission == "public" {
			continue
		}
		for _, name := range op.Body.Required {
			members++
			less := maps.Clone(op.Body.Example)
			delete(less, name)
			b, err := json.Marshal(less)
			if err != nil {
				t.Fatal(err)
			}
			wantError(t, s.Do(op.Method, op.Path, inOrg(s.PersonalToken, s.OrgID, string(b))), 400, "invalid", "")
		}
		for _, bad := range []string{"null", "[]", "1", `"x"`, " true"} {
			wantError(t, s.Do(op.Method, op.Path, inOrg(s.PersonalToken, s.OrgID, bad)), 400, "invalid", "must be a JSON object")
		}
	}
	if members < 12 {
		t.Errorf("only %d members are required", members)
	}
}

// No header or body makes the log unreadable or unprovable in any of its formats.
func TestNoInputBreaksTheLog(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t)
	weak := s.APITokenWith(`"orgCapabilities":{"users":["read"]}`)
	hostile := func(token, agent, body string) apptest.Request {
		return apptest.Request{Token: token, Header: map[string]string{"User-Agent": agent}, Body: body}
	}
	for i, agent := range []string{"\xff", "a\xc3", "\u0085x\u2028", "x" + strings.Repeat("ü", 10_000), strings.Repeat("a\xff", 600)} {
		email := string(rune('a'+i)) + "@example.com"
		s.Want(http.StatusOK, "POST", "/v2/users", hostile(s.APIToken, agent, `{"name":"Jane","email":"`+email+`","role":"user"}`))
		s.Want(http.StatusForbidden, "DELETE", "/v2/users/%ff%00%0a"+strings.Repeat("%c3%bc", 100), hostile(weak, agent, ""))
	}
	if refused := entriesOf(t, s, s.APIToken, "outcome=refused"); len(refused) != 5 {
		t.Errorf("%d of 5 refusals are in the log", len(refused))
	}
	for _, format := range []string{"json", "ndjson", "csv"} {
		s.Want(http.StatusOK, "GET", "/v2/audit?format="+format, as(s.APIToken, ""))
	}
	if err := history.Check(t.Context(), s.Store, directory.OrgID(s.OrgID)); err != nil {
		t.Error(err)
	}
	for _, e := range entriesOf(t, s, s.APIToken, "") {
		if len(e.UserAgent) > 512 || len(e.Target.ID) > 100 || strings.ContainsFunc(e.UserAgent, func(r rune) bool { return r < ' ' || r == '\u0085' || r == '\u2028' }) {
			t.Errorf("entry %d: %q", e.Sequence, e.UserAgent)
		}
	}
	wantError(t, s.Do("POST", "/v2/rbac/groups", as(s.APIToken, `{"name":"g","roles":[],"members":["usr_\u0000"]}`)), 400, "invalid", "U+0000")
}

// An erasure names somebody; what names nobody would be everybody who has no id.
func TestErasuresNameAUser(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t)
	s.CreateUser("Jane", "jane@example.com", "user")
	whole := func() string {
		return string(s.Want(http.StatusOK, "GET", "/v2/audit?format=ndjson&outcome=done", as(s.APIToken, "")).Body)
	}
	before := whole()
	for _, body := range []string{
		`{}`, `null`, `{"userId":null}`, `{"userId":""}`, `{"userId":"operator"}`, `{"userId":"` + s.OrgID + `"}`, `{"userId":"usr_"}`,
		`{"userId":"\u0000"}`, `{"userId":"usr_06h0tznb294kc6smm97b5r4g8g "}`, `{"userId":"tok_06h0tznb294kc6smm97b5r4g8g"}`,
	} {
		wantError(t, s.Do("POST", "/v2/audit/erasures", as(s.PersonalToken, body)), 400, "invalid", "")
	}
	wantError(t, s.Do("POST", "/v2/audit/erasures", as(s.PersonalToken, `{"userId":"usr_06h0tznb294kc6smm97b5r4g8g"}`)), 404, "not_found", "")
	if after := whole(); after != before {
		t.Errorf("the log was\n%s\nand is\n%s", before, after)
	}
}

// A condition holds for every method that finds what it is about.
func TestConditionsOfPosts(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t)
	var made struct{ ID string }
	s.Want(http.StatusOK, "POST", "/v2/tokens", as(s.PersonalToken, `{"name":"ci","orgCapabilities":{"users":["read"]}}`)).Decode(t, &made)
	path := "/v2/tokens/" + made.ID
	tag := s.Want(http.StatusOK, "GET", path, as(s.APIToken, "")).Header.Get("Etag")
	with := func(tag string) apptest.Request {
		return apptest.Request{Token: s.PersonalToken, Header: map[string]string{"If-Match": tag}, Body: `{"existingTokenExpiresAt":"2030-01-01T00:00:00Z","newTokenExpiresAt":null}`}
	}
	wantError(t, s.Do("POST", path+"/regenerate", with(`"x"`)), 412, "precondition_failed", "If-Match")
	s.Want(http.StatusOK, "POST", path+"/regenerate", with(tag))

	s.Want(http.StatusOK, "POST", "/v2/webhooks", as(s.PersonalToken, `{"name":"siem","url":"https://example.com"}`)).Decode(t, &made)
	path = "/v2/webhooks/" + made.ID
	tag = s.Want(http.StatusOK, "GET", path, as(s.PersonalToken, "")).Header.Get("Etag")
	for action, body := range map[string]string{
		"/rotate-secret": `{"previousSecretExpiresAt":null}`, "/test": "", "/replay": `{"fromSequence":1}`, "/deliveries/msg_1/replay": "",
	} {
		bad := apptest.Request{Token: s.PersonalToken, Header: map[string]string{"If-Match": `"x"`}, Body: body}
		wantError(t, s.Do("POST", path+action, bad), 412, "precondition_failed", "If-Match")
	}
	s.Want(http.StatusNoContent, "POST", path+"/test", apptest.Request{Token: s.PersonalToken, Header: map[string]string{"If-Match": tag}})
}

func TestAuditVaries(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t)
	vary := s.Want(http.StatusOK, "GET", "/v2/audit", as(s.APIToken, "")).Header.Values("Vary")
	if !slices.Contains(vary, "Accept") || !slices.Contains(vary, "Accept-Encoding") {
		t.Errorf("Vary: %v", vary)
	}
}
