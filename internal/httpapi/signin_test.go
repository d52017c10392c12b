package httpapi_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/rosterhq/roster/client"
	"github.com/rosterhq/roster/internal/apptest"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/identity"
)

// signIn signs an account in with a browser, and gives the call of its session.
func signIn(t *testing.T, s *apptest.Server, email string) (secret string, call directory.Call) {
	t.Helper()
	l, err := s.Identity.CreateSignInLinkFor(t.Context(), email)
	if err != nil {
		t.Fatal(err)
	}
	agent := "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0"
	session, err := s.Identity.UseSignInLink(t.Context(), directory.Call{RemoteAddr: "198.51.100.7", UserAgent: agent}, l.Secret, "", "")
	if err != nil {
		t.Fatal(err)
	}
	p, err := s.Service.AuthenticateSession(t.Context(), session.Secret, "", "")
	if err != nil {
		t.Fatal(err)
	}
	return session.Secret, directory.Call{Principal: p}
}

// People list their sessions with device and place, and end one or all.
func TestPeopleListAndEndTheirSessions(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t)
	first, call := signIn(t, s, "owner@example.com")
	signIn(t, s, "owner@example.com")
	c, err := client.New(s.URL, s.PersonalToken)
	if err != nil {
		t.Fatal(err)
	}
	all, err := c.ListSessions(t.Context())
	if err != nil || len(all) != 2 {
		t.Fatalf("%v, %v", all, err)
	}
	if got := all[1]; got.Device != "Edge on Windows" || got.Address != "198.51.100.7" || got.Method != "operatorLink" || got.OnlyOrgID != nil ||
		got.ID != string(call.Principal.TokenID) || got.ExpiresAt.Sub(got.CreatedAt) != directory.SessionLifetime {
		t.Errorf("listed %+v", got)
	}
	s.Want(http.StatusUnauthorized, "GET", "/v2/user", apptest.Request{Token: first}) // a cookie is no token
	if err := c.DeleteSession(t.Context(), all[1].ID); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Service.AuthenticateSession(t.Context(), first, "", ""); directory.CodeOf(err) != directory.Unauthenticated {
		t.Errorf("ended, and: %v", err)
	}
	s.Want(http.StatusNotFound, "DELETE", "/v2/user/sessions/"+all[1].ID, apptest.Request{Token: s.PersonalToken})
	s.Want(http.StatusForbidden, "GET", "/v2/user/sessions", apptest.Request{Token: s.APIToken})
	s.Want(http.StatusNoContent, "DELETE", "/v2/user/sessions/"+all[0].ID, apptest.Request{Token: s.PersonalToken})
	signIn(t, s, "owner@example.com")
	if err := c.DeleteSessions(t.Context()); err != nil {
		t.Fatal(err)
	}
	if all, err = c.ListSessions(t.Context()); err != nil || len(all) != 0 {
		t.Errorf("left: %v, %v", all, err)
	}
}

// Those who may update users see the sessions with which a user acts in the organization,
// and end one there.
func TestMemberSessions(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t)
	secret, call := signIn(t, s, "owner@example.com")
	id := string(call.Principal.TokenID)
	path := "/v2/users/" + s.UserID + "/sessions"
	var list []struct{ ID, Device string }
	s.Want(http.StatusOK, "GET", path, as(s.APIToken, "")).Decode(t, &list)
	if len(list) != 1 || list[0].ID != id || list[0].Device != "Edge on Windows" {
		t.Errorf("the list is %+v", list)
	}
	wantError(t, s.Do("DELETE", path+"/"+id, as(s.APIToken, "")), 403, "forbidden", "only an owner")
	wantError(t, s.Do("DELETE", path+"/"+id, apptest.Request{Token: s.PersonalToken, Header: map[string]string{"If-Match": `"x"`}}), 412, "precondition_failed", "If-Match")
	s.Want(http.StatusNoContent, "DELETE", path+"/"+id+"?dryRun=true", as(s.PersonalToken, ""))
	if _, err := s.Service.AuthenticateSession(t.Context(), secret, directory.OrgID(s.OrgID), ""); err != nil {
		t.Errorf("after a dry run: %v", err)
	}
	s.Want(http.StatusNoContent, "DELETE", path+"/"+id, as(s.PersonalToken, ""))
	if _, err := s.Service.AuthenticateSession(t.Context(), secret, directory.OrgID(s.OrgID), ""); directory.CodeOf(err) != directory.Unauthenticated {
		t.Errorf("ended, and: %v", err)
	}
	wantError(t, s.Do("DELETE", path+"/"+id, as(s.PersonalToken, "")), 404, "not_found", "session")
	wantError(t, s.Do("GET", "/v2/users/usr_nobody/sessions", as(s.PersonalToken, "")), 404, "not_found", "user")
}

// People list, rename and remove their passkeys.
func TestPeopleManageTheirPasskeys(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t)
	_, call := signIn(t, s, "owner@example.com")
	made, err := s.Identity.CreatePasskey(t.Context(), call, identity.NewPasskey{Name: "Laptop", CredentialID: []byte("id"), Credential: []byte(`{"publicKey":"x"}`)})
	if err != nil {
		t.Fatal(err)
	}
	c, err := client.New(s.URL, s.PersonalToken)
	if err != nil {
		t.Fatal(err)
	}
	all, err := c.ListPasskeys(t.Context())
	if err != nil || len(all) != 1 || all[0].Name != "Laptop" || all[0].LastUsedAt != nil {
		t.Fatalf("%v, %v", all, err)
	}
	if p, err := c.RenamePasskey(t.Context(), all[0].ID, "Phone"); err != nil || p.Name != "Phone" || p.ID != string(made.ID) {
		t.Errorf("%v, %v", p, err)
	}
	path := "/v2/user/passkeys/" + all[0].ID
	own := func(body string) apptest.Request { return as(s.PersonalToken, body) }
	if e := s.Want(http.StatusBadRequest, "PUT", path, own(`{"name":""}`)).Error(); e.Field != "name" {
		t.Errorf("%+v", e)
	}
	s.Want(http.StatusNotFound, "PUT", path+"x", own(`{"name":"y"}`))
	s.Want(http.StatusOK, "PUT", path, own(`{"name":"y"}`))
	s.CreateUser("Jane", "jane@example.com", "user")
	s.Want(http.StatusNotFound, "DELETE", path, apptest.Request{Token: s.TokenOf("jane@example.com")})
	s.Want(http.StatusNoContent, "DELETE", path, own(""))
	var e *client.Error
	if err := c.DeletePasskey(t.Context(), all[0].ID); !errors.As(err, &e) || e.Status != http.StatusNotFound {
		t.Errorf("removed twice: %v", err)
	}
}

// The person who adds a new user can give them a link for their first sign-in.
func TestInvitationLinks(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t)
	jane := s.CreateUser("Jane", "jane@example.com", "user")
	c, err := client.New(s.URL, s.APIToken)
	if err != nil {
		t.Fatal(err)
	}
	l, err := c.CreateInvitationLink(t.Context(), jane.ID)
	if err != nil {
		t.Fatal(err)
	}
	secret, ok := strings.CutPrefix(l.URL, s.URL+"/signin/link#")
	if !ok {
		t.Fatalf("the link is %s", l.URL)
	}
	path := "/v2/users/" + jane.ID + "/sign-in-link"
	keyed := apptest.Request{Token: s.APIToken, Header: map[string]string{"Idempotency-Key": "k"}}
	s.Want(http.StatusOK, "POST", path, keyed)
	s.Want(http.StatusConflict, "POST", path, keyed)
	s.CreateUser("John", "john@example.com", "user")
	keyed.Body = "{}"
	if ans := s.Do("POST", path, keyed); ans.Status != http.StatusUnprocessableEntity {
		t.Errorf("another request with the key: %d %s", ans.Status, ans.Body)
	}
	if _, err := s.Identity.UseSignInLink(t.Context(), directory.Call{}, secret, "", ""); err != nil {
		t.Fatal(err)
	}
	s.Want(http.StatusConflict, "POST", path, as(s.APIToken, ""))
	s.Want(http.StatusForbidden, "POST", "/v2/users/"+s.UserID+"/sign-in-link", as(s.APITokenWith(`"orgCapabilities":{"users":["read"]}`), ""))
	s.Want(http.StatusNotFound, "POST", "/v2/users/usr_nobody/sign-in-link", as(s.APIToken, ""))
}

// Owners limit the sessions of their organization.
func TestSessionLimits(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t)
	path := "/v2/orgs/" + s.OrgID + "/session-limits"
	c, err := client.New(s.URL, s.PersonalToken)
	if err != nil {
		t.Fatal(err)
	}
	if l, err := c.GetSessionLimits(t.Context(), s.OrgID); err != nil || l.IdleSeconds != nil || l.LifetimeSeconds != nil {
		t.Errorf("%+v, %v", l, err)
	}
	idle := int64(600)
	if l, err := c.UpdateSessionLimits(t.Context(), s.OrgID, client.SessionLimits{IdleSeconds: &idle}); err != nil || *l.IdleSeconds != 600 || l.LifetimeSeconds != nil {
		t.Errorf("%+v, %v", l, err)
	}
	s.Want(http.StatusOK, "PUT", path, as(s.PersonalToken, `{"idleSeconds":600,"lifetimeSeconds":null}`))
	s.Want(http.StatusOK, "GET", path, as(s.PersonalToken, ""))
	for body, field := range map[string]string{
		`{"idleSeconds":299,"lifetimeSeconds":null}`: "idleSeconds", `{"idleSeconds":0,"lifetimeSeconds":null}`: "idleSeconds",
		`{"idleSeconds":null,"lifetimeSeconds":604801}`: "lifetimeSeconds", `{"idleSeconds":null}`: "lifetimeSeconds", `{}`: "idleSeconds",
	} {
		if e := s.Want(http.StatusBadRequest, "PUT", path, as(s.PersonalToken, body)).Error(); e.Field != field {
			t.Errorf("%s: %+v", body, e)
		}
	}
	s.CreateUser("Admin", "admin@example.com", "admin")
	s.Want(http.StatusForbidden, "PUT", path, as(s.TokenOf("admin@example.com"), `{"idleSeconds":null,"lifetimeSeconds":null}`))
	s.Want(http.StatusNotFound, "GET", path+"x", as(s.PersonalToken, ""))
	s.Want(http.StatusNotFound, "GET", "/v2/orgs/other/session-limits", as(s.PersonalToken, ""))
	s.Want(http.StatusNotFound, "PUT", "/v2/orgs/other/session-limits", as(s.PersonalToken, `{"idleSeconds":null,"lifetimeSeconds":null}`))
	// The organization's other settings are left alone, and leave these alone.
	s.Want(http.StatusOK, "PUT", "/v2/orgs/"+s.OrgID+"/settings", as(s.PersonalToken, `{"maxTokenLifetimeSeconds":7776000}`))
	if l, err := c.GetSessionLimits(t.Context(), s.OrgID); err != nil || l.IdleSeconds == nil || *l.IdleSeconds != 600 {
		t.Errorf("%+v, %v", l, err)
	}
}
