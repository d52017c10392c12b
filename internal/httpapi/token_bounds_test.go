package httpapi_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/apptest"
)

// Requests of these tests come from 127.0.0.1.
func TestTokenNetworks(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t)
	var here, elsewhere, personal struct{ ID, Token string }
	s.Want(http.StatusOK, "POST", "/v2/tokens?networks=127.0.0.0/8,2001:db8::/32", as(s.APIToken, `{"name":"here","orgCapabilities":{"users":["read"]}}`)).Decode(t, &here)
	s.Want(http.StatusOK, "POST", "/v2/tokens?networks=192.0.2.0/24", as(s.APIToken, `{"name":"elsewhere","orgCapabilities":{"users":["read"]}}`)).Decode(t, &elsewhere)
	s.Want(http.StatusOK, "POST", "/v2/user/tokens?networks=192.0.2.0/24", as(s.PersonalToken, `{"name":"elsewhere"}`)).Decode(t, &personal)
	for range 2 {
		s.Want(http.StatusOK, "GET", "/v2/users", as(here.Token, ""))
		for _, secret := range []string{elsewhere.Token, personal.Token} {
			wantError(t, s.Do("GET", "/v2/users", as(secret, "")), 403, "forbidden", "networks")
			wantError(t, s.Do("GET", "/v2/users", apptest.Request{Token: secret, Header: map[string]string{"X-Forwarded-For": "192.0.2.1"}}), 403, "forbidden", "networks")
		}
	}
	if got := string(s.Want(http.StatusOK, "GET", "/v2/audit?action=signIn&outcome=refused", as(s.APIToken, "")).Body); strings.Count(got, elsewhere.ID) == 0 || strings.Count(got, personal.ID) == 0 {
		t.Errorf("the log does not tell of the refusals: %s", got)
	}

	path := "/v2/tokens/" + elsewhere.ID + "/networks"
	want := func(networks string, ans apptest.Answer) {
		t.Helper()
		if got := strings.TrimSpace(string(ans.Body)); got != `{"id":"`+elsewhere.ID+`","networks":`+networks+`}` {
			t.Errorf("got %s, want %s", got, networks)
		}
	}
	ans := s.Want(http.StatusOK, "GET", path, as(s.APIToken, ""))
	want(`["192.0.2.0/24"]`, ans)
	changed := apptest.Request{Token: s.APIToken, Header: map[string]string{"If-Match": ans.Header.Get("ETag")}, Body: `{"networks":["127.0.0.1"]}`}
	want(`["127.0.0.1/32"]`, s.Want(http.StatusOK, "PUT", path, changed))
	wantError(t, s.Do("PUT", path, changed), 412, "precondition_failed", "If-Match")
	s.Want(http.StatusOK, "GET", "/v2/users", as(elsewhere.Token, ""))
	want(`[]`, s.Want(http.StatusOK, "PUT", path, as(s.APIToken, `{"networks":[]}`)))
	for _, body := range []string{`{}`, `{"networks":null}`, `{"networks":["10.0.0.1/8"]}`, `{"networks":["x"]}`, `{"networks":[1]}`, `{"networks":["` + strings.Repeat("1", 300) + `"]}`} {
		wantError(t, s.Do("PUT", path, as(s.APIToken, body)), 400, "invalid", "networks")
	}
	for _, query := range []string{"x", "10.0.0.1/8", "10.0.0.0/8,", "10.0.0.0/8&networks=::/0"} {
		wantError(t, s.Do("POST", "/v2/tokens?networks="+query, as(s.APIToken, `{"name":"x"}`)), 400, "invalid", "networks")
	}
	own := "/v2/user/tokens/" + personal.ID + "/networks"
	s.Want(http.StatusOK, "GET", own, as(s.PersonalToken, ""))
	s.Want(http.StatusOK, "PUT", own, as(s.PersonalToken, `{"networks":[]}`))
	s.Want(http.StatusOK, "GET", "/v2/users", as(personal.Token, ""))
	for _, unknown := range []string{"/v2/tokens/tok_none/networks", "/v2/user/tokens/pat_none/networks"} {
		wantError(t, s.Do("GET", unknown, as(s.PersonalToken, "")), 404, "not_found", "token")
		wantError(t, s.Do("PUT", unknown, as(s.PersonalToken, `{"networks":[]}`)), 404, "not_found", "token")
	}

	// A key stands for a request with its query.
	keyed := apptest.Request{Token: s.APIToken, Header: map[string]string{"Idempotency-Key": "k"}, Body: `{"name":"x"}`}
	s.Want(http.StatusOK, "POST", "/v2/tokens?networks=10.0.0.0/8", keyed)
	wantError(t, s.Do("POST", "/v2/tokens", keyed), 422, "key_reused", "different")
}

func TestOrgSettings(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t)
	path := "/v2/orgs/" + s.OrgID + "/settings"
	if got := strings.TrimSpace(string(s.Want(http.StatusOK, "GET", path, as(s.APIToken, "")).Body)); got != `{"maxTokenLifetimeSeconds":null}` {
		t.Errorf("got %s", got)
	}
	for _, body := range []string{`{}`, `{"maxTokenLifetimeSeconds":0}`, `{"maxTokenLifetimeSeconds":-5}`, `{"maxTokenLifetimeSeconds":1.5}`, `{"maxTokenLifetimeSeconds":99999999999999}`, `{"maxTokenLifetimeSeconds":"1h"}`} {
		wantError(t, s.Do("PUT", path, as(s.PersonalToken, body)), 400, "invalid", "maxTokenLifetimeSeconds")
	}
	s.Want(http.StatusOK, "PUT", path, as(s.PersonalToken, `{"maxTokenLifetimeSeconds":7200}`))
	var made struct{ ExpiresAt time.Time }
	s.Want(http.StatusOK, "POST", "/v2/tokens", as(s.APIToken, `{"name":"x"}`)).Decode(t, &made)
	if left := time.Until(made.ExpiresAt); left > 2*time.Hour || left < time.Hour {
		t.Errorf("it ends in %s", left)
	}
	later := time.Now().Add(3 * time.Hour).UTC().Format(time.RFC3339)
	wantError(t, s.Do("POST", "/v2/tokens", as(s.APIToken, `{"name":"x","expiresAt":"`+later+`"}`)), 400, "invalid", "2h0m0s")
	wantError(t, s.Do("PUT", "/v2/orgs/other-0000/settings", as(s.PersonalToken, `{"maxTokenLifetimeSeconds":null}`)), 404, "not_found", "organization")
	wantError(t, s.Do("GET", "/v2/orgs/other-0000/settings", as(s.PersonalToken, "")), 404, "not_found", "organization")
	s.CreateUser("Uma", "uma@example.com", "user")
	wantError(t, s.Do("PUT", path, as(s.TokenOf("uma@example.com"), `{"maxTokenLifetimeSeconds":null}`)), 403, "forbidden", "owner or admin")
	s.Want(http.StatusOK, "PUT", path, as(s.PersonalToken, `{"maxTokenLifetimeSeconds":null}`))
}

// One's own token would be refused by a maximum that is shorter than its age.
func TestOrgSettingsNeverLockOut(t *testing.T) {
	t.Parallel()
	now := time.Now()
	s := apptest.StartWith(t, apptest.Options{RateLimit: 100_000, Clock: func() time.Time { return now }})
	now = now.Add(2 * time.Hour)
	path := "/v2/orgs/" + s.OrgID + "/settings"
	wantError(t, s.Do("PUT", path, as(s.PersonalToken, `{"maxTokenLifetimeSeconds":3600}`)), 409, "conflict", "older")
	s.Want(http.StatusOK, "PUT", path, as(s.TokenOf("owner@example.com"), `{"maxTokenLifetimeSeconds":3600}`))
	wantError(t, s.Do("GET", "/v2/users", as(s.PersonalToken, "")), 403, "forbidden", "older than the organization allows")
}
