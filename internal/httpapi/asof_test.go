package httpapi_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/apptest"
)

// GET /v2/users and GET /v2/users/{id}/access answer what was so at a time, also
// of who and what is gone.
func TestAsOf(t *testing.T) {
	t.Parallel()
	var passed atomic.Int64
	began := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	clock := func() time.Time { return began.Add(time.Duration(passed.Load())) }
	s := apptest.StartWith(t, apptest.Options{RateLimit: 1_000_000, Clock: clock})
	pass := func() string {
		passed.Add(int64(time.Minute))
		at := clock().Format(time.RFC3339Nano)
		passed.Add(int64(time.Minute))
		return "at=" + url.QueryEscape(at)
	}
	get := func(path string) string { return string(s.Want(http.StatusOK, "GET", path, as(s.APIToken, "")).Body) }

	empty := pass()
	var users []apptest.User
	for i := range 5 {
		users = append(users, s.CreateUser(fmt.Sprintf("Jane %d", i), fmt.Sprintf("jane%d@example.com", i), "user"))
	}
	jane := users[0]
	group := `{"name":"On call","members":["` + jane.ID + `"],"roles":["admin"]}`
	s.Want(http.StatusOK, "POST", "/v2/rbac/groups", as(s.APIToken, group))
	then := pass()
	paths := map[string]string{}
	for _, path := range []string{
		"/v2/users?", "/v2/users?limit=3&", "/v2/users?role=user&", "/v2/users?q=JANE&", "/v2/users?email=Jane0@example.com&",
		"/v2/users/" + jane.ID + "/access?", "/v2/users/" + jane.ID + "/access?capability=users%7Cdelete&",
	} {
		paths[path] = get(path)
	}
	s.Want(http.StatusNoContent, "DELETE", "/v2/users/"+jane.ID, as(s.APIToken, ""))
	s.Want(http.StatusOK, "PUT", "/v2/users/"+users[3].ID+"/role", as(s.APIToken, `{"role":"admin"}`))
	s.CreateUser("Joe", "joe@example.com", "user")
	now := pass()
	for path, want := range paths {
		if got := get(path + then); got != want {
			t.Errorf("%s%s: %s, was %s", path, then, got, want)
		}
	}
	if got := get("/v2/users?" + now); got != get("/v2/users") {
		t.Errorf("now there are %s", got)
	}
	if got := get("/v2/users?" + empty); strings.Count(got, `"id":"usr_`) != 1 {
		t.Errorf("at first there were %s", got)
	}
	if got := get("/v2/users?at=1999-01-01T00:00:00%2B02:00"); got != "[]\n" {
		t.Errorf("long before there were %s", got)
	}
	// The link of a page keeps the time.
	page := s.Want(http.StatusOK, "GET", "/v2/users?limit=4&"+then, as(s.APIToken, ""))
	next, _, _ := strings.Cut(strings.TrimPrefix(page.Header.Get("Link"), "<"), ">")
	if got := get(next); strings.Count(got, `"id":"usr_`) != 2 || strings.Contains(got, "Joe") {
		t.Errorf("the second page is %s", got)
	}

	access := "/v2/users/" + jane.ID + "/access?"
	wantError(t, s.Do("GET", access+now, as(s.APIToken, "")), 404, "not_found", "user")
	wantError(t, s.Do("GET", access+empty, as(s.APIToken, "")), 404, "not_found", "user")
	for _, path := range []string{"/v2/users?", access} {
		for _, bad := range []string{"yesterday", "2026-03-04", "2026-13-04T00:00:00Z", "1700000000", "2026-03-04T05:06:07+02:00"} {
			wantError(t, s.Do("GET", path+"at="+bad, as(s.APIToken, "")), 400, "invalid", "must be a date and time")
		}
		wantError(t, s.Do("GET", path+"at=2026-03-05T00:00:00Z", as(s.APIToken, "")), 400, "invalid", "future")
		wantError(t, s.Do("GET", path+"at=", as(s.APIToken, "")), 400, "invalid", "must not be empty")
		reader := s.APITokenWith(`"orgCapabilities":{"users":["read"],"rbac":["read"]}`)
		wantError(t, s.Do("GET", path+then, as(reader, "")), 403, "forbidden", "auditLog|read")
	}
}
