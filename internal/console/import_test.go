package console_test

import (
	"bytes"
	"fmt"
	"html"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/browsertest"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/directorytest"
)

// sendList sends a list as the form does: preview or run it.
func (s *site) sendList(m directorytest.Member, step, text, role string, header ...string) page {
	s.Helper()
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	for name, value := range map[string]string{"text": text, "role": role} {
		if err := form.WriteField(name, value); err != nil {
			s.Fatal(err)
		}
	}
	if err := form.Close(); err != nil {
		s.Fatal(err)
	}
	header = append([]string{"Content-Type", form.FormDataContentType(), "Sec-Fetch-Site", "same-origin"}, header...)
	return s.sendBody(m, http.MethodPost, s.path("users/import/"+step), &b, header...)
}

func TestImportPreviewsBeforeItAdds(t *testing.T) {
	s := newSite(t)
	s.add("Ada Lovelace", "ada@example.com", "user")
	list := "ada@example.com\nAlan Turing <alan@example.com>\nnobody\nalan@example.com\n"
	p := s.sendList(s.Owner, "preview", list, "read-only").wants(t, http.StatusOK, "Preview", "Add 1 user<", "Alan Turing", "read-only", "is not an email address", html.EscapeString(list))
	p.lacks(t, "Add 2")
	s.get(s.Owner, s.path("users")).wants(t, http.StatusOK).lacks(t, "alan@example.com")
	s.sendList(s.Owner, "run", list, "read-only").wants(t, http.StatusOK, "Result", "Show the users").lacks(t, "Add 1 user<")
	s.get(s.Owner, s.path("users?role=read-only")).wants(t, http.StatusOK, "Alan Turing")
	s.sendList(s.Owner, "preview", list, "read-only").wants(t, http.StatusOK, "nobody to add")
}

func TestImportSaysWhyAListIsRefused(t *testing.T) {
	s := newSite(t)
	for name, c := range map[string]struct {
		list   string
		status int
		want   string
	}{
		"empty":          {" \n", http.StatusUnprocessableEntity, "paste addresses"},
		"unknown column": {"name,email,phone\n", http.StatusUnprocessableEntity, "phone"},
		"Latin 1":        {"Ren\xe9 <rene@example.com>", http.StatusUnprocessableEntity, "UTF-8"},
		"too large":      {strings.Repeat("x", 600<<10), http.StatusRequestEntityTooLarge, "512 KiB"},
		"open quote":     {"name,email\nA,a@example.com\n\"", http.StatusUnprocessableEntity, "ine 3 is not CSV"},
	} {
		s.sendList(s.Owner, "preview", c.list, "user").wants(t, c.status, c.want).lacks(t, "Add 1 user<")
		events := s.sendList(s.Owner, "preview", c.list, "user", "Accept", "application/x-ndjson", "HX-Request", "true")
		if name != "too large" && !strings.Contains(events.Body, c.want) {
			t.Errorf("%s: the events lack %q: %s", name, c.want, events.Body)
		}
	}
	s.sendBody(s.Owner, http.MethodPost, s.path("users/import/preview"), strings.NewReader("x"), "Sec-Fetch-Site", "same-origin").wants(t, http.StatusUnprocessableEntity, "can&#39;t be read")
	s.sendList(s.Owner, "run", "owner@example.org", "owner", "Sec-Fetch-Site", "cross-site").wants(t, http.StatusForbidden)
	reader := s.member("Rea", "rea@example.com", "read-only")
	s.get(reader, s.path("users/import")).wants(t, http.StatusForbidden)
	s.sendList(reader, "run", "new@example.com", "user").wants(t, http.StatusForbidden)
	s.get(s.Owner, s.path("users")).lacks(t, "new@example.com", "owner@example.org")
}

// A line that gives the role of an owner needs a fresh sign-in; the others don't.
func TestImportOfAnOwnerNeedsAFreshSignIn(t *testing.T) {
	s := newSite(t)
	cookie := sessionCookie + "=" + s.sign(s.Owner.Email)
	s.Pass(directory.FreshFor + time.Minute)
	list := "name,email,role\nA,one@example.com,owner\nB,two@example.com,user\n"
	s.sendList(directorytest.Member{}, "run", list, "user", "Cookie", cookie).wants(t, http.StatusOK, "Sign in again")
	s.get(s.Owner, s.path("users")).wants(t, http.StatusOK, "two@example.com").lacks(t, "one@example.com")
}

// csvOf writes a file with n users, of whom every hundredth has no address.
func csvOf(t testing.TB, n int) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("name,email,role\r\n")
	for i := range n {
		address := fmt.Sprintf("person%d@example.com", i)
		if i%100 == 99 {
			address = "=cmd|person"
		}
		fmt.Fprintf(&b, "\"Person, %d\",%s,\r\n", i, address)
	}
	file := filepath.Join(t.TempDir(), "people.csv")
	if err := os.WriteFile(file, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestFileOfAThousandIsImportedInABrowser(t *testing.T) {
	b := browsertest.Start(t)
	s := newSite(t)
	b.SetCookie(s.URL, sessionCookie, s.sign(s.Owner.Email))
	b.Open(s.URL + s.path("users/import"))
	// The report is a download, which a test reads where the page has it.
	browsertest.Eval[bool](b, `(() => { const make = URL.createObjectURL; URL.createObjectURL = (blob) => { window.report = blob; return make(blob) }; return true })()`)
	browsertest.Eval[bool](b, `(() => {
		window.counts = []
		new MutationObserver(() => window.counts.push(document.querySelector("[data-count]").textContent)).observe(document.querySelector("[data-count]"), {childList: true})
		return true })()`)
	b.Upload("#file", csvOf(t, 1000))
	b.Press("\t\t") // by the role to the button
	b.Press("\r")
	b.AwaitText("Add 990 users")
	for _, text := range []string{"The first 10 of 990", "Person, 0", "101", "one bare address"} {
		if !strings.Contains(b.Text(), text) {
			t.Errorf("the preview lacks %q: %s", text, b.Text())
		}
	}
	if found := b.Axe(); len(found) > 0 {
		t.Errorf("axe: %s", found)
	}
	b.Click("[data-import-run] button")
	b.AwaitText("Show the users")
	report := browsertest.Eval[string](b, `window.report.text()`)
	if lines := strings.Count(report, "\r\n"); lines != 1001 || !strings.HasPrefix(report, `"line","email"`) {
		t.Errorf("the report has %d lines: %.300s", lines, report)
	}
	if !strings.Contains(report, `"'=cmd|person","refused"`) {
		t.Errorf("a cell of the report is a formula: %.300s", report)
	}
	if href := browsertest.Eval[string](b, `document.querySelector("[data-report]").href`); !strings.HasPrefix(href, "blob:") {
		t.Errorf("the report is at %q", href)
	}
	if seen := browsertest.Eval[[]string](b, `window.counts`); len(seen) < 4 || seen[len(seen)-1] != "1,000 lines" {
		t.Errorf("the bar went %q", seen)
	}
	for _, problem := range b.Problems() {
		t.Error(problem)
	}
	s.get(s.Owner, s.path("users?q=person998")).wants(t, http.StatusOK, "person998@example.com")
	b.Click(`#outcome a[href$="/users"]`)
	b.AwaitText("Person, ")
}

func TestListIsDroppedOnThePage(t *testing.T) {
	b := browsertest.Start(t)
	s := newSite(t)
	b.SetCookie(s.URL, sessionCookie, s.sign(s.Owner.Email))
	b.Open(s.URL + s.path("users/import"))
	browsertest.Eval[bool](b, `(() => {
		const data = new DataTransfer()
		data.items.add(new File(["<img src=x onerror=alert(1)> <grace@example.com>\nx<script>alert(2)</script>"], "list.txt"))
		return !document.querySelector("[data-import]").dispatchEvent(new DragEvent("drop", {dataTransfer: data, cancelable: true, bubbles: true})) })()`)
	b.AwaitText("Add 1 user")
	b.Click("[data-import-run] button")
	b.AwaitText("Show the users")
	for _, problem := range b.Problems() {
		t.Error(problem)
	}
}
