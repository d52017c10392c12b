package forwardauth_test

import (
	"net/http"
	"testing"

	"github.com/rosterhq/roster/internal/applications"
	"github.com/rosterhq/roster/internal/apptest"
	"github.com/rosterhq/roster/internal/directory"
)

// protected is a server with an application, and a user who may read invoices of 2026.
type protected struct {
	*apptest.Server
	t          testing.TB
	credential string
	reader     apptest.User
}

func start(t testing.TB) *protected {
	t.Helper()
	s := &protected{Server: apptest.Start(t), t: t}
	apps := applications.New(s.Service)
	if _, err := apps.Apply(t.Context(), []applications.NewApplication{{
		ID: "billing", Name: "Billing", Types: directory.Vocabulary{"invoice": {Actions: []string{"read"}, Instances: true}, "report": {Actions: []string{"read"}}},
	}}, applications.How{}); err != nil {
		t.Fatal(err)
	}
	made, err := apps.IssueCredential(t.Context(), "", "billing")
	if err != nil {
		t.Fatal(err)
	}
	s.credential = made.Secret
	var role struct{ ID string }
	s.Want(http.StatusOK, "POST", "/v2/rbac/roles", apptest.Request{
		Token: s.PersonalToken,
		Body:  `{"name": "Reader", "appCapabilities": {"billing": {"invoice": {"2026-*": ["read"]}}}}`,
	}).Decode(t, &role)
	s.reader = s.CreateUser("Reader", "reader@example.com", role.ID)
	return s
}

// ask asks as a proxy does; headers are pairs of name and value.
func (s *protected) ask(method, path, token string, headers ...string) apptest.Answer {
	s.t.Helper()
	rq := apptest.Request{Token: token, Header: map[string]string{"Roster-Application": s.credential}}
	for i := 0; i+1 < len(headers); i += 2 {
		rq.Header[headers[i]] = headers[i+1]
	}
	return s.Do(method, path, rq)
}

// The answer is 200 with who asks, for whichever method and path the proxy sends.
func TestForwardAuth(t *testing.T) {
	s := start(t)
	token := s.TokenOf("reader@example.com")
	for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"} {
		answer := s.ask(method, "/forward-auth/?require=invoice:2026-7|read", token)
		if answer.Status != http.StatusOK || len(answer.Body) > 0 {
			t.Fatalf("%s: %d %s", method, answer.Status, answer.Body)
		}
		for header, want := range map[string]string{
			"X-Roster-User": s.reader.ID, "X-Roster-Organization": s.OrgID, "X-Roster-Capabilities": "invoice:2026-*|read", "Cache-Control": "no-store",
		} {
			if got := answer.Header.Get(header); got != want {
				t.Errorf("%s: %s is %q, want %q", method, header, got, want)
			}
		}
	}
	if answer := s.ask("GET", "/forward-auth/any/path?of=the&request", token, "Roster-Require", "invoice:2026-7|read"); answer.Status != http.StatusOK {
		t.Errorf("with a header: %d %s", answer.Status, answer.Body)
	}
}

// Without a valid token it is 401, and without the capability 403. Neither says who asks.
func TestForwardAuthRefuses(t *testing.T) {
	s := start(t)
	token := s.TokenOf("reader@example.com")
	const path = "/forward-auth/?require=invoice:2026-7|read"
	suspended := s.CreateUser("Suspended", "suspended@example.com", "admin")
	suspendedToken := s.TokenOf("suspended@example.com")
	s.Want(http.StatusOK, "PUT", "/v2/users/"+suspended.ID+"/status", apptest.Request{Token: s.PersonalToken, Body: `{"status": "suspended"}`})
	for why, c := range map[string]struct {
		answer apptest.Answer
		want   int
	}{
		"no token":                     {s.ask("GET", path, ""), http.StatusUnauthorized},
		"unknown token":                {s.ask("GET", path, "xaat-00000000-0000-4000-8000-000000000000"), http.StatusUnauthorized},
		"another scheme":               {s.ask("GET", path, "", "Authorization", "Basic YTpi"), http.StatusUnauthorized},
		"another year":                 {s.ask("GET", "/forward-auth/?require=invoice:2025-7|read", token), http.StatusForbidden},
		"all years":                    {s.ask("GET", "/forward-auth/?require=invoice:*|read", token), http.StatusForbidden},
		"another type":                 {s.ask("GET", "/forward-auth/?require=report|read", token), http.StatusForbidden},
		"suspended":                    {s.ask("GET", path, suspendedToken), http.StatusForbidden},
		"another organization":         {s.ask("GET", path, token, "X-Axiom-Org-Id", "other-aaaa"), http.StatusForbidden},
		"nothing required":             {s.ask("GET", "/forward-auth/", token), http.StatusForbidden},
		"an undefined action":          {s.ask("GET", "/forward-auth/?require=invoice:2026-7|shred", token), http.StatusForbidden},
		"a type without its instance":  {s.ask("GET", "/forward-auth/?require=invoice|read", s.PersonalToken), http.StatusForbidden},
		"no credential of the proxy":   {s.ask("GET", path, token, "Roster-Application", ""), http.StatusForbidden},
		"a token for a credential":     {s.ask("GET", path, token, "Roster-Application", s.APIToken), http.StatusForbidden},
		"a credential for a token":     {s.ask("GET", path, s.credential), http.StatusForbidden},
		"an unknown credential":        {s.ask("GET", path, token, "Roster-Application", "xaap-00000000-0000-4000-8000-000000000000"), http.StatusForbidden},
		"owner, an undefined resource": {s.ask("GET", "/forward-auth/?require=ledger|read", s.PersonalToken), http.StatusForbidden},
	} {
		if c.answer.Status != c.want || c.answer.Header.Get("X-Roster-User") != "" {
			t.Errorf("%s: %d %s, want %d", why, c.answer.Status, c.answer.Body, c.want)
		}
		if c.want == http.StatusUnauthorized && c.answer.Header.Get("WWW-Authenticate") == "" {
			t.Errorf("%s: no WWW-Authenticate", why)
		}
	}
}
