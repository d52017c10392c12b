package httpapi_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/httpapi"
)

// siteWith is an API without a database that serves one page.
func siteWith(serve func(http.ResponseWriter, *http.Request, directory.Call)) *httpapi.API {
	return httpapi.New(httpapi.Options{
		Service: new(directory.Service), Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Clock: time.Now, RateLimit: 2,
		TrustedProxies: []netip.Prefix{netip.MustParsePrefix("192.0.2.1/32")},
		Pages:          []httpapi.Page{{Pattern: "/console/", Serve: serve}}, Home: "/console/",
	})
}

func TestPageGetsTheCallOfItsRequest(t *testing.T) {
	t.Parallel()
	var got directory.Call
	site := siteWith(func(_ http.ResponseWriter, _ *http.Request, call directory.Call) { got = call })
	r := httptest.NewRequest(http.MethodGet, "/console/acme/users", nil) // from 192.0.2.1
	r.Header.Set("X-Forwarded-For", "198.51.100.7")
	r.Header.Set("User-Agent", "test")
	w := httptest.NewRecorder()
	site.ServeHTTP(w, r)
	want := directory.Call{TraceID: w.Header()["X-Axiom-Trace-Id"][0], RemoteAddr: "198.51.100.7", UserAgent: "test"}
	if got.TraceID == "" || got.TraceID != want.TraceID || got.RemoteAddr != want.RemoteAddr || got.UserAgent != want.UserAgent {
		t.Errorf("the page got %+v, want %+v", got, want)
	}
}

func TestAccessLogHasThePersonOfAPage(t *testing.T) {
	t.Parallel()
	log := new(lockedBuffer)
	site := httpapi.New(httpapi.Options{
		Service: new(directory.Service), Log: slog.New(slog.NewTextHandler(log, nil)), Clock: time.Now, AccessLog: 1,
		Pages: []httpapi.Page{{Pattern: "/console/", Serve: func(w http.ResponseWriter, _ *http.Request, _ directory.Call) {
			w.(interface{ ActsAs(*directory.Principal) }).ActsAs(&directory.Principal{Kind: directory.Session, AccountID: "acc_1", OrgID: "acme-1"})
			w.WriteHeader(http.StatusOK)
		}}},
	})
	site.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/console/acme/users", nil))
	lines := awaitRequestLines(log, 1)
	for _, want := range []string{"route=/console/ ", "principal=acc_1", "organization=acme-1"} {
		if !strings.Contains(lines[0], want) {
			t.Errorf("the line lacks %q: %s", want, lines[0])
		}
	}
}

func TestPagesAreChargedToTheAddress(t *testing.T) {
	t.Parallel()
	site := siteWith(func(http.ResponseWriter, *http.Request, directory.Call) {})
	var statuses []int
	for range 3 {
		w := httptest.NewRecorder()
		site.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/console/", nil))
		statuses = append(statuses, w.Code)
	}
	if statuses[1] != http.StatusOK || statuses[2] != http.StatusTooManyRequests {
		t.Errorf("with a limit of 2, the statuses are %v", statuses)
	}
}

func TestHomeRedirectsBrowsersOnly(t *testing.T) {
	t.Parallel()
	site := siteWith(func(http.ResponseWriter, *http.Request, directory.Call) {})
	for accept, want := range map[string]int{"text/html,*/*;q=0.8": http.StatusSeeOther, "*/*": http.StatusNotFound} {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Accept", accept)
		site.ServeHTTP(w, r)
		if w.Code != want || (want == http.StatusSeeOther && w.Header().Get("Location") != "/console/") {
			t.Errorf("GET / with Accept: %s gave %d to %q, want %d", accept, w.Code, w.Header().Get("Location"), want)
		}
	}
}
