package httpapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/apptest"
)

func TestTemporaryRolesOverHTTP(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t)
	jane := s.CreateUser("Jane", "jane@example.com", "user")
	path := "/v2/users/" + jane.ID + "/temporary-role"
	until := time.Now().Add(time.Hour).UTC().Truncate(time.Second).Format(time.RFC3339)
	body := fmt.Sprintf(`{"role":"admin","until":%q}`, until)
	user := s.Want(http.StatusOK, "GET", "/v2/users/"+jane.ID, as(s.APIToken, ""))

	wantError(t, s.Do("GET", path, as(s.APIToken, "")), 404, "not_found", "temporary role")
	wantError(t, s.Do("DELETE", path, as(s.APIToken, "")), 404, "not_found", "temporary role")
	wantError(t, s.Do("PUT", "/v2/users/usr_none/temporary-role", as(s.APIToken, body)), 404, "not_found", "user")
	wantError(t, s.Do("GET", "/v2/users/usr_none/temporary-role", as(s.APIToken, "")), 404, "not_found", "user")
	for field, wrong := range map[string]string{
		"until":  `{"role":"admin"}`,
		"future": `{"role":"admin","until":"2020-01-01T00:00:00Z"}`,
		"role":   fmt.Sprintf(`{"role":"emperor","until":%q}`, until),
		"owner":  fmt.Sprintf(`{"role":"owner","until":%q}`, until),
	} {
		wantError(t, s.Do("PUT", path, as(s.APIToken, wrong)), 400, "invalid", field)
	}
	absent := apptest.Request{Token: s.APIToken, Header: map[string]string{"If-Match": "*"}, Body: body}
	wantError(t, s.Do("PUT", path, absent), 412, "precondition_failed", "")
	dry := s.Want(http.StatusOK, "PUT", path+"?dryRun=true", as(s.APIToken, body))
	if diff := dry.Header.Get("Roster-Access-Diff"); !strings.Contains(diff, "users|create") {
		t.Errorf("a dry run says %q", diff)
	}
	s.Want(http.StatusOK, "PUT", path, as(s.APIToken, body))
	got := s.Want(http.StatusOK, "GET", path, as(s.APIToken, ""))
	if want := fmt.Sprintf(`{"role":{"id":"admin","name":"admin"},"until":%q,"userId":%q}`, until, jane.ID); strings.TrimSpace(string(got.Body)) != want {
		t.Errorf("answered %s, want %s", got.Body, want)
	}
	tag := map[string]string{"If-None-Match": got.Header.Get("ETag")}
	s.Want(http.StatusNotModified, "GET", path, apptest.Request{Token: s.APIToken, Header: tag})
	list := s.Want(http.StatusOK, "GET", "/v2/temporary-roles", as(s.APIToken, ""))
	if string(list.Body) != "["+strings.TrimSpace(string(got.Body))+"]\n" {
		t.Errorf("the list is %s", list.Body)
	}
	s.Want(http.StatusNotModified, "GET", "/v2/temporary-roles", apptest.Request{Token: s.APIToken, Header: map[string]string{"If-None-Match": list.Header.Get("ETag")}})
	if again := s.Want(http.StatusOK, "GET", "/v2/users/"+jane.ID, as(s.APIToken, "")); string(again.Body) != string(user.Body) {
		t.Errorf("the v2 object changed: %s", again.Body)
	}
	access := s.Want(http.StatusOK, "GET", "/v2/users/"+jane.ID+"/access?capability=users%7Cdelete", as(s.APIToken, ""))
	if !strings.Contains(string(access.Body), `"until":"`+until+`"`) {
		t.Errorf("the access is %s", access.Body)
	}
	s.Want(http.StatusNoContent, "DELETE", path+"?dryRun=true", as(s.APIToken, ""))
	stale := apptest.Request{Token: s.APIToken, Header: map[string]string{"If-Match": `"x"`}}
	wantError(t, s.Do("DELETE", path, stale), 412, "precondition_failed", "")
	s.Want(http.StatusNoContent, "DELETE", path, as(s.APIToken, ""))
	wantError(t, s.Do("GET", path, as(s.APIToken, "")), 404, "not_found", "temporary role")

	// An invitation has no roles for a time.
	var other struct{ ID string }
	s.Want(http.StatusOK, "POST", "/v2/orgs", as(s.PersonalToken, `{"name":"Other"}`)).Decode(t, &other)
	there := apptest.Request{Token: s.PersonalToken, Header: map[string]string{"X-Axiom-Org-Id": other.ID}, Body: `{"name":"Jane","email":"jane@example.com","role":"user"}`}
	var invited struct{ ID string }
	s.Want(http.StatusOK, "POST", "/v2/users", there).Decode(t, &invited)
	there.Body = body
	wantError(t, s.Do("PUT", "/v2/users/"+invited.ID+"/temporary-role", there), 409, "conflict", "invitation")
}
