package httpapi_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/rosterhq/roster/internal/apptest"
)

// Use against limit shows in the API, with the account's limits for people alone, and in
// the metrics.
func TestLimitsShowTheirUse(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t)
	for _, name := range []string{"One", "Two"} {
		s.Want(http.StatusOK, "POST", "/v2/rbac/roles", as(s.PersonalToken, `{"name":"`+name+`"}`))
	}
	type use struct {
		Limit     string
		Max, Used *int
	}
	read := func(token string) map[string]use {
		var list []use
		s.Want(http.StatusOK, "GET", "/v2/limits", as(token, "")).Decode(t, &list)
		all := make(map[string]use)
		for _, u := range list {
			all[u.Limit] = u
		}
		return all
	}
	all := read(s.PersonalToken)
	if u := all["roles"]; u.Used == nil || *u.Used != 2 || u.Max == nil || *u.Max != 1000 {
		t.Errorf("roles: %+v", u)
	}
	if u := all["personalTokens"]; u.Used == nil || *u.Used != 1 {
		t.Errorf("personal tokens: %+v", u)
	}
	if u := all["membersPerRequest"]; u.Used != nil || u.Max == nil {
		t.Errorf("members of a request: %+v", u)
	}
	if u := all["users"]; u.Max != nil {
		t.Errorf("users are limited: %+v", u)
	}
	if u := read(s.APIToken)["personalTokens"]; u.Used != nil {
		t.Errorf("an API token has %d personal tokens", *u.Used)
	}
	tooMany := `{"name":"x","members":["` + strings.Repeat(`usr_1","`, 1000) + `usr_2"]}`
	wantError(t, s.Do("POST", "/v2/rbac/groups", as(s.PersonalToken, tooMany)), http.StatusForbidden, "limit_exceeded", "members")
	metrics := string(s.Want(http.StatusOK, "GET", "/metrics", apptest.Request{}).Body)
	for _, line := range []string{`roster_limit_refusals_total{limit="membersPerRequest"} 1`, `roster_limit_use_highest_ratio{limit="roles"} 0.002`} {
		if !strings.Contains(metrics, line+"\n") {
			t.Errorf("the metrics lack %s", line)
		}
	}
}
