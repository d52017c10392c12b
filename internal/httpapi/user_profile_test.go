package httpapi_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/apptest"
)

func TestProfileIsAResourceOfItsOwn(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t)
	jane := s.CreateUser("Jane", "jane@example.com", "user")
	path := "/v2/users/" + jane.ID + "/profile"
	user := s.Want(http.StatusOK, "GET", "/v2/users/"+jane.ID, as(s.APIToken, ""))
	ans := s.Want(http.StatusOK, "GET", path, as(s.APIToken, ""))
	if body := string(ans.Body); !strings.Contains(body, `"userName":"jane@example.com"`) || !strings.Contains(body, `"externalId":null`) ||
		!strings.Contains(body, `"emails":[{"primary":true,"value":"jane@example.com"}]`) || !strings.Contains(body, `"status":"active"`) {
		t.Errorf("answered %s", body)
	}
	tag := ans.Header.Get("ETag")
	s.Want(http.StatusNotModified, "GET", path, apptest.Request{Token: s.APIToken, Header: map[string]string{"If-None-Match": tag}})

	set := `{"externalId":"4711","attributes":{"costCenter":"R&D","n":12345678901234567890,"deep":[{"a":null}]}}`
	s.Want(http.StatusOK, "PUT", path+"?dryRun=true", as(s.APIToken, set))
	if again := s.Want(http.StatusOK, "GET", path, as(s.APIToken, "")); again.Header.Get("ETag") != tag {
		t.Error("a dry run changed the profile")
	}
	changed := apptest.Request{Token: s.APIToken, Header: map[string]string{"If-Match": tag}, Body: set}
	s.Want(http.StatusOK, "PUT", path, changed)
	wantError(t, s.Do("PUT", path, changed), 412, "precondition_failed", "")
	ans = s.Want(http.StatusOK, "GET", path, as(s.APIToken, ""))
	if body := string(ans.Body); !strings.Contains(body, `"externalId":"4711"`) || !strings.Contains(body, `12345678901234567890`) ||
		!strings.Contains(body, `"emails":[`) || !strings.Contains(body, `"costCenter":"R`) {
		t.Errorf("then %s", body)
	}
	if after := s.Want(http.StatusOK, "GET", "/v2/users/"+jane.ID, as(s.APIToken, "")); string(after.Body) != string(user.Body) {
		t.Errorf("the user became %s", after.Body)
	}
	for query, want := range map[string]bool{"externalId=4711": true, "externalId=4711&status=active&limit=5": true, "externalId=471": false, "externalId=4711&role=admin": false} {
		if list := s.Want(http.StatusOK, "GET", "/v2/users?"+query, as(s.APIToken, "")); strings.Contains(string(list.Body), jane.ID) != want || strings.Contains(string(list.Body), s.UserID) {
			t.Errorf("?%s lists %s", query, list.Body)
		}
	}
	wantError(t, s.Do("GET", "/v2/users?externalId=4711&at=2026-01-01T00:00:00Z", as(s.APIToken, "")), 400, "invalid", "externalId")
	n := len(entriesOf(t, s, s.APIToken, "action=updateUserProfile"))
	for range 2 {
		s.Want(http.StatusOK, "PUT", path, as(s.APIToken, `{}`))
	}
	if got := len(entriesOf(t, s, s.APIToken, "action=updateUserProfile")); n != 1 || got != 2 {
		t.Errorf("%d entries, then %d: the same again has one", n, got)
	}

	for body, blamed := range map[string]string{
		`{"externalId":"` + strings.Repeat("x", 256) + `"}`:                            "externalId",
		`{"externalId":"a\u0000"}`:                                                     "externalId",
		`{"attributes":{"a":"` + strings.Repeat("x", 16*1024) + `"}}`:                  "attributes",
		`{"attributes":{"a":"\u0000"}}`:                                                "",
		`{"attributes":{"a":` + strings.Repeat("[", 9) + strings.Repeat("]", 9) + `}}`: "attributes",
		`{"attributes":[]}`:                                                            "", `{"userName":"x"}`: "userName",
	} {
		wantError(t, s.Do("PUT", path, as(s.APIToken, body)), 400, "invalid", blamed)
	}
	wantError(t, s.Do("GET", "/v2/users/usr_none/profile", as(s.APIToken, "")), 404, "not_found", "user")
	wantError(t, s.Do("PUT", "/v2/users/usr_none/profile", as(s.APIToken, `{}`)), 404, "not_found", "user")
}

func TestInactiveUsersAreListed(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t)
	jane := s.CreateUser("Jane", "jane@example.com", "user")
	profile := "/v2/users/" + s.UserID + "/profile"
	if ans := s.Want(http.StatusOK, "GET", "/v2/users/"+jane.ID+"/profile", as(s.APIToken, "")); !strings.Contains(string(ans.Body), `"lastActiveAt":null`) {
		t.Errorf("somebody who was never there has %s", ans.Body)
	}
	s.Want(http.StatusOK, "GET", "/v2/user", as(s.PersonalToken, ""))
	if err := s.Service.StoreUsage(t.Context()); err != nil {
		t.Fatal(err)
	}
	ans := s.Want(http.StatusOK, "GET", profile, as(s.APIToken, ""))
	var p struct {
		LastActiveAt time.Time `json:"lastActiveAt"`
	}
	if ans.Decode(t, &p); time.Since(p.LastActiveAt) > time.Hour {
		t.Errorf("who was just there has %s", ans.Body)
	}
	tag := ans.Header.Get("ETag")
	s.Want(http.StatusOK, "PUT", profile, apptest.Request{Token: s.APIToken, Header: map[string]string{"If-Match": tag}, Body: `{"externalId":"x"}`})

	soon := url.QueryEscape(time.Now().Add(time.Hour).Format(time.RFC3339))
	all := s.Want(http.StatusOK, "GET", "/v2/users?inactiveSince="+soon, as(s.APIToken, ""))
	if body := string(all.Body); !strings.Contains(body, jane.ID) || strings.Index(body, jane.ID) > strings.Index(body, s.UserID) || all.Header.Get("ETag") != "" {
		t.Errorf("longest first, they are %s with the ETag %q", body, all.Header.Get("ETag"))
	}
	first := s.Want(http.StatusOK, "GET", "/v2/users?limit=1&inactiveSince="+soon, as(s.APIToken, ""))
	next, _, _ := strings.Cut(strings.TrimPrefix(first.Header.Get("Link"), "<"), ">")
	if u, err := url.Parse(next); err != nil || !u.Query().Has("cursor") {
		t.Fatalf("the first page leads to %q", next)
	} else if second := s.Want(http.StatusOK, "GET", u.RequestURI(), as(s.APIToken, "")); !strings.Contains(string(first.Body), jane.ID) || !strings.Contains(string(second.Body), s.UserID) {
		t.Errorf("in pages, they are %s, then %s", first.Body, second.Body)
	}
	if none := s.Want(http.StatusOK, "GET", "/v2/users?inactiveSince=2020-01-01T00:00:00Z", as(s.APIToken, "")); string(none.Body) != "[]\n" {
		t.Errorf("since long ago, they are %s", none.Body)
	}
	for _, query := range []string{"inactiveSince=90d", "inactiveSince=", "inactiveSince=" + soon + "&at=2026-01-01T00:00:00Z", "inactiveSince=" + soon + "&externalId=x"} {
		wantError(t, s.Do("GET", "/v2/users?"+query, as(s.APIToken, "")), 400, "invalid", "inactiveSince")
	}
	other := s.Want(http.StatusOK, "GET", "/v2/users?limit=1", as(s.APIToken, ""))
	cursor, _, _ := strings.Cut(strings.TrimPrefix(other.Header.Get("Link"), "<"), ">")
	wantError(t, s.Do("GET", strings.TrimPrefix(cursor, s.URL)+"&inactiveSince="+soon, as(s.APIToken, "")), 400, "invalid", "cursor")
}
