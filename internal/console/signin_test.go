package console_test

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/browsertest"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/directorytest"
	"github.com/rosterhq/roster/internal/roles"
)

// issuerForm adds an issuer.
func issuerForm() url.Values {
	return url.Values{"name": {"Acme SSO"}, "url": {"https://sso.example.com"}, "clientId": {"roster"}, "clientSecret": {"hush-hush"}, "provision": {"yes"}}
}

// issuer adds an issuer, and returns its page's path.
func (s *site) issuer() string {
	s.Helper()
	return s.post(s.Owner, s.path("sign-in/issuer"), issuerForm()).wants(s, http.StatusSeeOther).Header.Get("Location")
}

func TestIssuerIsAddedChangedTestedAndDeleted(t *testing.T) {
	s := newSite(t)
	group := directorytest.Must(s.CreateGroup(t.Context(), s.call(s.Owner), roles.NewGroup{Name: "Engineering"}))(t)
	s.get(s.Owner, s.path("sign-in")).wants(t, http.StatusOK, "No identity providers yet", "Verify a domain first", "http://roster.example.com/signin/oidc/callback")
	here := s.issuer()
	s.get(s.Owner, here).wants(t, http.StatusOK, "Acme SSO", "https://sso.example.com", "email profile", "enabled").lacks(t, "hush-hush")
	s.get(s.Owner, s.path("sign-in")).wants(t, http.StatusOK, "Acme SSO", "Nobody can sign in by them yet")

	s.post(s.Owner, here+"/groups", url.Values{"groupsClaim": {"groups"}, "value": {"eng", "", "ops"}, "group": {string(group.ID), "", ""}}).
		wants(t, http.StatusUnprocessableEntity, "Choose a group for", `value="ops"`, `value="eng"`)
	s.post(s.Owner, here+"/groups", url.Values{"value": {"eng"}, "group": {string(group.ID)}}).wants(t, http.StatusUnprocessableEntity, `id="groups-groupsClaim-wrong"`)
	s.post(s.Owner, here+"/groups", url.Values{"groupsClaim": {"groups"}, "value": {"eng", ""}, "group": {string(group.ID), ""}}).wants(t, http.StatusSeeOther)
	s.post(s.Owner, here+"/save", url.Values{"name": {"Acme"}, "scopes": {"email  groups"}}).wants(t, http.StatusSeeOther)
	s.get(s.Owner, here).wants(t, http.StatusOK, `value="email groups"`, "disabled", `value="eng"`, ` selected>Engineering`)
	s.post(s.Owner, here+"/secret", url.Values{}).wants(t, http.StatusUnprocessableEntity, "required")
	s.post(s.Owner, here+"/secret", url.Values{"clientSecret": {"with a space"}}).wants(t, http.StatusUnprocessableEntity, "printable").lacks(t, "with a space")
	s.post(s.Owner, here+"/secret", url.Values{"clientSecret": {"new"}}).wants(t, http.StatusSeeOther)

	s.post(s.Owner, here+"/test", nil).wants(t, http.StatusSeeOther)
	s.unusable = errors.New("the issuer can't be used: there was no valid answer")
	s.post(s.Owner, here+"/test", nil).wants(t, http.StatusConflict, "no valid answer")
	s.post(s.Owner, here+"/delete", nil).wants(t, http.StatusSeeOther)
	s.get(s.Owner, here).wants(t, http.StatusNotFound)
}

func TestRefusedIssuerKeepsAllButItsSecret(t *testing.T) {
	s := newSite(t)
	form := issuerForm()
	form.Set("name", "")
	s.post(s.Owner, s.path("sign-in/issuer"), form).wants(t, http.StatusUnprocessableEntity, `id="issuer-name-wrong"`, `value="https://sso.example.com"`, `value="roster"`, "checked").
		lacks(t, "hush-hush")
}

func TestDomainIsAddedVerifiedAndRemoved(t *testing.T) {
	s := newSite(t)
	s.get(s.Owner, s.path("sign-in")).wants(t, http.StatusOK, "No domains yet")
	s.post(s.Owner, s.path("sign-in/domain"), url.Values{"domain": {"example"}}).wants(t, http.StatusUnprocessableEntity, "is not a domain")
	here := s.post(s.Owner, s.path("sign-in/domain"), url.Values{"domain": {" Example.com "}}).wants(t, http.StatusSeeOther).Header.Get("Location")
	if want := s.path("sign-in/domains/example.com"); here != want {
		t.Fatalf("led to %s, want %s", here, want)
	}
	domain := directorytest.Must(s.ListDomains(t.Context(), s.call(s.Owner)))(t)[0]
	s.get(s.Owner, here).wants(t, http.StatusOK, "pending", domain.RecordName(), domain.RecordValue())
	s.post(s.Owner, here+"/verify", nil).wants(t, http.StatusConflict, "has no TXT record")
	s.Publish(domain.RecordName(), domain.RecordValue())
	s.post(s.Owner, here+"/verify", nil).wants(t, http.StatusSeeOther)
	s.get(s.Owner, here).wants(t, http.StatusOK, ">verified<", "Keep this record")
	s.post(s.Owner, here+"/delete", nil).wants(t, http.StatusSeeOther)
	s.get(s.Owner, here).wants(t, http.StatusNotFound)
}

func TestOnlyOwnersChangeHowPeopleSignIn(t *testing.T) {
	s := newSite(t)
	issuer := s.issuer()
	s.post(s.Owner, s.path("sign-in/domain"), url.Values{"domain": {"example.com"}}).wants(t, http.StatusSeeOther)
	domain := s.path("sign-in/domains/example.com")
	admin, reader, none := s.member("Ada", "ada@example.com", "admin"), s.member("Rea", "rea@example.com", "read-only"), s.member("Nel", "nel@example.com", "none")
	s.get(admin, s.path("sign-in")).wants(t, http.StatusOK, "Acme SSO", "Only owners change").lacks(t, "<dialog id=\"issuer\"")
	s.get(admin, issuer).wants(t, http.StatusOK, "email profile").lacks(t, "Replace", "Delete…")
	s.get(reader, s.path("sign-in")).wants(t, http.StatusOK, "example.com", "Only owners and admins see them").lacks(t, "Acme SSO")
	s.get(reader, issuer).wants(t, http.StatusForbidden)
	s.get(none, s.path("sign-in")).wants(t, http.StatusForbidden)
	for _, m := range []directorytest.Member{admin, reader, none} {
		for _, post := range []string{
			issuer + "/save", issuer + "/groups", issuer + "/test", issuer + "/delete", domain + "/verify", domain + "/delete",
			s.path("sign-in/issuer"), s.path("sign-in/domain"), s.path("sign-in/sessions"),
		} {
			form := issuerForm()
			form.Set("domain", "other.example.com")
			if p := s.post(m, post, form); p.Status != http.StatusForbidden {
				t.Errorf("%s, as %s: status %d, want 403", post, m.Role.ID, p.Status)
			}
		}
	}
	s.get(s.Owner, issuer).wants(t, http.StatusOK, "Acme SSO")
	s.get(s.Owner, domain).wants(t, http.StatusOK)
}

func TestSignInSettingsNeedAFreshSignIn(t *testing.T) {
	s := newSite(t)
	issuer := s.issuer()
	cookie := sessionCookie + "=" + s.sign(s.Owner.Email)
	s.Pass(directory.FreshFor + time.Minute)
	for _, post := range []string{issuer + "/save", issuer + "/delete", s.path("sign-in/issuer"), s.path("sign-in/domain"), s.path("sign-in/sessions")} {
		form := issuerForm()
		form.Set("domain", "example.com")
		s.post(directorytest.Member{}, post, form, "Cookie", cookie).wants(t, http.StatusForbidden, "Sign in again in a new tab")
	}
}

func TestHostileSignInSettingsAreShownAsText(t *testing.T) {
	s := newSite(t)
	for _, name := range hostile {
		form := issuerForm()
		form.Set("name", name)
		form.Set("clientId", name)
		form.Set("url", "https://sso.example.com/"+url.PathEscape(name))
		here := s.post(s.Owner, s.path("sign-in/issuer"), form).wants(t, http.StatusSeeOther).Header.Get("Location")
		group := directorytest.Must(s.CreateGroup(t.Context(), s.call(s.Owner), roles.NewGroup{Name: name}))(t)
		s.post(s.Owner, here+"/groups", url.Values{"groupsClaim": {name}, "value": {name}, "group": {string(group.ID)}}).wants(t, http.StatusSeeOther)
		refused := s.post(s.Owner, here+"/groups", url.Values{"groupsClaim": {name}, "value": {name}, "group": {""}}).wants(t, http.StatusUnprocessableEntity)
		domain := s.post(s.Owner, s.path("sign-in/domain"), url.Values{"domain": {name}}).wants(t, http.StatusUnprocessableEntity)
		for _, p := range []page{s.get(s.Owner, here), s.get(s.Owner, s.path("sign-in")), refused, domain} {
			if strings.ContainsAny(name, `<"`) && strings.Contains(p.Body, name) {
				t.Errorf("%q is on a page unescaped", name)
			}
		}
		s.post(s.Owner, here+"/delete", nil).wants(t, http.StatusSeeOther)
	}
}

func TestOwnerSetsUpSignInInABrowser(t *testing.T) {
	b, s := browsertest.Start(t), newSite(t)
	directorytest.Must(s.CreateGroup(t.Context(), s.call(s.Owner), roles.NewGroup{Name: "Engineering"}))(t)
	b.SetCookie(s.URL, sessionCookie, s.sign(s.Owner.Email))
	b.Open(s.URL + s.path(""))
	b.Press("g")
	b.Press("i")
	b.AwaitText("No domains yet")
	b.Click(`[data-open="domain"]`)
	b.Type("#domain-domain", "example.com\r")
	b.AwaitText("Publish this record")
	browsertest.Eval[any](b, `navigator.clipboard.writeText = text => { window.copied = text; return Promise.resolve() }`)
	b.Click(`[data-copy="#record-value"]`)
	b.Await(`window.copied && window.copied.startsWith("roster-domain-verification=")`)
	b.Click(`form[action$="/verify"] button`)
	b.AwaitText("has no TXT record")
	domain := directorytest.Must(s.ListDomains(t.Context(), s.call(s.Owner)))(t)[0]
	s.Publish(domain.RecordName(), domain.RecordValue())
	b.Click(`form[action$="/verify"] button`)
	b.AwaitText("example.com is verified")
	b.Click(".crumbs a")
	b.AwaitText("No identity providers yet")
	b.Press("c")
	b.Type("#issuer-name", "Acme SSO")
	b.Type("#issuer-url", "https://sso.example.com")
	b.Type("#issuer-clientId", "roster")
	b.Type("#issuer-clientSecret", "hush-hush\r")
	b.AwaitText("Acme SSO was added")
	b.Type("#groups-groupsClaim", "groups")
	b.Type(`[aria-label="Value 1"]`, "eng")
	b.Type(`[aria-label="Group 1"]`, "Eng")
	b.Click(`form[action$="/groups"] button`)
	b.AwaitText("maps its groups now")
	b.Click(`form[action$="/test"] button`)
	b.AwaitText("answers as it should")
	b.Click(`[data-open="delete"]`)
	b.Click(`#delete button`)
	b.AwaitText("was deleted")
	for _, problem := range b.Problems() {
		t.Error(problem)
	}
}
