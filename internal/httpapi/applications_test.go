package httpapi_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/rosterhq/roster/internal/applications"
	"github.com/rosterhq/roster/internal/apptest"
	"github.com/rosterhq/roster/internal/authz"
)

const wiki = `{"id":"wiki","name":"Wiki","types":{"page":{"actions":["read","write"],"instances":true},"theme":{"actions":["edit"]}}}`

// withBilling applies an application of the deployment.
func withBilling(t *testing.T, s *apptest.Server) {
	t.Helper()
	_, err := applications.New(s.Service).Apply(t.Context(), []applications.NewApplication{{
		ID: "billing", Name: "Billing", Types: authz.AppTypes{"invoice": {Actions: []string{"read", "approve"}}},
	}}, applications.How{})
	if err != nil {
		t.Fatal(err)
	}
}

func TestApplications(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t)
	withBilling(t, s)
	owner := s.PersonalToken

	made := s.Want(http.StatusOK, "POST", "/v2/apps", as(owner, wiki))
	for what, body := range map[string]string{
		"a taken id":                    wiki,
		"the id of the deployment's":    `{"id":"billing","name":"x"}`,
		"a long id":                     `{"id":"` + strings.Repeat("a", 65) + `","name":"x"}`,
		"no slug":                       `{"id":"Wiki 2","name":"x"}`,
		"no id":                         `{"name":"x"}`,
		"no name":                       `{"id":"x","name":""}`,
		"a type without actions":        `{"id":"x","name":"x","types":{"page":{"actions":[]}}}`,
		"an action twice":               `{"id":"x","name":"x","types":{"page":{"actions":["read","read"]}}}`,
		"the name of a type with a bar": `{"id":"x","name":"x","types":{"pa|ge":{"actions":["read"]}}}`,
		"an action with a colon":        `{"id":"x","name":"x","types":{"page":{"actions":["re:ad"]}}}`,
	} {
		status := http.StatusBadRequest
		if what == "a taken id" || what == "the id of the deployment's" {
			status = http.StatusConflict
		}
		if ans := s.Do("POST", "/v2/apps", as(owner, body)); ans.Status != status {
			t.Errorf("%s: %d %s, want %d", what, ans.Status, ans.Body, status)
		}
	}
	if got := s.Want(http.StatusOK, "GET", "/v2/apps/wiki", as(owner, "")); string(got.Body) != string(made.Body) {
		t.Errorf("%s\n%s", got.Body, made.Body)
	}
	etag := s.Want(http.StatusOK, "GET", "/v2/apps", as(owner, "")).Header.Get("ETag")
	s.Want(http.StatusNotModified, "GET", "/v2/apps", apptest.Request{Token: owner, Header: map[string]string{"If-None-Match": etag}})
	one := s.Want(http.StatusOK, "GET", "/v2/apps/wiki", as(owner, "")).Header.Get("ETag")
	s.Want(http.StatusNotModified, "GET", "/v2/apps/wiki", apptest.Request{Token: owner, Header: map[string]string{"If-None-Match": one}})
	s.Want(http.StatusPreconditionFailed, "PUT", "/v2/apps/wiki", apptest.Request{Token: owner, Body: wiki, Header: map[string]string{"If-Match": `"other"`}})
	s.Want(http.StatusPreconditionFailed, "DELETE", "/v2/apps/wiki", apptest.Request{Token: owner, Header: map[string]string{"If-Match": `"other"`}})
	s.Want(http.StatusOK, "PUT", "/v2/apps/wiki", as(owner, string(made.Body))) // what was read can be sent back
	s.Want(http.StatusNotFound, "GET", "/v2/apps/none", as(owner, ""))
	s.Want(http.StatusNotFound, "PUT", "/v2/apps/none", as(owner, `{"name":"x"}`))
	s.Want(http.StatusNotFound, "DELETE", "/v2/apps/none", as(owner, ""))
	s.Want(http.StatusBadRequest, "PUT", "/v2/apps/wiki", as(owner, `{"id":"other","name":"x"}`))
	s.Want(http.StatusBadRequest, "DELETE", "/v2/apps/wiki?force=maybe", as(owner, ""))

	// An organization uses the deployment's applications and can't change them.
	list := string(s.Want(http.StatusOK, "GET", "/v2/apps", as(owner, "")).Body)
	if !strings.Contains(list, `"id":"billing"`) || !strings.Contains(list, `"scope":"deployment"`) || !strings.Contains(list, `"id":"wiki"`) {
		t.Errorf("the list is %s", list)
	}
	s.Want(http.StatusForbidden, "PUT", "/v2/apps/billing?force=true", as(owner, `{"name":"x"}`))
	s.Want(http.StatusForbidden, "DELETE", "/v2/apps/billing?force=true", as(owner, ""))
	s.Want(http.StatusForbidden, "GET", "/v2/apps/billing/credentials", as(owner, ""))
	s.Want(http.StatusForbidden, "POST", "/v2/apps/billing/credentials", as(owner, ""))
	s.Want(http.StatusForbidden, "DELETE", "/v2/apps/billing/credentials/cred_x", as(owner, ""))
}

func TestAppCapabilitiesOfRolesAndTokens(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t)
	withBilling(t, s)
	owner := s.PersonalToken
	s.Want(http.StatusOK, "POST", "/v2/apps", as(owner, wiki))

	const caps = `"appCapabilities":{"billing":{"invoice":["approve","read"]},"wiki":{"page":{"docs-*":["read"]}}}`
	var role struct{ ID string }
	ans := s.Want(http.StatusOK, "POST", "/v2/rbac/roles", as(owner, `{"name":"Clerk",`+caps+`}`))
	ans.Decode(t, &role)
	path := "/v2/rbac/roles/" + role.ID
	holds := func(what, body string) {
		t.Helper()
		if !strings.Contains(body, caps) {
			t.Errorf("%s: %s", what, body)
		}
	}
	holds("created", string(ans.Body))
	holds("a PUT without the member", string(s.Want(http.StatusOK, "PUT", path, as(owner, `{"name":"Clerk 2"}`)).Body))
	holds("a PUT with null", string(s.Want(http.StatusOK, "PUT", path, as(owner, `{"name":"Clerk","appCapabilities":null}`)).Body))
	holds("written back as read", string(s.Want(http.StatusOK, "PUT", path, as(owner, string(ans.Body))).Body))

	var token struct{ ID string }
	ans = s.Want(http.StatusOK, "POST", "/v2/tokens", as(owner, `{"name":"t",`+caps+`}`))
	ans.Decode(t, &token)
	holds("token", string(ans.Body))
	regenerate := func(more string) string {
		return string(s.Want(http.StatusOK, "POST", "/v2/tokens/"+token.ID+"/regenerate", as(owner, `{"existingTokenExpiresAt":"2036-01-01T00:00:00Z"`+more+`}`)).Body)
	}
	holds("regenerated", regenerate(""))
	holds("with a new token that does not mention them", regenerate(`,"newToken":{"name":"t"}`))
	if body := regenerate(`,"newToken":{"name":"t","appCapabilities":{}}`); strings.Contains(body, "appCapabilities") {
		t.Errorf("taken away: %s", body)
	}

	// Nothing is said of applications where there is nothing to say.
	if body := s.Want(http.StatusOK, "PUT", path, as(owner, `{"name":"Clerk","appCapabilities":{"billing":{}}}`)).Body; strings.Contains(string(body), "appCapabilities") {
		t.Errorf("emptied: %s", body)
	}
	for _, path := range []string{"/v2/rbac/roles/owner", "/v2/rbac/roles/admin", "/v2/tokens"} {
		if body := string(s.Want(http.StatusOK, "GET", path, as(owner, "")).Body); strings.Contains(body, "allApp") || (path != "/v2/tokens" && strings.Contains(body, "appCapabilities")) {
			t.Errorf("%s: %s", path, body)
		}
	}

	for body, offender := range map[string]string{
		`{"none":{"invoice":["read"]}}`:                                   `unknown application \"none\"; known are billing, wiki`,
		`{"billing":{"bill":["read"]}}`:                                   `unknown resource type \"bill\"`,
		`{"billing":{"invoice":["pay"]}}`:                                 `unknown action \"pay\"`,
		`{"billing":{"invoice":{"2026-*":["read"]}}}`:                     "has no instances",
		`{"wiki":{"page":["read"]}}`:                                      "has instances",
		`{"wiki":{"page":{"a*b":["read"]}}}`:                              `\"a*b\"`,
		`{"wiki":{"page":{"` + strings.Repeat("a", 201) + `":["read"]}}}`: "200",
		`{"wiki":{"page":"read"}}`:                                        "list of actions",
		`{"*":{"*":["*"]}}`:                                               `\"*\"`,
		`{"wiki":{"page":{"a\u202e":["read"]}}}`:                          "",
	} {
		for _, where := range []string{"/v2/rbac/roles", "/v2/tokens"} {
			ans := s.Do("POST", where, as(owner, `{"name":"bad","appCapabilities":`+body+`}`))
			if ans.Status != http.StatusBadRequest || !strings.Contains(string(ans.Body), offender) || !strings.Contains(string(ans.Body), "appCapabilities") {
				t.Errorf("%s to %s: %d %s", body, where, ans.Status, ans.Body)
			}
		}
	}
	s.Want(http.StatusBadRequest, "POST", "/v2/tokens", as(owner, `{"name":"bad","allAppCapabilities":true}`))

	// A capability that roles or tokens hold is not removed.
	s.Want(http.StatusConflict, "DELETE", "/v2/apps/wiki", as(owner, ""))
	if ans := s.Want(http.StatusConflict, "PUT", "/v2/apps/wiki", as(owner, `{"name":"Wiki"}`)); !strings.Contains(string(ans.Body), "0 roles and 3 API tokens") {
		t.Errorf("%s", ans.Body)
	}
	s.Want(http.StatusNoContent, "DELETE", "/v2/apps/wiki?force=true", as(owner, ""))
	if body := string(s.Want(http.StatusOK, "GET", "/v2/tokens", as(owner, "")).Body); strings.Contains(body, "wiki") || !strings.Contains(body, "billing") {
		t.Errorf("after the application is gone: %s", body)
	}
}

func TestAccessExplainsAppCapabilities(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t)
	withBilling(t, s)
	s.Want(http.StatusOK, "POST", "/v2/apps", as(s.PersonalToken, wiki))
	var role struct{ ID string }
	s.Want(http.StatusOK, "POST", "/v2/rbac/roles", as(s.PersonalToken, `{"name":"Reader","appCapabilities":{"wiki":{"page":{"docs-*":["read"]}}}}`)).Decode(t, &role)
	user := s.CreateUser("Jane", "jane@example.com", role.ID)
	access := "/v2/users/" + user.ID + "/access"
	if body := string(s.Want(http.StatusOK, "GET", access, as(s.PersonalToken, "")).Body); !strings.Contains(body, `"app":"wiki","capability":"page|read","name":"docs-*"`) {
		t.Errorf("%s", body)
	}
	for question, allowed := range map[string]string{
		"app:wiki:page:docs-1|read": `"allowed":true`, "app:wiki:page:docs-1|write": `"allowed":false`, "app:billing:invoice|read": `"allowed":false`,
		"app:wiki:page:*|read": `"allowed":false`,
	} {
		if body := string(s.Want(http.StatusOK, "GET", access+"?capability="+strings.ReplaceAll(question, "|", "%7C"), as(s.PersonalToken, "")).Body); !strings.Contains(body, allowed) {
			t.Errorf("%s: %s", question, body)
		}
	}
	for _, question := range []string{"app:wiki:page|read", "app:wiki:page:a|fly", "app:none:page|read", "app:wiki", "app:billing:invoice:x|read"} {
		s.Want(http.StatusBadRequest, "GET", access+"?capability="+strings.ReplaceAll(question, "|", "%7C"), as(s.PersonalToken, ""))
	}
	// Owners hold what applications define, and an explanation lists it page by page.
	var seen []string
	for path := "/v2/user/access?limit=7"; path != ""; {
		var page struct {
			Capabilities []struct{ App, Capability, Name string }
		}
		ans := s.Want(http.StatusOK, "GET", path, as(s.PersonalToken, ""))
		ans.Decode(t, &page)
		for _, c := range page.Capabilities {
			if c.App != "" {
				seen = append(seen, c.App+":"+c.Capability+c.Name)
			}
		}
		link, _, _ := strings.Cut(ans.Header.Get("Link"), ">")
		if _, path, _ = strings.Cut(link, "/v2"); path != "" {
			path = "/v2" + path
		}
	}
	if got := strings.Join(seen, " "); got != "billing:invoice|approve billing:invoice|read wiki:page|read* wiki:page|write* wiki:theme|edit" {
		t.Errorf("the owner has %s", got)
	}
}

func TestAppCredentials(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t)
	owner := s.PersonalToken
	s.Want(http.StatusOK, "POST", "/v2/apps", as(owner, wiki))
	const path = "/v2/apps/wiki/credentials"
	var made struct{ ID, Credential string }
	first := apptest.Request{Token: owner, Header: map[string]string{"Idempotency-Key": "k"}}
	s.Want(http.StatusOK, "POST", path, first).Decode(t, &made)
	if !strings.HasPrefix(made.Credential, "xaap-") {
		t.Errorf("the credential is %q", made.Credential)
	}
	if ans := s.Want(http.StatusConflict, "POST", path, first); strings.Contains(string(ans.Body), made.Credential) {
		t.Error("shown twice")
	}
	s.Want(http.StatusUnprocessableEntity, "POST", "/v2/apps", apptest.Request{Token: owner, Body: `{"id":"x","name":"x"}`, Header: map[string]string{"Idempotency-Key": "k"}})
	s.Want(http.StatusOK, "POST", path, as(owner, ""))
	s.Want(http.StatusConflict, "POST", path, as(owner, "")) // a third
	list := s.Want(http.StatusOK, "GET", path, as(owner, ""))
	if strings.Contains(string(list.Body), "xaap-") {
		t.Error("a list has values")
	}
	s.Want(http.StatusNotModified, "GET", path, apptest.Request{Token: owner, Header: map[string]string{"If-None-Match": list.Header.Get("ETag")}})
	s.Want(http.StatusNotFound, "GET", "/v2/apps/none/credentials", as(owner, ""))
	s.Want(http.StatusNotFound, "POST", "/v2/apps/none/credentials", as(owner, ""))
	s.Want(http.StatusNotFound, "DELETE", path+"/cred_none", as(owner, ""))

	// A credential sees users and their access, so its maker must be allowed to.
	for _, caps := range []string{`["update"]`, `["update","read"]`} {
		var token struct{ Token string }
		s.Want(http.StatusOK, "POST", "/v2/tokens", as(owner, `{"name":"t","orgCapabilities":{"rbac":`+caps+`}}`)).Decode(t, &token)
		s.Want(http.StatusForbidden, "POST", path, as(token.Token, ""))
	}

	// A credential opens nothing in v2 but its own events, nor in SCIM, whatever the organization
	// it names.
	for _, op := range apptest.Operations(t) {
		if op.Path == "/v2/events" {
			continue
		}
		path := strings.NewReplacer("{id}", "wiki", "{credentialId}", made.ID, "{orgId}", s.OrgID, "{userId}", "usr_x", "{deliveryId}", "msg_x").Replace(op.Path)
		for _, header := range []map[string]string{nil, {"X-Axiom-Org-Id": s.OrgID}} {
			ans := s.Do(op.Method, path, apptest.Request{Token: made.Credential, Header: header, Body: `{}`})
			if ans.Status != http.StatusForbidden {
				t.Errorf("%s %s: %d %s", op.Method, path, ans.Status, ans.Body)
			}
		}
	}
	s.Want(http.StatusForbidden, "GET", "/scim/v2/Users", as(made.Credential, ""))
	s.Want(http.StatusForbidden, "GET", "/v2/apps", apptest.Request{Token: made.Credential, Header: map[string]string{"X-Axiom-Org-Id": "other-abcd"}})

	s.Want(http.StatusNoContent, "DELETE", path+"/"+made.ID, as(owner, ""))
	s.Want(http.StatusUnauthorized, "GET", "/v2/apps", as(made.Credential, ""))
}
