package signin_test

import (
	"strings"
	"testing"

	"github.com/rosterhq/roster/internal/browsertest"
)

// In a real browser: the printed link signs in at a click, and its secret leaves the
// address; a passkey is added; and with it, the person signs in again.
func TestBrowserSignsInByLinkAndPasskey(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := browsertest.Start(t)
	b.AddAuthenticator()
	secret := s.link("olivia@example.com")
	b.Open(s.URL + "/signin/link?next=/console/x#" + secret)
	b.Await(`document.querySelector("[data-paste]").hidden`)
	if strings.Contains(b.Location(), secret) {
		t.Errorf("the secret is still in %s", b.Location())
	}
	b.Click("main form button")
	b.AwaitText("Add a passkey")
	b.Type("#name", "Laptop")
	b.Click("main form button")
	b.AwaitText("Hello Olivia Owner")
	if !strings.HasSuffix(b.Location(), "/console/x") {
		t.Errorf("it leads to %s", b.Location())
	}
	if !browsertest.Eval[bool](b, `document.cookie === ""`) {
		t.Error("scripts can read the session")
	}
	b.Open(s.URL + "/signin?next=/console/y")
	browsertest.Eval[int](b, `fetch("/signin/out", { method: "POST" }).then((a) => a.status)`)
	b.Open(s.URL + "/signin?next=/console/y")
	b.Click(`form[data-passkey] button`)
	b.AwaitText("Hello Olivia Owner")
	if !strings.HasSuffix(b.Location(), "/console/y") {
		t.Errorf("it leads to %s", b.Location())
	}
	if problems := b.Problems(); len(problems) > 0 {
		t.Errorf("pages do wrong: %v", problems)
	}
}

// The pages are usable on a phone, in the dark, and for everybody.
func TestPagesAreAccessible(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := browsertest.Start(t)
	b.Open(s.URL + "/signin/link#" + s.link("olivia@example.com"))
	b.Await(`document.querySelector("[data-paste]").hidden`)
	b.Click("main form button")
	b.AwaitText("Add a passkey")
	for _, path := range []string{"/signin", "/signin/link", "/signin/mail", "/signin/passkeys", "/signin/nothing"} {
		for _, dark := range []bool{false, true} {
			b.Dark(dark)
			b.Size(390, 844)
			b.Open(s.URL + path)
			if n := b.Overflow(); n > 0 {
				t.Errorf("%s is %d pixels wider than a phone", path, n)
			}
			for _, v := range b.Axe() {
				t.Errorf("%s, dark %v: %v", path, dark, v)
			}
		}
	}
}
