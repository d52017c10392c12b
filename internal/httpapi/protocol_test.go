package httpapi_test

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/apptest"
)

func TestAuthentication(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t)
	for _, authorization := range []string{
		"", "Bearer", "Bearer ", "Basic b3c6cHc=", "Bearer x", "Bearer xaat-123", "Bearer xapt-123",
		"Bearer " + strings.ToUpper(s.APIToken), "Bearer " + s.APIToken + "x", "Token " + s.APIToken,
	} {
		for _, path := range []string{"/v2/users", "/v2/nothing", "/v2", "//", "/v2/", "/v2//users", "/v2/users/../x"} {
			rq := apptest.Request{Header: map[string]string{}}
			if authorization != "" {
				rq.Header["Authorization"] = authorization
			}
			ans := s.Do("GET", path, rq)
			wantError(t, ans, http.StatusUnauthorized, "unauthenticated", "")
			if !strings.HasPrefix(ans.Header.Get("WWW-Authenticate"), "Bearer") {
				t.Errorf("%s: WWW-Authenticate is %q", path, ans.Header.Get("WWW-Authenticate"))
			}
		}
	}
	s.Want(http.StatusOK, "GET", "/v2/users", apptest.Request{Header: map[string]string{"Authorization": "bearer  " + s.APIToken}})
	wantError(t, s.Do("GET", "/v2/users", apptest.Request{Token: s.APIToken, Header: map[string]string{"X-Axiom-Org-Id": "other"}}),
		http.StatusForbidden, "forbidden", "X-Axiom-Org-Id")
}

func TestUnknownPathsAndMethodsAreRefused(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t)
	wantError(t, s.Do("GET", "/v2/nothing", as(s.APIToken, "")), 404, "not_found", "/v2/nothing")
	wantError(t, s.Do("GET", "/nothing", apptest.Request{}), 404, "not_found", "/v2/")
	for _, path := range []string{"/metrics", "/healthz", "/docs"} {
		if ans := s.Do("POST", path, apptest.Request{}); ans.Status != 405 || ans.Header.Get("Allow") != "GET, HEAD" {
			t.Errorf("POST %s: %d %v", path, ans.Status, ans.Header)
		}
	}
	ans := s.Do("PATCH", "/v2/users", as(s.APIToken, "{}"))
	wantError(t, ans, 405, "method_not_allowed", "PATCH")
	if got := ans.Header.Get("Allow"); got != "GET, HEAD, POST" {
		t.Errorf("Allow is %q", got)
	}
	big := `{"name":"` + strings.Repeat("x", 1<<20) + `"}`
	wantError(t, s.Do("POST", "/v2/users", as(s.APIToken, big)), 413, "too_large", "1048576")
	for _, contentType := range []string{"text/plain", "application/x-www-form-urlencoded", "", "application/json; charset=latin1", ";"} {
		ans := s.Do("POST", "/v2/users", apptest.Request{Token: s.APIToken, Body: "{}", Header: map[string]string{"Content-Type": contentType}})
		wantError(t, ans, 415, "unsupported_media_type", "application/json")
	}
	ans = s.Do("POST", "/v2/users", apptest.Request{
		Token: s.APIToken, Body: `{"name":"A","email":"a@example.com","role":"none"}`,
		Header: map[string]string{"Content-Type": "application/json; charset=UTF-8"},
	})
	if ans.Status != 200 {
		t.Errorf("a charset of UTF-8 is refused: %s", ans.Body)
	}
	head := s.Want(http.StatusOK, "HEAD", "/v2/users/"+s.UserID, as(s.APIToken, ""))
	if len(head.Body) != 0 || head.Header.Get("Etag") == "" {
		t.Errorf("HEAD answers %s %v", head.Body, head.Header)
	}
}

func TestPagesNeedNoToken(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t)
	for path, part := range map[string]string{
		"/healthz": "ok", "/readyz": "ok", "/metrics": "roster_build_info", "/openapi.yaml": "openapi: 3.1.0",
		"/openapi.json": `"openapi":"3.1.0"`, "/docs": "<!doctype html>",
	} {
		if ans := s.Want(http.StatusOK, "GET", path, apptest.Request{}); !strings.Contains(string(ans.Body), part) {
			t.Errorf("%s lacks %q", path, part)
		}
	}
	page := s.Want(http.StatusOK, "GET", "/docs", apptest.Request{})
	if policy := page.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "script-src 'self';") {
		t.Errorf("/docs has the policy %q", policy)
	}
	for _, script := range []string{"/docs/start.js", "/docs/scalar.js"} {
		ans := s.Want(http.StatusOK, "GET", script, apptest.Request{})
		if !bytes.Contains(page.Body, []byte(`<script src="`+script+`">`)) || !bytes.Contains(ans.Body, []byte("createApiReference")) {
			t.Errorf("%s is not a script of the API reference", script)
		}
		if tag := ans.Header.Get("Etag"); tag != "" {
			s.Want(http.StatusNotModified, "GET", script, apptest.Request{Header: map[string]string{"If-None-Match": tag}})
		}
	}
	s.API.Drain()
	s.Want(http.StatusServiceUnavailable, "GET", "/readyz", apptest.Request{})
	s.Want(http.StatusOK, "GET", "/healthz", apptest.Request{})
}

// The same state has the same ETag, another one another; a change can be made
// to depend on it, and of two that depend on the same one only one is made.
func TestETagsMakeChangesConditional(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t)
	jane := s.CreateUser("Jane", "jane@example.com", "user")
	path := "/v2/users/" + jane.ID
	tag := s.Want(http.StatusOK, "GET", path, as(s.APIToken, "")).Header.Get("Etag")
	with := func(name, value, body string) apptest.Request {
		return apptest.Request{Token: s.APIToken, Body: body, Header: map[string]string{name: value}}
	}
	for _, known := range []string{tag, "W/" + tag, `"x", ` + tag, "*"} {
		if ans := s.Want(http.StatusNotModified, "GET", path, with("If-None-Match", known, "")); len(ans.Body) > 0 || ans.Header.Get("Etag") != tag {
			t.Errorf("If-None-Match %s: %s %v", known, ans.Body, ans.Header)
		}
	}
	s.Want(http.StatusOK, "GET", path, with("If-None-Match", `"x"`, ""))
	wantError(t, s.Do("PUT", path+"/role", with("If-Match", `"x"`, `{"role":"admin"}`)), 412, "precondition_failed", "If-Match")
	wantError(t, s.Do("DELETE", path, with("If-Match", "W/"+tag, "")), 412, "precondition_failed", "If-Match")

	var wg sync.WaitGroup
	var mu sync.Mutex
	statuses := map[int]int{}
	for _, role := range []string{"admin", "none", "read-only", "admin"} {
		wg.Go(func() {
			ans, err := s.Try("PUT", path+"/role", with("If-Match", tag, `{"role":"`+role+`"}`))
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			statuses[ans.Status]++
		})
	}
	wg.Wait()
	if statuses[200] != 1 || statuses[412] != 3 {
		t.Errorf("of four changes of the same state, %v", statuses)
	}
	now := s.Want(http.StatusOK, "GET", path, as(s.APIToken, "")).Header.Get("Etag")
	if now == tag {
		t.Error("the ETag is the same after a change")
	}
	s.Want(http.StatusNoContent, "DELETE", path, with("If-Match", now, ""))
}

func TestIdempotencyKey(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t)
	keyed := func(token, key, body string) apptest.Request {
		return apptest.Request{Token: token, Body: body, Header: map[string]string{"Idempotency-Key": key}}
	}
	body := `{"name":"Jane","email":"jane@example.com","role":"user"}`
	var wg sync.WaitGroup
	answers := make([]string, 16)
	for i := range answers {
		wg.Go(func() {
			ans, err := s.Try("POST", "/v2/users", keyed(s.APIToken, "k", body))
			if err != nil || ans.Status != 200 {
				t.Errorf("%d %s %v", ans.Status, ans.Body, err)
			}
			answers[i] = string(ans.Body)
		})
	}
	wg.Wait()
	for _, a := range answers {
		if a != answers[0] {
			t.Errorf("the same key was answered %s and %s", answers[0], a)
		}
	}
	wantError(t, s.Do("POST", "/v2/users", keyed(s.APIToken, "k", `{"name":"John","email":"john@example.com","role":"user"}`)), 422, "key_reused", "Idempotency-Key")
	// Another principal's key is another key.
	wantError(t, s.Do("POST", "/v2/users", keyed(s.PersonalToken, "k", body)), 409, "conflict", "already a member")
	for _, key := range []string{strings.Repeat("x", 256), "a\tb", "ü"} {
		wantError(t, s.Do("POST", "/v2/users", keyed(s.APIToken, key, body)), 400, "invalid", "Idempotency-Key")
	}
	// A token's value is not answered twice.
	token := `{"name":"t","orgCapabilities":{"users":["read"]}}`
	s.Want(http.StatusOK, "POST", "/v2/tokens", keyed(s.APIToken, "t", token))
	wantError(t, s.Do("POST", "/v2/tokens", keyed(s.APIToken, "t", token)), 409, "conflict", "shown only once")
	wantError(t, s.Do("POST", "/v2/tokens", keyed(s.APIToken, "t", `{"name":"u"}`)), 422, "key_reused", "")
}

// clock is time that the test moves.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func TestRateLimit(t *testing.T) {
	t.Parallel()
	c := &clock{now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	s := apptest.StartWith(t, apptest.Options{RateLimit: 60, Clock: c.Now})
	for i := range 60 {
		ans := s.Want(http.StatusOK, "GET", "/v2/users?limit=1", as(s.APIToken, ""))
		if got, want := ans.Header.Get("X-RateLimit-Remaining"), fmt.Sprint(59-i); got != want {
			t.Errorf("after %d requests %s remain, want %s", i+1, got, want)
		}
		if ans.Header.Get("X-RateLimit-Limit") != "60" || ans.Header.Get("X-RateLimit-Scope") != "organization" {
			t.Errorf("headers %v", ans.Header)
		}
	}
	ans := s.Do("GET", "/v2/users?limit=1", as(s.APIToken, ""))
	wantError(t, ans, 429, "rate_limited", "rate limit exceeded")
	if ans.Header.Get("Retry-After") != "1" || ans.Header.Get("X-RateLimit-Reset") != fmt.Sprint(c.Now().Add(time.Minute).Unix()+1) {
		t.Errorf("headers %v", ans.Header)
	}
	// Others have buckets of their own.
	if ans := s.Want(http.StatusOK, "GET", "/v2/user", as(s.PersonalToken, "")); ans.Header.Get("X-RateLimit-Scope") != "user" {
		t.Errorf("headers %v", ans.Header)
	}
	if ans := s.Want(http.StatusUnauthorized, "GET", "/v2/user", apptest.Request{}); ans.Header.Get("X-RateLimit-Scope") != "anonymous" {
		t.Errorf("headers %v", ans.Header)
	}
	c.pass(time.Second)
	s.Want(http.StatusOK, "GET", "/v2/users?limit=1", as(s.APIToken, ""))
	s.Want(http.StatusTooManyRequests, "GET", "/v2/users?limit=1", as(s.APIToken, ""))
	for range 70 {
		s.Do("GET", "/v2/users", as("xaat-guess", ""))
	}
	wantError(t, s.Do("GET", "/v2/users", as("xaat-guess", "")), 429, "rate_limited", "")
}

// remaining is what an answer says is left of its rate limit.
func remaining(t *testing.T, ans apptest.Answer) (n int) {
	t.Helper()
	if _, err := fmt.Sscan(ans.Header.Get("X-RateLimit-Remaining"), &n); err != nil {
		t.Errorf("X-RateLimit-Remaining: %v", err)
	}
	return n
}

// An organization that makes more tokens has no more requests.
func TestRateLimitIsTheOrganizations(t *testing.T) {
	t.Parallel()
	c := &clock{now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	s := apptest.StartWith(t, apptest.Options{RateLimit: 100, Clock: c.Now})
	var other struct{ Token string }
	s.Want(http.StatusOK, "POST", "/v2/tokens", as(s.PersonalToken, `{"name":"Other","orgCapabilities":{"users":["read"]}}`)).Decode(t, &other)
	before := remaining(t, s.Want(http.StatusOK, "GET", "/v2/users?limit=1", as(s.APIToken, "")))
	if after := remaining(t, s.Want(http.StatusOK, "GET", "/v2/users?limit=1", as(other.Token, ""))); after != before-1 {
		t.Errorf("%d remain after a request with another token, want %d", after, before-1)
	}
}

func TestRateLimitCosts(t *testing.T) {
	t.Parallel()
	c := &clock{now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	s := apptest.StartWith(t, apptest.Options{RateLimit: 1000, Clock: c.Now})
	for _, call := range []struct {
		method, path, body string
		cost               int
	}{
		{"GET", "/v2/users?limit=1", "", 1},
		{"GET", "/v2/users", "", 5},
		{"GET", "/v2/users?email=owner@example.com", "", 1},
		{"GET", "/v2/users?email=owner@example.com&q=zz", "", 5},
		{"GET", "/v2/users?limit=1&q=zz", "", 5},
		{"GET", "/v2/users?limit=1&at=2026-01-01T00:00:00Z", "", 20},
		{"GET", "/v2/users/" + s.UserID, "", 1},
		{"GET", "/v2/users/" + s.UserID + "/access", "", 5},
		{"GET", "/v2/audit", "", 2},
		{"GET", "/v2/audit?format=csv", "", 20},
		{"PUT", "/v2/users/" + s.UserID + "/role?dryRun=true", `{"role":"user"}`, 5},
		{"GET", "/v2/nothing", "", 1},
	} {
		before := remaining(t, s.Do("GET", "/v2/users?limit=1", as(s.APIToken, "")))
		after := remaining(t, s.Do(call.method, call.path, as(s.APIToken, call.body)))
		if before-after != call.cost {
			t.Errorf("%s %s costs %d, want %d", call.method, call.path, before-after, call.cost)
		}
	}
}

// Pages without a token are limited by address, except the health checks.
func TestRateLimitByAddress(t *testing.T) {
	t.Parallel()
	c := &clock{now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	s := apptest.StartWith(t, apptest.Options{RateLimit: 6, Clock: c.Now})
	stranger := as("xaat-00000000-0000-4000-8000-000000000000", "")
	for _, call := range []struct {
		path string
		rq   apptest.Request
	}{
		{"/docs", apptest.Request{}},
		{"/openapi.json", apptest.Request{}},
		{"/openapi.yaml", apptest.Request{}},
		{"/nothing", apptest.Request{}},
		{"/v2/nothing", stranger},
		{"/v2/users?limit=1", stranger},
	} {
		if ans := s.Do("GET", call.path, call.rq); ans.Header.Get("X-RateLimit-Scope") != "anonymous" || ans.Status == 429 {
			t.Errorf("%s: status %d, scope %q", call.path, ans.Status, ans.Header.Get("X-RateLimit-Scope"))
		}
	}
	for _, path := range []string{"/docs", "/openapi.json", "/nothing", "/v2/nothing"} {
		wantError(t, s.Do("GET", path, apptest.Request{}), 429, "rate_limited", "rate limit exceeded")
	}
	for range 20 {
		s.Want(http.StatusOK, "GET", "/healthz", apptest.Request{})
		s.Want(http.StatusOK, "GET", "/readyz", apptest.Request{})
	}
	s.Want(http.StatusOK, "GET", "/v2/users?limit=1", as(s.APIToken, ""))
}
