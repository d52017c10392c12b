package httpapi_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/apptest"
)

// oracle says who may call each route, written down from the rules and not from
// the code: a capability, "personal" for any account's own token, "any" for
// whoever has a token, "public" for everybody; of two, both.
var oracle = map[string]string{
	"GET /v2/users":                                         "users|read",
	"POST /v2/users":                                        "users|create",
	"POST /v2/users/import":                                 "users|create",
	"GET /v2/users/{id}":                                    "users|read",
	"PUT /v2/users/{id}":                                    "personal",
	"DELETE /v2/users/{id}":                                 "users|delete",
	"PUT /v2/users/{id}/role":                               "users|update",
	"GET /v2/domains":                                       "users|read",
	"POST /v2/domains":                                      "personal",
	"DELETE /v2/domains/{id}":                               "personal",
	"POST /v2/domains/{id}/verify":                          "personal",
	"GET /v2/users/{id}/status":                             "users|read",
	"PUT /v2/users/{id}/status":                             "users|update",
	"GET /v2/users/{id}/schedule/{action}":                  "users|read",
	"PUT /v2/users/{id}/schedule/{action}":                  "users|update",
	"DELETE /v2/users/{id}/schedule/{action}":               "users|update",
	"GET /v2/users/{id}/temporary-role":                     "users|read",
	"PUT /v2/users/{id}/temporary-role":                     "users|update",
	"DELETE /v2/users/{id}/temporary-role":                  "users|update",
	"GET /v2/temporary-roles":                               "users|read",
	"GET /v2/schedules":                                     "users|read",
	"GET /v2/users/{id}/profile":                            "users|read",
	"PUT /v2/users/{id}/profile":                            "users|update",
	"GET /v2/scim":                                          "users|read",
	"GET /v2/scim/settings":                                 "users|read",
	"PUT /v2/scim/settings":                                 "personal",
	"POST /v2/scim/hold/approve":                            "personal",
	"POST /v2/scim/hold/end":                                "personal",
	"GET /v2/users/{id}/created":                            "users|read",
	"POST /v2/users/{id}/sign-in-link":                      "users|create",
	"GET /v2/user/sessions":                                 "personal",
	"DELETE /v2/user/sessions":                              "personal",
	"DELETE /v2/user/sessions/{id}":                         "personal",
	"GET /v2/user/passkeys":                                 "personal",
	"PUT /v2/user/passkeys/{id}":                            "personal",
	"DELETE /v2/user/passkeys/{id}":                         "personal",
	"GET /v2/orgs/{id}/session-limits":                      "any",
	"PUT /v2/orgs/{id}/session-limits":                      "personal",
	"GET /v2/orgs/{id}/sign-in-rules":                       "any",
	"PUT /v2/orgs/{id}/sign-in-rules":                       "personal",
	"GET /v2/users/{id}/access":                             "rbac|read",
	"GET /v2/user":                                          "personal",
	"PUT /v2/user":                                          "personal",
	"GET /v2/user/access":                                   "any",
	"GET /v2/user/tokens":                                   "personal",
	"POST /v2/user/tokens":                                  "personal",
	"DELETE /v2/user/tokens/{id}":                           "personal",
	"GET /v2/user/invitations":                              "personal",
	"POST /v2/user/invitations/{orgId}/accept":              "personal",
	"POST /v2/user/invitations/{orgId}/decline":             "personal",
	"GET /v2/invitations":                                   "users|create",
	"DELETE /v2/invitations/{id}":                           "users|create",
	"POST /v2/invitations/{id}/resend":                      "users|create",
	"GET /v2/tokens":                                        "apiTokens|read",
	"POST /v2/tokens":                                       "apiTokens|create",
	"GET /v2/tokens/{id}":                                   "apiTokens|read",
	"DELETE /v2/tokens/{id}":                                "apiTokens|delete",
	"GET /v2/tokens/{id}/usage":                             "apiTokens|read",
	"GET /v2/users/{id}/tokens":                             "users|update",
	"GET /v2/users/{id}/sessions":                           "users|update",
	"DELETE /v2/users/{id}/sessions/{sessionId}":            "users|update",
	"DELETE /v2/users/{id}/tokens/{tokenId}":                "users|update",
	"GET /v2/tokens/usage":                                  "apiTokens|read",
	"POST /v2/tokens/{id}/regenerate":                       "apiTokens|update",
	"GET /v2/tokens/{id}/networks":                          "apiTokens|read",
	"PUT /v2/tokens/{id}/networks":                          "apiTokens|update",
	"GET /v2/user/tokens/{id}/networks":                     "personal",
	"PUT /v2/user/tokens/{id}/networks":                     "personal",
	"GET /v2/orgs/{id}/settings":                            "any",
	"PUT /v2/orgs/{id}/settings":                            "personal",
	"GET /v2/rbac/roles":                                    "rbac|read",
	"POST /v2/rbac/roles":                                   "rbac|create",
	"GET /v2/rbac/roles/{id}":                               "rbac|read",
	"PUT /v2/rbac/roles/{id}":                               "rbac|update",
	"DELETE /v2/rbac/roles/{id}":                            "rbac|delete",
	"GET /v2/apps":                                          "rbac|read",
	"POST /v2/apps":                                         "rbac|create",
	"GET /v2/apps/{id}":                                     "rbac|read",
	"PUT /v2/apps/{id}":                                     "rbac|update",
	"DELETE /v2/apps/{id}":                                  "rbac|delete",
	"GET /v2/apps/{id}/credentials":                         "rbac|read",
	"POST /v2/apps/{id}/credentials":                        "rbac|update",
	"DELETE /v2/apps/{id}/credentials/{credentialId}":       "rbac|update",
	"GET /v2/rbac/groups":                                   "rbac|read",
	"POST /v2/rbac/groups":                                  "rbac|create",
	"GET /v2/rbac/groups/{id}":                              "rbac|read",
	"PUT /v2/rbac/groups/{id}":                              "rbac|update",
	"DELETE /v2/rbac/groups/{id}":                           "rbac|delete",
	"POST /v2/rbac/groups/{id}/members":                     "rbac|update",
	"PUT /v2/rbac/groups/{id}/members/{userId}":             "rbac|update",
	"DELETE /v2/rbac/groups/{id}/members/{userId}":          "rbac|update",
	"GET /v2/audit":                                         "auditLog|read",
	"GET /v2/events":                                        "auditLog|read",
	"GET /v2/orgs":                                          "any",
	"GET /v2/limits":                                        "any",
	"POST /v2/orgs":                                         "personal",
	"GET /v2/orgs/{id}":                                     "any",
	"PUT /v2/orgs/{id}":                                     "personal",
	"POST /v2/orgs/provision":                               "public",
	"POST /v2/orgs/claim":                                   "public",
	"GET /v2/audit/checkpoint":                              "auditLog|read",
	"GET /v2/audit/checkpoints":                             "auditLog|read",
	"GET /v2/audit/keys":                                    "auditLog|read",
	"GET /v2/audit/inclusion":                               "auditLog|read",
	"GET /v2/audit/consistency":                             "auditLog|read",
	"GET /v2/audit/retention":                               "auditLog|read",
	"PUT /v2/audit/retention":                               "personal",
	"POST /v2/audit/erasures":                               "personal",
	"GET /v2/issuers":                                       "personal",
	"POST /v2/issuers":                                      "personal",
	"GET /v2/issuers/{id}/check":                            "personal",
	"GET /v2/issuers/{id}":                                  "personal",
	"PUT /v2/issuers/{id}":                                  "personal",
	"DELETE /v2/issuers/{id}":                               "personal",
	"GET /v2/webhooks":                                      "auditLog|read",
	"POST /v2/webhooks":                                     "personal, auditLog|read",
	"GET /v2/webhooks/{id}":                                 "auditLog|read",
	"PUT /v2/webhooks/{id}":                                 "personal, auditLog|read",
	"DELETE /v2/webhooks/{id}":                              "personal, auditLog|read",
	"POST /v2/webhooks/{id}/rotate-secret":                  "personal, auditLog|read",
	"POST /v2/webhooks/{id}/test":                           "personal, auditLog|read",
	"POST /v2/webhooks/{id}/replay":                         "personal, auditLog|read",
	"GET /v2/webhooks/{id}/deliveries":                      "auditLog|read",
	"POST /v2/webhooks/{id}/deliveries/{deliveryId}/replay": "personal, auditLog|read",
}

var crud = []string{"create", "read", "update", "delete"}

// published is the vocabulary of organization capabilities, written down again.
var published = map[string][]string{
	"annotations": crud, "apiTokens": crud, "auditLog": {"read"}, "billing": {"read", "update"}, "dashboards": crud,
	"datasets": crud, "endpoints": crud, "flows": crud, "integrations": crud, "monitors": crud, "notifiers": crud,
	"rbac": crud, "sharedAccessKeys": {"read", "update"}, "users": crud, "views": crud,
}

// builtin says what each built-in role may do, of what opens a route.
var builtin = map[string]func(resource, action string) bool{
	"owner":     func(string, string) bool { return true },
	"admin":     func(r, _ string) bool { return r != "billing" },
	"user":      func(r, a string) bool { return r == "users" && a == "read" },
	"read-only": func(r, a string) bool { return a == "read" && r != "auditLog" },
	"none":      func(string, string) bool { return false },
}

// caller is somebody who tries every route.
type caller struct {
	name     string
	token    string
	personal bool
	may      func(resource, action string) bool
}

func (c caller) mayCall(need string) bool {
	if first, second, both := strings.Cut(need, ", "); both {
		return c.mayCall(first) && c.mayCall(second)
	}
	switch need {
	case "public":
		return true
	case "any":
		return c.token != ""
	case "personal":
		return c.personal
	default:
		resource, action, _ := strings.Cut(need, "|")
		return c.may != nil && c.may(resource, action)
	}
}

// Every documented route is in the oracle with the permission it documents, and
// the other way round; the contract has no route that the server lacks.
func TestEveryRouteDeclaresItsPermission(t *testing.T) {
	t.Parallel()
	documented := make(map[string]string)
	for _, op := range apptest.Operations(t) {
		documented[op.Method+" "+op.Path] = op.Permission
	}
	if !maps.Equal(documented, oracle) {
		for route := range documented {
			if documented[route] != oracle[route] {
				t.Errorf("%s documents %q, the oracle says %q", route, documented[route], oracle[route])
			}
		}
		for route := range oracle {
			if documented[route] == "" {
				t.Errorf("%s is not documented", route)
			}
		}
	}
}

// Every route × every single capability, as an API token and through a custom
// role × every built-in role × nobody: exactly those whom the oracle names get in.
func TestMatrix(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t)
	callers := []caller{{name: "nobody"}}
	for _, role := range slices.Sorted(maps.Keys(builtin)) {
		email := role + "@roles.example.com"
		if role == "owner" {
			s.Want(http.StatusOK, "POST", "/v2/users", as(s.PersonalToken, `{"name":"x","email":"`+email+`","role":"owner"}`))
		} else {
			s.CreateUser(role, email, role)
		}
		callers = append(callers, caller{"role " + role, s.TokenOf(email), true, builtin[role]})
	}
	for _, resource := range slices.Sorted(maps.Keys(published)) {
		for _, action := range published[resource] {
			caps := `"orgCapabilities":{"` + resource + `":["` + action + `"]}`
			only := func(r, a string) bool { return r == resource && a == action }
			name := resource + "|" + action
			callers = append(callers, caller{"API token " + name, s.APITokenWith(caps), false, only})
			var role struct{ ID string }
			s.Want(http.StatusOK, "POST", "/v2/rbac/roles", as(s.PersonalToken, `{"name":"`+name+`",`+caps+`}`)).Decode(t, &role)
			email := resource + "." + action + "@example.com"
			s.Want(http.StatusOK, "POST", "/v2/users", as(s.PersonalToken, `{"name":"x","email":"`+email+`","role":"`+role.ID+`"}`))
			callers = append(callers, caller{"role with " + name, s.TokenOf(email), true, only})
		}
	}
	cases := 0
	for _, op := range apptest.Operations(t) {
		for _, c := range callers {
			cases++
			path := op.At("nothing")
			body := ""
			if op.Method == http.MethodPost || op.Method == http.MethodPut {
				body = `{"none of these":1}` // let in, it is refused for what it says
			}
			ans := s.Do(op.Method, path, as(c.token, body))
			in := ans.Status != http.StatusUnauthorized && !missing(ans)
			if want := c.mayCall(oracle[op.Method+" "+op.Path]); in != want {
				t.Errorf("%s at %s %s: got %d %s, want let in: %v", c.name, op.Method, op.Path, ans.Status, ans.Body, want)
			}
			if c.token == "" && !in && ans.Status != http.StatusUnauthorized {
				t.Errorf("%s %s without a token: %d", op.Method, op.Path, ans.Status)
			}
		}
	}
	t.Logf("%d cases: %d routes × %d callers", cases, len(oracle), len(callers))
}

// missing reports whether an answer refuses for want of a permission, which is
// told apart from a rule's refusal by its words.
func missing(ans apptest.Answer) bool {
	return ans.Status == http.StatusForbidden &&
		(strings.Contains(ans.Error().Message, "missing permission") || strings.Contains(ans.Error().Message, "needs the personal token"))
}

// Another organization's objects get the same answer, byte for byte, as missing ones.
func TestTenantsDontSeeEachOther(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t)
	header := func(org string) map[string]string { return map[string]string{"X-Axiom-Org-Id": org} }
	var other struct{ ID string }
	s.Want(http.StatusOK, "POST", "/v2/orgs", as(s.PersonalToken, `{"name":"Other"}`)).Decode(t, &other)
	there := func(method, path, body string) (made struct{ ID string }) {
		s.Want(http.StatusOK, method, path, apptest.Request{Token: s.PersonalToken, Header: header(other.ID), Body: body}).Decode(t, &made)
		return made
	}
	user := there("POST", "/v2/users", `{"name":"John","email":"john@example.com","role":"user"}`)
	token := there("POST", "/v2/tokens", `{"name":"t","orgCapabilities":{"users":["read"]}}`)
	role := there("POST", "/v2/rbac/roles", `{"name":"r"}`)
	group := there("POST", "/v2/rbac/groups", `{"name":"g"}`)
	webhook := there("POST", "/v2/webhooks", `{"name":"w","url":"https://127.0.0.1/"}`)
	app := there("POST", "/v2/apps", `{"id":"wiki","name":"Wiki"}`)
	issuer := there("POST", "/v2/issuers", `{"name":"i","url":"https://sso.example.com","clientId":"c","clientSecret":"s"}`)
	var domain struct{ Domain string }
	s.Want(http.StatusOK, "POST", "/v2/domains", apptest.Request{Token: s.PersonalToken, Header: header(other.ID), Body: `{"domain":"acme.example"}`}).Decode(t, &domain)
	s.CreateUser("Jane", "jane@example.com", "admin")
	jane := s.TokenOf("jane@example.com")

	compared := 0
	for _, op := range apptest.Operations(t) {
		if !strings.Contains(op.Path, "{") {
			continue
		}
		theirs := user.ID
		switch {
		case strings.Contains(op.Path, "/tokens/"):
			theirs = token.ID
		case strings.Contains(op.Path, "/roles/"):
			theirs = role.ID
		case strings.Contains(op.Path, "/groups/"):
			theirs = group.ID
		case strings.Contains(op.Path, "/issuers/"):
			theirs = issuer.ID
		case strings.Contains(op.Path, "/webhooks/"):
			theirs = webhook.ID
		case strings.Contains(op.Path, "/apps/"):
			theirs = app.ID
		case strings.Contains(op.Path, "/domains/"):
			theirs = domain.Domain
		case strings.Contains(op.Path, "orgs") || strings.Contains(op.Path, "{orgId}"):
			theirs = other.ID
		}
		body := map[string]string{
			"PUT /v2/users/{id}": `{"name":"x"}`, "PUT /v2/users/{id}/role": `{"role":"none"}`, "PUT /v2/users/{id}/status": `{"status":"suspended"}`, "PUT /v2/users/{id}/profile": `{"externalId":"x"}`, "PUT /v2/rbac/roles/{id}": `{"name":"x"}`,
			"PUT /v2/users/{id}/temporary-role":    `{"role":"user","until":"` + time.Now().Add(time.Hour).UTC().Format(time.RFC3339) + `"}`,
			"PUT /v2/users/{id}/schedule/{action}": `{"at":"` + time.Now().Add(time.Hour).UTC().Format(time.RFC3339) + `"}`,
			"PUT /v2/apps/{id}":                    `{"name":"x"}`,
			"PUT /v2/rbac/groups/{id}":             `{"name":"x"}`, "POST /v2/rbac/groups/{id}/members": `{}`, "PUT /v2/orgs/{id}": `{"name":"x"}`, "PUT /v2/orgs/{id}/settings": `{"maxTokenLifetimeSeconds":null}`,
			"PUT /v2/orgs/{id}/session-limits": `{"idleSeconds":null,"lifetimeSeconds":null}`,
			"PUT /v2/orgs/{id}/sign-in-rules":  `{"requireIssuer":false,"tokenSeconds":null}`, "PUT /v2/user/passkeys/{id}": `{"name":"x"}`,
			"PUT /v2/tokens/{id}/networks": `{"networks":[]}`, "PUT /v2/user/tokens/{id}/networks": `{"networks":[]}`,
			"PUT /v2/issuers/{id}":  `{"name":"x","url":"https://sso.example.com","clientId":"c"}`,
			"PUT /v2/webhooks/{id}": `{"name":"x","url":"https://127.0.0.1/"}`, "POST /v2/webhooks/{id}/rotate-secret": `{}`, "POST /v2/webhooks/{id}/replay": `{}`,
			"POST /v2/tokens/{id}/regenerate": `{"existingTokenExpiresAt":"2026-01-01T00:00:00Z"}`,
		}[op.Method+" "+op.Path]
		for _, secret := range []string{s.APIToken, jane} {
			var answers [2]string
			for i, id := range []string{theirs, theirs[:len(theirs)-1] + "0"} {
				path := strings.NewReplacer("{id}", id, "{orgId}", id, "{userId}", user.ID, "{action}", "suspend", "{deliveryId}", "msg_"+other.ID+"_1", "{credentialId}", "cred_x").Replace(op.Path)
				ans := s.Do(op.Method, path, as(secret, body))
				answers[i] = fmt.Sprint(ans.Status, lasting(ans.Header), string(ans.Body))
			}
			compared++
			if answers[0] != answers[1] || strings.HasPrefix(answers[0], "2") {
				t.Errorf("%s %s tells theirs from nobody's:\n%s\n%s", op.Method, op.Path, answers[0], answers[1])
			}
		}
	}
	if compared < 20 {
		t.Errorf("only %d pairs were compared", compared)
	}
	// Nothing of it has changed over there.
	s.Want(http.StatusOK, "GET", "/v2/users/"+user.ID, apptest.Request{Token: s.PersonalToken, Header: header(other.ID)})
}

// lasting leaves out of a header what differs between any two answers.
func lasting(h http.Header) string {
	h = h.Clone()
	for _, name := range []string{"X-Axiom-Trace-Id", "X-Ratelimit-Remaining", "X-Ratelimit-Reset", "Date"} {
		h.Del(name)
	}
	return fmt.Sprint(h)
}
