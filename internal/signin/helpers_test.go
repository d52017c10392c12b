package signin_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/directorytest"
	"github.com/rosterhq/roster/internal/egress"
	"github.com/rosterhq/roster/internal/signin"
	"github.com/rosterhq/roster/internal/signin/oidc"
)

// site is the sign-in pages on a directory.
type site struct {
	*directorytest.World
	URL   string
	mails chan mail
	log   *record
}

type mail struct{ email, link string }

// SendSignInLink implements [signin.Mail].
func (s *site) SendSignInLink(_ context.Context, email, _, link string) error {
	s.mails <- mail{email, link}
	return nil
}

// record keeps what is logged.
type record struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (r *record) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.b.Write(p)
}

func (r *record) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.b.String()
}

func newSite(t testing.TB) *site {
	t.Helper()
	s := &site{World: directorytest.New(t), mails: make(chan mail, 100), log: new(record)}
	server := httptest.NewUnstartedServer(nil)
	_, port, _ := strings.Cut(server.Listener.Addr().String(), ":")
	s.URL = "http://localhost:" + port
	in, err := signin.New(signin.Options{
		Service: s.Service, Identity: s.Proofs, Log: slog.New(slog.NewTextHandler(s.log, &slog.HandlerOptions{Level: slog.LevelDebug})), Clock: s.Clock,
		PublicURL: s.URL, Mail: s, Home: "/console/",
		OIDC: oidc.New(egress.Policy{AllowHTTP: true, Allowed: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}, s.Clock),
	})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	serve := func(w http.ResponseWriter, r *http.Request) {
		addr := r.Header.Get("Test-Address")
		if addr == "" {
			addr = "192.0.2.1"
		}
		in.Serve(w, r, directory.Call{TraceID: "0123456789abcdef", RemoteAddr: addr, UserAgent: r.UserAgent()})
	}
	mux.HandleFunc("/signin", serve)
	mux.HandleFunc("/signin/", serve)
	mux.HandleFunc("/console/", func(w http.ResponseWriter, r *http.Request) {
		p, err := in.Principal(r, "", "192.0.2.1")
		if err != nil {
			http.Error(w, err.Error(), http.StatusUnauthorized)
			return
		}
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, "<!doctype html><title>Console</title><p>Hello "+p.Name)
	})
	server.Config.Handler = mux
	server.Start()
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		in.Run(ctx)
	}()
	t.Cleanup(func() {
		server.Close()
		stop()
		<-done
	})
	return s
}

// browser is somebody's browser: it keeps cookies, and follows no redirects.
type browser struct {
	*http.Client
	t    testing.TB
	site *site
	addr string
}

func (s *site) browser() *browser {
	jar, _ := cookiejar.New(nil)
	return &browser{&http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}, s, s, ""}
}

// answer is what a page was answered with.
type answer struct {
	Status int
	Header http.Header
	Body   string
}

func (b *browser) do(method, path, contentType, body string, header ...string) answer {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), method, b.site.URL+path, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	r.Header.Set("Test-Address", b.addr)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := b.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header, string(text)}
}

func (b *browser) get(path string) answer {
	b.t.Helper()
	return b.do("GET", path, "", "")
}

func (b *browser) post(path string, form url.Values, header ...string) answer {
	b.t.Helper()
	return b.do("POST", path, "application/x-www-form-urlencoded", form.Encode(), header...)
}

// script posts JSON as the pages' script does.
func (b *browser) script(path, body string) answer {
	b.t.Helper()
	return b.do("POST", path, "application/json", body, "Accept", "application/json")
}

// use signs in by a link.
func (b *browser) use(link string) answer {
	b.t.Helper()
	return b.post("/signin/link", url.Values{"link": {link}})
}

func (a answer) wants(t testing.TB, what string, status int) answer {
	t.Helper()
	if a.Status != status {
		t.Fatalf("%s: %d %s, want %d", what, a.Status, a.Body, status)
	}
	return a
}

// signedIn reports whether the browser has a session that works.
func (b *browser) signedIn() bool {
	b.t.Helper()
	return b.get("/console/").Status == http.StatusOK
}

func (b *browser) wantsSignedIn(what string, want bool) {
	b.t.Helper()
	if b.signedIn() != want {
		b.t.Errorf("%s: signed in is %v", what, !want)
	}
}

// cookie is the value of a cookie of the browser.
func (b *browser) cookie(name string) string {
	u, _ := url.Parse(b.site.URL)
	for _, c := range b.Jar.Cookies(u) {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}

func (b *browser) setCookie(name, value string) {
	u, _ := url.Parse(b.site.URL)
	b.Jar.SetCookies(u, []*http.Cookie{{Name: name, Value: value, Path: "/"}})
}

// link is the value of a link that the operator made for a user.
func (s *site) link(email string) string {
	s.Helper()
	return directorytest.Must(s.CreateSignInLinkFor(s.Context(), email))(s).Secret
}

// owner is a browser that the owner is signed in in.
func (s *site) owner() *browser {
	s.Helper()
	b := s.browser()
	b.use(s.link("olivia@example.com")).wants(s, "sign in", http.StatusSeeOther)
	return b
}

// mail waits for a mail.
func (s *site) mail() mail {
	s.Helper()
	select {
	case m := <-s.mails:
		return m
	case <-time.After(2 * time.Minute):
		s.Fatal("no mail comes")
		return mail{}
	}
}
