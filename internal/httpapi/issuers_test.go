package httpapi_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/rosterhq/roster/client"
	"github.com/rosterhq/roster/internal/apptest"
)

const newIssuer = `{"name":"SSO","url":"https://sso.example.com","clientId":"roster","clientSecret":"s3cret-of-the-client"}`

func TestOnlyOwnersManageIssuers(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t)
	s.CreateUser("Ada", "ada@example.com", "admin")
	admin := s.TokenOf("ada@example.com")
	wantError(t, s.Do("POST", "/v2/issuers", as(admin, newIssuer)), 403, "forbidden", "owner")
	wantError(t, s.Do("POST", "/v2/issuers", as(s.APIToken, newIssuer)), 403, "forbidden", "personal token")
	for body, field := range map[string]string{
		`{"url":"https://sso.example.com","clientId":"c","clientSecret":"s"}`:                                                   "name",
		`{"name":"i","url":"http://sso.example.com","clientId":"c","clientSecret":"s"}`:                                         "url",
		`{"name":"i","url":"https://sso.example.com","clientSecret":"s"}`:                                                       "clientId",
		`{"name":"i","url":"https://sso.example.com","clientId":"c"}`:                                                           "clientSecret",
		`{"name":"i","url":"https://sso.example.com","clientId":"c","clientSecret":"s","scopes":["a b"]}`:                       "scopes",
		`{"name":"i","url":"https://sso.example.com","clientId":"c","clientSecret":"s","groups":[{"value":"x","groupId":"g"}]}`: "groupsClaim",
	} {
		wantError(t, s.Do("POST", "/v2/issuers", as(s.PersonalToken, body)), 400, "invalid", field)
	}
	var made struct{ ID string }
	ans := s.Want(http.StatusOK, "POST", "/v2/issuers", as(s.PersonalToken, newIssuer))
	ans.Decode(t, &made)
	wantError(t, s.Do("POST", "/v2/issuers", as(s.PersonalToken, newIssuer)), 409, "conflict", "already")
	path := "/v2/issuers/" + made.ID
	read := s.Want(http.StatusOK, "GET", path, as(admin, ""))
	list := s.Want(http.StatusOK, "GET", "/v2/issuers", as(admin, ""))
	for _, body := range []string{string(ans.Body), string(read.Body), string(list.Body)} {
		if strings.Contains(body, "s3cret") || strings.Contains(strings.ToLower(body), "secret") || !strings.Contains(body, made.ID) {
			t.Errorf("answered %s", body)
		}
	}
	// The response to a read can be written back; a stale ETag can't be used.
	tag := read.Header.Get("ETag")
	match := func(body string) apptest.Request {
		return apptest.Request{Token: s.PersonalToken, Header: map[string]string{"If-Match": tag}, Body: body}
	}
	s.Want(http.StatusOK, "PUT", path, match(strings.Replace(string(read.Body), `"provision":false`, `"provision":true`, 1)))
	s.Want(http.StatusPreconditionFailed, "PUT", path, match(string(read.Body)))
	s.Want(http.StatusPreconditionFailed, "DELETE", path, match(""))
	wantError(t, s.Do("PUT", path, as(s.PersonalToken, strings.Replace(string(read.Body), "sso.", "other.", 1))), 400, "invalid", "url")
	s.Want(http.StatusNoContent, "DELETE", path, as(s.PersonalToken, ""))
	wantError(t, s.Do("GET", path, as(s.PersonalToken, "")), 404, "not_found", "issuer")
}

// Owners learn why nobody can sign in by an issuer.
func TestCheckIssuer(t *testing.T) {
	t.Parallel()
	var asked []string
	problem := errors.New("the issuer can't be used: there was no valid answer")
	s := apptest.StartWith(t, apptest.Options{Discover: func(_ context.Context, url string) error {
		asked = append(asked, url)
		return problem // the test waits for each answer
	}})
	var made struct{ ID string }
	s.Want(http.StatusOK, "POST", "/v2/issuers", as(s.PersonalToken, newIssuer)).Decode(t, &made)
	c, err := client.New(s.URL, s.PersonalToken)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := c.CheckIssuer(t.Context(), made.ID); err != nil || got != problem.Error() {
		t.Errorf("got %q, %v", got, err)
	}
	problem = nil
	if got, err := c.CheckIssuer(t.Context(), made.ID); err != nil || got != "" {
		t.Errorf("got %q, %v", got, err)
	}
	if len(asked) != 2 || asked[0] != "https://sso.example.com" {
		t.Errorf("asked %q", asked)
	}
	s.CreateUser("Ada", "ada@example.com", "admin")
	path := "/v2/issuers/" + made.ID + "/check"
	wantError(t, s.Do("GET", path, as(s.TokenOf("ada@example.com"), "")), 403, "forbidden", "only an owner")
	wantError(t, s.Do("GET", "/v2/issuers/iss_none/check", as(s.PersonalToken, "")), 404, "not_found", "issuer")
	s.Want(http.StatusOK, "GET", path, as(s.PersonalToken, ""))
}
