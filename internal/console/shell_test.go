package console_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/rosterhq/roster/internal/directorytest"
)

func TestWithoutASessionPagesLeadToSignIn(t *testing.T) {
	s := newSite(t)
	nobody := directorytest.Member{}
	p := s.get(nobody, s.path("users?q=a%26b")).wants(t, http.StatusSeeOther)
	if got, want := p.Header.Get("Location"), "/signin?next="+url.QueryEscape(s.path("users?q=a%26b")); got != want {
		t.Errorf("redirected to %s, want %s", got, want)
	}
	p = s.get(nobody, s.path("users/rows"), "HX-Request", "true").wants(t, http.StatusNoContent)
	if got, want := p.Header.Get("HX-Redirect"), "/signin?next="+url.QueryEscape(s.path("users")); got != want {
		t.Errorf("htmx is redirected to %s, want %s", got, want)
	}
	s.post(nobody, s.path("users/invite"), url.Values{"email": {"a@example.com"}}).wants(t, http.StatusSeeOther)
}

func TestFormsFromOtherSitesAreRefused(t *testing.T) {
	s := newSite(t)
	form := url.Values{"email": {"mallory@example.com"}, "role": {"admin"}}
	for name, header := range map[string][]string{
		"another site":           {"Sec-Fetch-Site", "cross-site"},
		"another host":           {"Sec-Fetch-Site", "same-site"},
		"an old browser":         {"Origin", "https://evil.example"},
		"an origin that is none": {"Origin", "null"},
	} {
		t.Run(name, func(t *testing.T) {
			s.send(s.Owner, http.MethodPost, s.path("users/invite"), form, header...).wants(t, http.StatusForbidden, "another site")
		})
	}
	s.get(s.Owner, s.path("users")).lacks(t, "mallory@example.com")
	s.post(s.Owner, s.path("users/invite"), form).wants(t, http.StatusSeeOther)
}

func TestPagesCannotBeFramedAndRunNothingInline(t *testing.T) {
	s := newSite(t)
	for _, path := range []string{"/console/", s.path("users"), s.path("nothing"), "/console/none-such/users"} {
		p := s.get(s.Owner, path)
		policy := p.Header.Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'none'", "frame-ancestors 'none'", "script-src 'self'", "style-src 'self'", "base-uri 'none'", "form-action 'self'"} {
			if !strings.Contains(policy, want) {
				t.Errorf("%s: the policy %q lacks %s", path, policy, want)
			}
		}
		p.lacks(t, "<style", " style=", " onclick=", "javascript:", "hx-on")
		if strings.Count(p.Body, "<script") != 1 {
			t.Errorf("%s has %d scripts, want one", path, strings.Count(p.Body, "<script"))
		}
		if p.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s may be kept: %q", path, p.Header.Get("Cache-Control"))
		}
	}
}

func TestOrganizationsOfOthersDoNotExist(t *testing.T) {
	s := newSite(t)
	m, err := s.CreateOrg(s.Context(), s.call(s.Owner), "Other Company")
	if err != nil {
		t.Fatal(err)
	}
	mia := s.member("Mia", "mia@example.com", "admin")
	foreign := s.get(mia, "/console/"+string(m.Org.ID)+"/users").wants(t, http.StatusNotFound)
	foreign.lacks(t, "Other Company")
	missing := s.get(mia, "/console/other-none/users").wants(t, http.StatusNotFound)
	if foreign.Body != missing.Body {
		t.Error("an organization of others and one that does not exist get different pages")
	}
	s.get(mia, s.path("switcher")).wants(t, http.StatusOK, "Acme").lacks(t, "Other Company")
}

func TestAssetsAreKeptForever(t *testing.T) {
	s := newSite(t)
	body := s.get(s.Owner, s.path("users")).Body
	for _, start := range []string{`href="/console/-/console.`, `src="/console/-/console.`, `href="/console/-/icon.`} {
		_, rest, ok := strings.Cut(body, start)
		name, _, _ := strings.Cut(rest, `"`)
		if !ok {
			t.Fatalf("the page refers to no %s", start)
		}
		path := "/console/-/" + start[strings.LastIndex(start, "/")+1:] + name
		p := s.get(directorytest.Member{}, path, "Accept-Encoding", "gzip").wants(t, http.StatusOK)
		if !strings.Contains(p.Header.Get("Cache-Control"), "immutable") || p.Header.Get("Content-Encoding") != "gzip" {
			t.Errorf("%s: Cache-Control %q, Content-Encoding %q", path, p.Header.Get("Cache-Control"), p.Header.Get("Content-Encoding"))
		}
	}
	old := s.get(directorytest.Member{}, "/console/-/console.0000000000000000.css").wants(t, http.StatusOK)
	if strings.Contains(old.Header.Get("Cache-Control"), "immutable") {
		t.Error("an asset of another version is kept under a hash that is not its own")
	}
	s.get(directorytest.Member{}, "/console/-/nothing.css").wants(t, http.StatusNotFound)
}

func TestPagesAreLeftOutOfTheMenuOfWhoMayNotSeeThem(t *testing.T) {
	s := newSite(t)
	s.get(s.Owner, s.path("users")).wants(t, http.StatusOK, `data-key="u"`)
	nina := s.member("Nina None", "nina@example.com", "none")
	s.get(nina, s.path("users")).wants(t, http.StatusForbidden, "Missing permission users|read").lacks(t, `data-key="u"`)
}

func TestPagesSayWhoMakesTheRequest(t *testing.T) {
	s := newSite(t)
	s.get(directorytest.Member{}, s.path("users")).wants(t, http.StatusSeeOther)
	if s.actor != nil {
		t.Fatalf("without a session, the page says that %+v made the request", s.actor)
	}
	s.get(s.Owner, s.path("users")).wants(t, http.StatusOK)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.actor == nil || s.actor.AccountID != s.Owner.AccountID || s.actor.OrgID != s.Org.ID {
		t.Errorf("the page says that %+v made the request", s.actor)
	}
}
