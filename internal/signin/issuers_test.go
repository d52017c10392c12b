package signin_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/directorytest"
	"github.com/rosterhq/roster/internal/identity"
	"github.com/rosterhq/roster/internal/signin/oidc"
	"github.com/rosterhq/roster/internal/signin/oidc/issuertest"
)

// issuer makes an issuer of the first organization, which has verified example.com.
func (s *site) issuer(i *issuertest.Issuer, change func(*identity.NewIssuer)) directory.Issuer {
	s.Helper()
	i.Clock = s.Clock
	s.Wants("verify the domain", "", s.DB.Write(s.Context(), func(tx directory.Tx) error {
		return tx.CreateDomain(directory.Domain{OrgID: s.Org.ID, Name: "example.com", Challenge: "c", VerifiedAt: s.Clock()})
	}))
	in := identity.NewIssuer{
		Name: "Acme SSO", URL: i.URL, ClientID: issuertest.ClientID, ClientSecret: issuertest.ClientSecret,
		IssuerSettings: directory.IssuerSettings{Enabled: true, Provision: true},
	}
	if change != nil {
		change(&in)
	}
	return directorytest.Must(s.CreateIssuer(s.Context(), s.ByOwner(), in))(s)
}

func startPath(i directory.Issuer) string {
	return "/signin/oidc/start?" + url.Values{"org": {string(i.OrgID)}, "issuer": {string(i.ID)}}.Encode()
}

// leave sends a browser to an issuer, and gives the way back.
func (b *browser) leave(to directory.Issuer, i *issuertest.Issuer) (back string) {
	b.t.Helper()
	a := b.get(startPath(to)).wants(b.t, "start", http.StatusSeeOther)
	target := a.Header.Get("Location")
	if !strings.HasPrefix(target, i.URL+"/authorize?") {
		b.t.Fatalf("start leads to %s", target)
	}
	return "/signin/oidc/callback?" + i.Authorize(target).Encode()
}

func TestSignInByIssuer(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	i := issuertest.Start(t)
	acme := s.issuer(i, nil)
	b := s.browser()
	page := b.post("/signin/issuers", url.Values{"for": {"somebody@example.com"}}).wants(t, "issuers", http.StatusOK)
	if !strings.Contains(page.Body, "Sign in with Acme SSO") || !strings.Contains(page.Body, strings.ReplaceAll(startPath(acme), "&", "&amp;")) {
		t.Errorf("the page is %s", page.Body)
	}
	a := b.get(b.leave(acme, i)).wants(t, "callback", http.StatusSeeOther)
	if got := a.Header.Get("Location"); got != "/console/" {
		t.Errorf("leads to %q", got)
	}
	b.wantsSignedIn("after the issuer", true)
	if got := b.get("/console/").Body; !strings.Contains(got, "Hello Ada") {
		t.Errorf("signed in as %s", got)
	}
	for _, secret := range []string{issuertest.ClientSecret, b.cookie("roster_session")} {
		if strings.Contains(s.log.String(), secret) {
			t.Errorf("the log holds a secret:\n%s", s.log)
		}
	}
}

// Only the browser that began a sign-in can finish it, and only once.
func TestIssuerStateIsBoundToTheBrowser(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	i := issuertest.Start(t)
	acme := s.issuer(i, nil)
	b, other := s.browser(), s.browser()
	back := b.leave(acme, i)
	other.get(back).wants(t, "another browser", http.StatusUnauthorized)
	other.leave(acme, i)
	other.get(back).wants(t, "another browser with a sign-in of its own", http.StatusUnauthorized)
	other.wantsSignedIn("another browser", false)

	cookie := b.cookie("roster_issuer")
	b.get(back).wants(t, "finish", http.StatusSeeOther)
	b.get(back).wants(t, "again", http.StatusUnauthorized)
	replay := s.browser()
	replay.setCookie("roster_issuer", cookie)
	replay.get(back).wants(t, "replayed with the cookie", http.StatusUnauthorized)
	replay.wantsSignedIn("replayed", false)

	slow := s.browser()
	back = slow.leave(acme, i)
	s.Pass(oidc.FlowLasts)
	slow.get(back).wants(t, "too late", http.StatusUnauthorized)
	slow.wantsSignedIn("too late", false)
}

// The answer of one issuer finishes no sign-in by another, of the same organization or
// another one.
func TestIssuersAreNotMixedUp(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	honest, evil := issuertest.Start(t), issuertest.Start(t)
	honestly := s.issuer(honest, nil)
	rival := s.Tenant("Rival")
	evil.Clock = s.Clock
	evils := directorytest.Must(s.CreateIssuer(t.Context(), s.By(rival), identity.NewIssuer{
		Name: "Rival SSO", URL: evil.URL, ClientID: issuertest.ClientID, ClientSecret: issuertest.ClientSecret,
		IssuerSettings: directory.IssuerSettings{Enabled: true, Provision: true},
	}))(t)

	b := s.browser()
	b.leave(evils, evil)
	target := s.browser().get(startPath(honestly)).Header.Get("Location")
	back := b.leave(evils, evil)
	q, _ := url.ParseQuery(strings.SplitN(back, "?", 2)[1])
	stolen := honest.Authorize(target)
	stolen.Set("state", q.Get("state"))
	b.get("/signin/oidc/callback?"+stolen.Encode()).wants(t, "a code of the honest issuer", http.StatusUnauthorized)

	evil.Claims["iss"] = honest.URL
	b.get(b.leave(evils, evil)).wants(t, "a token that names the honest issuer", http.StatusUnauthorized)
	delete(evil.Claims, "iss")
	b.get(b.leave(evils, evil)).wants(t, "an address outside the tenant's domains", http.StatusForbidden)
	b.get("/signin/oidc/start?"+url.Values{"org": {string(s.Org.ID)}, "issuer": {string(evils.ID)}}.Encode()).wants(t, "the tenant's issuer in another organization", http.StatusNotFound)
	b.wantsSignedIn("by the evil issuer", false)
}

func TestHostileIssuersSignNobodyIn(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		claims map[string]any
		status int
	}{
		"wrong nonce":                  {map[string]any{"nonce": "x"}, http.StatusUnauthorized},
		"wrong audience":               {map[string]any{"aud": "x"}, http.StatusUnauthorized},
		"expired":                      {map[string]any{"exp": 1}, http.StatusUnauthorized},
		"an address of another domain": {map[string]any{"email": "ada@example.org"}, http.StatusForbidden},
		"email_verified false":         {map[string]any{"email_verified": false}, http.StatusForbidden},
		"email_verified missing":       {map[string]any{"email_verified": nil}, http.StatusForbidden},
		"no address":                   {map[string]any{"email": nil}, http.StatusForbidden},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			i := issuertest.Start(t)
			acme := s.issuer(i, nil)
			for k, v := range c.claims {
				i.Claims[k] = v
			}
			b := s.browser()
			b.get(b.leave(acme, i)).wants(t, name, c.status)
			b.wantsSignedIn(name, false)
			refused := 0
			for _, e := range s.Since(0) {
				if e.Action == "signIn" && e.Outcome == directory.Refused && e.Target.ID == string(acme.ID) {
					refused++
				}
			}
			if refused != 1 {
				t.Errorf("%d refusals are in the log", refused)
			}
		})
	}
}

// Another site can't sign a browser in as somebody of its choice: the person is asked.
func TestIssuerLinksOnOtherSitesAskFirst(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	i := issuertest.Start(t)
	acme := s.issuer(i, nil)
	for from, status := range map[string]int{"cross-site": http.StatusOK, "same-site": http.StatusOK, "same-origin": http.StatusSeeOther, "none": http.StatusSeeOther} {
		s.browser().do("GET", startPath(acme), "", "", "Sec-Fetch-Site", from).wants(t, from, status)
	}
	next := startPath(acme) + "&next=" + url.QueryEscape("https://evil.example.com/")
	b := s.browser()
	target := b.get(next).wants(t, "start", http.StatusSeeOther).Header.Get("Location")
	if got := b.get("/signin/oidc/callback?"+i.Authorize(target).Encode()).wants(t, "callback", http.StatusSeeOther).Header.Get("Location"); got != "/console/" {
		t.Errorf("leads to %q", got)
	}
}

// The page answers the same for any address of a domain, and limits who asks.
func TestIssuersPageRevealsNoAccounts(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.issuer(issuertest.Start(t), nil)
	b := s.browser()
	ask := func(who string) string { return b.post("/signin/issuers", url.Values{"for": {who}}).Body }
	if ask("olivia@example.com") != ask("nobody@example.com") || ask("olivia@example.com") != ask(string(s.Org.ID)) {
		t.Error("the page tells accounts apart")
	}
	if ask("x@example.org") != ask("no-such-org") {
		t.Error("the page tells organizations apart")
	}
	status := 0
	for range 100 {
		if status = b.post("/signin/issuers", url.Values{"for": {"x"}}).Status; status == http.StatusTooManyRequests {
			break
		}
	}
	if status != http.StatusTooManyRequests {
		t.Error("nobody is limited")
	}
}
