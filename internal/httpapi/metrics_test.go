package httpapi_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/apptest"
)

// scrape returns the metrics of a server, without a request to its API.
func scrape(s *apptest.Server) string {
	answer := httptest.NewRecorder()
	s.API.Metrics().ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	return answer.Body.String()
}

// wantMetrics waits until the metrics have all of some lines: a request is counted after
// its response is sent.
func wantMetrics(t *testing.T, s *apptest.Server, lines ...string) {
	t.Helper()
	var missing []string
	for begun := time.Now(); time.Since(begun) < time.Minute; time.Sleep(10 * time.Millisecond) {
		body := "\n" + scrape(s)
		missing = slices.DeleteFunc(slices.Clone(lines), func(line string) bool { return strings.Contains(body, "\n"+line+"\n") })
		if len(missing) == 0 {
			return
		}
	}
	t.Errorf("the metrics lack %q", missing)
}

func TestMetricsHaveOnlyWhatHappened(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t)
	fresh := scrape(s)
	if n := strings.Count(fresh, "route="); n != 0 {
		t.Errorf("a new server has %d series of routes", n)
	}
	s.Want(http.StatusOK, "GET", "/v2/users/"+s.UserID, as(s.APIToken, ""))
	wantMetrics(t, s, `roster_http_requests_total{method="GET",route="/v2/users/{id}",status="2xx"} 1`)
	body := scrape(s)
	if strings.Contains(body, `route="/v2/users"`) || strings.Contains(body, `route="/v2/users/{id}",status="4xx"`) {
		t.Error("there are series for what did not happen")
	}
}

func TestMetricsCountRejectionsAndTotals(t *testing.T) {
	t.Parallel()
	s := apptest.StartWith(t, apptest.Options{RateLimit: 3})
	answers := make(map[int]int)
	for answers[http.StatusTooManyRequests] == 0 {
		answers[s.Do("GET", "/v2/users", as("xaat-unknown", "")).Status]++
	}
	wantMetrics(t, s,
		fmt.Sprint("roster_authentication_failures_total ", answers[http.StatusUnauthorized]), "roster_rate_limited_total 1", "roster_organizations 1",
		`roster_users{state="active"} 1`, `roster_users{state="invited"} 0`, `roster_tokens{kind="api"} 1`, `roster_tokens{kind="personal"} 1`)
}

func TestEventStreamsAreNoLatency(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t)
	s.Want(http.StatusOK, "GET", "/v2/events?lastEventId=0&target=nothing", as(s.APIToken, ""))
	wantMetrics(t, s, `roster_http_requests_total{method="GET",route="/v2/events",status="2xx"} 1`)
	if strings.Contains(scrape(s), `roster_http_request_duration_seconds_count{method="GET",route="/v2/events"}`) {
		t.Error("the duration of a stream counts as latency")
	}
}
