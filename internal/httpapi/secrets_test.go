package httpapi_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/apptest"
)

// No cache may store an answer that shows a secret. An answer without one may be
// stored as before.
func TestSecretsAreNotStoredByCaches(t *testing.T) {
	t.Parallel()
	s := apptest.StartWith(t, apptest.Options{RateLimit: 100_000, AllowProvision: true})
	var token, hook struct{ ID string }
	s.Want(http.StatusOK, "POST", "/v2/tokens", as(s.APIToken, `{"name":"t"}`)).Decode(t, &token)
	s.Want(http.StatusOK, "POST", "/v2/webhooks", as(s.PersonalToken, `{"name":"w","url":"https://127.0.0.1/"}`)).Decode(t, &hook)
	var temporary struct{ ClaimURL string }
	s.Want(http.StatusOK, "POST", "/v2/orgs/provision", as("", `{}`)).Decode(t, &temporary)
	_, claim, _ := strings.Cut(temporary.ClaimURL, "#")
	requests := map[string]apptest.Request{
		"POST /v2/tokens":                      as(s.APIToken, `{"name":"x"}`),
		"POST /v2/tokens/{id}/regenerate":      as(s.APIToken, `{"existingTokenExpiresAt":"2026-01-01T00:00:00Z"}`),
		"POST /v2/user/tokens":                 as(s.PersonalToken, `{"name":"x"}`),
		"POST /v2/webhooks":                    as(s.PersonalToken, `{"name":"x","url":"https://127.0.0.1/"}`),
		"POST /v2/webhooks/{id}/rotate-secret": as(s.PersonalToken, `{}`),
		"POST /v2/orgs/provision":              as("", `{}`),
		"POST /v2/orgs/claim":                  as("", `{"claim":"`+claim+`","name":"C","email":"c@example.com"}`),
	}
	for _, op := range apptest.Operations(t) {
		if !slices.Contains(op.Answers, "token") && !slices.Contains(op.Answers, "secret") {
			continue
		}
		name := op.Method + " " + op.Path
		rq, ok := requests[name]
		if !ok {
			t.Errorf("%s answers a secret; this test has no request of it", name)
			continue
		}
		delete(requests, name)
		id := token.ID
		if strings.Contains(op.Path, "webhooks") {
			id = hook.ID
		}
		ans := s.Want(http.StatusOK, op.Method, op.At(id), rq)
		if !secretShape.Match(ans.Body) || ans.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: Cache-Control is %q, for %s", name, ans.Header.Get("Cache-Control"), ans.Body)
		}
	}
	for op := range requests {
		t.Errorf("%s is not described as answering a secret", op)
	}
	if ans := s.Want(http.StatusOK, "GET", "/v2/tokens", as(s.APIToken, "")); ans.Header.Get("Cache-Control") != "" {
		t.Errorf("a list without secrets: Cache-Control is %q", ans.Header.Get("Cache-Control"))
	}
}

// A time that is almost Go's zero time makes no token without an end.
func TestAlmostZeroTimesMakeNoImmortalToken(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t)
	var token struct{ ID string }
	s.Want(http.StatusOK, "POST", "/v2/tokens", as(s.APIToken, `{"name":"t"}`)).Decode(t, &token)
	regenerate := "/v2/tokens/" + token.ID + "/regenerate"
	for _, at := range []string{
		"0000-01-01T00:00:00Z", "0000-12-31T23:59:59.999999999Z", "0001-01-01T00:00:00.0000001Z", "0001-01-01T00:00:00.000000001Z",
		"0001-01-01T00:00:00+01:00", "0001-01-01T00:00:00-01:00", "0001-06-01T00:00:00Z",
	} {
		wantError(t, s.Do("POST", "/v2/tokens", as(s.APIToken, `{"name":"x","expiresAt":"`+at+`"}`)), 400, "invalid", "future")
		wantError(t, s.Do("POST", "/v2/user/tokens", as(s.PersonalToken, `{"name":"x","expiresAt":"`+at+`"}`)), 400, "invalid", "future")
		wantError(t, s.Do("POST", regenerate, as(s.APIToken, `{"existingTokenExpiresAt":"2099-01-01T00:00:00Z","newTokenExpiresAt":"`+at+`"}`)), 400, "invalid", "future")
		wantError(t, s.Do("POST", regenerate, as(s.APIToken, `{"existingTokenExpiresAt":"2099-01-01T00:00:00Z","newToken":{"name":"x","expiresAt":"`+at+`"}}`)), 400, "invalid", "future")
		// The token that is replaced ends at once with any time that is past.
		var old, ended struct{ ID, ExpiresAt string }
		s.Want(http.StatusOK, "POST", "/v2/tokens", as(s.APIToken, `{"name":"old"}`)).Decode(t, &old)
		s.Want(http.StatusOK, "POST", "/v2/tokens/"+old.ID+"/regenerate", as(s.APIToken, `{"existingTokenExpiresAt":"`+at+`"}`))
		s.Want(http.StatusOK, "GET", "/v2/tokens/"+old.ID, as(s.APIToken, "")).Decode(t, &ended)
		if ended.ExpiresAt < "2020" {
			t.Errorf("existingTokenExpiresAt %s: the old token ends at %q", at, ended.ExpiresAt)
		}
	}
	for _, at := range []string{"", `,"expiresAt":null`, `,"expiresAt":"0001-01-01T00:00:00Z"`} {
		var made struct{ ExpiresAt *string }
		s.Want(http.StatusOK, "POST", "/v2/tokens", as(s.APIToken, `{"name":"x"`+at+`}`)).Decode(t, &made)
		if made.ExpiresAt != nil {
			t.Errorf("%s: ends at %s", at, *made.ExpiresAt)
		}
	}
}

// The public API's default stays: without an expiration time, the new token never ends.
func TestRegenerateKeepsTheLifetimeOnRequest(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t)
	var old, next struct {
		ID        string
		ExpiresAt *time.Time
	}
	end := time.Now().Add(10 * 24 * time.Hour).UTC().Truncate(time.Second)
	s.Want(http.StatusOK, "POST", "/v2/tokens", as(s.APIToken, `{"name":"x","expiresAt":"`+end.Format(time.RFC3339)+`"}`)).Decode(t, &old)
	path, grace := "/v2/tokens/"+old.ID+"/regenerate", `{"existingTokenExpiresAt":"2099-01-01T00:00:00Z"}`
	ans := s.Want(http.StatusOK, "POST", path, as(s.APIToken, grace))
	if ans.Decode(t, &next); next.ExpiresAt != nil || ans.Header.Get("Roster-Successors") != "" {
		t.Errorf("by default, the new token ends %v, successors %q", next.ExpiresAt, ans.Header.Get("Roster-Successors"))
	}
	first := next.ID
	ans = s.Want(http.StatusOK, "POST", path+"?keepLifetime=true", as(s.APIToken, grace))
	if ans.Decode(t, &next); next.ExpiresAt == nil || next.ExpiresAt.Before(end) || next.ExpiresAt.After(end.Add(time.Hour)) {
		t.Errorf("with a kept lifetime, the new token ends %v, want %v and some seconds", next.ExpiresAt, end)
	}
	if got := ans.Header.Get("Roster-Successors"); got != first {
		t.Errorf("successors %q, want %q", got, first)
	}
	wantError(t, s.Do("POST", path+"?keepLifetime=perhaps", as(s.APIToken, grace)), 400, "invalid", "keepLifetime")
	wantError(t, s.Do("POST", path+"?keepLifetime=true", as(s.APIToken, `{"existingTokenExpiresAt":"2099-01-01T00:00:00Z","newTokenExpiresAt":"2099-01-01T00:00:00Z"}`)),
		400, "invalid", "keepLifetime")
}
