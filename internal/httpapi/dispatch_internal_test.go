package httpapi

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"
)

// Requests that compute for long take turns within their organization. Others don't
// wait for them.
func TestLongRequestsTakeTurns(t *testing.T) {
	s := newStreaming(t, func(*API, *http.Server) {})
	api := s.Config.Handler.(*API)
	key := tenantOf(s.p)
	if err := api.long.Enter(t.Context(), key, time.Minute); err != nil {
		t.Fatal(err)
	}
	get := func(path string, patience time.Duration) error {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		rq, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+path, nil)
		if err != nil {
			return err
		}
		rq.Header.Set("Authorization", "Bearer "+s.token)
		resp, err := s.Client().Do(rq)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			return errors.New(resp.Status)
		}
		return nil
	}
	for range max(2, runtime.GOMAXPROCS(0))/2 - 1 { // all but the one that is taken
		if err := api.long.Enter(t.Context(), key, time.Minute); err != nil {
			t.Fatal(err)
		}
	}
	if err := get("/v2/user/access", 200*time.Millisecond); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a second long request does not wait: %v", err)
	}
	if err := get("/v2/users?limit=1", time.Minute); err != nil {
		t.Errorf("a short request waits: %v", err)
	}
	api.long.Leave(key, 0)
	if err := get("/v2/user/access", time.Minute); err != nil {
		t.Errorf("a long request does not get the place that was given back: %v", err)
	}
}

func TestLongRequests(t *testing.T) {
	for target, want := range map[string]bool{
		"GET /v2/users": false, "GET /v2/users?limit=5": false, "GET /v2/users?limit=5&q=x": true, "GET /v2/users?limit=5&at=2026-01-01T00:00:00Z": true,
		"GET /v2/user/access": true, "GET /v2/users/{id}/access": true, "POST /v2/users": false, "POST /v2/users?dryRun=true": true,
		"DELETE /v2/users/{id}?dryRun=true": true, "POST /v2/audit/erasures": true, "GET /v2/audit?limit=5": false,
	} {
		method, path, _ := strings.Cut(target, " ")
		r := httptest.NewRequest(method, path, nil)
		if got := costs[method+" "+r.URL.Path].isLong(method, r.URL.Query()); got != want {
			t.Errorf("%s computes for long: %t, want %t", target, got, want)
		}
	}
}
