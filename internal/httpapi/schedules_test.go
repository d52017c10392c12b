package httpapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/apptest"
)

func TestSchedulesOverHTTP(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t)
	jane := s.CreateUser("Jane", "jane@example.com", "user")
	path := "/v2/users/" + jane.ID + "/schedule/"
	at := time.Now().Add(time.Hour).UTC().Truncate(time.Second).Format(time.RFC3339)
	body := fmt.Sprintf(`{"at":%q,"revoke":["tokens"]}`, at)

	wantError(t, s.Do("GET", path+"suspend", as(s.APIToken, "")), 404, "not_found", "schedule")
	wantError(t, s.Do("GET", path+"promote", as(s.APIToken, "")), 400, "invalid", "action")
	wantError(t, s.Do("GET", "/v2/users/usr_none/schedule/suspend", as(s.APIToken, "")), 404, "not_found", "user")
	wantError(t, s.Do("DELETE", path+"suspend", as(s.APIToken, "")), 404, "not_found", "schedule")
	wantError(t, s.Do("DELETE", path+"promote", as(s.APIToken, "")), 400, "invalid", "action")
	for field, wrong := range map[string]string{
		`at`:     `{}`,
		`future`: `{"at":"2020-01-01T00:00:00Z"}`,
		`two`:    `{"at":"9999-01-01T00:00:00Z"}`,
		`date`:   `{"at":"tomorrow"}`,
		`revoke`: fmt.Sprintf(`{"at":%q,"revoke":["friends"]}`, at),
	} {
		wantError(t, s.Do("PUT", path+"suspend", as(s.APIToken, wrong)), 400, "invalid", field)
	}
	wantError(t, s.Do("PUT", path+"reactivate", as(s.APIToken, body)), 400, "invalid", "revoke")
	wantError(t, s.Do("PUT", path+"promote", as(s.APIToken, body)), 400, "invalid", "action")
	wantError(t, s.Do("PUT", "/v2/users/usr_none/schedule/suspend", as(s.APIToken, body)), 404, "not_found", "user")
	wantError(t, s.Do("PUT", "/v2/users/"+s.UserID+"/schedule/remove", as(s.PersonalToken, fmt.Sprintf(`{"at":%q}`, at))), 409, "conflict", "last owner")

	none := apptest.Request{Token: s.APIToken, Header: map[string]string{"If-Match": "*"}, Body: body}
	wantError(t, s.Do("PUT", path+"suspend", none), 412, "precondition_failed", "")
	dry := s.Want(http.StatusOK, "PUT", path+"suspend?dryRun=true", as(s.APIToken, body))
	if !strings.HasPrefix(dry.Header.Get("Roster-Access-Diff"), `{"changes":[],`) {
		t.Errorf("a schedule changes no access yet: %q", dry.Header.Get("Roster-Access-Diff"))
	}
	wantError(t, s.Do("GET", path+"suspend", as(s.APIToken, "")), 404, "not_found", "schedule")
	ans := s.Want(http.StatusOK, "PUT", path+"suspend", as(s.APIToken, body))
	for _, part := range []string{`"at":"` + at + `"`, `"action":"suspend"`, `"kind":"apiToken"`, `"revoke":["tokens"]`, `"failure":null`, `"userId":"` + jane.ID + `"`} {
		if !strings.Contains(string(ans.Body), part) {
			t.Errorf("the answer %s lacks %s", ans.Body, part)
		}
	}
	got := s.Want(http.StatusOK, "GET", path+"suspend", as(s.APIToken, ""))
	tag := got.Header.Get("ETag")
	s.Want(http.StatusNotModified, "GET", path+"suspend", apptest.Request{Token: s.APIToken, Header: map[string]string{"If-None-Match": tag}})
	list := s.Want(http.StatusOK, "GET", "/v2/schedules", as(s.APIToken, ""))
	if string(list.Body) != "["+strings.TrimSpace(string(got.Body))+"]\n" {
		t.Errorf("the list is %s", list.Body)
	}
	s.Want(http.StatusNotModified, "GET", "/v2/schedules", apptest.Request{Token: s.APIToken, Header: map[string]string{"If-None-Match": list.Header.Get("ETag")}})
	if of := s.Want(http.StatusOK, "GET", "/v2/schedules?user="+s.UserID, as(s.APIToken, "")); string(of.Body) != "[]\n" {
		t.Errorf("the owner's list is %s", of.Body)
	}
	user := s.Want(http.StatusOK, "GET", "/v2/users/"+jane.ID, as(s.APIToken, ""))
	if strings.Contains(string(user.Body), "schedule") {
		t.Errorf("the v2 object has a schedule: %s", user.Body)
	}

	later := strings.Replace(body, `"revoke":["tokens"]`, `"revoke":[]`, 1)
	s.Want(http.StatusOK, "PUT", path+"suspend", apptest.Request{Token: s.APIToken, Header: map[string]string{"If-Match": tag}, Body: later})
	stale := apptest.Request{Token: s.APIToken, Header: map[string]string{"If-Match": tag}}
	wantError(t, s.Do("DELETE", path+"suspend", stale), 412, "precondition_failed", "")
	s.Want(http.StatusNoContent, "DELETE", path+"suspend?dryRun=true", as(s.APIToken, ""))
	s.Want(http.StatusNoContent, "DELETE", path+"suspend", as(s.APIToken, ""))
	wantError(t, s.Do("DELETE", path+"suspend", as(s.APIToken, "")), 404, "not_found", "schedule")
}
