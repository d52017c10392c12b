package console_test

import (
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/console"
	"github.com/rosterhq/roster/internal/credentials"
	"github.com/rosterhq/roster/internal/dbtest"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/directorytest"
	"github.com/rosterhq/roster/internal/members"
	"github.com/rosterhq/roster/internal/provisioning"
	"github.com/rosterhq/roster/internal/scim"
	"github.com/rosterhq/roster/internal/sealing"
	"github.com/rosterhq/roster/internal/userimport"
)

// site is a console over a directory of its own.
type site struct {
	*directorytest.World
	URL string

	Provisioner *provisioning.Provisioner

	clerk directory.RoleID // see applications

	sessions map[string]session // by address
	unusable error              // of each issuer that is tested

	mu    sync.Mutex
	actor *directory.Principal // of the last request, as its page has said
}

// actors notes who makes requests, as the access log does.
type actors struct {
	http.ResponseWriter
	site *site
}

func (a *actors) ActsAs(p *directory.Principal) {
	a.site.mu.Lock()
	defer a.site.mu.Unlock()
	a.site.actor = p
}

// session is a session of a member, and when it began.
type session struct {
	secret string
	at     time.Time
}

// sign signs a member in, by an operator's link, unless a session of theirs is fresh.
func (s *site) sign(email string) string {
	s.Helper()
	if have, ok := s.sessions[email]; ok && s.Clock().Sub(have.at) < directory.FreshFor {
		return have.secret
	}
	link, err := s.CreateSignInLinkFor(s.Context(), email)
	if err != nil {
		s.Fatalf("a link for %s: %v", email, err)
	}
	browser := "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/156.0 Safari/537.36"
	in, err := s.UseSignInLink(s.Context(), directory.Call{RemoteAddr: "192.0.2.1", UserAgent: browser}, link.Secret, "", "")
	if err != nil {
		s.Fatalf("sign %s in: %v", email, err)
	}
	s.sessions[email] = session{in.Secret, s.Clock()}
	return in.Secret
}

// sessionCookie has a session's value.
const sessionCookie = "roster_session"

// sessionAuth reads sessions, as the sign-in pages do.
type sessionAuth struct{ service *directory.Service }

func (a sessionAuth) Principal(r *http.Request, org directory.OrgID, remoteAddr string) (*directory.Principal, error) {
	if remoteAddr != "192.0.2.1" { // of the call; the test's connection has another
		return nil, fmt.Errorf("a session of %q", remoteAddr)
	}
	cookie, err := r.Cookie(sessionCookie)
	if err != nil {
		return nil, directory.Errorf(directory.Unauthenticated, "there is no session")
	}
	return a.service.AuthenticateSession(r.Context(), cookie.Value, org, remoteAddr)
}

// publicURL is where people reach a site, as its pages say. It is plain http, as the test's
// server is, so that cookies have their short names.
const publicURL = "http://roster.example.com"

func newSite(t testing.TB) *site {
	t.Helper()
	w := directorytest.New(t)
	log := slog.New(slog.NewTextHandler(logOf{t}, nil))
	s := &site{World: w, sessions: make(map[string]session)}
	w.Identity.Discover = func(context.Context, string) error { return s.unusable }
	w.Configure()
	s.Provisioner = provisioning.New(w.Service, w.Onboarder, scim.CheckExtensions)
	c := console.New(console.Options{
		Service: w.Service, Trail: w.Trail, Hooks: w.Hooks, Identity: w.Proofs, Onboarding: w.Onboarder, Imports: userimport.New(w.Service), Members: w.Roll, Apps: w.Apps, Planner: w.Planner, Provisioner: s.Provisioner, Auth: sessionAuth{w.Service}, Log: log, Clock: w.Clock,
		SignIn: "/signin", PublicURL: publicURL,
	})
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		c.Serve(&actors{rw, s}, r, directory.Call{TraceID: "0123456789abcdef", RemoteAddr: "192.0.2.1", UserAgent: r.UserAgent()})
	}))
	t.Cleanup(server.Close)
	s.URL = server.URL
	return s
}

type logOf struct{ t testing.TB }

func (l logOf) Write(p []byte) (int, error) {
	l.t.Errorf("the console logged: %s", p) // it logs only what should not happen
	return len(p), nil
}

// call is a call by a member, to set things up with.
func (s *site) call(m directorytest.Member) directory.Call {
	s.Helper()
	p, err := s.AuthenticateFrom(s.Context(), m.Secret, m.OrgID, "192.0.2.1")
	if err != nil {
		s.Fatalf("authenticate %s: %v", m.Email, err)
	}
	return directory.Call{Principal: p}
}

// add adds a user to the owner's organization.
func (s *site) add(name, email, role string) directory.User {
	s.Helper()
	u, err := s.CreateUser(s.Context(), s.call(s.Owner), members.NewUser{Name: name, Email: email, Role: directory.RoleID(role)})
	if err != nil {
		s.Fatalf("add %s: %v", email, err)
	}
	return u
}

// member is a user with a session.
func (s *site) member(name, email, role string) directorytest.Member {
	s.Helper()
	u := s.add(name, email, role)
	s.sign(email) // a first sign-in would end the token
	t, err := s.CreatePersonalTokenFor(s.Context(), email, credentials.NewPersonalToken{Name: "test"})
	if err != nil {
		s.Fatalf("personal token of %s: %v", email, err)
	}
	return directorytest.Member{User: u, Secret: t.Secret}
}

// path is the path of a page of the owner's organization.
func (s *site) path(below string) string { return "/console/" + string(s.Org.ID) + "/" + below }

// page is an answer.
type page struct {
	Status int
	Header http.Header
	Body   string
}

// get asks for a page as a member; a member without a secret has no session.
func (s *site) get(m directorytest.Member, path string, header ...string) page {
	s.Helper()
	return s.send(m, http.MethodGet, path, nil, header...)
}

// post posts a form as a member, as a page of the same site does.
func (s *site) post(m directorytest.Member, path string, form url.Values, header ...string) page {
	s.Helper()
	return s.send(m, http.MethodPost, path, form, append([]string{"Sec-Fetch-Site", "same-origin"}, header...)...)
}

func (s *site) send(m directorytest.Member, method, path string, form url.Values, header ...string) page {
	s.Helper()
	if form != nil {
		header = append([]string{"Content-Type", "application/x-www-form-urlencoded"}, header...)
	}
	return s.sendBody(m, method, path, strings.NewReader(form.Encode()), header...)
}

func (s *site) sendBody(m directorytest.Member, method, path string, body io.Reader, header ...string) page {
	s.Helper()
	r, err := http.NewRequestWithContext(context.Background(), method, s.URL+path, body)
	if err != nil {
		s.Fatal(err)
	}
	if m.Secret != "" {
		r.AddCookie(&http.Cookie{Name: sessionCookie, Value: s.sign(m.Email)})
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(r)
	if err != nil {
		s.Fatalf("%s %s: %v", method, path, err)
	}
	defer resp.Body.Close()
	answer := io.Reader(resp.Body)
	if resp.Header.Get("Content-Encoding") == "gzip" {
		if answer, err = gzip.NewReader(resp.Body); err != nil {
			s.Fatal(err)
		}
	}
	b, err := io.ReadAll(answer)
	if err != nil {
		s.Fatal(err)
	}
	return page{resp.StatusCode, resp.Header, string(b)}
}

// wants checks an answer's status, and that the page has texts.
func (p page) wants(t testing.TB, status int, texts ...string) page {
	t.Helper()
	if p.Status != status {
		t.Fatalf("status %d, want %d: %.1500s", p.Status, status, p.Body)
	}
	for _, text := range texts {
		if !strings.Contains(p.Body, text) {
			t.Errorf("the page lacks %q: %.3000s", text, p.Body)
		}
	}
	return p
}

// lacks checks that the page has none of some texts.
func (p page) lacks(t testing.TB, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if strings.Contains(p.Body, text) {
			t.Errorf("the page has %q", text)
		}
	}
}

// noteValue is the value of a note's cookie as somebody else would forge it.
func noteValue(t testing.TB, undo string) string {
	t.Helper()
	b, err := json.Marshal(map[string]string{"text": "hello", "undo": undo})
	if err != nil {
		t.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

// seal signs a checkpoint over all entries.
func (s *site) seal() {
	s.Helper()
	if err := s.DB.Settled(s.Context()); err != nil {
		s.Fatalf("settle: %v", err)
	}
	sealer := sealing.New(s.DB, dbtest.Keys(), s.Clock)
	if _, err := sealer.Once(s.Context(), func(err error) { s.Errorf("seal: %v", err) }); err != nil {
		s.Fatalf("seal: %v", err)
	}
}
