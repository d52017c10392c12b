package httpapi_test

import (
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/apptest"
)

// An organization that has all its places taken is refused at once. Another one, and
// the same one once a request has ended, are served.
func TestRequestsUnderWay(t *testing.T) {
	t.Parallel()
	s := apptest.StartWith(t, apptest.Options{UnderWay: 2})
	var other struct{ ID string }
	s.Want(http.StatusOK, "POST", "/v2/orgs", as(s.PersonalToken, `{"name":"Other"}`)).Decode(t, &other)
	open := []net.Conn{holdRequest(t, s), holdRequest(t, s)}
	deadline := time.Now().Add(time.Minute)
	ans := s.Do("GET", "/v2/users", as(s.APIToken, ""))
	for ans.Status == http.StatusOK && time.Now().Before(deadline) { // until two have arrived
		// One that came while this request was under way was refused. Another is held in its place.
		open = append(open, holdRequest(t, s))
		time.Sleep(10 * time.Millisecond)
		ans = s.Do("GET", "/v2/users", as(s.APIToken, ""))
	}
	wantError(t, ans, http.StatusTooManyRequests, "rate_limited", "under way")
	if ans.Header.Get("Retry-After") != "1" {
		t.Errorf("Retry-After is %q", ans.Header.Get("Retry-After"))
	}
	in := func(org string) apptest.Request {
		return apptest.Request{Token: s.PersonalToken, Header: map[string]string{"X-Axiom-Org-Id": org}}
	}
	wantError(t, s.Do("GET", "/v2/users", in(s.OrgID)), http.StatusTooManyRequests, "rate_limited", "under way")
	s.Want(http.StatusOK, "GET", "/v2/users", in(other.ID))
	for _, conn := range open {
		if err := conn.Close(); err != nil {
			t.Fatal(err)
		}
	}
	for ans.Status != http.StatusOK && time.Now().Before(deadline) {
		time.Sleep(time.Millisecond)
		ans = s.Do("GET", "/v2/users", as(s.APIToken, ""))
	}
	if ans.Status != http.StatusOK {
		t.Errorf("places that were given back are not there: %s", ans.Body)
	}
}

// holdRequest sends a request whose body never comes to its end.
func holdRequest(t *testing.T, s *apptest.Server) net.Conn {
	t.Helper()
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", strings.TrimPrefix(s.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() }) // it may be closed already
	_, err = io.WriteString(conn, "POST /v2/users HTTP/1.1\r\nHost: roster\r\nAuthorization: Bearer "+s.APIToken+
		"\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{")
	if err != nil {
		t.Fatal(err)
	}
	return conn
}
