package httpapi_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/apptest"
)

// requestLines returns the lines of the access log.
func requestLines(log *lockedBuffer) (lines []string) {
	for line := range strings.Lines(log.String()) {
		if strings.Contains(line, "msg=request ") {
			lines = append(lines, line)
		}
	}
	return lines
}

// awaitRequestLines waits until the log has n lines: a request is logged after its
// response is sent.
func awaitRequestLines(log *lockedBuffer, n int) []string {
	for begun := time.Now(); len(requestLines(log)) < n && time.Since(begun) < time.Minute; {
		time.Sleep(10 * time.Millisecond)
	}
	return requestLines(log)
}

func TestAccessLog(t *testing.T) {
	t.Parallel()
	log := new(lockedBuffer)
	s := apptest.StartWith(t, apptest.Options{Log: log, AccessLog: 1})
	ans := s.Want(http.StatusBadRequest, "GET", "/v2/users/"+s.UserID+"?x=secret", as(s.APIToken, ""))
	s.Want(http.StatusOK, "GET", "/v2/user", as(s.PersonalToken, ""))
	s.Do("GET", "/v2/secret-path", as(s.APIToken, ""))
	s.Do("GET", "/v2/users", as("xaat-secret", ""))
	s.Want(http.StatusOK, "GET", "/healthz", apptest.Request{})
	s.Want(http.StatusOK, "GET", "/metrics", apptest.Request{})
	wants := [][]string{
		{"level=INFO", "method=GET route=/v2/users/{id} status=400", "seconds=0.", "address=127.0.0.1", "trace=" + ans.Header.Get("X-Axiom-Trace-Id"), "principal=tok_", "organization=" + s.OrgID},
		{"route=/v2/user status=200", "principal=acc_"},
		{"status=404"},
		{"route=/v2/users status=401"},
	}
	lines := awaitRequestLines(log, len(wants))
	if len(lines) != len(wants) {
		t.Fatalf("%d lines, want %d:\n%s", len(lines), len(wants), strings.Join(lines, ""))
	}
	for i, parts := range wants {
		for _, part := range parts {
			if !strings.Contains(lines[i], part) {
				t.Errorf("line %d lacks %q: %s", i, part, lines[i])
			}
		}
		if strings.Contains(lines[i], "secret") {
			t.Errorf("line %d holds a part of the request's URL or token: %s", i, lines[i])
		}
	}
	s.API.Drain()
	s.Want(http.StatusServiceUnavailable, "GET", "/readyz", apptest.Request{})
	if n := len(awaitRequestLines(log, len(wants)+1)); n != len(wants)+1 {
		t.Errorf("a failed health check makes %d lines of %d", n, len(wants)+1)
	}
}

func TestAccessLogIsSampled(t *testing.T) {
	t.Parallel()
	log := new(lockedBuffer)
	s := apptest.StartWith(t, apptest.Options{Log: log, AccessLog: 10})
	for range 40 {
		s.Want(http.StatusOK, "GET", "/v2/user", as(s.PersonalToken, ""))
	}
	if n := len(awaitRequestLines(log, 4)); n != 4 {
		t.Errorf("%d lines for 40 requests, want 4", n)
	}
}
