package tlscert_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/rosterhq/roster/internal/tlscert"
)

func TestRedirectKeepsTheHostAndThePath(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ port, host, path, want string }{
		{"443", "roster.example.com", "/v2/users?limit=1", "https://roster.example.com/v2/users?limit=1"},
		{"443", "roster.example.com:80", "/", "https://roster.example.com/"},
		{"8443", "roster.example.com:8080", "/a%2Fb", "https://roster.example.com:8443/a%2Fb"},
		{"443", "[2001:db8::1]:80", "/", "https://[2001:db8::1]/"},
		{"8443", "[2001:db8::1]", "/", "https://[2001:db8::1]:8443/"},
		{"443", "roster.example.com", "//evil.example.com/", "https://roster.example.com//evil.example.com/"},
		{"443", "", "/", ""},
	} {
		w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, c.path, nil)
		r.Host = c.host
		tlscert.Redirect(c.port).ServeHTTP(w, r)
		if got := w.Header().Get("Location"); got != c.want || (c.want != "") != (w.Code == http.StatusPermanentRedirect) {
			t.Errorf("%s%s: got %d to %q, want %q", c.host, c.path, w.Code, got, c.want)
		}
	}
}
