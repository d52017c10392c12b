package httpapi_test

import (
	"net/http"
	"testing"

	"github.com/rosterhq/roster/internal/apptest"
)

// A user can't raise themselves through a token that they make.
func TestTokenIsNoDetourToMore(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t)
	var role struct{ ID string }
	s.Want(http.StatusOK, "POST", "/v2/rbac/roles", as(s.APIToken,
		`{"name":"Support","orgCapabilities":{"users":["read","update"],"apiTokens":["create"]}}`)).Decode(t, &role)
	me := s.CreateUser("Me", "me@example.com", role.ID)
	mine := s.TokenOf("me@example.com")
	path := "/v2/users/" + me.ID + "/role"
	wantError(t, s.Do("PUT", path, as(mine, `{"role":"admin"}`)), 403, "forbidden", "admin")
	var token struct{ Token string }
	s.Want(http.StatusOK, "POST", "/v2/tokens", as(mine, `{"name":"t","orgCapabilities":{"users":["update"]}}`)).Decode(t, &token)
	wantError(t, s.Do("PUT", path, as(token.Token, `{"role":"admin"}`)), 403, "forbidden", "admin")
	s.Want(http.StatusOK, "PUT", path, as(token.Token, `{"role":"user"}`))
}

// Permissions on roles and groups alone make nobody an admin.
func TestRbacAloneGivesNothing(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t)
	bob := s.CreateUser("Bob", "bob@example.com", "none")
	rbac := s.APITokenWith(`"orgCapabilities":{"rbac":["create","read","update"]}`)
	group := `{"name":"g","members":["` + bob.ID + `"],"roles":["admin"]}`
	wantError(t, s.Do("POST", "/v2/rbac/groups", as(rbac, group)), 403, "forbidden", "users|update")
	wantError(t, s.Do("POST", "/v2/rbac/roles", as(rbac, `{"name":"r","members":["`+bob.ID+`"]}`)), 403, "forbidden", "users|update")
	var made struct{ ID string }
	s.Want(http.StatusOK, "POST", "/v2/rbac/groups", as(rbac, `{"name":"g"}`)).Decode(t, &made)
	wantError(t, s.Do("PUT", "/v2/rbac/groups/"+made.ID, as(rbac, group)), 403, "forbidden", "users|update")
	// With users|update besides, a token that an owner made gives admin.
	both := s.APITokenWith(`"orgCapabilities":{"rbac":["update"],"users":["update"]}`)
	s.Want(http.StatusOK, "PUT", "/v2/rbac/groups/"+made.ID, as(both, group))
}
