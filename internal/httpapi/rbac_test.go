package httpapi_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/apptest"
)

type roleBody struct {
	ID, Name string
	Members  []string
}

type access struct {
	Allowed      bool
	Paths        []struct{ Kind string }
	Capabilities []struct {
		Capability, Scope, Name string
		Paths                   []struct{ Kind string }
	}
}

// A role's life: made, given by its list of members, shown, changed, taken away.
func TestRoleIsCreatedChangedAndDeleted(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t)
	jane := s.CreateUser("Jane", "jane@example.com", "user")
	var role roleBody
	s.Want(http.StatusOK, "POST", "/v2/rbac/roles", as(s.APIToken,
		`{"name":"Support","orgCapabilities":{"users":["read"],"rbac":null},"datasetCapabilities":null,"members":["`+jane.ID+`"]}`)).Decode(t, &role)
	if !slices.Equal(role.Members, []string{jane.ID}) {
		t.Errorf("members %v", role.Members)
	}
	path := "/v2/rbac/roles/" + role.ID
	var got apptest.User
	if s.Want(http.StatusOK, "GET", "/v2/users/"+jane.ID, as(s.APIToken, "")).Decode(t, &got); got.Role.Name != "Support" {
		t.Errorf("the member has %+v", got.Role)
	}
	read := s.Want(http.StatusOK, "GET", path, as(s.APIToken, ""))
	if back := s.Want(http.StatusOK, "PUT", path, as(s.APIToken, string(read.Body))); string(back.Body) != string(read.Body) {
		t.Errorf("read, write gives %s of %s", back.Body, read.Body)
	}
	wantError(t, s.Do("DELETE", path, as(s.APIToken, "")), 409, "conflict", "1 users have it")
	for body, part := range map[string]string{
		`{"name":"x","orgCapabilities":{"userz":["read"]}}`:                "userz",
		`{"name":"x","orgCapabilities":{"users":["fly"]}}`:                 "fly",
		`{"name":"x","orgCapabilities":{"auditLog":["delete"]}}`:           "auditLog",
		`{"name":"x","datasetCapabilities":{"logs":{"query":["update"]}}}`: "update",
		`{"name":"x","viewCapabilities":{"":{"query":["read"]}}}`:          "name",
		`{"name":"x","members":["usr_stranger"]}`:                          "usr_stranger",
		`{"name":""}`:                "name",
		`{"name":"x","id":"role_x"}`: "id",
	} {
		wantError(t, s.Do("POST", "/v2/rbac/roles", as(s.APIToken, body)), 400, "invalid", part)
	}
	wantError(t, s.Do("POST", "/v2/rbac/roles", as(s.APIToken, `{"name":"SUPPORT"}`)), 409, "conflict", "exists already")
	wantError(t, s.Do("POST", "/v2/rbac/roles", as(s.APIToken, `{"name":"Owner"}`)), 409, "conflict", "built-in")
	wantError(t, s.Do("PUT", "/v2/rbac/roles/admin", as(s.APIToken, `{"name":"x"}`)), 409, "conflict", "built-in")
	wantError(t, s.Do("DELETE", "/v2/rbac/roles/admin", as(s.APIToken, "")), 409, "conflict", "built-in")
	wantError(t, s.Do("GET", "/v2/rbac/roles/role_x", as(s.APIToken, "")), 404, "not_found", "role")
	wantError(t, s.Do("PUT", path, apptest.Request{Token: s.APIToken, Body: `{"name":"x"}`, Header: map[string]string{"If-Match": `"x"`}}), 412, "precondition_failed", "")
	if s.Want(http.StatusOK, "PUT", path, as(s.APIToken, `{"name":"Support","members":[]}`)).Decode(t, &role); len(role.Members) != 0 {
		t.Errorf("members %v", role.Members)
	}
	if s.Want(http.StatusOK, "GET", "/v2/users/"+jane.ID, as(s.APIToken, "")).Decode(t, &got); got.Role.ID != "none" {
		t.Errorf("who was taken out has %+v", got.Role)
	}
	s.Want(http.StatusNoContent, "DELETE", path, as(s.APIToken, ""))
	var all []roleBody
	s.Want(http.StatusOK, "GET", "/v2/rbac/roles", as(s.APIToken, "")).Decode(t, &all)
	if len(all) != 5 || all[0].ID != "owner" || !slices.Equal(all[0].Members, []string{s.UserID}) {
		t.Errorf("roles %+v", all)
	}
}

// Members have a group's capabilities as long as they are in it, and explanations name
// the group.
func TestGroupsAndAccess(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t)
	jane := s.CreateUser("Jane", "jane@example.com", "none")
	token := s.TokenOf("jane@example.com")
	wantError(t, s.Do("GET", "/v2/users", as(token, "")), 403, "forbidden", "users|read")
	var group struct {
		ID             string
		Members, Roles []string
		IsManaged      bool
	}
	s.Want(http.StatusOK, "POST", "/v2/rbac/groups", as(s.APIToken, `{"name":"On call","members":["`+jane.ID+`"],"roles":["read-only","admin"]}`)).Decode(t, &group)
	s.Want(http.StatusOK, "GET", "/v2/users", as(token, ""))
	path := "/v2/rbac/groups/" + group.ID

	ask := func(capability string) (a access) {
		s.Want(http.StatusOK, "GET", "/v2/users/"+jane.ID+"/access?capability="+capability, as(s.APIToken, "")).Decode(t, &a)
		return a
	}
	if a := ask("users%7Cread"); !a.Allowed || len(a.Paths) != 2 || a.Paths[0].Kind != "group" {
		t.Errorf("users|read: %+v", a)
	}
	if a := ask("users%7Cdelete"); !a.Allowed || len(a.Paths) != 1 {
		t.Errorf("users|delete: %+v", a)
	}
	if a := ask("billing%7Cread"); a.Allowed || len(a.Paths) != 0 {
		t.Errorf("billing|read: %+v", a)
	}
	if a := ask("dataset:logs:query%7Cread"); !a.Allowed {
		t.Errorf("dataset: %+v", a)
	}
	for _, bad := range []string{"users", "users%7Cfly", "planet:x:query%7Cread", "dataset:query%7Cread"} {
		wantError(t, s.Do("GET", "/v2/users/"+jane.ID+"/access?capability="+bad, as(s.APIToken, "")), 400, "invalid", "")
	}
	var all access
	s.Want(http.StatusOK, "GET", "/v2/user/access", as(token, "")).Decode(t, &all)
	if len(all.Capabilities) < 40 {
		t.Errorf("%d capabilities", len(all.Capabilities))
	}
	s.Want(http.StatusOK, "GET", "/v2/user/access", as(s.APIToken, "")).Decode(t, &all)
	if all.Capabilities[0].Paths[0].Kind != "token" {
		t.Errorf("an API token's paths: %+v", all.Capabilities[0])
	}

	read := s.Want(http.StatusOK, "GET", path, as(s.APIToken, ""))
	if back := s.Want(http.StatusOK, "PUT", path, as(s.APIToken, string(read.Body))); string(back.Body) != string(read.Body) {
		t.Errorf("read, write gives %s of %s", back.Body, read.Body)
	}
	for body, part := range map[string]string{
		`{"name":"x","members":["usr_stranger"]}`: "usr_stranger", `{"name":"x","roles":["role_x"]}`: "role_x",
		`{"name":"x","roles":["owner"]}`: "owner", `{"name":""}`: "name", `{"name":"x","id":"grp_x"}`: "id",
	} {
		wantError(t, s.Do("POST", "/v2/rbac/groups", as(s.PersonalToken, body)), 400, "invalid", part)
	}
	wantError(t, s.Do("POST", "/v2/rbac/groups", as(s.APIToken, `{"name":"on CALL"}`)), 409, "conflict", "exists already")
	wantError(t, s.Do("GET", "/v2/rbac/groups/grp_x", as(s.APIToken, "")), 404, "not_found", "group")
	s.Want(http.StatusOK, "PUT", path, as(s.APIToken, `{"name":"On call","members":[]}`))
	wantError(t, s.Do("GET", "/v2/users", as(token, "")), 403, "forbidden", "users|read")
	s.Want(http.StatusOK, "PUT", path, as(s.APIToken, `{"name":"On call","members":["`+jane.ID+`"]}`))
	s.Want(http.StatusNoContent, "DELETE", "/v2/users/"+jane.ID, as(s.APIToken, ""))
	if s.Want(http.StatusOK, "GET", path, as(s.APIToken, "")).Decode(t, &group); len(group.Members) != 0 || len(group.Roles) != 2 {
		t.Errorf("after its member was removed: %+v", group)
	}
	var groups []json.RawMessage
	if s.Want(http.StatusOK, "GET", "/v2/rbac/groups", as(s.APIToken, "")).Decode(t, &groups); len(groups) != 1 {
		t.Errorf("groups %s", groups)
	}
	s.Want(http.StatusNoContent, "DELETE", path, as(s.APIToken, ""))
}

func TestTokenCapabilitiesStayWithinTheMakers(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t)
	reader := s.APITokenWith(`"orgCapabilities":{"apiTokens":["create","read","update"],"users":["read"]}`)
	wantError(t, s.Do("POST", "/v2/tokens", as(reader, `{"name":"x","orgCapabilities":{"users":["create"]}}`)), 403, "forbidden", "don't have")
	var weak, strong struct{ ID, Token string }
	s.Want(http.StatusOK, "POST", "/v2/tokens", as(reader, `{"name":"weak","orgCapabilities":{"users":["read"]},"viewCapabilities":{}}`)).Decode(t, &weak)
	s.Want(http.StatusOK, "POST", "/v2/tokens", as(s.APIToken, `{"name":"strong","orgCapabilities":{"users":["delete"]},"expiresAt":null}`)).Decode(t, &strong)
	now := `{"existingTokenExpiresAt":"2020-01-01T00:00:00Z"}`
	wantError(t, s.Do("POST", "/v2/tokens/"+strong.ID+"/regenerate", as(reader, now)), 403, "forbidden", "don't have")
	wantError(t, s.Do("POST", "/v2/tokens/"+weak.ID+"/regenerate", as(reader, `{}`)), 400, "invalid", "existingTokenExpiresAt")
	wantError(t, s.Do("POST", "/v2/tokens/"+weak.ID+"/regenerate", as(reader, `{"existingTokenExpiresAt":"tomorrow"}`)), 400, "invalid", "existingTokenExpiresAt")
	wantError(t, s.Do("POST", "/v2/tokens", as(reader, `{"name":"x","expiresAt":"2020-01-01T00:00:00Z"}`)), 400, "invalid", "future")
	// A grace period: both work until the old one ends.
	var next struct{ ID, Token string }
	s.Want(http.StatusOK, "POST", "/v2/tokens/"+weak.ID+"/regenerate", as(reader, `{"existingTokenExpiresAt":"2099-01-01T00:00:00Z"}`)).Decode(t, &next)
	s.Want(http.StatusOK, "GET", "/v2/users", as(weak.Token, ""))
	s.Want(http.StatusOK, "GET", "/v2/users", as(next.Token, ""))
	s.Want(http.StatusOK, "POST", "/v2/tokens/"+weak.ID+"/regenerate", as(reader, now))
	s.Want(http.StatusUnauthorized, "GET", "/v2/users", as(weak.Token, ""))

	usage := s.Want(http.StatusOK, "GET", "/v2/tokens/"+next.ID+"/usage", as(s.APIToken, ""))
	if !strings.Contains(string(usage.Body), `"kind":"apiToken"`) || strings.Contains(string(usage.Body), `"lastUsedAt":null`) {
		t.Errorf("usage %s", usage.Body)
	}
	if unused := s.Want(http.StatusOK, "GET", "/v2/tokens/"+strong.ID+"/usage", as(s.APIToken, "")); !strings.Contains(string(unused.Body), `"lastUsedAt":null`) {
		t.Errorf("usage %s", unused.Body)
	}
	for _, path := range []string{"/v2/tokens/tok_x", "/v2/tokens/tok_x/usage"} {
		wantError(t, s.Do("GET", path, as(s.APIToken, "")), 404, "not_found", "token")
	}
	wantError(t, s.Do("DELETE", "/v2/tokens/tok_x", as(s.APIToken, "")), 404, "not_found", "token")
	s.Want(http.StatusNoContent, "DELETE", "/v2/tokens/"+strong.ID, as(s.APIToken, ""))
	s.Want(http.StatusUnauthorized, "GET", "/v2/users", as(strong.Token, ""))
	list := s.Want(http.StatusOK, "GET", "/v2/tokens", as(s.APIToken, ""))
	if strings.Contains(string(list.Body), "xaat-") {
		t.Errorf("the list tells values: %s", list.Body)
	}
}

func TestPersonalTokens(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t)
	var made struct{ ID, Token string }
	s.Want(http.StatusOK, "POST", "/v2/user/tokens", as(s.PersonalToken, `{"name":"Laptop","expiresAt":"2099-01-01T00:00:00.123456789Z"}`)).Decode(t, &made)
	s.Want(http.StatusOK, "GET", "/v2/user", as(made.Token, ""))
	list := s.Want(http.StatusOK, "GET", "/v2/user/tokens", as(made.Token, ""))
	if strings.Contains(string(list.Body), "xapt-") || !strings.Contains(string(list.Body), "2099-01-01T00:00:00.123456Z") {
		t.Errorf("list %s", list.Body)
	}
	wantError(t, s.Do("POST", "/v2/user/tokens", as(made.Token, `{"name":""}`)), 400, "invalid", "name")
	wantError(t, s.Do("DELETE", "/v2/user/tokens/pat_x", as(made.Token, "")), 404, "not_found", "token")
	s.Want(http.StatusNoContent, "DELETE", "/v2/user/tokens/"+made.ID, as(made.Token, ""))
	s.Want(http.StatusUnauthorized, "GET", "/v2/user", as(made.Token, ""))
}

// A group's members change one by one, and its ETag with them, whoever does it.
func TestGroupMembers(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t)
	jane := s.CreateUser("Jane", "jane@example.com", "user")
	var g struct{ ID string }
	s.Want(http.StatusOK, "POST", "/v2/rbac/groups", as(s.APIToken, `{"name":"Team","roles":["read-only"]}`)).Decode(t, &g)
	path := "/v2/rbac/groups/" + g.ID
	tag := func() string {
		return s.Want(http.StatusOK, "GET", path, as(s.APIToken, "")).Header.Get("ETag")
	}
	onlyIf := func(tag, body string) apptest.Request {
		return apptest.Request{Token: s.APIToken, Body: body, Header: map[string]string{"If-Match": tag}}
	}
	first := tag()
	s.Want(http.StatusNoContent, "PUT", path+"/members/"+jane.ID, onlyIf(first, ""))
	wantError(t, s.Do("PUT", path, onlyIf(first, `{"name":"Team"}`)), 412, "precondition_failed", "If-Match")
	wantError(t, s.Do("DELETE", path+"/members/"+jane.ID, onlyIf(first, "")), 412, "precondition_failed", "If-Match")
	second := tag()
	s.Want(http.StatusNoContent, "PUT", path+"/members/"+jane.ID, onlyIf(second, ""))
	if third := tag(); third != second {
		t.Errorf("adding a member again changes the ETag from %s to %s", second, third)
	}
	s.Want(http.StatusOK, "PUT", path, onlyIf(second, `{"name":"Team","members":["`+jane.ID+`"]}`))
	s.Want(http.StatusNoContent, "POST", path+"/members", onlyIf(second, `{"remove":["`+jane.ID+`"]}`))
	s.Want(http.StatusNoContent, "POST", path+"/members", as(s.APIToken, `{"add":["`+jane.ID+`"]}`))
	wantError(t, s.Do("POST", path+"/members", as(s.APIToken, `{"add":["usr_stranger"]}`)), 400, "invalid", "usr_stranger")
	in := tag()
	s.Want(http.StatusNoContent, "DELETE", "/v2/users/"+jane.ID, as(s.APIToken, ""))
	if left := tag(); left == in {
		t.Error("the removal of a member leaves the ETag")
	}
	s.Want(http.StatusNoContent, "DELETE", path+"/members/"+jane.ID, as(s.APIToken, ""))
	wantError(t, s.Do("PUT", path+"/members/"+jane.ID, as(s.APIToken, "")), 404, "not_found", "user")
}

func TestSelfAccessNamesTheOrganizationAndTheTokensEnd(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t)
	type self struct {
		Principal struct {
			OrgID          string
			TokenExpiresAt *time.Time
		}
	}
	var token struct{ Token string }
	s.Want(http.StatusOK, "POST", "/v2/tokens", as(s.APIToken, `{"name":"x","expiresAt":"2099-01-01T00:00:00Z"}`)).Decode(t, &token)
	var never, ends, other self
	s.Want(http.StatusOK, "GET", "/v2/user/access", as(s.PersonalToken, "")).Decode(t, &never)
	s.Want(http.StatusOK, "GET", "/v2/user/access", as(token.Token, "")).Decode(t, &ends)
	s.Want(http.StatusOK, "GET", "/v2/users/"+s.UserID+"/access", as(s.PersonalToken, "")).Decode(t, &other)
	if p := never.Principal; p.OrgID != s.OrgID || p.TokenExpiresAt != nil {
		t.Errorf("a token without an end: %+v", p)
	}
	if p := ends.Principal; p.OrgID != s.OrgID || p.TokenExpiresAt == nil || p.TokenExpiresAt.Year() != 2099 {
		t.Errorf("a token with an end: %+v", p)
	}
	if p := other.Principal; p.OrgID != "" || p.TokenExpiresAt != nil {
		t.Errorf("about a user: %+v", p)
	}
}

func TestListTokenUsage(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t)
	var all, idle []struct{ ID string }
	s.Want(http.StatusOK, "GET", "/v2/tokens/usage", as(s.APIToken, "")).Decode(t, &all)
	s.Want(http.StatusOK, "GET", "/v2/tokens/usage?unusedSince=2020-01-01T00:00:00Z", as(s.APIToken, "")).Decode(t, &idle)
	if len(all) != 1 || len(idle) != 0 {
		t.Errorf("all %v, idle %v", all, idle)
	}
	wantError(t, s.Do("GET", "/v2/tokens/usage?unusedSince=90d", as(s.APIToken, "")), 400, "invalid", "unusedSince")
	wantError(t, s.Do("GET", "/v2/users?role=emperor", as(s.APIToken, "")), 400, "invalid", "role")
}

func TestMemberTokens(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t)
	var made struct{ ID, Token string }
	s.Want(http.StatusOK, "POST", "/v2/user/tokens", as(s.PersonalToken, `{"name":"laptop"}`)).Decode(t, &made)
	s.Want(http.StatusOK, "GET", "/v2/users", as(made.Token, ""))
	path := "/v2/users/" + s.UserID + "/tokens"
	var list []struct {
		ID, Name   string
		LastUsedAt *time.Time
	}
	s.Want(http.StatusOK, "GET", path, as(s.APIToken, "")).Decode(t, &list)
	i := slices.IndexFunc(list, func(k struct {
		ID, Name   string
		LastUsedAt *time.Time
	},
	) bool {
		return k.ID == made.ID
	})
	if len(list) != 2 || i < 0 || list[i].Name != "laptop" || list[i].LastUsedAt == nil {
		t.Errorf("the list is %+v", list)
	}
	wantError(t, s.Do("DELETE", path+"/"+made.ID, as(s.APIToken, "")), 403, "forbidden", "only an owner")
	wantError(t, s.Do("DELETE", path+"/"+made.ID, apptest.Request{Token: s.PersonalToken, Header: map[string]string{"If-Match": `"x"`}}), 412, "precondition_failed", "If-Match")
	s.Want(http.StatusNoContent, "DELETE", path+"/"+made.ID+"?dryRun=true", as(s.PersonalToken, ""))
	s.Want(http.StatusOK, "GET", "/v2/users", as(made.Token, ""))
	s.Want(http.StatusNoContent, "DELETE", path+"/"+made.ID, as(s.PersonalToken, ""))
	wantError(t, s.Do("GET", "/v2/users", as(made.Token, "")), 403, "forbidden", "revoked in this organization")
	wantError(t, s.Do("DELETE", path+"/"+made.ID, as(s.PersonalToken, "")), 404, "not_found", "token")
	wantError(t, s.Do("GET", "/v2/users/usr_nobody/tokens", as(s.PersonalToken, "")), 404, "not_found", "user")
}
