package httpapi_test

import (
	"net/http"
	"testing"

	"github.com/rosterhq/roster/internal/apptest"
)

func TestOffboarding(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t)
	ann := s.CreateUser("Ann", "ann@example.com", "admin")
	token := s.TokenOf("ann@example.com")
	var made struct{ ID, Token string }
	s.Want(http.StatusOK, "POST", "/v2/tokens", as(token, `{"name":"t","orgCapabilities":{"apiTokens":["create"],"users":["create"]}}`)).Decode(t, &made)
	s.Want(http.StatusOK, "POST", "/v2/tokens", as(made.Token, `{"name":"child"}`))
	s.Want(http.StatusOK, "POST", "/v2/webhooks", as(token, `{"name":"w","url":"https://127.0.0.1/"}`))
	s.CreateUser("Bob", "bob@example.com", "none")
	bob := s.TokenOf("bob@example.com")
	var other struct{ ID string }
	s.Want(http.StatusOK, "POST", "/v2/orgs", as(bob, `{"name":"Other"}`)).Decode(t, &other)
	s.Want(http.StatusOK, "POST", "/v2/users", inOrg(bob, other.ID, `{"name":"Zoe","email":"zoe@example.com","role":"user"}`))
	s.Want(http.StatusOK, "POST", "/v2/users", as(made.Token, `{"name":"Zoe","email":"zoe@example.com","role":"user"}`))
	var listed struct {
		Tokens, Webhooks []struct{ ID string }
		Invitations      []struct{ ID, Name string }
	}
	s.Want(http.StatusOK, "GET", "/v2/users/"+ann.ID+"/created", as(s.APIToken, "")).Decode(t, &listed)
	if len(listed.Tokens) != 2 || len(listed.Webhooks) != 1 || len(listed.Invitations) != 1 || listed.Invitations[0].Name != "zoe@example.com" {
		t.Errorf("listed %+v", listed)
	}
	wantError(t, s.Do("GET", "/v2/users/usr_none/created", as(s.APIToken, "")), 404, "not_found", "user")
	for _, bad := range []string{"x", "tokens,", "tokens;webhooks"} {
		wantError(t, s.Do("DELETE", "/v2/users/"+ann.ID+"?revoke="+bad, as(s.PersonalToken, "")), 400, "invalid", "")
	}
	left := func(want string, ans apptest.Answer) {
		t.Helper()
		if got := ans.Header.Get("Roster-Left"); got != want {
			t.Errorf("Roster-Left is %q, want %q", got, want)
		}
	}
	role := "/v2/users/" + ann.ID + "/role"
	left("tokens=0, webhooks=0, invitations=0", s.Want(http.StatusOK, "PUT", role+"?revoke=all&dryRun=true", as(s.PersonalToken, `{"role":"user"}`)))
	left("tokens=2, webhooks=0, invitations=1", s.Want(http.StatusOK, "PUT", role+"?revoke=webhooks", as(s.PersonalToken, `{"role":"user"}`)))
	s.Want(http.StatusOK, "POST", "/v2/tokens", as(made.Token, `{"name":"works"}`))
	left("tokens=0, webhooks=0, invitations=0", s.Want(http.StatusNoContent, "DELETE", "/v2/users/"+ann.ID+"?revoke=tokens,invitations", as(s.PersonalToken, "")))
	s.Want(http.StatusUnauthorized, "POST", "/v2/tokens", as(made.Token, `{"name":"gone"}`))
}
