package console_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/browsertest"
	"github.com/rosterhq/roster/internal/credentials"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/directorytest"
	"github.com/rosterhq/roster/internal/provisioning"
	"github.com/rosterhq/roster/internal/roles"
)

// heldDirectory lets a directory keep an organization of the owner's, with something in
// every part of the page, until it is held.
func (s *site) heldDirectory(org directory.OrgID) {
	s.Helper()
	owner := s.Owner
	owner.OrgID = org
	token := directorytest.Must(s.CreateAPIToken(s.Context(), s.call(owner), credentials.NewAPIToken{
		Name: "Okta", Capabilities: provisioning.TokenCapabilities(), ExpiresAt: s.Clock().AddDate(1, 0, 0),
	}))(s)
	names := []string{"Hedy Lamarr", "Katherine Johnson", "Mary Jackson", "Dorothy Vaughan", "Annie Easley", "Evelyn Boyd", "Melba Mouton", "Christine Darden", "Gladys West"}
	users := s.provision(token.Secret, names...)
	group := directorytest.Must(s.Provisioner.CreateGroup(s.Context(), s.syncCall(token.Secret), provisioning.GroupChange{Name: "Engineering", Replace: &users}))(s)
	gives := []directory.RoleID{"read-only"}
	directorytest.Must(s.UpdateGroup(s.Context(), s.call(owner), group.ID, roles.NewGroup{Name: "Engineering", Roles: &gives}))(s)
	s.Pass(4 * time.Minute)
	_, err := s.Provisioner.CreateUser(s.Context(), s.syncCall(token.Secret), provisioning.Profile{UserName: "no address", Active: true})
	s.Wants("add a user without an address", directory.Invalid, err)
	s.Wants("suspend everybody", directory.Conflict, s.suspendAll(token.Secret, users))
	s.Pass(12 * time.Minute)
}

// syncToken sets up a token for a directory on the page, and returns its value.
func (s *site) syncToken(name string) string {
	s.Helper()
	p := s.post(s.Owner, s.path("sync/token"), url.Values{"name": {name}, "days": {"365"}}).wants(s, http.StatusOK, name+" was created", publicURL+"/scim/v2")
	_, rest, ok := strings.Cut(p.Body, `value="xaat-`)
	if !ok {
		s.Fatalf("the page has no token: %s", p.Body)
	}
	secret, _, _ := strings.Cut(rest, `"`)
	return "xaat-" + secret
}

// syncCall starts a call by the directory that has a token.
func (s *site) syncCall(secret string) directory.Call {
	s.Helper()
	return directory.Call{Principal: directorytest.Must(s.AuthenticateFrom(s.Context(), secret, "", "192.0.2.1"))(s)}
}

// provision adds users as a directory does.
func (s *site) provision(secret string, names ...string) (users []directory.UserID) {
	s.Helper()
	for _, name := range names {
		address := strings.ToLower(strings.ReplaceAll(name, " ", ".")) + "@example.com"
		u := directorytest.Must(s.Provisioner.CreateUser(s.Context(), s.syncCall(secret), provisioning.Profile{
			UserName: address, Active: true, Attributes: map[string]any{"displayName": name},
		}))(s)
		users = append(users, u.ID)
	}
	return users
}

// suspendAll has a directory suspend users, until it is refused.
func (s *site) suspendAll(secret string, users []directory.UserID) error {
	s.Helper()
	for _, id := range users {
		_, err := s.Provisioner.ModifyUser(s.Context(), s.syncCall(secret), id, func(p provisioning.Person) (provisioning.Profile, error) {
			want := p.Profile
			want.Active = false
			return want, nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// heldSite has a directory that was about to suspend everybody.
func heldSite(t *testing.T) (s *site, secret string, users []directory.UserID) {
	t.Helper()
	s = newSite(t)
	secret = s.syncToken("Okta")
	var names []string
	for i := range 8 {
		names = append(names, fmt.Sprintf("Person %d", i))
	}
	users = s.provision(secret, names...)
	s.Wants("suspend everybody", directory.Conflict, s.suspendAll(secret, users))
	return s, secret, users
}

func TestSyncPageSaysWhatItIsBeforeItIsSetUp(t *testing.T) {
	s := newSite(t)
	directorytest.Must(s.CreateAPIToken(t.Context(), s.call(s.Owner), credentials.NewAPIToken{Name: "Reader"}))(t) // is of no use to a directory
	s.get(s.Owner, s.path("sync")).wants(t, http.StatusOK, "No directory yet", "docs/guide/scim-okta.md", "docs/guide/scim-entra.md", publicURL+"/scim/v2").
		lacks(t, "Last run", "Reader")
}

func TestSyncTokenIsShownOnceAndServesADirectory(t *testing.T) {
	s := newSite(t)
	secret := s.syncToken("Okta")
	s.provision(secret, "Ada Lovelace")
	s.get(s.Owner, s.path("sync")).wants(t, http.StatusOK, "Okta", "Users added", "By Okta").lacks(t, secret, "No directory yet")
	s.post(s.Owner, s.path("sync/token"), url.Values{"name": {""}}).wants(t, http.StatusUnprocessableEntity, `id="token-name-wrong"`, "<dialog id=\"token\" aria-labelledby=\"token-title\" open")
}

func TestSyncTokenIsTested(t *testing.T) {
	s := newSite(t)
	secret := s.syncToken("Okta")
	test := func(token string, status int, texts ...string) {
		t.Helper()
		p := s.post(s.Owner, s.path("sync/test"), url.Values{"token": {token}})
		if status == http.StatusSeeOther {
			p.wants(t, status)
			cookies := (&http.Response{Header: p.Header}).Cookies()
			for _, c := range cookies {
				p = s.get(directorytest.Member{}, s.path("sync"), "Cookie", sessionCookie+"="+s.sign(s.Owner.Email)+"; "+c.Name+"="+c.Value)
			}
			status = http.StatusOK
		}
		p.wants(t, status, texts...).lacks(t, secret)
	}
	test(secret, http.StatusSeeOther, "The token Okta works. It sees 1 user<")
	test(" Bearer "+secret+" ", http.StatusSeeOther, "The token Okta works")
	test("", http.StatusUnprocessableEntity, "Is required")
	test(secret+"x", http.StatusUnprocessableEntity, "Is unknown, expired or revoked")
	test(s.Owner.Secret, http.StatusUnprocessableEntity, "Is a personal token")
	few := directorytest.Must(s.CreateAPIToken(t.Context(), s.call(s.Owner), credentials.NewAPIToken{Name: "Few", Capabilities: provisioning.TokenCapabilities().Minus(authz.Set{Org: grantsOf("rbac|delete")})}))(t)
	test(few.Secret, http.StatusUnprocessableEntity, "Lacks rbac|delete")
	bound := s.post(s.Owner, s.path("sync/token"), url.Values{"name": {"Bound"}, "networks": {"198.51.100.0/24"}}).wants(t, http.StatusOK)
	_, rest, _ := strings.Cut(bound.Body, `value="xaat-`)
	value, _, _ := strings.Cut(rest, `"`)
	test("xaat-"+value, http.StatusUnprocessableEntity, "works only from its networks")
	other := s.Tenant("Rival")
	theirs := directorytest.Must(s.CreateAPIToken(t.Context(), directory.Call{Principal: directorytest.Must(s.AuthenticateFrom(t.Context(), other.Secret, other.OrgID, "192.0.2.1"))(t)},
		credentials.NewAPIToken{Name: "Theirs", Capabilities: provisioning.TokenCapabilities()}))(t)
	test(theirs.Secret, http.StatusUnprocessableEntity, "Does not act in this organization")
}

func TestSyncSettingsAreSaved(t *testing.T) {
	s := newSite(t)
	schemas := []byte(`[{"id":"urn:example:acme:2.0:User","name":"Acme","attributes":[{"name":"badge","type":"string"}]}]`)
	directorytest.Must(s.Provisioner.UpdateSettings(t.Context(), s.call(s.Owner), provisioning.Settings{DefaultRole: "user", BreakerPercent: 20, Schemas: schemas}))(t)
	s.post(s.Owner, s.path("sync/settings"), url.Values{"defaultRole": {"read-only"}, "breakerPercent": {"10"}}).wants(t, http.StatusSeeOther)
	s.get(s.Owner, s.path("sync")).wants(t, http.StatusOK, `value="10"`, `<option value="read-only" selected>`, "urn:example:acme:2.0:User", "badge").lacks(t, `<option value="owner"`)
	s.post(s.Owner, s.path("sync/settings"), url.Values{"defaultRole": {"read-only"}, "breakerPercent": {"many"}}).
		wants(t, http.StatusUnprocessableEntity, `id="settings-breakerPercent-wrong"`, `value="many"`)
	s.post(s.Owner, s.path("sync/settings"), url.Values{"defaultRole": {"owner"}, "breakerPercent": {"10"}}).wants(t, http.StatusUnprocessableEntity, "make owners")
	admin := s.member("Ada", "ada@example.com", "admin")
	s.get(admin, s.path("sync")).wants(t, http.StatusOK, "more than 10%").lacks(t, `name="breakerPercent"`)
	s.post(admin, s.path("sync/settings"), url.Values{"defaultRole": {"user"}}).wants(t, http.StatusSeeOther)
	s.post(admin, s.path("sync/settings"), url.Values{"defaultRole": {"user"}, "breakerPercent": {"100"}}).wants(t, http.StatusForbidden, "Only an owner can change")
	got := directorytest.Must(s.Provisioner.GetSettings(t.Context(), s.call(s.Owner)))(t)
	if got.DefaultRole != "user" || got.BreakerPercent != 10 || !strings.Contains(string(got.Schemas), "badge") {
		t.Errorf("the settings are %+v", got)
	}
}

func TestHeldDirectoryIsApproved(t *testing.T) {
	s, secret, users := heldSite(t)
	s.get(s.Owner, s.path("sync")).wants(t, http.StatusOK, "The directory is held", "6 of 9 users within an hour", "Approve the changes", "Users suspended", "The directory is held: it was about to")
	s.post(s.Owner, s.path("sync/approve"), nil).wants(t, http.StatusSeeOther)
	s.get(s.Owner, s.path("sync")).wants(t, http.StatusOK, "may take away anything").lacks(t, ">The directory is held<")
	s.Wants("suspend the others", "", s.suspendAll(secret, users))
	s.post(s.Owner, s.path("sync/approve"), nil).wants(t, http.StatusConflict, "The directory is not held")
}

func TestHoldOfADirectoryIsEnded(t *testing.T) {
	s, secret, users := heldSite(t)
	s.post(s.Owner, s.path("sync/end"), nil).wants(t, http.StatusSeeOther)
	s.get(s.Owner, s.path("sync")).wants(t, http.StatusOK, "0 users lost something", "more than 5 hold the directory").lacks(t, ">The directory is held<")
	s.Wants("suspend the other three", "", s.suspendAll(secret, users[5:]))
	s.get(s.Owner, s.path("sync")).wants(t, http.StatusOK, "3 users lost something")
	s.Pass(provisioning.Window)
	s.get(s.Owner, s.path("sync")).wants(t, http.StatusOK, "Nobody has lost anything")
}

func TestOnlyOwnersEndTheHoldOfADirectory(t *testing.T) {
	s, _, _ := heldSite(t)
	admin, reader, none := s.member("Ada", "ada@example.com", "admin"), s.member("Rea", "rea@example.com", "read-only"), s.member("Nel", "nel@example.com", "none")
	s.get(admin, s.path("sync")).wants(t, http.StatusOK, "The directory is held", "An owner approves the changes", "Set up a token").lacks(t, "End the hold<")
	s.get(reader, s.path("sync")).wants(t, http.StatusOK, "The directory is held", "Owners and admins change them").lacks(t, "End the hold<", "Set up a token", `name="defaultRole"`)
	s.get(none, s.path("sync")).wants(t, http.StatusForbidden)
	for _, m := range []directorytest.Member{admin, reader, none} {
		for _, post := range []string{"sync/approve", "sync/end"} {
			s.post(m, s.path(post), nil).wants(t, http.StatusForbidden)
		}
	}
	for _, m := range []directorytest.Member{reader, none} {
		s.post(m, s.path("sync/token"), url.Values{"name": {"Mine"}}).wants(t, http.StatusForbidden)
		s.post(m, s.path("sync/settings"), url.Values{"defaultRole": {"user"}}).wants(t, http.StatusForbidden)
	}
	s.get(s.Owner, s.path("sync")).wants(t, http.StatusOK, "The directory is held")
}

func TestSyncNeedsAFreshSignIn(t *testing.T) {
	s, _, _ := heldSite(t)
	cookie := sessionCookie + "=" + s.sign(s.Owner.Email)
	s.Pass(directory.FreshFor + time.Minute)
	for _, post := range []string{"sync/approve", "sync/end", "sync/token", "sync/settings"} {
		form := url.Values{"name": {"Okta"}, "defaultRole": {"read-only"}, "breakerPercent": {"50"}}
		s.post(directorytest.Member{}, s.path(post), form, "Cookie", cookie).wants(t, http.StatusForbidden, "Sign in again in a new tab")
	}
}

func TestSyncedGroupsAreShownWithTheirRoles(t *testing.T) {
	s := newSite(t)
	secret := s.syncToken("Okta")
	users := s.provision(secret, "Ada Lovelace")
	g := directorytest.Must(s.Provisioner.CreateGroup(t.Context(), s.syncCall(secret), provisioning.GroupChange{Name: "Engineering", Replace: &users}))(t)
	directorytest.Must(s.CreateGroup(t.Context(), s.call(s.Owner), roles.NewGroup{Name: "By hand"}))(t)
	gives := []directory.RoleID{"read-only"}
	directorytest.Must(s.UpdateGroup(t.Context(), s.call(s.Owner), g.ID, roles.NewGroup{Name: "Engineering", Roles: &gives}))(t)
	s.get(s.Owner, s.path("sync")).wants(t, http.StatusOK, "Engineering", `<span class="badge">read-only</span>`, "Groups added").lacks(t, "By hand")
}

func TestHostileSyncSettingsAreShownAsText(t *testing.T) {
	s := newSite(t)
	for _, name := range hostile {
		p := s.post(s.Owner, s.path("sync/token"), url.Values{"name": {name}}).wants(t, http.StatusOK)
		refused := s.post(s.Owner, s.path("sync/token"), url.Values{"name": {name}, "networks": {name}}).wants(t, http.StatusUnprocessableEntity)
		settings := s.post(s.Owner, s.path("sync/settings"), url.Values{"defaultRole": {name}, "breakerPercent": {name}}).wants(t, http.StatusUnprocessableEntity)
		for _, p := range []page{p, refused, settings, s.get(s.Owner, s.path("sync"))} {
			if strings.ContainsAny(name, `<"`) && strings.Contains(p.Body, name) {
				t.Errorf("%q is on a page unescaped", name)
			}
		}
	}
}

func TestOwnerSetsUpDirectorySyncInABrowser(t *testing.T) {
	b, s := browsertest.Start(t), newSite(t)
	b.SetCookie(s.URL, sessionCookie, s.sign(s.Owner.Email))
	b.Open(s.URL + s.path(""))
	b.Press("g")
	b.Press("d")
	b.AwaitText("Directory sync")
	b.Await(`document.readyState === "complete" && document.querySelector("h1").textContent === "Directory sync"`)
	b.Press("c")
	b.Type("#token-name", "Okta\r")
	b.AwaitText("Okta was created") // with the letter that opened the dialog in front
	browsertest.Eval[any](b, `navigator.clipboard.writeText = text => { window.copied = text; return Promise.resolve() }`)
	b.Click(`[data-copy="#scim-url"]`)
	b.Await(`window.copied && window.copied.endsWith("/scim/v2")`)
	b.Click(`[data-copy="#secret"]`)
	b.Await(`window.copied && window.copied.startsWith("xaat-")`)
	secret := browsertest.Eval[string](b, `window.copied`)
	b.Click(`form[action$="/test"] button`)
	b.AwaitText("Okta works")
	users := s.provision(secret, "A", "B", "C", "D", "E", "F", "G")
	s.Wants("suspend everybody", directory.Conflict, s.suspendAll(secret, users))
	b.Open(s.URL + s.path("sync"))
	b.AwaitText("The directory is held")
	b.Click(`[data-open="approve"]`)
	b.Click(`#approve button`)
	b.AwaitText("The changes were approved")
	for _, problem := range b.Problems() {
		t.Error(problem)
	}
}
