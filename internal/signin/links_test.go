package signin_test

import (
	"crypto/tls"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/directorytest"
	"github.com/rosterhq/roster/internal/identity"
	"github.com/rosterhq/roster/internal/signin"
)

// A link signs in once: opening its page uses nothing up, and it can't be used again, in
// the same browser or another.
func TestLinkSignsInOnce(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	link := s.link("olivia@example.com")
	b := s.browser()
	for range 3 { // as mail scanners do
		b.get("/signin/link").wants(t, "page", http.StatusOK)
		b.do("HEAD", "/signin/link", "", "").wants(t, "page", http.StatusOK)
	}
	b.wantsSignedIn("after opening", false)
	a := b.use(s.URL+"/signin/link#"+link).wants(t, "use", http.StatusSeeOther)
	if got, want := a.Header.Get("Location"), "/signin/passkeys?next=%2Fconsole%2F"; got != want {
		t.Errorf("leads to %q, want %q", got, want)
	}
	b.wantsSignedIn("after using", true)
	cookie := a.Header.Values("Set-Cookie")[0]
	for _, part := range []string{"roster_session=xsess-", "; Path=/", "; HttpOnly", "; SameSite=Lax", "; Max-Age=604800"} {
		if !strings.Contains(cookie, part) {
			t.Errorf("the cookie %q lacks %q", cookie, part)
		}
	}
	for what, b := range map[string]*browser{"the same browser": b, "another browser": s.browser()} {
		b.use(link).wants(t, what, http.StatusUnauthorized)
	}
	s.browser().use("xlnk-00000000-0000-4000-8000-000000000000").wants(t, "unknown", http.StatusUnauthorized)
	s.browser().use("").wants(t, "none", http.StatusUnauthorized)
	expired := s.link("olivia@example.com")
	s.Pass(identity.OperatorLinkLifetime)
	s.browser().use(expired).wants(t, "expired", http.StatusUnauthorized)
	for _, secret := range []string{link, expired, b.cookie("roster_session")} {
		if strings.Contains(s.log.String(), secret) {
			t.Errorf("the log holds a secret:\n%s", s.log)
		}
	}
}

// A mailed link works for ten minutes, in the browser in which it was requested.
func TestMailedLinkWorksInTheBrowserThatAsked(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	request := func(b *browser) string {
		b.post("/signin/mail", url.Values{"email": {"OLIVIA@example.com"}, "next": {"/console/x"}}).wants(t, "request", http.StatusSeeOther)
		m := s.mail()
		before, secret, _ := strings.Cut(m.link, "#")
		if m.email != "olivia@example.com" || before != s.URL+"/signin/link?next=%2Fconsole%2Fx" || !strings.HasPrefix(secret, "xlnk-") {
			t.Fatalf("mailed %+v", m)
		}
		return secret
	}
	b, other := s.browser(), s.browser()
	link := request(b)
	if a := other.use(link).wants(t, "in another browser", http.StatusUnauthorized); !strings.Contains(a.Body, "another browser") {
		t.Errorf("answered %s", a.Body)
	}
	other.setCookie("roster_browser", "xbrw-00000000-0000-4000-8000-000000000000")
	other.use(link).wants(t, "with another cookie", http.StatusUnauthorized)
	b.use(link).wants(t, "in the same browser", http.StatusSeeOther)
	b.wantsSignedIn("after using", true)
	b.use(link).wants(t, "again", http.StatusUnauthorized)

	b = s.browser()
	link = request(b)
	s.Pass(identity.MailedLinkLifetime)
	b.use(link).wants(t, "too late", http.StatusUnauthorized)
}

// Whether there is an account does not show, nor that it has requested too many links;
// and no more than so many are mailed.
func TestRequestsDoNotRevealAccounts(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	var answers []answer
	for i := range identity.MaxMailedLinks + 5 {
		for _, email := range []string{"olivia@example.com", "nobody@example.com"} {
			b := s.browser()
			b.addr = "192.0.2." + string(rune('1'+i%9))
			a := b.post("/signin/mail", url.Values{"email": {email}})
			a.Header.Del("Date")
			a.Header.Set("Set-Cookie", a.Header.Get("Set-Cookie")[:len("roster_browser=xbrw-")])
			answers = append(answers, a)
		}
	}
	for _, a := range answers {
		if diff := cmp.Diff(answers[0], a); diff != "" {
			t.Fatalf("answers differ:\n%s", diff)
		}
	}
	for range identity.MaxMailedLinks {
		if m := s.mail(); m.email != "olivia@example.com" {
			t.Errorf("mailed %s", m.email)
		}
	}
	// Requests are handled in turn, so those before are done when these are mailed.
	barrier := s.Join("barrier", "user").Email
	for range identity.MaxMailedLinks - 1 {
		s.browser().post("/signin/mail", url.Values{"email": {barrier}})
		if m := s.mail(); m.email != barrier {
			t.Errorf("mailed %s", m.email)
		}
	}
	s.Pass(time.Hour)
	s.browser().post("/signin/mail", url.Values{"email": {"olivia@example.com"}})
	s.mail() // the first one since: those between were dropped
	if len(s.mails) > 0 {
		t.Errorf("%d more mails", len(s.mails))
	}
}

// A sign-in ends the session that the browser had, and takes none that somebody put there.
func TestSessionFixation(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	planted := "xsess-00000000-0000-4000-8000-000000000000"
	b := s.browser()
	b.setCookie("roster_session", planted)
	b.use(s.link("olivia@example.com")).wants(t, "sign in", http.StatusSeeOther)
	first := b.cookie("roster_session")
	if first == planted {
		t.Fatal("the planted session is kept")
	}
	b.use(s.link("olivia@example.com")).wants(t, "sign in again", http.StatusSeeOther)
	b.wantsSignedIn("the new session", true)
	for what, value := range map[string]string{"planted": planted, "the first": first} {
		thief := s.browser()
		thief.setCookie("roster_session", value)
		thief.wantsSignedIn(what, false)
	}
}

// Signing out ends the session itself, not only the cookie.
func TestSignOut(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.owner()
	kept := b.cookie("roster_session")
	b.post("/signin/out", nil).wants(t, "sign out", http.StatusSeeOther)
	if b.cookie("roster_session") != "" {
		t.Error("the cookie is still there")
	}
	thief := s.browser()
	thief.setCookie("roster_session", kept)
	thief.wantsSignedIn("with the cookie kept", false)
	s.browser().post("/signin/out", nil).wants(t, "without a session", http.StatusSeeOther)
}

// A sign-in leads to this server, whatever next says.
func TestNextLeadsNowhereElse(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.owner()
	directorytest.Must(s.CreatePasskey(t.Context(), s.session(b), identity.NewPasskey{Name: "x", CredentialID: []byte("x"), Credential: []byte("{}")}))(t)
	for next, want := range map[string]string{
		"/console/acme/users?q=a": "/console/acme/users?q=a",
		"":                        "/console/", "//evil.example": "/console/", "///evil.example": "/console/", "https://evil.example": "/console/",
		"/\\evil.example": "/console/", "\\\\evil.example": "/console/", "javascript:alert(1)": "/console/", "evil.example": "/console/",
		"/\t/evil.example": "/console/", "/a\r\nSet-Cookie: x=y": "/console/", "http:evil.example": "/console/", "/%zz": "/console/",
	} {
		a := b.post("/signin/link", url.Values{"link": {s.link("olivia@example.com")}, "next": {next}}).wants(t, next, http.StatusSeeOther)
		if got := a.Header.Get("Location"); got != want {
			t.Errorf("%q leads to %q, want %q", next, got, want)
		}
		if a := b.get("/signin?" + url.Values{"next": {next}}.Encode()); want == "/console/" && strings.Contains(a.Body, "evil") {
			t.Errorf("%q is in the page", next)
		}
		s.Pass(time.Minute)
	}
}

// session is a call by a browser's session.
func (s *site) session(b *browser) directory.Call {
	s.Helper()
	return directory.Call{Principal: directorytest.Must(s.AuthenticateSession(s.Context(), b.cookie("roster_session"), "", ""))(s)}
}

// Forms and scripts of other sites are refused before anything is done.
func TestOtherSitesCannotPost(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.owner()
	link := s.link("olivia@example.com")
	for _, path := range []string{
		"/signin/link", "/signin/mail", "/signin/out", "/signin/passkey", "/signin/passkey/begin", "/signin/passkeys", "/signin/passkeys/begin",
	} {
		for _, header := range [][]string{{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Origin", "https://evil.example"}, {"Origin", "null"}} {
			b.post(path, url.Values{"link": {link}, "email": {"olivia@example.com"}}, header...).wants(t, path, http.StatusForbidden)
			s.Pass(time.Minute)
		}
	}
	b.wantsSignedIn("after all", true)
	b.post("/signin/link", url.Values{"link": {link}}, "Sec-Fetch-Site", "same-origin", "Origin", s.URL).wants(t, "from here", http.StatusSeeOther)
}

// An address can't try without end; others are not held up.
func TestAttemptsAreLimited(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.browser()
	tries := 0
	for ; b.use("xlnk-guess").Status == http.StatusUnauthorized; tries++ {
		if tries > 1000 {
			t.Fatal("not limited")
		}
	}
	b.use(s.link("olivia@example.com")).wants(t, "at the limit", http.StatusTooManyRequests)
	other := s.browser()
	other.addr = "198.51.100.1"
	other.use(s.link("olivia@example.com")).wants(t, "from elsewhere", http.StatusSeeOther)
	s.Pass(time.Minute)
	b.use(s.link("olivia@example.com")).wants(t, "a minute later", http.StatusSeeOther)
}

// Pages can't be framed, run nothing inline, and are kept by nobody.
func TestPagesAreGuarded(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.owner()
	for _, path := range []string{"/signin", "/signin/link", "/signin/mail", "/signin/passkeys", "/signin/nothing"} {
		a := b.get(path)
		policy := a.Header.Get("Content-Security-Policy")
		if !strings.Contains(policy, "frame-ancestors 'none'") || !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") {
			t.Errorf("%s: policy %q", path, policy)
		}
		if a.Header.Get("Cache-Control") != "no-store" || a.Header.Get("X-Content-Type-Options") != "nosniff" || a.Header.Get("Referrer-Policy") != "same-origin" {
			t.Errorf("%s: header %v", path, a.Header)
		}
		if strings.Contains(a.Body, "<script>") || strings.Contains(a.Body, "style=") || strings.Contains(a.Body, " on") && strings.Contains(a.Body, " onclick") {
			t.Errorf("%s has something inline:\n%s", path, a.Body)
		}
	}
	evil := `"><script>alert(1)</script>`
	if a := b.get("/signin?" + url.Values{"next": {"/" + evil}}.Encode()); strings.Contains(a.Body, evil) {
		t.Errorf("next is not escaped:\n%s", a.Body)
	}
}

// Over https, cookies can be set and read by this host over https alone.
func TestCookiesOverHTTPS(t *testing.T) {
	t.Parallel()
	w := directorytest.New(t)
	in, err := signin.New(signin.Options{Service: w.Service, Identity: w.Proofs, Log: slog.New(slog.DiscardHandler), Clock: w.Clock, PublicURL: "https://roster.example.com", Home: "/console/"})
	if err != nil {
		t.Fatal(err)
	}
	secret := directorytest.Must(w.CreateSignInLinkFor(t.Context(), "olivia@example.com"))(t).Secret
	for what, state := range map[string]*tls.ConnectionState{"behind a proxy": nil, "here": {}} {
		r := httptest.NewRequestWithContext(t.Context(), "POST", "/signin/link", strings.NewReader(url.Values{"link": {secret}}.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.TLS = state
		rec := httptest.NewRecorder()
		in.Serve(rec, r, directory.Call{})
		cookie := rec.Header().Get("Set-Cookie")
		if !strings.HasPrefix(cookie, "__Host-roster_session=xsess-") || !strings.Contains(cookie, "; Secure") {
			t.Errorf("%s: %d %q", what, rec.Code, cookie)
		}
		secret = directorytest.Must(w.CreateSignInLinkFor(t.Context(), "olivia@example.com"))(t).Secret
	}
}
