package apptest_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/rosterhq/roster/internal/apptest"
)

// What every route refuses alike: an organisation that is not the token's, none
// where there are several, and a dry run that is neither on nor off.
func TestEveryRouteRefuses(t *testing.T) {
	s := apptest.Start(t)
	s.Want(http.StatusOK, "POST", "/v2/orgs", as(s.PersonalToken, `{"name":"Other"}`))
	for _, op := range apptest.Operations(t) {
		need := oracle[op.Method+" "+op.Path]
		if need == "public" {
			continue
		}
		path := strings.NewReplacer("{id}", "nothing", "{orgId}", "nothing", "{deliveryId}", "nothing").Replace(op.Path)
		body := ""
		if op.Method == http.MethodPost || op.Method == http.MethodPut {
			body = "{}"
		}
		wantError(t, s.Do(op.Method, path, inOrg(s.PersonalToken, "other-x7q2", body)), 403, "forbidden", "X-Axiom-Org-Id")
		if strings.Contains(need, "|") || op.ID == "getCurrentAccess" {
			wantError(t, s.Do(op.Method, path, as(s.PersonalToken, body)), 400, "invalid", "X-Axiom-Org-Id")
		}
		if op.Method != http.MethodGet {
			ans := s.Do(op.Method, path+"?dryRun=perhaps", inOrg(s.PersonalToken, s.OrgID, body))
			wantError(t, ans, 400, "invalid", "true or false")
		}
	}
}

func TestConflicts(t *testing.T) {
	s := apptest.Start(t)
	keyed := func(body string) apptest.Request {
		return apptest.Request{Token: s.PersonalToken, Body: body, Header: map[string]string{"Idempotency-Key": "k"}}
	}
	s.Want(http.StatusOK, "POST", "/v2/user/tokens", keyed(`{"name":"t"}`))
	wantError(t, s.Do("POST", "/v2/user/tokens", keyed(`{"name":"t"}`)), 409, "conflict", "shown only once")

	var token struct{ ID string }
	s.Want(http.StatusOK, "POST", "/v2/tokens", as(s.PersonalToken, `{"name":"t"}`)).Decode(t, &token)
	s.Want(http.StatusOK, "GET", "/v2/tokens/"+token.ID, as(s.PersonalToken, ""))
	path, end := "/v2/tokens/"+token.ID+"/regenerate", `{"existingTokenExpiresAt":"2020-01-01T00:00:00Z"}`
	regenerate := apptest.Request{Token: s.PersonalToken, Body: end, Header: map[string]string{"Idempotency-Key": "r"}}
	s.Want(http.StatusOK, "POST", path, regenerate)
	wantError(t, s.Do("POST", path, regenerate), 409, "conflict", "shown only once")

	s.Want(http.StatusOK, "POST", "/v2/rbac/groups", as(s.PersonalToken, `{"name":"a"}`))
	var group struct{ ID string }
	s.Want(http.StatusOK, "POST", "/v2/rbac/groups", as(s.PersonalToken, `{"name":"b"}`)).Decode(t, &group)
	wantError(t, s.Do("PUT", "/v2/rbac/groups/"+group.ID, as(s.PersonalToken, `{"name":"A"}`)), 409, "conflict", "exists already")
}
