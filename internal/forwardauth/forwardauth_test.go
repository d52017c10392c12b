package forwardauth_test

import (
	"net/http"
	"testing"

	"github.com/rosterhq/roster/internal/applications"
	"github.com/rosterhq/roster/internal/apptest"
	"github.com/rosterhq/roster/internal/authz"
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
		ID: "billing", Name: "Billing", Types: authz.AppTypes{"invoice": {Actions: []string{"read"}, Instances: true}, "report": {Actions: []string{"read"}}},
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

// A client can't choose what its request takes: by a header beside the parameter of the
// proxy, or by its query where the proxy appends the path.
func TestClientCannotReplaceTheDemand(t *testing.T) {
	s := start(t)
	token := s.TokenOf("reader@example.com")
	const may, mayNot = "invoice:2026-7|read", "invoice:2025-7|read"
	for why, c := range map[string]struct {
		path    string
		headers []string
		want    int
	}{
		"both held":                         {"/forward-auth/?require=" + may, []string{"Roster-Require", may}, http.StatusOK},
		"the proxy's by query":              {"/forward-auth/?require=" + mayNot, []string{"Roster-Require", may}, http.StatusForbidden},
		"a second one in the query":         {"/forward-auth/?require=" + may + "&require=" + mayNot, nil, http.StatusForbidden},
		"the proxy's by header":             {"/forward-auth/reports?require=" + may, []string{"Roster-Require", mayNot}, http.StatusForbidden},
		"the client's only, by query":       {"/forward-auth/reports?require=" + may, nil, http.StatusForbidden},
		"an unknown one beside the proxy's": {"/forward-auth/?require=" + may, []string{"Roster-Require", "x|y"}, http.StatusForbidden},
	} {
		if answer := s.ask("GET", c.path, token, c.headers...); answer.Status != c.want {
			t.Errorf("%s: %d %s, want %d", why, answer.Status, answer.Body, c.want)
		}
	}
}

// With a table of paths, the request that the proxy asks about says what it takes. Whatever
// a client adds can only make it more.
func TestTableOfPaths(t *testing.T) {
	s := start(t)
	apps := applications.New(s.Service)
	if _, err := apps.Apply(t.Context(), []applications.NewApplication{{
		ID: "billing", Name: "Billing", Types: authz.AppTypes{"invoice": {Actions: []string{"read"}, Instances: true}, "report": {Actions: []string{"read"}}},
		Paths: &[]directory.PathRule{
			{Path: "/invoices/{number}", Methods: []string{"GET"}, Require: "invoice:{number}|read"},
			{Path: "/reports/*", Require: "report|read"},
		},
	}}, applications.How{}); err != nil {
		t.Fatal(err)
	}
	token := s.TokenOf("reader@example.com")
	const top = "/forward-auth/"
	original := func(method, uri string) []string { return []string{"X-Original-Method", method, "X-Original-URI", uri} }
	forwarded := func(method, uri string) []string {
		return []string{"X-Forwarded-Method", method, "X-Forwarded-Uri", uri}
	}
	for why, c := range map[string]struct {
		method, path string
		headers      []string
		want         int
	}{
		"nginx":                            {"GET", top, original("GET", "/invoices/2026-7?a=b"), http.StatusOK},
		"Caddy and Traefik":                {"GET", top, forwarded("GET", "/invoices/2026-7"), http.StatusOK},
		"Envoy":                            {"GET", "/forward-auth/invoices/2026-7?a=b", nil, http.StatusOK},
		"another instance":                 {"GET", top, original("GET", "/invoices/2025-7"), http.StatusForbidden},
		"another method":                   {"GET", top, original("POST", "/invoices/2026-7"), http.StatusForbidden},
		"another method, by Envoy":         {"POST", "/forward-auth/invoices/2026-7", nil, http.StatusForbidden},
		"another path":                     {"GET", top, original("GET", "/reports/1"), http.StatusForbidden},
		"no rule":                          {"GET", top, original("GET", "/else"), http.StatusForbidden},
		"dots":                             {"GET", top, original("GET", "/invoices/../reports/1"), http.StatusForbidden},
		"nothing":                          {"GET", top, nil, http.StatusForbidden},
		"no method":                        {"GET", top, []string{"X-Original-URI", "/invoices/2026-7"}, http.StatusForbidden},
		"no path":                          {"GET", top, []string{"X-Forwarded-Method", "GET"}, http.StatusForbidden},
		"a client's header beside nginx's": {"GET", top, append(original("GET", "/reports/1"), forwarded("GET", "/invoices/2026-7")...), http.StatusForbidden},
		"a client's header beside Caddy's": {"GET", top, append(forwarded("GET", "/reports/1"), original("GET", "/invoices/2026-7")...), http.StatusForbidden},
		"a client's header beside Envoy's": {"GET", "/forward-auth/reports/1", original("GET", "/invoices/2026-7"), http.StatusForbidden},
		"a client's demand":                {"GET", top, append(original("GET", "/reports/1"), "Roster-Require", "invoice:2026-7|read"), http.StatusForbidden},
		"a client's query, by Envoy":       {"GET", "/forward-auth/reports/1?require=invoice:2026-7|read", nil, http.StatusForbidden},
		"Envoy's path, encoded":            {"GET", "/forward-auth/invoices%2f2026-7", nil, http.StatusForbidden},
		"a client's query for /, by Envoy": {"GET", "/forward-auth/?require=invoice:2026-7|read", nil, http.StatusForbidden},
		"a demand besides the table":       {"GET", "/forward-auth/?require=invoice:2026-7|read", original("GET", "/reports/1"), http.StatusForbidden},
	} {
		if answer := s.ask(c.method, c.path, token, c.headers...); answer.Status != c.want {
			t.Errorf("%s: %d %s, want %d", why, answer.Status, answer.Body, c.want)
		}
	}
}

// The address of a proxy says nothing of its clients: a token that is bound to networks is
// refused, also if the proxy is in one of them, unless a trusted proxy says where it came from.
func TestTokenBoundToNetworks(t *testing.T) {
	s := start(t)
	var bound struct{ ID, Token string }
	s.Want(http.StatusOK, "POST", "/v2/tokens", apptest.Request{
		Token: s.PersonalToken, Body: `{"name": "bound", "appCapabilities": {"billing": {"report": ["read"]}}}`,
	}).Decode(t, &bound)
	const path = "/forward-auth/?require=report|read"
	if answer := s.ask("GET", path, bound.Token); answer.Status != http.StatusOK {
		t.Fatalf("before it is bound: %d %s", answer.Status, answer.Body)
	}
	s.Want(http.StatusOK, "PUT", "/v2/tokens/"+bound.ID+"/networks", apptest.Request{Token: s.PersonalToken, Body: `{"networks": ["127.0.0.0/8"]}`})
	if answer := s.ask("GET", path, bound.Token, "X-Forwarded-For", "127.0.0.1"); answer.Status != http.StatusForbidden {
		t.Errorf("from a proxy that is not trusted: %d %s", answer.Status, answer.Body)
	}
}
