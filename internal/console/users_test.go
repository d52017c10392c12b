package console_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestUsersAreListedInPages(t *testing.T) {
	s := newSite(t)
	for i := range 60 {
		s.Pass(time.Millisecond) // ids of the same millisecond have no order
		s.add(fmt.Sprintf("User %02d", i), fmt.Sprintf("u%02d@example.com", i), "user")
	}
	first := s.get(s.Owner, s.path("users")).wants(t, http.StatusOK, "User 00", "User 48", "Show more")
	first.lacks(t, "User 49")
	_, rest, _ := strings.Cut(first.Body, `hx-get="/console/`+string(s.Org.ID)+`/users/rows?after=`)
	after, _, _ := strings.Cut(rest, `"`)
	second := s.get(s.Owner, s.path("users/rows?after="+after), "HX-Request", "true").wants(t, http.StatusOK, "User 49", "User 59")
	second.lacks(t, "User 48", "Show more", "<html")
}

func TestUsersAreFoundByNameAddressAndRole(t *testing.T) {
	s := newSite(t)
	s.add("Ada Lovelace", "ada@example.com", "admin")
	s.add("Grace Hopper", "grace@example.com", "user")
	s.get(s.Owner, s.path("users?q=LOVE")).wants(t, http.StatusOK, "Ada Lovelace").lacks(t, "Grace Hopper")
	s.get(s.Owner, s.path("users?q=grace%40")).wants(t, http.StatusOK, "Grace Hopper").lacks(t, "Ada Lovelace")
	s.get(s.Owner, s.path("users?role=admin")).wants(t, http.StatusOK, "Ada Lovelace").lacks(t, "Grace Hopper")
	s.get(s.Owner, s.path("users?q=nobody")).wants(t, http.StatusOK, "No user matches")
}

func TestInvitedUserIsAddedWithTheRole(t *testing.T) {
	s := newSite(t)
	p := s.post(s.Owner, s.path("users/invite"), url.Values{"email": {"new@example.com"}, "role": {"read-only"}}).wants(t, http.StatusSeeOther)
	cookie := strings.Split(p.Header.Get("Set-Cookie"), ";")[0]
	s.get(s.Owner, p.Header.Get("Location"), "Cookie", sessionCookie+"="+s.sign(s.Owner.Email)+"; "+cookie).
		wants(t, http.StatusOK, "new@example.com was added", "read-only", "<h1>new</h1>")
}

func TestRefusedInvitationKeepsWhatWasTyped(t *testing.T) {
	s := newSite(t)
	p := s.post(s.Owner, s.path("users/invite"), url.Values{"email": {"not an address"}, "name": {"Typed Name"}, "role": {"admin"}})
	p.wants(t, http.StatusUnprocessableEntity, `value="Typed Name"`, `value="not an address"`, `aria-invalid="true"`, `id="invite-email-wrong"`,
		`<option value="admin" selected>`, `aria-labelledby="invite-title" open`)
}

func TestChangedRoleCanBeUndone(t *testing.T) {
	s := newSite(t)
	u := s.add("Ada", "ada@example.com", "user")
	here := s.path("users/" + string(u.ID))
	s.get(s.Owner, here+"/preview?role=admin", "HX-Request", "true").wants(t, http.StatusOK, "gains", "users: create, update, delete").lacks(t, "<html")
	p := s.post(s.Owner, here+"/role", url.Values{"role": {"admin"}}).wants(t, http.StatusSeeOther)
	cookie := strings.Split(p.Header.Get("Set-Cookie"), ";")[0]
	s.get(s.Owner, here, "Cookie", sessionCookie+"="+s.sign(s.Owner.Email)+"; "+cookie).
		wants(t, http.StatusOK, "Ada now has the role admin", `action="`+here+`/role"`, `<input type="hidden" name="role" value="user">`, "Undo")
	s.post(s.Owner, here+"/role", url.Values{"role": {"user"}}).wants(t, http.StatusSeeOther)
	got, err := s.GetUser(t.Context(), s.call(s.Owner), u.ID)
	if err != nil || got.Role.ID != "user" {
		t.Errorf("after undoing, the user is %+v, %v", got, err)
	}
}

func TestLastOwnerIsNotDemoted(t *testing.T) {
	s := newSite(t)
	here := s.path("users/" + string(s.Owner.ID))
	s.get(s.Owner, here+"/preview?role=admin", "HX-Request", "true").wants(t, http.StatusOK, "last owner")
	s.post(s.Owner, here+"/role", url.Values{"role": {"admin"}}).wants(t, http.StatusConflict, "last owner", "<h1>Olivia Owner</h1>")
}

func TestRemovedUserIsGone(t *testing.T) {
	s := newSite(t)
	mia := s.member("Mia", "mia@example.com", "admin")
	s.get(s.Owner, s.path("users/"+string(mia.ID)+"/remove")).wants(t, http.StatusOK, "Remove Mia?")
	s.post(s.Owner, s.path("users/"+string(mia.ID)+"/remove/confirm"), url.Values{}).wants(t, http.StatusSeeOther)
	s.get(s.Owner, s.path("users")).wants(t, http.StatusOK).lacks(t, "mia@example.com")
	s.get(mia, s.path("users")).wants(t, http.StatusSeeOther) // to sign in
}

func TestUserPageExplainsAccess(t *testing.T) {
	s := newSite(t)
	mia := s.add("Mia", "mia@example.com", "admin")
	s.get(s.Owner, s.path("users/"+string(mia.ID))).wants(t, http.StatusOK, "create, read, update, delete", "role <a", "In no group", "Create user")
}

func TestUsersShowWhenTheyWereLastActive(t *testing.T) {
	s := newSite(t)
	s.add("Ada", "ada@example.com", "user")
	s.Pass(100 * 24 * time.Hour)
	s.get(s.Owner, s.path("users")).wants(t, http.StatusOK)
	if err := s.StoreUsage(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.Pass(3 * time.Hour)
	s.get(s.Owner, s.path("users")).wants(t, http.StatusOK, ">3 hours ago</time>", "never", "Last active")
	s.get(s.Owner, s.path("users/"+string(s.Owner.ID))).wants(t, http.StatusOK, "<dt>Last active</dt>", ">3 hours ago</time>")
	s.get(s.Owner, s.path("users?inactive=90")).wants(t, http.StatusOK, "ada@example.com", `<option value="90" selected>`).lacks(t, "olivia@example.com")
	s.get(s.Owner, s.path("users/rows?inactive=180"), "HX-Request", "true").wants(t, http.StatusOK, "No user matches")
	s.get(s.Owner, s.path("users?inactive=many")).wants(t, http.StatusUnprocessableEntity, "not a number of days")
	s.get(s.Owner, s.path("users?inactive=30&at=2026-01-01T00:00")).wants(t, http.StatusUnprocessableEntity, "combined with at")
}
