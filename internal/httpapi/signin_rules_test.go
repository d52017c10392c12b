package httpapi_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/rosterhq/roster/client"
	"github.com/rosterhq/roster/internal/apptest"
)

// Owners see and change the sign-in rules, which need an issuer that works.
func TestSignInRules(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t)
	path := "/v2/orgs/" + s.OrgID + "/sign-in-rules"
	c, err := client.New(s.URL, s.PersonalToken)
	if err != nil {
		t.Fatal(err)
	}
	if r, err := c.GetSignInRules(t.Context(), s.OrgID); err != nil || r.RequireIssuer || r.TokenSeconds != nil {
		t.Errorf("%+v, %v", r, err)
	}
	week := int64(604800)
	if r, err := c.UpdateSignInRules(t.Context(), s.OrgID, client.SignInRules{TokenSeconds: &week}); err != nil || r.RequireIssuer || *r.TokenSeconds != week {
		t.Errorf("%+v, %v", r, err)
	}
	s.Want(http.StatusOK, "GET", path, as(s.PersonalToken, ""))
	s.Want(http.StatusOK, "PUT", path, as(s.PersonalToken, `{"requireIssuer":false,"tokenSeconds":3600}`))
	for body, field := range map[string]string{
		`{}`: "requireIssuer", `{"requireIssuer":null,"tokenSeconds":null}`: "requireIssuer", `{"requireIssuer":false}`: "tokenSeconds",
		`{"requireIssuer":false,"tokenSeconds":0}`: "tokenSeconds", `{"requireIssuer":false,"tokenSeconds":3599}`: "tokenSeconds",
		`{"requireIssuer":false,"tokenSeconds":31622401}`: "tokenSeconds",
	} {
		if e := s.Want(http.StatusBadRequest, "PUT", path, as(s.PersonalToken, body)).Error(); e.Field != field {
			t.Errorf("%s: %+v", body, e)
		}
	}
	require := `{"requireIssuer":true,"tokenSeconds":null}`
	if e := s.Want(http.StatusConflict, "PUT", path, as(s.PersonalToken, require)).Error(); !strings.Contains(e.Message, "sign in by it once") {
		t.Errorf("%+v does not say what to do", e)
	}
	s.CreateUser("Admin", "admin@example.com", "admin")
	admin := s.TokenOf("admin@example.com")
	s.Want(http.StatusForbidden, "PUT", path, as(admin, require))
	s.Want(http.StatusNotFound, "GET", "/v2/orgs/other/sign-in-rules", as(s.PersonalToken, ""))
	s.Want(http.StatusNotFound, "PUT", "/v2/orgs/other/sign-in-rules", as(s.PersonalToken, require))
}
