package httpapi_test

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/apptest"
	"github.com/rosterhq/roster/internal/egress"
	"github.com/rosterhq/roster/internal/webhooks"
)

// While a secret is being rotated, both sign.
func TestWebhookRotation(t *testing.T) {
	t.Parallel()
	s := newWebhookScene(t, `,"actions":["createUser"]`)
	old := s.hook.Secret
	rotate := func(body string) (h hook) {
		s.Want(http.StatusOK, "POST", s.hook.path("/rotate-secret"), as(s.PersonalToken, body)).Decode(t, &h)
		return h
	}
	check := func(when string, secrets map[string]bool) {
		t.Helper()
		s.add()
		got := s.deliver()
		if len(got) != 1 {
			t.Fatalf("%s: got %s", when, types(t, got))
		}
		for secret, valid := range secrets {
			if err := s.verify(secret, got[0]); (err == nil) != valid {
				t.Errorf("%s: a secret verifies with %v, want valid: %t", when, err, valid)
			}
		}
	}
	next := rotate(`{}`)
	if next.Secret == old || next.PreviousSecretExpiresAt == nil || !next.PreviousSecretExpiresAt.Equal(s.now.Add(24*time.Hour).Truncate(time.Microsecond)) {
		t.Errorf("rotated: %+v", next)
	}
	check("in the overlap", map[string]bool{old: true, next.Secret: true})
	s.pass(24 * time.Hour)
	check("after it", map[string]bool{old: false, next.Secret: true})
	third := rotate(`{"previousSecretExpiresAt":"2020-01-01T00:00:00Z"}`)
	check("ended at once", map[string]bool{old: false, next.Secret: false, third.Secret: true})
	fourth := rotate(`{"previousSecretExpiresAt":"` + s.now.Add(time.Hour).Format(time.RFC3339) + `"}`)
	fifth := rotate(`{}`)
	check("rotated twice", map[string]bool{third.Secret: false, fourth.Secret: true, fifth.Secret: true})
	wantError(t, s.Do("POST", s.hook.path("/rotate-secret"), as(s.PersonalToken, `{"previousSecretExpiresAt":"9999-01-01T00:00:00Z"}`)), 400, "invalid", "30 days")
}

// A filter may name whatever can be done, and so refused.
func TestWebhookFiltersKnowEveryOperation(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t)
	for few := range slices.Chunk(apptest.Operations(t), webhooks.MaxFilters) {
		var names []string
		for _, op := range few {
			if op.ID != "updateUser" { // in the log it is the updateCurrentUser that it is
				names = append(names, strconv.Quote(op.ID))
			}
		}
		s.Want(http.StatusOK, "POST", "/v2/webhooks", as(s.PersonalToken, `{"name":"w","url":"http://127.0.0.1/","actions":[`+strings.Join(names, ",")+`]}`))
	}
}

// Invalid webhooks are rejected, also a filter that can't match anything.
func TestInvalidWebhooksAreRejected(t *testing.T) {
	t.Parallel()
	policy := egress.Policy{}
	s := apptest.StartWith(t, apptest.Options{Endpoints: &policy})
	for body, field := range map[string]string{
		`{"url":"https://example.com"}`:                                                              "name",
		`{"name":"w"}`:                                                                               "url",
		`{"name":"w","url":"http://example.com"}`:                                                    "url",
		`{"name":"w","url":"https://10.0.0.1/"}`:                                                     "url",
		`{"name":"w","url":"https://localhost/"}`:                                                    "url",
		`{"name":"w","url":"https://example.com","actions":["createUsr"]}`:                           "actions",
		`{"name":"w","url":"https://example.com","actions":["*User"]}`:                               "actions",
		`{"name":"w","url":"https://example.com","actions":["fly*"]}`:                                "actions",
		`{"name":"w","url":"https://example.com","targetTypes":["users"]}`:                           "targetTypes",
		`{"name":"w","url":"https://example.com","actions":[` + strings.Repeat(`"*",`, 50) + `"*"]}`: "actions",
		`{"name":"w","url":"https://example.com","id":"whk_x"}`:                                      "id",
		`{"name":"w","url":"https://example.com","secret":"whsec_x"}`:                                "secret",
	} {
		ans := s.Do("POST", "/v2/webhooks", as(s.PersonalToken, body))
		if e := ans.Error(); ans.Status != 400 || e.Field != field {
			t.Errorf("%s: %d %s", body, ans.Status, ans.Body)
		}
	}
	var h hook
	keyed := apptest.Request{
		Token: s.PersonalToken, Header: map[string]string{"Idempotency-Key": "k"},
		Body: `{"name":"w","url":"https://example.com:8443/x?y=z","actions":["create*","updateUserRole","create*"],"targetTypes":["user"],"includeRefused":true}`,
	}
	s.Want(http.StatusOK, "POST", "/v2/webhooks", keyed).Decode(t, &h)
	wantError(t, s.Do("POST", "/v2/webhooks", keyed), 409, "conflict", "shown only once")
	read := s.Want(http.StatusOK, "GET", h.path(""), as(s.PersonalToken, ""))
	back := s.Want(http.StatusOK, "PUT", h.path(""), as(s.PersonalToken, string(read.Body)))
	var before, after hook
	read.Decode(t, &before)
	back.Decode(t, &after)
	if fmt.Sprint(before) != fmt.Sprint(after) || before.Secret != "" || !slices.Equal(before.Actions, []string{"create*", "updateUserRole"}) ||
		before.CreatedBy.ID != s.UserID || !before.Enabled || !before.IncludeRefused {
		t.Errorf("read %+v, written back %+v", before, after)
	}
	dry := s.Want(http.StatusOK, "POST", "/v2/webhooks?dryRun=true", as(s.PersonalToken, `{"name":"dry","url":"https://example.com"}`))
	if strings.Contains(string(dry.Body), "whsec_") {
		t.Errorf("a dry run answers %s", dry.Body)
	}
	rotate := apptest.Request{Token: s.PersonalToken, Header: map[string]string{"Idempotency-Key": "r"}, Body: `{}`}
	s.Want(http.StatusOK, "POST", h.path("/rotate-secret"), rotate)
	wantError(t, s.Do("POST", h.path("/rotate-secret"), rotate), 409, "conflict", "shown only once")
	for i := 1; i < 20; i++ {
		s.Want(http.StatusOK, "POST", "/v2/webhooks", as(s.PersonalToken, fmt.Sprintf(`{"name":"%d","url":"https://example.com"}`, i)))
	}
	wantError(t, s.Do("POST", "/v2/webhooks", as(s.PersonalToken, `{"name":"w","url":"https://example.com"}`)), 403, "limit_exceeded", "--limit webhooks")
	s.Want(http.StatusNoContent, "DELETE", h.path(""), as(s.PersonalToken, ""))
	var list []hook
	s.Want(http.StatusOK, "GET", "/v2/webhooks", as(s.APIToken, "")).Decode(t, &list)
	if len(list) != 19 {
		t.Errorf("%d are left", len(list))
	}
}

// Only who runs the organization and may read the log decides who is sent it.
func TestWebhookPermissions(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t)
	body := `{"name":"w","url":"https://127.0.0.1/"}`
	s.CreateUser("Admin", "admin@example.com", "admin")
	s.Want(http.StatusOK, "POST", "/v2/webhooks", as(s.TokenOf("admin@example.com"), body))
	var role struct{ ID string }
	s.Want(http.StatusOK, "POST", "/v2/rbac/roles", as(s.PersonalToken, `{"name":"auditor","orgCapabilities":{"auditLog":["read"]}}`)).Decode(t, &role)
	s.Want(http.StatusOK, "POST", "/v2/users", as(s.PersonalToken, `{"name":"A","email":"auditor@example.com","role":"`+role.ID+`"}`))
	auditor := s.TokenOf("auditor@example.com")
	wantError(t, s.Do("POST", "/v2/webhooks", as(auditor, body)), 403, "forbidden", "owner or admin")
	var list []hook
	s.Want(http.StatusOK, "GET", "/v2/webhooks", as(auditor, "")).Decode(t, &list)
	if len(list) != 1 {
		t.Fatalf("the auditor sees %+v", list)
	}
	for _, c := range []struct{ method, path, body string }{
		{"PUT", "", body},
		{"DELETE", "", ""},
		{"POST", "/rotate-secret", "{}"},
		{"POST", "/test", ""},
		{"POST", "/replay", "{}"},
		{"POST", "/deliveries/msg_" + s.OrgID + "_1/replay", ""},
	} {
		wantError(t, s.Do(c.method, list[0].path(c.path), as(auditor, c.body)), 403, "forbidden", "owner or admin")
		wantError(t, s.Do(c.method, list[0].path(c.path), as(s.APIToken, c.body)), 403, "forbidden", "personal token")
	}
}
