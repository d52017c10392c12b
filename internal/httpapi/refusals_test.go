package httpapi_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/rosterhq/roster/internal/apptest"
)

// Every route refuses an organization that is not the token's, a missing organization
// where there are several, and an invalid dryRun.
func TestEveryRouteChecksOrganizationAndDryRun(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t)
	s.Want(http.StatusOK, "POST", "/v2/orgs", as(s.PersonalToken, `{"name":"Other"}`))
	for _, op := range apptest.Operations(t) {
		need := oracle[op.Method+" "+op.Path]
		if need == "public" {
			continue
		}
		path := op.At("nothing")
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
	t.Parallel()
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

// A refusal is recorded even if the client has gone.
func TestRefusalIsRecordedIfTheClientIsGone(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t)
	weak := s.APITokenWith(`"orgCapabilities":{"users":["read"]}`)
	const n = 5
	for refused := 0; refused < n; {
		s.Want(http.StatusOK, "GET", "/v2/users", as(weak, "")) // it is remembered from here on, for a while at least
		switch status := halfClosed(t, s, "DELETE /v2/users/"+s.UserID, weak); {
		case strings.Contains(status, " 403 "):
			refused++
		case !strings.Contains(status, " 503 "):
			t.Fatalf("answered %q", status)
		}
	}
	if got := entriesOf(t, s, s.APIToken, "outcome=refused"); len(got) != n {
		t.Errorf("%d of %d refusals are in the log", len(got), n)
	}
}

// halfClosed sends a request that nothing follows on its connection, which ends its
// context, and gives the answer's status line.
func halfClosed(t *testing.T, s *apptest.Server, request, token string) string {
	t.Helper()
	server, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	c, err := new(net.Dialer).DialContext(t.Context(), "tcp", server.Host)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := fmt.Fprintf(c, "%s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n", request, token); err != nil {
		t.Fatal(err)
	}
	if err := c.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(c).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return line
}
