package console_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/credentials"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/directorytest"
	"github.com/rosterhq/roster/internal/members"
)

// The page of a user has what they sign in with, to end it in this organization.
func TestMembersCredentialsAreEnded(t *testing.T) {
	s := newSite(t)
	mia := s.member("Mia", "mia@example.com", "user")
	s.get(mia, s.path("")).wants(t, http.StatusOK) // signs her in
	session := directorytest.Must(s.ListMemberSessions(t.Context(), s.call(s.Owner), mia.ID))(t)[0].ID
	token := directorytest.Must(s.CreatePersonalToken(t.Context(), s.call(mia), credentials.NewPersonalToken{Name: "Laptop"}))(t)
	here := s.path("users/" + string(mia.ID))
	s.get(s.Owner, here).wants(t, http.StatusOK, "End<span", string(session), "Revoke<span", string(token.ID), "Laptop")
	s.post(s.Owner, here+"/end", url.Values{"id": {"ses_none"}}).wants(t, http.StatusNotFound)
	s.post(s.Owner, here+"/end", url.Values{"id": {string(session)}}).wants(t, http.StatusSeeOther)
	s.post(s.Owner, here+"/token", url.Values{"id": {string(token.ID)}}).wants(t, http.StatusSeeOther)
	s.get(s.Owner, here).wants(t, http.StatusOK, "Not signed in anywhere").lacks(t, string(session), string(token.ID))
	jane := s.member("Jane", "jane@example.com", "user")
	s.get(jane, here).wants(t, http.StatusOK, "Mia").lacks(t, "Personal tokens</h2>")
	s.post(jane, here+"/end", url.Values{"id": {string(session)}}).wants(t, http.StatusForbidden)
}

func TestProfileMakesPersonalTokens(t *testing.T) {
	s := newSite(t)
	s.post(s.Owner, s.path("profile/token"), url.Values{"name": {"Laptop"}, "days": {"7"}}).wants(t, http.StatusOK, "xapt-")
	s.get(s.Owner, s.path("profile")).wants(t, http.StatusOK, "Laptop", "Initial token").lacks(t, "xapt-")
	s.post(s.Owner, s.path("profile/rename"), url.Values{"name": {"Olivia Renamed"}}).wants(t, http.StatusSeeOther)
	s.get(s.Owner, s.path("users")).wants(t, http.StatusOK, "Olivia Renamed")
}

func TestInvitationIsAcceptedFromTheHomePage(t *testing.T) {
	s := newSite(t)
	mia := s.member("Mia", "mia@example.com", "user")
	other := directorytest.Must(s.CreateOrg(t.Context(), s.call(s.Owner), "Second"))(t)
	owner := s.Owner
	owner.OrgID = other.Org.ID
	directorytest.Must(s.CreateUser(t.Context(), s.call(owner), members.NewUser{Name: "Mia", Email: "mia@example.com", Role: "user"}))(t)
	s.get(mia, "/console/").wants(t, http.StatusOK, "Join Second")
	s.post(mia, "/console/accept", url.Values{"org": {string(other.Org.ID)}}).wants(t, http.StatusSeeOther)
	s.get(mia, "/console/"+string(other.Org.ID)+"/users").wants(t, http.StatusOK, "mia@example.com")
}

func TestDangerousActionNeedsAFreshSignIn(t *testing.T) {
	s := newSite(t)
	stale := sessionCookie + "=" + s.sign(s.Owner.Email)
	s.Pass(directory.FreshFor + time.Minute)
	form := url.Values{"name": {"CI"}, "can": {"users|read"}}
	p := s.send(directorytest.Member{}, http.MethodPost, s.path("new-token/create"), form, "Cookie", stale, "Sec-Fetch-Site", "same-origin")
	p.wants(t, http.StatusForbidden, `value="CI"`, `href="/signin?next=`+url.QueryEscape(s.path("new-token"))+`"`, "Sign in again in a new tab").lacks(t, "xaat-")
	s.post(s.Owner, s.path("new-token/create"), form).wants(t, http.StatusOK, "xaat-") // with a new session
}

func TestSessionsAreListedAndEnded(t *testing.T) {
	s := newSite(t)
	old := sessionCookie + "=" + s.sign(s.Owner.Email)
	s.Pass(directory.FreshFor + time.Minute)
	s.get(s.Owner, s.path("profile")).wants(t, http.StatusOK, "Chrome on Linux", "this one", "End all others")
	nobody := directorytest.Member{}
	s.get(nobody, s.path("users"), "Cookie", old).wants(t, http.StatusOK)
	s.post(s.Owner, s.path("profile/endall"), url.Values{}).wants(t, http.StatusSeeOther)
	s.get(nobody, s.path("users"), "Cookie", old).wants(t, http.StatusSeeOther) // to sign in
}

func TestSignInLinkIsShownForWhoHasNotSignedIn(t *testing.T) {
	s := newSite(t)
	ada := s.add("Ada", "ada@example.com", "user")
	s.post(s.Owner, s.path("users/"+string(ada.ID)+"/link"), url.Values{}).wants(t, http.StatusOK, publicURL+"/signin/link#")
	mia := s.member("Mia", "mia@example.com", "user")
	s.post(s.Owner, s.path("users/"+string(mia.ID)+"/link"), url.Values{}).wants(t, http.StatusConflict, `role="alert"`)
}

func TestOrganizationWithoutASlashIsFound(t *testing.T) {
	s := newSite(t)
	p := s.get(s.Owner, strings.TrimSuffix(s.path(""), "/")).wants(t, http.StatusSeeOther)
	if got := p.Header.Get("Location"); got != s.path("") {
		t.Errorf("redirected to %s", got)
	}
}
