package console_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/browsertest"
)

// sight is a page as the tests of all pages and the screenshots visit it.
type sight struct {
	name string
	path string // below the organization's, or from the root
}

// sights are all pages of a site, with something on each.
func (s *site) sights() []sight {
	s.Helper()
	s.Pass(-96 * time.Hour)
	ada := s.member("Ada Lovelace", "ada@example.com", "admin")
	for i, name := range []string{"Grace Hopper", "Barbara Liskov", "Edsger Dijkstra", "Tony Hoare", "Donald Knuth", "Frances Allen", "Niklaus Wirth", "Adele Goldberg", "John Backus", "Radia Perlman", "Ken Thompson", "Jean Bartik"} {
		s.Pass(7 * time.Hour)
		s.add(name, strings.ToLower(strings.ReplaceAll(name, " ", "."))+"@example.com", []string{"user", "read-only", "admin"}[i%3])
	}
	s.Pass(3 * time.Hour)
	return []sight{
		{"organizations", "/console/"},
		{"users", "users"},
		{"users-search", "users?q=nobody"},
		{"invite", "users?invite"},
		{"user", "users/" + string(ada.ID)},
		{"remove", "users/" + string(ada.ID) + "/remove"},
		{"not-found", "nothing"},
	}
}

// screens are what pages are looked at on.
var screens = []struct {
	name          string
	width, height int64
	dark          bool
}{
	{"wide", 1280, 800, false}, {"wide-dark", 1280, 800, true}, {"phone", 390, 844, false}, {"phone-dark", 390, 844, true},
}

// TestPagesInABrowser holds every page to what all pages promise. With
// ROSTER_SCREENSHOTS it also takes a picture of each into that directory.
func TestPagesInABrowser(t *testing.T) {
	b := browsertest.Start(t)
	s := newSite(t)
	pictures := os.Getenv("ROSTER_SCREENSHOTS")
	sights := s.sights()
	b.SetCookie(s.URL, sessionCookie, s.Owner.Secret)
	for _, screen := range screens {
		b.Size(screen.width, screen.height)
		b.Dark(screen.dark)
		for _, page := range sights {
			path := page.path
			if !strings.HasPrefix(path, "/") {
				path = s.path(path)
			}
			b.Open(s.URL + path)
			b.Await(`document.readyState === "complete" && !document.querySelector(".htmx-request")`)
			what := page.name + " (" + screen.name + ")"
			if over := b.Overflow(); over > 0 {
				t.Errorf("%s is %d px wider than the screen", what, over)
			}
			for _, found := range b.Axe() {
				t.Errorf("%s: axe: %s", what, found)
			}
			for _, problem := range b.Problems() {
				t.Errorf("%s: %s", what, problem)
			}
			if pictures != "" {
				b.Screenshot(filepath.Join(pictures, page.name+"-"+screen.name+".png"))
			}
		}
	}
}
