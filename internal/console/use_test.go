package console_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"

	"github.com/rosterhq/roster/internal/browsertest"
)

func TestSearchWhileTyping(t *testing.T) {
	b, s := browsertest.Start(t), newSite(t)
	for i := range 5 {
		s.Pass(time.Millisecond)
		s.add(fmt.Sprintf("Person %d", i), fmt.Sprintf("p%d@example.com", i), "user")
	}
	b.SetCookie(s.URL, sessionCookie, s.sign(s.Owner.Email))
	b.Open(s.URL + s.path("users"))
	b.AwaitText("Person 4")
	b.Press("/")
	b.Await(`document.activeElement.id === "q"`)
	// The protocol types the slash although the page has prevented it.
	browsertest.Eval[any](b, `document.activeElement.value = ""`)
	b.Press("person 3")
	b.Await(`document.querySelectorAll("[data-row]").length === 1`)
	b.AwaitText("Person 3")
	b.Await(`location.search === "?q=person+3"`) // to be bookmarked
}

func TestKeysMoveThroughThePages(t *testing.T) {
	b, s := browsertest.Start(t), newSite(t)
	s.Pass(time.Second)
	s.add("Ada", "ada@example.com", "user")
	b.SetCookie(s.URL, sessionCookie, s.sign(s.Owner.Email))
	b.Open(s.URL + s.path("users"))
	b.AwaitText("Ada")
	b.Press("j")
	b.Await(`document.activeElement.textContent.includes("Olivia")`)
	b.Press("j")
	b.Await(`document.activeElement.textContent.includes("Ada")`)
	b.Press("\r")
	b.Await(`document.querySelector("h1").textContent === "Ada" && document.readyState === "complete"`)
	b.Press("g")
	b.Press("r")
	b.Await(`document.querySelector("h1").textContent === "Roles" && document.readyState === "complete"`)
	b.Press("?")
	b.Await(`document.querySelector("#help").open`)
	b.Click(`[data-shortcuts]`) // WCAG 2.2, 2.1.4: they can be turned off
	b.Click(`#help form button`)
	b.Press("c")
	b.Press("?")
	if browsertest.Eval[bool](b, `Boolean(document.querySelector("dialog[open]"))`) {
		t.Error("a key works though keys are turned off")
	}
	for _, problem := range b.Problems() {
		t.Error(problem)
	}
}

func TestInviteChangeRoleUndoAndRemove(t *testing.T) {
	b, s := browsertest.Start(t), newSite(t)
	b.SetCookie(s.URL, sessionCookie, s.sign(s.Owner.Email))
	b.Open(s.URL + s.path("users"))
	b.Press("c")
	b.Type("#invite-email", "not an address@")
	b.Type("#invite-name", "Grace")
	// The browser itself refuses the address; the server's word is what counts here.
	browsertest.Eval[any](b, `document.querySelector("#invite form").noValidate = true`)
	b.Click("#invite form button")
	b.Await(`document.activeElement.id === "invite-email" && document.querySelector("#invite-email-wrong")`)
	browsertest.Eval[any](b, `document.querySelector("#invite-email").value = ""`)
	b.Type("#invite-email", "grace@example.com")
	b.Click("#invite form button:last-child")
	b.AwaitText("grace@example.com was added")
	browsertest.Eval[any](b, `(s => { s.value = "admin"; s.dispatchEvent(new Event("change", {bubbles: true})) })(document.querySelector("#role-role"))`)
	b.AwaitText("users: create, update, delete") // what she would gain
	b.Click("form.inline button")
	b.AwaitText("Grace now has the role admin")
	b.Click(".note button")
	b.AwaitText("Grace now has the role user")
	b.Click("a.danger")
	b.AwaitText("Remove Grace?")
	b.Click("main form button.danger")
	b.AwaitText("Grace was removed")
	if strings.Contains(b.Text(), "grace@example.com\n") {
		t.Error("the list still has her")
	}
	for _, problem := range b.Problems() {
		t.Error(problem)
	}
}

func TestAuditLogGoesOnByItself(t *testing.T) {
	b, s := browsertest.Start(t), newSite(t)
	b.SetCookie(s.URL, sessionCookie, s.sign(s.Owner.Email))
	b.Open(s.URL + s.path("audit"))
	b.AwaitText("Live")
	s.add("Late Arrival", "late@example.com", "user")
	b.AwaitText("Late Arrival")
	s.add("Later Still", "later@example.com", "user")
	b.AwaitText("Later Still")
	if n := browsertest.Eval[int](b, `document.querySelectorAll("[data-poll]").length`); n != 1 {
		t.Errorf("%d parts of the page ask for news, want 1", n)
	}
}

func TestTokenIsCopied(t *testing.T) {
	b, s := browsertest.Start(t), newSite(t)
	b.SetCookie(s.URL, sessionCookie, s.sign(s.Owner.Email))
	b.Open(s.URL + s.path("new-token?preset=audit"))
	b.Type("#create-name", "CI")
	b.Click(".bar button")
	b.AwaitText("CI was created")
	browsertest.Eval[any](b, `navigator.clipboard.writeText = text => { window.copied = text; return Promise.resolve() }`)
	b.Click("[data-copy]")
	b.Await(`window.copied && window.copied.startsWith("xaat-")`)
	b.AwaitText("Copied")
}

// maxPage is how many bytes a browser that has seen nothing of the console receives for a page.
const maxPage = 100 << 10

func TestPagesAreLight(t *testing.T) {
	s := newSite(t)
	for i := range 60 {
		s.Pass(time.Millisecond)
		s.add(fmt.Sprintf("Somebody With A Name %d", i), fmt.Sprintf("somebody.with.an.address.%d@example.com", i), "user")
	}
	for _, below := range []string{"", "users", "users/" + string(s.Owner.ID), "roles", "roles/admin", "new-token", "audit"} {
		b := browsertest.Start(t)
		b.SetCookie(s.URL, sessionCookie, s.sign(s.Owner.Email))
		b.Transferred()
		b.Open(s.URL + s.path(below))
		b.Await(`document.readyState === "complete" && !document.querySelector(".htmx-request")`)
		if n := b.Transferred(); n > maxPage || n < 10_000 {
			t.Errorf("%q takes %d bytes, want at most %d", below, n, maxPage)
		}
	}
}

func TestSwitchingOrganizations(t *testing.T) {
	b, s := browsertest.Start(t), newSite(t)
	s.Pass(time.Second)
	if _, err := s.CreateOrg(t.Context(), s.call(s.Owner), "Second Company"); err != nil {
		t.Fatal(err)
	}
	b.SetCookie(s.URL, sessionCookie, s.sign(s.Owner.Email))
	for _, width := range []int64{1280, 390} {
		b.Size(width, 800)
		b.Open(s.URL + s.path("users"))
		b.Click(".switcher summary")
		b.AwaitText("Second Company")
		b.Await(`document.querySelectorAll(".switcher li a").length === 2`)
		b.Click(`.switcher li:last-child a`)
		b.Await(`document.querySelector("h1")?.textContent === "Second Company"`)
	}
	b.Open(s.URL + s.path("users")) // on the phone still
	b.Click(".menu > summary")
	b.Click(`a[data-key="r"]`)
	b.Await(`document.querySelector("h1")?.textContent === "Roles"`)
	for _, problem := range b.Problems() {
		t.Error(problem)
	}
}

func TestAuditLogIsShownAsOfATimeBySlider(t *testing.T) {
	b, s := browsertest.Start(t), newSite(t)
	s.Pass(time.Hour)
	s.add("Late Arrival", "late@example.com", "user")
	s.Pass(time.Hour)
	b.SetCookie(s.URL, sessionCookie, s.sign(s.Owner.Email))
	b.Open(s.URL + s.path("audit"))
	b.AwaitText("Late Arrival")
	b.Await(`document.querySelector(".slider output").textContent === "now"`)
	browsertest.Eval[any](b, `document.querySelector("[data-slider]").focus()`)
	for range 70 {
		b.Press(kb.ArrowLeft) // a minute
	}
	b.Await(`!document.querySelector("#rows").innerText.includes("Late Arrival")`)
	if at := browsertest.Eval[string](b, `document.querySelector("#to").value`); at == "" || !strings.Contains(b.Location(), "to=") {
		t.Errorf("the field has %q, the address is %s", at, b.Location())
	}
	b.Await(`document.querySelector(".live").hidden`)
	b.Press(kb.End)
	b.AwaitText("Late Arrival")
	if at := browsertest.Eval[string](b, `document.querySelector("#to").value`); at != "" {
		t.Errorf("at its right end, the slider leaves %q in the field", at)
	}
	for _, problem := range b.Problems() {
		t.Error(problem)
	}
}
