package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"mime/quotedprintable"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/browsertest"
)

// The way through the console that people take first, in the real program and a real
// browser: the owner signs in by the link that init prints and adds a passkey, and adds a
// user, who signs in by a mailed link. The user's role changes, a token is made and used,
// the user's access is explained, and once removed, the user is signed out at once.
func TestConsoleFromTheFirstLinkToARemoval(t *testing.T) {
	t.Parallel()
	owner, grace := browsertest.Start(t), browsertest.Start(t)
	listen := freeAddr(t)
	_, port, _ := net.SplitHostPort(listen)
	site := "http://localhost:" + port // where browsers allow passkeys
	database := "sqlite:" + filepath.Join(t.TempDir(), "roster.db")
	out, err := exec.CommandContext(t.Context(), "roster", "init", "--database", database, "--org", "Acme", "--owner-name", "Olivia Owner",
		"--owner-email", "olivia@example.com", "--public-url", site, "--output", "json").Output()
	if err != nil {
		t.Fatalf("init: %v", err)
	}
	var made struct{ SignInURL string }
	if err := json.Unmarshal(out, &made); err != nil || made.SignInURL == "" {
		t.Fatalf("init printed %s: %v", out, err)
	}
	mailServer, mails := mailbox(t)
	start(t, []string{"ROSTER_SMTP_URL=smtp://" + mailServer}, "roster", "serve", "--database", database, "--listen", listen, "--metrics-listen", "off",
		"--public-url", site, "--smtp-from", "roster@example.com")
	get(t, nil, "http://"+listen+"/readyz", nil)

	key := owner.AddAuthenticator()
	owner.Open(made.SignInURL)
	owner.Await(`document.querySelector("[data-paste]")?.hidden`)
	owner.Click("main form button")
	owner.AwaitText("Add a passkey")
	owner.Type("#name", "Laptop")
	owner.Click("main form button")
	owner.AwaitText("Organizations")
	if n := key.Passkeys(); n != 1 {
		t.Errorf("the authenticator holds %d passkeys, want 1", n)
	}

	owner.Click("a[data-row]")
	owner.AwaitText("Lately")
	owner.Click(`a[data-key="u"]`)
	owner.AwaitText("olivia@example.com")
	owner.Click("a[data-create]")
	owner.Type("#invite-email", "grace@example.com")
	owner.Type("#invite-name", "Grace")
	owner.Click("#invite form button:last-child")
	owner.AwaitText("grace@example.com was added")
	herPage := owner.Location()

	grace.Open(site + "/signin")
	grace.Type(`input[type="email"]`, "grace@example.com")
	grace.Click(`form[action="/signin/mail"] button`)
	grace.AwaitText("Look into your mail")
	grace.Open(mailedLink(t, mails, site))
	grace.Await(`document.querySelector("[data-paste]")?.hidden`)
	grace.Click("main form button")
	grace.AwaitText("Add a passkey")
	grace.Open(site + "/")
	grace.AwaitText("Organizations")
	grace.Click("a[data-row]")
	grace.Await(`document.querySelector('a[data-key="u"]')`)

	browsertest.Eval[any](owner, `(s => { s.value = "admin"; s.dispatchEvent(new Event("change", { bubbles: true })) })(document.querySelector("#role-role"))`)
	owner.AwaitText("users: create, update, delete")
	owner.Click("form.inline button")
	owner.AwaitText("Grace now has the role admin")
	owner.AwaitText("role admin") // her access, explained
	grace.Open(grace.Location())
	grace.Await(`document.querySelector('a[data-key="t"]')`) // she sees API tokens now

	owner.Click(`a[data-key="t"]`)
	owner.Click("a[data-create]")
	owner.AwaitText("New API token")
	owner.Type("#create-name", "CI")
	owner.Click(".bar button")
	owner.AwaitText("CI was created")
	secret := browsertest.Eval[string](owner, `document.querySelector("#secret").value`)
	used := get(t, nil, "http://"+listen+"/v2/users", http.Header{"Authorization": {"Bearer " + secret}})
	if used.StatusCode != http.StatusOK || !strings.Contains(used.body, "grace@example.com") {
		t.Errorf("the token gives status %d: %s", used.StatusCode, used.body)
	}

	owner.Open(herPage)
	owner.Click("a.danger")
	owner.AwaitText("Remove Grace?")
	owner.Click("main form button.danger")
	owner.AwaitText("Grace was removed")
	grace.Open(grace.Location())
	if at := grace.Location(); !strings.HasPrefix(at, site+"/signin?next=") {
		t.Errorf("after she was removed, she is at %s", at)
	}
	for name, b := range map[string]*browsertest.Browser{"owner": owner, "grace": grace} {
		for _, problem := range b.Problems() {
			t.Errorf("%s: %s", name, problem)
		}
	}
}

// mailedLink is the first sign-in link in a mail.
func mailedLink(t *testing.T, mails <-chan string, site string) string {
	t.Helper()
	link := regexp.MustCompile(regexp.QuoteMeta(site) + `/signin/link\S+`)
	for {
		select {
		case text := <-mails: // the invitation is mailed too
			if found := link.FindString(text); found != "" {
				return found
			}
		case <-time.After(2 * time.Minute):
			t.Fatal("no link was mailed")
		}
	}
}

// mailbox is a mail server that takes everything, and the texts that it took.
func mailbox(t *testing.T) (addr string, mails <-chan string) {
	t.Helper()
	ln, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	took := make(chan string, 10)
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			go takeMail(conn, took)
		}
	}()
	return ln.Addr().String(), took
}

func takeMail(conn net.Conn, took chan<- string) {
	defer conn.Close()
	lines := bufio.NewScanner(conn)
	say := func(text string) { _, _ = fmt.Fprintf(conn, "%s\r\n", text) }
	say("220 mail.example.com")
	for lines.Scan() {
		switch verb, _, _ := strings.Cut(strings.ToUpper(lines.Text()), " "); verb {
		case "DATA":
			say("354 go on")
			var text strings.Builder
			for lines.Scan() && lines.Text() != "." {
				text.WriteString(lines.Text() + "\r\n")
			}
			say("250 taken")
			decoded, err := io.ReadAll(quotedprintable.NewReader(strings.NewReader(text.String())))
			if err != nil {
				decoded = []byte(text.String())
			}
			took <- string(decoded)
		case "QUIT":
			say("221 bye")
			return
		default:
			say("250 ok")
		}
	}
}
