package httpapi_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/rosterhq/roster/internal/apptest"
)

func TestSuspendedUserIsRefusedUntilReactivated(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t)
	jane := s.CreateUser("Jane", "jane@example.com", "admin")
	token := s.TokenOf("jane@example.com")
	path := "/v2/users/" + jane.ID + "/status"
	s.Want(http.StatusOK, "GET", "/v2/users", as(token, ""))
	s.Want(http.StatusOK, "POST", "/v2/tokens", as(token, `{"name":"hers"}`))

	ans := s.Want(http.StatusOK, "GET", path, as(s.APIToken, ""))
	if string(ans.Body) != `{"status":"active"}`+"\n" {
		t.Errorf("answered %s", ans.Body)
	}
	tag := ans.Header.Get("ETag")
	s.Want(http.StatusNotModified, "GET", path, apptest.Request{Token: s.APIToken, Header: map[string]string{"If-None-Match": tag}})
	wantError(t, s.Do("PUT", path, as(token, `{"status":"gone"}`)), 400, "invalid", "status")
	wantError(t, s.Do("PUT", path+"?revoke=x", as(token, `{"status":"suspended"}`)), 400, "invalid", "revoke")
	wantError(t, s.Do("PUT", path+"?revoke=all", as(token, `{"status":"active"}`)), 400, "invalid", "revoke")
	wantError(t, s.Do("GET", "/v2/users?status=gone", as(token, "")), 400, "invalid", "status")
	wantError(t, s.Do("GET", "/v2/users/usr_none/status", as(token, "")), 404, "not_found", "user")
	wantError(t, s.Do("PUT", "/v2/users/usr_none/status", as(token, `{"status":"suspended"}`)), 404, "not_found", "user")
	wantError(t, s.Do("PUT", "/v2/users/"+s.UserID+"/status", as(s.PersonalToken, `{"status":"suspended"}`)), 409, "conflict", "last owner")

	dry := s.Want(http.StatusOK, "PUT", path+"?dryRun=true", as(s.PersonalToken, `{"status":"suspended"}`))
	if diff := dry.Header.Get("Roster-Access-Diff"); !strings.Contains(diff, "users|create") {
		t.Errorf("a dry run says %q", diff)
	}
	ans = s.Want(http.StatusOK, "PUT", path, apptest.Request{
		Token: s.PersonalToken, Header: map[string]string{"If-Match": tag}, Body: `{"status":"suspended"}`,
	})
	if left := ans.Header.Get("Roster-Left"); !strings.HasPrefix(left, "tokens=1") || string(ans.Body) != `{"status":"suspended"}`+"\n" {
		t.Errorf("answered %s, left %q", ans.Body, left)
	}
	stale := s.Do("PUT", path, apptest.Request{Token: s.PersonalToken, Header: map[string]string{"If-Match": tag}, Body: `{"status":"active"}`})
	wantError(t, stale, 412, "precondition_failed", "")

	wantError(t, s.Do("GET", "/v2/users", as(token, "")), 403, "forbidden", "suspended")
	wantError(t, s.Do("GET", "/v2/user", as(token, "")), 403, "forbidden", "suspended")
	wantError(t, s.Do("GET", "/v2/users", inOrg(token, s.OrgID, "")), 403, "forbidden", "suspended")
	list := s.Want(http.StatusOK, "GET", "/v2/users?status=suspended", as(s.APIToken, ""))
	if !strings.Contains(string(list.Body), jane.ID) || strings.Contains(string(list.Body), s.UserID) || strings.Contains(string(list.Body), `"suspended"`) {
		t.Errorf("the list of suspended users is %s", list.Body)
	}
	access := s.Want(http.StatusOK, "GET", "/v2/users/"+jane.ID+"/access", as(s.APIToken, ""))
	if !strings.Contains(string(access.Body), `"capabilities":[]`) || !strings.Contains(string(access.Body), `"status":"suspended"`) {
		t.Errorf("the access is %s", access.Body)
	}
	s.Want(http.StatusOK, "PUT", path+"?revoke=all", as(s.PersonalToken, `{"status":"suspended"}`))
	s.Want(http.StatusOK, "PUT", path, as(s.APIToken, `{"status":"active"}`))
	s.Want(http.StatusOK, "GET", "/v2/users", as(token, ""))
}
