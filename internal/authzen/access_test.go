package authzen_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/applications"
	"github.com/rosterhq/roster/internal/apptest"
	"github.com/rosterhq/roster/internal/authz"
)

// A subject is a user by id, address or user name, or a token by id or value.
func TestSubjects(t *testing.T) {
	f := newFixture(t)
	var token struct{ ID, Token string }
	f.owner("POST", "/v2/tokens", `{"name": "Importer", "appCapabilities": {"records": {"record": {"record-*": ["read"]}}}}`, &token)
	for _, c := range []struct{ typ, id, want string }{
		{"user", f.alice, "true"},
		{"user", "alice@example.com", "true"},
		{"user", "ALICE@Example.com", "true"},
		{"user", "Alice", "true"}, // user names have no letter case (RFC 7643 section 4.1.1)
		{"user", "alic", "false"},
		{"user", f.OrgID, "false"},
		{"user", token.ID, "false"},
		{"token", token.ID, "true"},
		{"token", token.Token, "true"},
		{"token", f.TokenOf("alice@example.com"), "true"},
		{"token", f.TokenOf("bob@example.com"), "true"},
		{"token", f.alice, "false"},
		{"token", f.credential, "false"},
		{"token", "xaat-00000000-0000-4000-8000-000000000000", "false"},
		{"spaceship", "alice", "false"},
	} {
		got := decisions(t, f.ask(evaluation, join(`"subject": {"type": "`+c.typ+`", "id": "`+c.id+`"}`, read, record1)))
		if got != c.want {
			t.Errorf("%s %s: %s, want %s", c.typ, c.id, got, c.want)
		}
	}
	if got := decisions(t, f.ask(evaluation, join(`"subject": {"type": "token", "id": "`+f.TokenOf("bob@example.com")+`"}`, write, record1))); got != "false" {
		t.Error("a token may do what its user may not")
	}
}

// A directory can't give one person the address or the id of another as a name.
func TestUserNameIsNoAddressOrID(t *testing.T) {
	f := newFixture(t)
	for _, name := range []string{"alice@example.net", "usr_00000000000000000000000000"} {
		f.user(name, "Role of "+name, `{"record-1": ["read"]}`)
		if got := decisions(t, f.ask(evaluation, join(`"subject": {"type": "user", "id": "`+name+`"}`, read, record1))); got != "false" {
			t.Errorf("the user name %s counts as an address or id", name)
		}
	}
}

// A change takes effect with the next question.
func TestRevocationTakesEffectAtOnce(t *testing.T) {
	f := newFixture(t)
	question := join(`"subject": {"type": "user", "id": "`+f.alice+`"}`, read, record1)
	decide := func(why, want string) {
		t.Helper()
		if got := decisions(t, f.ask(evaluation, question)); got != want {
			t.Errorf("%s: %s, want %s", why, got, want)
		}
	}
	decide("at first", "true")
	f.owner("PUT", "/v2/users/"+f.alice+"/status", `{"status": "suspended"}`, nil)
	decide("suspended", "false")
	f.owner("PUT", "/v2/users/"+f.alice+"/status", `{"status": "active"}`, nil)
	decide("reactivated", "true")
	f.owner("PUT", "/v2/users/"+f.alice+"/role", `{"role": "user"}`, nil)
	decide("with another role", "false")
	f.owner("PUT", "/v2/users/"+f.alice+"/role", `{"role": "admin"}`, nil)
	decide("as an admin, who may do everything", "true")
	f.owner("DELETE", "/v2/users/"+f.alice, "", nil)
	decide("removed", "false")
}

// A no has its reason, and a yes the paths that lead to it, if it is asked for them.
func TestContextOfDecisions(t *testing.T) {
	f := newFixture(t)
	body := string(f.ask(evaluation, join(bob, write, record1)).Body)
	if !strings.Contains(body, string(applications.NotHeld)) {
		t.Errorf("%s has no reason", body)
	}
	if body := string(f.ask(evaluation, join(alice, read, record1)).Body); body != `{"decision":true}` {
		t.Errorf("%s", body)
	}
	body = string(f.ask(evaluation, join(alice, read, record1, `"context": {"explain": true}`)).Body)
	if !strings.Contains(body, `"paths":[{"kind":"role","role":{"id":"role_`) || !strings.Contains(body, `"name":"Editor"`) {
		t.Errorf("%s does not name the role", body)
	}
}

// An application of the deployment names the organization; one of an organization sees no other.
func TestOrganizations(t *testing.T) {
	f := newFixture(t)
	apps := applications.New(f.Service)
	if _, err := apps.Apply(t.Context(), []applications.NewApplication{{
		ID: "billing", Name: "Billing", Types: authz.AppTypes{"invoice": {Actions: []string{"read"}}},
	}}, applications.How{}); err != nil {
		t.Fatal(err)
	}
	made, err := apps.IssueCredential(t.Context(), "", "billing")
	if err != nil {
		t.Fatal(err)
	}
	billing := func(members ...string) apptest.Answer {
		t.Helper()
		return f.Do("POST", evaluation, apptest.Request{Token: made.Secret, Body: join(append(members, read, `"resource": {"type": "invoice", "id": "any"}`)...)})
	}
	owner := `"subject": {"type": "user", "id": "` + f.UserID + `"}`
	if answer := billing(owner); answer.Status != http.StatusBadRequest || !strings.Contains(string(answer.Body), "context.organization") {
		t.Errorf("without an organization: %d %s", answer.Status, answer.Body)
	}
	org := `"organization": "` + f.OrgID + `"`
	for why, answer := range map[string]apptest.Answer{
		"in the context":    billing(owner, `"context": {`+org+`}`),
		"in the properties": billing(`"subject": {"type": "user", "id": "` + f.UserID + `", "properties": {` + org + `}}`),
	} {
		if got := decisions(t, answer); got != "true" {
			t.Errorf("%s: %s", why, got)
		}
	}
	for why, answer := range map[string]apptest.Answer{
		"without the capability": billing(alice, `"context": {`+org+`}`),
		"in another":             billing(owner, `"context": {"organization": "other-aaaa"}`),
	} {
		if got := decisions(t, answer); got != "false" {
			t.Errorf("%s: %s", why, got)
		}
	}
	// The application of the organization is asked about another one.
	elsewhere := `"context": {"organization": "other-aaaa"}`
	if got := decisions(t, f.ask(evaluation, join(alice, read, record1, elsewhere))); got != "false" {
		t.Errorf("an organization's own application, elsewhere: %s", got)
	}
	if got, _ := found(t, f.ask(subjects, join(`"subject": {"type": "user"}`, read, record1, elsewhere))); len(got) > 0 {
		t.Errorf("an organization's own application finds elsewhere: %q", got)
	}
}

// Only applications ask, and they may do nothing else.
func TestOnlyApplicationsAsk(t *testing.T) {
	f := newFixture(t)
	for _, token := range []string{f.APIToken, f.PersonalToken} {
		for _, path := range []string{evaluation, evaluations, subjects, resources, actions} {
			if answer := f.Do("POST", path, apptest.Request{Token: token, Body: join(alice, read, record1)}); answer.Status != http.StatusForbidden {
				t.Errorf("%s: %d", path, answer.Status)
			}
		}
	}
	if answer := f.Do("POST", evaluation, apptest.Request{Body: join(alice, read, record1)}); answer.Status != http.StatusUnauthorized || answer.Header.Get("WWW-Authenticate") == "" {
		t.Errorf("without a token: %d", answer.Status)
	}
	for _, path := range []string{"/v2/users", "/v2/apps", "/scim/v2/Users", "/v2/audit"} {
		if answer := f.Do("GET", path, apptest.Request{Token: f.credential}); answer.Status != http.StatusForbidden {
			t.Errorf("GET %s: %d", path, answer.Status)
		}
	}
}

// A search finds everybody who holds a capability, by a role of their own or of a group,
// in pages of any size, and nobody twice.
func TestSearchFindsHoldersByGroupsToo(t *testing.T) {
	f := newFixture(t)
	var role struct{ ID string }
	f.owner("POST", "/v2/rbac/roles", `{"name": "Readers", "appCapabilities": {"records": {"record": {"record-*": ["read"]}}}}`, &role)
	var members []string
	for _, name := range []string{"carol", "dave", "erin", "frank"} {
		members = append(members, f.user(name, "Nothing for "+name, `{"other": ["read"]}`))
	}
	quoted := `"` + strings.Join(append(slices.Clone(members), f.alice), `", "`) + `"`
	f.owner("POST", "/v2/rbac/groups", `{"name": "Readers", "roles": ["`+role.ID+`"], "members": [`+quoted+`]}`, nil)
	f.owner("POST", "/v2/rbac/groups", `{"name": "More readers", "roles": ["`+role.ID+`"], "members": [`+quoted+`]}`, nil)
	f.owner("PUT", "/v2/users/"+members[3]+"/status", `{"status": "suspended"}`, nil)
	var want []string
	for _, id := range append(members[:3], f.alice, f.bob, f.UserID) {
		want = append(want, "user:"+id)
	}
	slices.Sort(want)
	for _, limit := range []string{"1", "2", "3", "100"} {
		var all []string
		for token := ""; ; {
			page, next := found(t, f.ask(subjects, join(`"subject": {"type": "user"}`, read, record1, `"page": {"limit": `+limit+`, "token": "`+token+`"}`)))
			if all = append(all, page...); next == "" {
				break
			}
			token = next
		}
		if !slices.Equal(all, want) {
			t.Errorf("in pages of %s: %q, want %q", limit, all, want)
		}
	}
}

// Patterns are not among the results of a search for resources: they stand beside them.
func TestSearchForResourcesTellsPatterns(t *testing.T) {
	f := newFixture(t)
	f.user("carol", "Archivist", `{"2026-*": ["read"], "index": ["read"]}`)
	answer := f.ask(resources, join(`"subject": {"type": "user", "id": "carol"}`, read, `"resource": {"type": "record"}`))
	if got, _ := found(t, answer); !slices.Equal(got, []string{"record:index"}) || !strings.Contains(string(answer.Body), `"patterns":["2026-*"]`) {
		t.Errorf("%s", answer.Body)
	}
}

// An answer names the subject by id if the question asks for that, also where the answer is
// no. A token's value is a user's or an API token's, and is named too.
func TestQuestionsAskWhomATokenActsFor(t *testing.T) {
	f := newFixture(t)
	token := f.TokenOf("alice@example.com")
	identified := func(subject, resource string) string {
		t.Helper()
		var got struct {
			Context struct {
				Subject *struct{ Type, ID, Token string }
			}
		}
		f.ask(evaluation, join(subject, write, resource, `"context": {"identify": true}`)).Decode(t, &got)
		who := got.Context.Subject
		if who == nil {
			return "nobody"
		}
		if strings.HasPrefix(who.Token, "pat_") || strings.HasPrefix(who.Token, "tok_") {
			who.Token = who.Token[:4]
		}
		return strings.TrimSpace(who.Type + " " + who.ID + " " + who.Token)
	}
	value := func(token string) string { return `"subject": {"type": "token", "id": "` + token + `"}` }
	api := identified(value(f.APIToken), record1)
	if !strings.HasPrefix(api, "token tok_") || !strings.HasSuffix(api, " tok_") {
		t.Errorf("an API token's value is of %s", api)
	}
	apiID := strings.Fields(api)[1]
	for _, c := range []struct{ subject, resource, want string }{
		{alice, record1, "user " + f.alice},
		{alice, record2, "user " + f.alice},
		{bob, record1, "user " + f.bob},
		{`"subject": {"type": "user", "id": "` + f.bob + `"}`, record1, "user " + f.bob},
		{`"subject": {"type": "user", "id": "alice@example.com"}`, record1, "user " + f.alice},
		{value(token), record1, "user " + f.alice + " pat_"},
		{value(token), record2, "user " + f.alice + " pat_"},
		{value(token), `"resource": {"type": "undefined", "id": "1"}`, "user " + f.alice + " pat_"},
		{value(apiID), record1, "token " + apiID},
		{value("xapt-00000000-0000-4000-8000-000000000000"), record1, "nobody"},
		{`"subject": {"type": "user", "id": "carol"}`, record1, "nobody"},
		{`"subject": {"type": "group", "id": "alice"}`, record1, "nobody"},
	} {
		if got := identified(c.subject, c.resource); got != c.want {
			t.Errorf("%s, %s: %s, want %s", c.subject, c.resource, got, c.want)
		}
	}
	if body := string(f.ask(evaluation, join(alice, read, record1)).Body); body != `{"decision":true}` {
		t.Errorf("without the question: %s", body)
	}
}

// A decision that an application keeps says when time alone changes it. Others say nothing
// of it.
func TestDecisionsToKeepSayWhenTheyEnd(t *testing.T) {
	f := newFixture(t)
	const keep = `"context": {"cache": true}`
	ends := func(why string, members ...string) (at time.Time) {
		t.Helper()
		ans := f.ask(evaluation, join(members...))
		var got struct {
			Decision bool
			Context  struct {
				ExpiresAt time.Time `json:"expires_at"`
			}
		}
		ans.Decode(t, &got)
		if ans.Status != http.StatusOK {
			t.Fatalf("%s: %d %s", why, ans.Status, ans.Body)
		}
		return got.Context.ExpiresAt
	}
	wants := func(why string, want time.Time, members ...string) {
		t.Helper()
		if got := ends(why, append(members, read, record1, keep)...); !got.Equal(want) {
			t.Errorf("%s: it ends at %v, want %v", why, got, want)
		}
	}
	never := time.Time{}
	wants("a user", never, alice)
	wants("a no", never, `"subject": {"type": "user", "id": "nobody"}`)

	var role struct{ ID string }
	f.owner("POST", "/v2/rbac/roles", `{"name": "For a time", "appCapabilities": {"records": {"record": {"record-*": ["read"]}}}}`, &role)
	user := f.CreateUser("Ted", "ted@example.com", "none")
	until := time.Now().Add(48 * time.Hour).UTC().Truncate(time.Microsecond)
	text := until.Format(time.RFC3339Nano)
	f.owner("PUT", "/v2/users/"+user.ID+"/temporary-role", `{"role": "`+role.ID+`", "until": "`+text+`"}`, nil)
	ted := `"subject": {"type": "user", "id": "` + user.ID + `"}`
	wants("a temporary role", until, ted)
	wants("the personal token of somebody who has it", until, `"subject": {"type": "token", "id": "`+f.TokenOf("ted@example.com")+`"}`)
	if at := ends("who does not keep it", ted, read, record1); !at.IsZero() {
		t.Errorf("nobody asked when it ends, and it says %v", at)
	}

	var token struct{ ID, Token string }
	f.owner("POST", "/v2/tokens", `{"name": "t", "appCapabilities": {"records": {"record": {"*": ["read"]}}}, "expiresAt": "`+text+`"}`, &token)
	for _, id := range []string{token.ID, token.Token} {
		wants("an API token", until, `"subject": {"type": "token", "id": "`+id+`"}`)
	}
	sooner := until.Add(-time.Hour)
	var personal struct{ Token string }
	f.owner("POST", "/v2/user/tokens", `{"name": "t", "expiresAt": "`+sooner.Format(time.RFC3339Nano)+`"}`, &personal)
	wants("a personal token", sooner, `"subject": {"type": "token", "id": "`+personal.Token+`"}`)
	f.owner("PUT", "/v2/orgs/"+f.OrgID+"/settings", `{"maxTokenLifetimeSeconds": 3600}`, nil)
	if at := ends("a token that becomes too old", `"subject": {"type": "token", "id": "`+personal.Token+`"}`, read, record1, keep); at.IsZero() || !at.Before(sooner.Add(-time.Hour)) {
		t.Errorf("a token that will be too old in an hour ends at %v", at)
	}

	// Each question of a list asks for it by itself, and a default holds for all.
	ans := f.ask(evaluations, `{"context": {"cache": true}, "evaluations": [`+join(alice, read, record1)+`,`+join(ted, read, record1)+`,`+join(ted, read, record1, `"context": {}`)+`]}`)
	if n := strings.Count(string(ans.Body), `"expires_at":`); n != 1 {
		t.Errorf("%d of the decisions end: %s", n, ans.Body)
	}
}
