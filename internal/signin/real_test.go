package signin_test

import (
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/directorytest"
	"github.com/rosterhq/roster/internal/identity"
	"github.com/rosterhq/roster/internal/roles"
	"github.com/rosterhq/roster/internal/servertest"
	"github.com/rosterhq/roster/internal/signin"
	"github.com/rosterhq/roster/internal/signin/oidc/issuertest"
)

// The whole way with an issuer of another project, which checks PKCE, the client and the
// redirect URI, and names itself in its answers (RFC 9207).
func TestSignInByARealIssuer(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("starts Node.js")
	}
	s := newSite(t)
	s.Now() // the issuer's clock can't be set
	issuer := servertest.StartIssuer(t, "roster", issuertest.ClientSecret, s.URL+signin.CallbackPath)
	group := directorytest.Must(s.CreateGroup(t.Context(), s.ByOwner(), roles.NewGroup{Name: "Engineering"}))(t)
	acme := s.issuer(&issuertest.Issuer{URL: issuer}, func(in *identity.NewIssuer) {
		in.Scopes, in.GroupsClaim = []string{"email", "profile", "groups"}, "groups"
		in.Groups = []directory.GroupRule{{Value: "engineering", GroupID: group.ID}}
	})
	b := s.browser()
	target := b.get(startPath(acme)).wants(t, "start", http.StatusSeeOther).Header.Get("Location")
	back := visit(t, target, s.URL)
	if !strings.Contains(back, "iss="+url.QueryEscape(issuer)) {
		t.Errorf("the issuer does not name itself: %s", back)
	}
	b.get(strings.TrimPrefix(back, s.URL)).wants(t, "callback", http.StatusSeeOther)
	b.wantsSignedIn("by a real issuer", true)
	g := directorytest.Must(s.GetGroup(t.Context(), s.ByOwner(), group.ID))(t)
	if len(g.Members) != 1 {
		t.Errorf("%d members of the mapped group", len(g.Members))
	}
	b.get(strings.TrimPrefix(back, s.URL)).wants(t, "again", http.StatusUnauthorized)
}

// visit signs in at an issuer as a person does, and gives the URL that leads back.
func visit(t *testing.T, target, home string) string {
	t.Helper()
	jar, _ := cookiejar.New(nil)
	client := &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	forms := []url.Values{{"prompt": {"login"}, "login": {"ada"}, "password": {"any"}}, {"prompt": {"consent"}}}
	for range 12 {
		if strings.HasPrefix(target, home) {
			return target
		}
		var resp *http.Response
		var err error
		if strings.Contains(target, "/interaction/") && len(forms) > 0 {
			resp, err = client.PostForm(target, forms[0])
			forms = forms[1:]
		} else {
			resp, err = client.Get(target)
		}
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		next, err := resp.Location()
		if err != nil {
			t.Fatalf("%s answered %s", target, resp.Status)
		}
		target = next.String()
	}
	t.Fatal("the issuer leads nowhere")
	return ""
}
