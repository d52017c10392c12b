package main

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rosterhq/roster/client"
	"github.com/rosterhq/roster/internal/appfile"
	"github.com/rosterhq/roster/internal/applications"
	"github.com/rosterhq/roster/internal/apptest"
	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/directory"
)

// world is Roster with the application, a clerk who may read the invoices of 2026, and an
// organization that the clerk does not belong to.
type world struct {
	*apptest.Server
	t          testing.TB
	credential string
	clerk      string // the token
	clerkID    string
	role       string
	billing    string // the URL of the service
	front      string // the URL of a proxy in front of it, or of the service
}

func newWorld(t *testing.T, proxied bool) *world {
	t.Helper()
	w := &world{Server: apptest.Start(t), t: t}
	text, err := os.ReadFile("billing.yaml")
	if err != nil {
		t.Fatal(err)
	}
	files, err := appfile.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	var list []applications.NewApplication
	for _, f := range files {
		app := applications.NewApplication{ID: directory.AppID(f.ID), Name: f.Name, Types: make(authz.AppTypes)}
		for name, rt := range f.Types {
			app.Types[name] = authz.AppType(rt)
		}
		list = append(list, app)
	}
	apps := applications.New(w.Service)
	if _, err := apps.Apply(t.Context(), list, applications.How{}); err != nil {
		t.Fatal(err)
	}
	made, err := apps.IssueCredential(t.Context(), "", "billing")
	if err != nil {
		t.Fatal(err)
	}
	w.credential = made.Secret
	var role struct{ ID string }
	w.Want(http.StatusOK, "POST", "/v2/rbac/roles", apptest.Request{
		Token: w.PersonalToken,
		Body:  `{"name": "Clerk", "appCapabilities": {"billing": {"invoice": {"2026-*": ["read"]}, "report": ["read"]}}}`,
	}).Decode(t, &role)
	w.role = role.ID
	w.clerkID = w.CreateUser("Clerk", "clerk@example.com", role.ID).ID
	w.clerk = w.TokenOf("clerk@example.com")

	c, err := client.New(w.URL, w.credential)
	if err != nil {
		t.Fatal(err)
	}
	checker := client.NewChecker(c, client.CheckerOptions{Timeout: 2 * time.Minute})
	service := httptest.NewServer(newService(checker, proxied))
	t.Cleanup(func() {
		service.Close()
		checker.Close()
	})
	w.billing, w.front = service.URL, service.URL
	return w
}

// ask sends a request with a token to the front, and returns the status and the body.
func (w *world) ask(method, path, token string) (status int, body string, header http.Header) {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), method, w.front+path, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	// Clients can't say who they are.
	r.Header.Set("X-Roster-User", "usr_forged")
	r.Header.Set("X-Roster-Organization", w.OrgID)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return resp.StatusCode, strings.TrimSpace(string(b)), resp.Header
}

// check asks for invoices as the clerk, the owner and others.
func (w *world) check() {
	w.t.Helper()
	const unknown = "xapt-00000000-0000-4000-8000-000000000000"
	for _, c := range []struct {
		why, method, path, token string
		want                     int
	}{
		{"a clerk reads", "GET", "/invoices/2026-0042", w.clerk, 200},
		{"a clerk reads another year", "GET", "/invoices/2025-0007", w.clerk, 403},
		{"a clerk approves", "POST", "/invoices/2026-0042/approve", w.clerk, 403},
		{"the owner reads another year", "GET", "/invoices/2025-0007", w.PersonalToken, 200},
		{"the owner approves", "POST", "/invoices/2026-0042/approve", w.PersonalToken, 200},
		{"nobody", "GET", "/invoices/2026-0042", "", 401},
		{"an unknown token", "GET", "/invoices/2026-0042", unknown, 401},
		{"the application itself", "GET", "/invoices/2026-0042", w.credential, 0},
	} {
		status, body, header := w.ask(c.method, "/"+w.OrgID+c.path, c.token)
		if status != c.want && (c.want != 0 || status != 401 && status != 403) {
			w.t.Errorf("%s: %d %s, want %d", c.why, status, body, c.want)
		}
		if c.want == 401 && !strings.HasPrefix(header.Get("WWW-Authenticate"), "Bearer") {
			w.t.Errorf("%s: WWW-Authenticate is %q", c.why, header.Get("WWW-Authenticate"))
		}
	}
	_, body, _ := w.ask("GET", "/"+w.OrgID+"/invoices/2026-0042", w.clerk)
	if want := fmt.Sprintf(`{"id":"2026-0042","amount":4200,"approvedBy":%q}`, w.UserID); body != want {
		w.t.Errorf("the invoice is %s, want %s", body, want)
	}
	for _, path := range []string{
		"/other-aaaa/invoices/2026-0042",
		"/" + w.OrgID + "/invoices/2026-0042/../2025-0007",
		"/" + w.OrgID + "/invoices/2026-0042%2F..%2F2025-0007",
		"/" + w.OrgID + "/invoices/*",
		"/" + w.OrgID + "/invoices/2026-*",
	} {
		if status, body, _ := w.ask("GET", path, w.clerk); status == 200 {
			w.t.Errorf("%s: %d %s", path, status, body)
		}
	}
}

// revoke takes the clerk's role away, and waits until the front refuses.
func (w *world) revoke() {
	w.t.Helper()
	w.Want(http.StatusOK, "PUT", "/v2/users/"+w.clerkID+"/role", apptest.Request{Token: w.PersonalToken, Body: `{"role": "user"}`})
	for late := time.Now().Add(2 * time.Minute); ; time.Sleep(20 * time.Millisecond) {
		status, body, _ := w.ask("GET", "/"+w.OrgID+"/invoices/2026-0042", w.clerk)
		if status == http.StatusForbidden {
			return
		}
		if status != http.StatusOK || time.Now().After(late) {
			w.t.Fatalf("after the role was taken away: %d %s", status, body)
		}
	}
}

func TestService(t *testing.T) {
	t.Parallel()
	w := newWorld(t, false)
	w.check()
	status, list, _ := w.ask("GET", "/"+w.OrgID+"/invoices", w.clerk)
	if status != http.StatusOK || strings.Contains(list, "2025-0007") || !strings.Contains(list, "2026-0041") || !strings.Contains(list, "2026-0042") {
		t.Errorf("the clerk's list: %d %s", status, list)
	}
	w.revoke()
}

// The service that trusts a proxy serves nobody whom the proxy did not check for the organization.
func TestProxiedServiceComparesTheOrganization(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	if status, body, _ := w.ask("GET", "/other-aaaa/invoices/2026-0042", w.clerk); status != http.StatusForbidden {
		t.Errorf("%d %s", status, body)
	}
}

func TestNginx(t *testing.T) {
	t.Parallel()
	need(t, "nginx")
	w := newWorld(t, true)
	dir := t.TempDir()
	w.configure("nginx.conf", dir)
	text := "daemon off; master_process off; pid nginx.pid; error_log stderr; events {}\nhttp { access_log off;\n"
	for _, kind := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		text += kind + "_temp_path " + dir + ";\n"
	}
	if err := os.WriteFile(filepath.Join(dir, "main.conf"), []byte(text+"include "+dir+"/nginx.conf; }\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	w.start(exec.CommandContext(t.Context(), "nginx", "-p", dir, "-c", "main.conf"))
	w.check()
	w.revoke()
}

func TestCaddy(t *testing.T) {
	t.Parallel()
	need(t, "caddy")
	w := newWorld(t, true)
	dir := t.TempDir()
	w.configure("Caddyfile", dir)
	file := filepath.Join(dir, "Caddyfile")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, append([]byte("{\nadmin off\nauto_https off\n}\n"), text...), 0o600); err != nil {
		t.Fatal(err)
	}
	caddy := exec.CommandContext(t.Context(), "caddy", "run", "--adapter", "caddyfile", "--config", file)
	caddy.Env = append(os.Environ(), "HOME="+dir, "XDG_DATA_HOME="+dir, "XDG_CONFIG_HOME="+dir)
	w.start(caddy)
	w.check()
	w.revoke()
}

func TestCurl(t *testing.T) {
	t.Parallel()
	need(t, "curl")
	w := newWorld(t, true)
	proxy := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { // the script's own network
		r.Header.Set("X-Roster-Organization", w.OrgID)
		newService(nil, true).ServeHTTP(rw, r)
	}))
	defer proxy.Close()
	curl := func(token, roster, invoice string) string {
		cmd := exec.CommandContext(t.Context(), "./curl.sh", w.OrgID, invoice)
		cmd.Env = append(os.Environ(), "TOKEN="+token, "ROSTER_CREDENTIAL="+w.credential, "ROSTER_URL="+roster, "BILLING_URL="+proxy.URL)
		out, err := cmd.CombinedOutput()
		return fmt.Sprintf("%s, %v", strings.TrimSpace(string(out)), err)
	}
	for _, c := range []struct{ token, roster, invoice, want string }{
		{w.clerk, w.URL, "2026-0042", `{"id":"2026-0042","amount":4200}, <nil>`},
		{w.clerk, w.URL, "2025-0007", "forbidden, exit status 1"},
		{w.clerk, w.URL, "*", "invalid organization or invoice, exit status 2"},
		{"xapt-00000000-0000-4000-8000-000000000000", w.URL, "2026-0042", "a valid token is required, exit status 1"},
		{w.clerk, "http://127.0.0.1:1", "2026-0042", "can't check permissions now, exit status 1"},
	} {
		if got := curl(c.token, c.roster, c.invoice); got != c.want {
			t.Errorf("%s: got %s, want %s", c.invoice, got, c.want)
		}
	}
}

// need fails a test whose program is missing, and skips it in a short run.
func need(t *testing.T, program string) {
	t.Helper()
	if _, err := exec.LookPath(program); err == nil {
		return
	}
	if testing.Short() {
		t.Skipf("needs %s", program)
	}
	t.Fatalf("%s is missing: run the tests with `make test`, which installs it on Debian", program)
}

// configure writes a proxy's configuration with the real addresses and credential.
func (w *world) configure(name, dir string) {
	w.t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		w.t.Fatal(err)
	}
	// Nobody else on this machine listens on a random address of the loopback network.
	host := fmt.Sprintf("127.%d.%d.%d", 1+rand.IntN(250), rand.IntN(250), 1+rand.IntN(250))
	addr := host + ":9080"
	own := strings.NewReplacer(
		"127.0.0.1:9080", addr, "bind 127.0.0.1", "bind "+host, "127.0.0.1:8080", strings.TrimPrefix(w.URL, "http://"),
		"127.0.0.1:9090", strings.TrimPrefix(w.billing, "http://"), "xaap-…", w.credential,
	).Replace(string(text))
	if err := os.WriteFile(filepath.Join(dir, name), []byte(own), 0o600); err != nil {
		w.t.Fatal(err)
	}
	w.front = "http://" + addr
}

// start starts a proxy and waits until it answers. It ends with the test.
func (w *world) start(proxy *exec.Cmd) {
	w.t.Helper()
	proxy.Stdout, proxy.Stderr = w.t.Output(), w.t.Output()
	if err := proxy.Start(); err != nil {
		w.t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = proxy.Wait() // the kill below ends it
	}()
	w.t.Cleanup(func() {
		_ = proxy.Process.Kill()
		<-ended
	})
	for late := time.Now().Add(2 * time.Minute); time.Now().Before(late); time.Sleep(20 * time.Millisecond) {
		rq, err := http.NewRequestWithContext(context.Background(), http.MethodGet, w.front+"/", nil)
		if err != nil {
			w.t.Fatal(err)
		}
		if resp, err := http.DefaultClient.Do(rq); err == nil {
			_ = resp.Body.Close()
			return
		}
		select {
		case <-ended:
			w.t.Fatalf("%s ended: %s", proxy.Path, proxy.ProcessState)
		default:
		}
	}
	w.t.Fatalf("%s does not answer", proxy.Path)
}
