package httpapi_test

import (
	"net/http"
	"testing"

	"github.com/rosterhq/roster/internal/apptest"
	"github.com/rosterhq/roster/internal/dbtest"
)

// An invitation can be resent and revoked by the organization, and lapses with its inviter.
func TestInvitationsOfAnOrganization(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t)
	s.CreateUser("Jane", "jane@example.com", "user")
	s.CreateUser("Bob", "bob@example.com", "user")
	jane, bob := s.TokenOf("jane@example.com"), s.TokenOf("bob@example.com")
	var other struct{ ID string }
	s.Want(http.StatusOK, "POST", "/v2/orgs", as(s.PersonalToken, `{"name":"Other"}`)).Decode(t, &other)
	invite := func(token, email string) (u apptest.User) {
		s.Want(http.StatusOK, "POST", "/v2/users", inOrg(token, other.ID, `{"name":"X","email":"`+email+`","role":"admin"}`)).Decode(t, &u)
		return u
	}
	invitedBob := invite(s.PersonalToken, "bob@example.com")
	s.Want(http.StatusOK, "POST", "/v2/user/invitations/"+other.ID+"/accept", as(bob, ""))

	first := invite(bob, "jane@example.com")
	path := "/v2/invitations/" + first.ID
	s.Want(http.StatusOK, "POST", path+"/resend", inOrg(bob, other.ID, ""))
	s.Want(http.StatusNoContent, "DELETE", path, inOrg(bob, other.ID, ""))
	wantError(t, s.Do("POST", path+"/resend", inOrg(bob, other.ID, "")), 404, "not_found", "invitation")
	wantError(t, s.Do("POST", "/v2/user/invitations/"+other.ID+"/accept", as(jane, "")), 404, "not_found", "invitation")

	invite(bob, "jane@example.com")
	s.Want(http.StatusNoContent, "DELETE", "/v2/users/"+invitedBob.ID, inOrg(s.PersonalToken, other.ID, ""))
	wantError(t, s.Do("POST", "/v2/user/invitations/"+other.ID+"/accept", as(jane, "")), 409, "conflict", "invit")
}

// The members of a group that a directory manages change there alone.
func TestManagedGroupMembers(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t)
	jane := s.CreateUser("Jane", "jane@example.com", "user")
	var group struct{ ID string }
	s.Want(http.StatusOK, "POST", "/v2/rbac/groups", as(s.APIToken, `{"name":"g","members":["`+jane.ID+`"]}`)).Decode(t, &group)
	dbtest.Exec(t, s.Database, "UPDATE user_groups SET managed = 1")
	members := "/v2/rbac/groups/" + group.ID + "/members"
	wantError(t, s.Do("PUT", members+"/"+s.UserID, as(s.APIToken, "")), 409, "conflict", "managed")
	wantError(t, s.Do("POST", members, as(s.APIToken, `{"add":["`+s.UserID+`"]}`)), 409, "conflict", "managed")
	wantError(t, s.Do("DELETE", members+"/"+jane.ID, as(s.APIToken, "")), 409, "conflict", "managed")
}
