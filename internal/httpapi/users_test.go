package httpapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/rosterhq/roster/internal/apptest"
)

// as is a request with a token and a body.
func as(token, body string) apptest.Request { return apptest.Request{Token: token, Body: body} }

func wantError(t *testing.T, ans apptest.Answer, status int, code, part string) {
	t.Helper()
	e := ans.Error()
	if ans.Status != status || e.Code != code || !strings.Contains(e.Message, part) {
		t.Errorf("got %d %s, want %d %s with %q", ans.Status, ans.Body, status, code, part)
	}
}

// The page's five calls, with the answers it shows.
func TestTheFiveCallsOfUsers(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t)
	made := s.Want(http.StatusOK, "POST", "/v2/users", as(s.APIToken, `{"name":"Jane Doe","email":"jane.doe@example.com","role":"user"}`))
	var jane apptest.User
	made.Decode(t, &jane)
	want := `{"email":"jane.doe@example.com","id":"` + jane.ID + `","name":"Jane Doe","role":{"id":"user","name":"user"}}` + "\n"
	if string(made.Body) != want {
		t.Errorf("create answers %s, want %s", made.Body, want)
	}
	owner := `{"email":"owner@example.com","id":"` + s.UserID + `","name":"Olivia Owner","role":{"id":"owner","name":"owner"}}`
	list := s.Want(http.StatusOK, "GET", "/v2/users", as(s.APIToken, ""))
	if got := string(list.Body); got != "["+owner+","+strings.TrimSpace(want)+"]\n" {
		t.Errorf("list answers %s", got)
	}
	if got := s.Want(http.StatusOK, "GET", "/v2/users/"+jane.ID, as(s.APIToken, "")); string(got.Body) != want {
		t.Errorf("get answers %s", got.Body)
	}
	renamed := s.Want(http.StatusOK, "PUT", "/v2/users/"+s.UserID, as(s.PersonalToken, `{"name":"Olivia O."}`))
	if got := string(renamed.Body); got != strings.Replace(owner, "Olivia Owner", "Olivia O.", 1)+"\n" {
		t.Errorf("rename answers %s", got)
	}
	if gone := s.Want(http.StatusNoContent, "DELETE", "/v2/users/"+jane.ID, as(s.APIToken, "")); len(gone.Body) != 0 {
		t.Errorf("delete answers %s", gone.Body)
	}
	wantError(t, s.Do("GET", "/v2/users/"+jane.ID, as(s.APIToken, "")), http.StatusNotFound, "not_found", "user")
}

// An invalid create changes nothing, and its error names the member.
func TestInvalidCreateNamesTheMember(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t)
	before := s.Want(http.StatusOK, "GET", "/v2/users", as(s.APIToken, ""))
	long := strings.Repeat("x", 201)
	for _, c := range []struct{ body, field string }{
		{`{"name":"","email":"a@example.com","role":"user"}`, "name"},
		{`{"name":"   ","email":"a@example.com","role":"user"}`, "name"},
		{`{"name":"` + long + `","email":"a@example.com","role":"user"}`, "name"},
		{`{"name":"a\u0000b","email":"a@example.com","role":"user"}`, "name"},
		{`{"name":"a\nb","email":"a@example.com","role":"user"}`, "name"},
		{`{"email":"a@example.com","role":"user"}`, "name"},
		{`{"name":"A","role":"user"}`, "email"},
		{`{"name":"A","email":"a@example.com"}`, "role"},
		{`{"name":"A","email":"not an address","role":"user"}`, "email"},
		{`{"name":"A","email":"A <a@example.com>","role":"user"}`, "email"},
		{`{"name":"A","email":"a@example.com, b@example.com","role":"user"}`, "email"},
		{`{"name":"A","email":" a@example.com","role":"user"}`, "email"},
		{`{"name":"A","email":"` + strings.Repeat("a", 250) + `@example.com","role":"user"}`, "email"},
		{`{"name":"A","email":"a@example.com","role":"king"}`, "role"},
		{`{"name":"A","email":"a@example.com","role":"user","id":"usr_1"}`, "id"},
		{`{"name":"A","email":"a@example.com","role":"user","extra":1}`, "extra"},
		{`{"Name":"A","email":"a@example.com","role":"user"}`, "Name"},
		{`{"name":1,"email":"a@example.com","role":"user"}`, "name"},
		{`{"name":"A","email":["a@example.com"],"role":"user"}`, "email"},
		{`{"name":"A","email":"a@example.com","role":{"id":"user"}}`, "role"},
		{`{"name":"A","name":"B","email":"a@example.com","role":"user"}`, ""},
		{`{"name":"A","email":"a@example.com","role":"user"} {}`, ""},
		{`{"name":"A","email":"a@example.com","role":"user"`, ""},
		{"{\"name\":\"\xff\",\"email\":\"a@example.com\",\"role\":\"user\"}", ""},
		{"\ufeff" + `{"name":"A","email":"a@example.com","role":"user"}`, ""},
		{`[]`, ""},
		{`null `, ""},
		{`"x"`, ""},
		{`{`, ""},
		{` `, ""},
		{`{"name":` + strings.Repeat("[", 100_000), ""},
		{`{"x":` + strings.Repeat(`{"x":`, 100_000), "x"},
		{`{"name":1e999999}`, "name"},
	} {
		ans := s.Do("POST", "/v2/users", as(s.APIToken, c.body))
		if e := ans.Error(); ans.Status != http.StatusBadRequest || e.Code != "invalid" || e.Message == "" || e.Field != c.field {
			t.Errorf("%.80q: got %d %s, want 400 about %q", c.body, ans.Status, ans.Body, c.field)
		}
	}
	after := s.Want(http.StatusOK, "GET", "/v2/users", as(s.APIToken, ""))
	if string(after.Body) != string(before.Body) {
		t.Errorf("refused creates changed the list to %s", after.Body)
	}
}

// Names of any script are kept, trimmed; addresses are kept as they are given.
func TestCreateUserKeepsTheInputExactly(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t)
	for i, name := range []string{"Jörg Müller", "山田太郎", "محمد", "O'Brien-Smith", "🚀", strings.Repeat("ü", 200)} {
		u := s.CreateUser("  "+name+" ", fmt.Sprintf("user%d@Example.COM", i), "none")
		if u.Name != name {
			t.Errorf("the name %q became %q", name, u.Name)
		}
		s.Want(http.StatusNoContent, "DELETE", "/v2/users/"+u.ID, as(s.APIToken, ""))
	}
	if u := s.CreateUser("Jane", "Jane.Doe@Example.COM", "none"); u.Email != "Jane.Doe@Example.COM" {
		t.Errorf("the address became %q", u.Email)
	}
	wantError(t, s.Do("POST", "/v2/users", as(s.APIToken, `{"name":"J","email":"jane.doe@example.com","role":"user"}`)),
		http.StatusConflict, "conflict", "already a member")
}

func TestUpdateUser(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t)
	jane := s.CreateUser("Jane", "jane@example.com", "admin")
	token := s.TokenOf("jane@example.com")
	full := `{"name":"J","email":"jane@example.com","id":"` + jane.ID + `","role":{"id":"admin","name":"admin"}}`
	for _, c := range []struct {
		name, id, token, body string
		status                int
		part                  string
	}{
		{"an API token is refused whatever it may do", jane.ID, s.APIToken, `{"name":"J"}`, 403, "personal token"},
		{"another's id", s.UserID, token, `{"name":"J"}`, 403, "own user"},
		{"an id that does not exist", "usr_nobody", token, `{"name":"J"}`, 403, "own user"},
		{"nothing", jane.ID, token, `{}`, 400, "name"},
		{"another address", jane.ID, token, `{"name":"J","email":"j@example.com"}`, 400, "email"},
		{"another role", jane.ID, token, `{"name":"J","role":{"id":"owner","name":"owner"}}`, 400, "role"},
		{"another id in the body", jane.ID, token, `{"name":"J","id":"usr_x"}`, 400, "id"},
		{"a bad name", jane.ID, token, `{"name":"\u0007"}`, 400, "name"},
	} {
		ans := s.Do("PUT", "/v2/users/"+c.id, as(c.token, c.body))
		if ans.Status != c.status || !strings.Contains(ans.Error().Message, c.part) {
			t.Errorf("%s: got %d %s", c.name, ans.Status, ans.Body)
		}
	}
	var got apptest.User
	if s.Want(http.StatusOK, "GET", "/v2/users/"+jane.ID, as(s.APIToken, "")).Decode(t, &got); got != jane {
		t.Errorf("refused updates changed %+v", got)
	}
	if s.Want(http.StatusOK, "PUT", "/v2/users/"+jane.ID, as(token, full)).Decode(t, &got); got.Name != "J" {
		t.Errorf("read, modify, write answers %+v", got)
	}
	if s.Want(http.StatusOK, "PUT", "/v2/user", as(token, `{"name":"Jane D."}`)).Decode(t, &got); got.Name != "Jane D." {
		t.Errorf("PUT /v2/user answers %+v", got)
	}
	if s.Want(http.StatusOK, "GET", "/v2/user", as(token, "")).Decode(t, &got); got.Name != "Jane D." || got.ID != jane.ID {
		t.Errorf("GET /v2/user answers %+v", got)
	}
	wantError(t, s.Do("GET", "/v2/user", as(s.APIToken, "")), 403, "forbidden", "personal token")
	wantError(t, s.Do("PUT", "/v2/user", as(s.APIToken, `{"name":"x"}`)), 403, "forbidden", "personal token")
	wantError(t, s.Do("PUT", "/v2/user", as(token, `{}`)), 400, "invalid", "name")
}

func TestUpdateUserRole(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t)
	jane := s.CreateUser("Jane", "jane@example.com", "user")
	path := "/v2/users/" + jane.ID + "/role"
	var got apptest.User
	if s.Want(http.StatusOK, "PUT", path, as(s.APIToken, `{"role":"admin"}`)).Decode(t, &got); got.Role.ID != "admin" {
		t.Errorf("got %+v", got)
	}
	token := s.TokenOf("jane@example.com")
	wantError(t, s.Do("PUT", path, as(s.APIToken, `{"role":"owner"}`)), 403, "forbidden", "owner")
	wantError(t, s.Do("PUT", path, as(token, `{"role":"owner"}`)), 403, "forbidden", "owner")
	wantError(t, s.Do("PUT", path, as(s.APIToken, `{"role":"king"}`)), 400, "invalid", "king")
	wantError(t, s.Do("PUT", "/v2/users/usr_x/role", as(s.APIToken, `{"role":"user"}`)), 404, "not_found", "user")
	wantError(t, s.Do("PUT", "/v2/users/"+s.UserID+"/role", as(s.PersonalToken, `{"role":"admin"}`)), 409, "conflict", "last owner")
	wantError(t, s.Do("DELETE", "/v2/users/"+s.UserID, as(s.PersonalToken, "")), 409, "conflict", "last owner")
	wantError(t, s.Do("DELETE", "/v2/users/"+s.UserID, as(s.APIToken, "")), 403, "forbidden", "owner")
	s.Want(http.StatusOK, "PUT", path, as(s.PersonalToken, `{"role":"owner"}`))
	s.Want(http.StatusNoContent, "DELETE", "/v2/users/"+s.UserID, as(s.PersonalToken, ""))
	// With the last membership went the account and its token.
	wantError(t, s.Do("GET", "/v2/user", as(s.PersonalToken, "")), 401, "unauthenticated", "")
}
