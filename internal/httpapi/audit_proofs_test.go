package httpapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/apptest"
	"github.com/rosterhq/roster/internal/audit"
)

// sealed waits until the newest checkpoint covers a number of entries.
func sealed(t *testing.T, s *apptest.Server, entries int64) (c audit.Checkpoint, note string) {
	t.Helper()
	var keys struct{ Keys []string }
	s.Want(http.StatusOK, "GET", "/v2/audit/keys", as(s.APIToken, "")).Decode(t, &keys)
	for range 500 {
		ans := s.Do("GET", "/v2/audit/checkpoint", as(s.APIToken, ""))
		if ans.Status == http.StatusOK {
			var err error
			if c, err = audit.OpenCheckpoint(string(ans.Body), keys.Keys); err != nil {
				t.Fatal(err)
			}
			if c.N >= entries {
				return c, string(ans.Body)
			}
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatalf("the log is sealed up to %d only", c.N)
	return c, ""
}

func TestAuditProofs(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t)
	s.CreateUser("Jane", "jane@example.com", "user")
	first, _ := sealed(t, s, 5)
	s.CreateUser("John", "john@example.com", "user")
	head, note := sealed(t, s, first.N+1)
	if head.Origin != "roster.example.com/"+s.OrgID {
		t.Errorf("the origin is %q", head.Origin)
	}
	path := fmt.Sprintf("/v2/audit/checkpoint?size=%d", head.N)
	if again := s.Want(http.StatusOK, "GET", path, as(s.APIToken, "")); string(again.Body) != note {
		t.Errorf("asked for by its size: %s", again.Body)
	}
	s.Want(http.StatusNotFound, "GET", "/v2/audit/checkpoint?size=4000", as(s.APIToken, ""))
	var list []struct {
		Size     int64
		Note     string
		SealedAt time.Time
	}
	s.Want(http.StatusOK, "GET", fmt.Sprintf("/v2/audit/checkpoints?after=%d", first.N), as(s.APIToken, "")).Decode(t, &list)
	if len(list) == 0 || list[len(list)-1].Note != note || list[0].SealedAt.IsZero() {
		t.Errorf("checkpoints after %d: %+v", first.N, list)
	}
	var proof struct{ Hashes []string }
	s.Want(http.StatusOK, "GET", "/v2/audit/inclusion?sequence=2", as(s.APIToken, "")).Decode(t, &proof)
	if len(proof.Hashes) < 2 {
		t.Errorf("inclusion: %+v", proof)
	}
	s.Want(http.StatusOK, "GET", fmt.Sprintf("/v2/audit/consistency?from=%d&to=%d", first.N, head.N), as(s.APIToken, "")).Decode(t, &proof)
	if len(proof.Hashes) == 0 {
		t.Errorf("consistency: %+v", proof)
	}
	for _, bad := range []string{
		"inclusion", "inclusion?sequence=x", "inclusion?sequence=-1", "inclusion?sequence=4000", "inclusion?sequence=1&sequence=2", "inclusion?number=1",
		"inclusion?sequence=9223372036854775808", "consistency", "consistency?from=4000", "consistency?from=0", "checkpoint?size=0", "checkpoint?limit=3",
		"checkpoints?limit=1001", "checkpoints?after=x", "checkpoints?%zz",
	} {
		if e := s.Want(http.StatusBadRequest, "GET", "/v2/audit/"+bad, as(s.APIToken, "")).Error(); e.Message == "" {
			t.Errorf("%s: no message", bad)
		}
	}
	for _, missing := range []string{"inclusion?sequence=1&size=4000", "consistency?from=1&to=4000"} {
		s.Want(http.StatusNotFound, "GET", "/v2/audit/"+missing, as(s.APIToken, ""))
	}
	// Somebody else's log is somebody else's.
	var other struct{ ID string }
	s.Want(http.StatusOK, "POST", "/v2/orgs", as(s.PersonalToken, `{"name":"Other"}`)).Decode(t, &other)
	theirs := s.Want(http.StatusOK, "GET", "/v2/audit/keys", apptest.Request{Token: s.PersonalToken, Header: map[string]string{"X-Axiom-Org-Id": other.ID}})
	if !strings.Contains(string(theirs.Body), "/"+other.ID+"+") {
		t.Errorf("the other's keys: %s", theirs.Body)
	}
}

func TestAuditRetention(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t)
	const path = "/v2/audit/retention"
	was := s.Want(http.StatusOK, "GET", path, as(s.APIToken, ""))
	if strings.TrimSpace(string(was.Body)) != `{"days":null}` {
		t.Errorf("at first: %s", was.Body)
	}
	s.Want(http.StatusPreconditionFailed, "PUT", path, apptest.Request{Token: s.PersonalToken, Header: map[string]string{"If-Match": `"x"`}, Body: `{"days":30}`})
	now := s.Want(http.StatusOK, "PUT", path, apptest.Request{Token: s.PersonalToken, Header: map[string]string{"If-Match": was.Header.Get("ETag")}, Body: `{"days":30}`})
	if strings.TrimSpace(string(now.Body)) != `{"days":30}` {
		t.Errorf("changed: %s", now.Body)
	}
	for _, bad := range []string{`{"days":0}`, `{"days":-1}`, `{"days":36501}`, `{"days":"x"}`, `{"days":1.5}`, `{"day":1}`, `{}`, `null`} {
		s.Want(http.StatusBadRequest, "PUT", path, as(s.PersonalToken, bad))
	}
	s.Want(http.StatusForbidden, "PUT", path, as(s.APIToken, `{"days":1}`))
	s.CreateUser("Ada", "ada@example.com", "admin")
	s.Want(http.StatusForbidden, "PUT", path, as(s.TokenOf("ada@example.com"), `{"days":1}`))
	if got := s.Want(http.StatusOK, "PUT", path, as(s.PersonalToken, `{"days":null}`)); strings.TrimSpace(string(got.Body)) != `{"days":null}` {
		t.Errorf("for ever: %s", got.Body)
	}
}

func TestErasures(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t)
	const path = "/v2/audit/erasures"
	jane := s.CreateUser("Jane", "jane@example.com", "user")
	body := fmt.Sprintf(`{"userId":%q}`, jane.ID)
	s.Want(http.StatusConflict, "POST", path, as(s.PersonalToken, body))
	s.Want(http.StatusNoContent, "DELETE", "/v2/users/"+jane.ID, as(s.APIToken, ""))
	s.Want(http.StatusForbidden, "POST", path, as(s.APIToken, body))
	s.Want(http.StatusNotFound, "POST", path, as(s.PersonalToken, `{"userId":"usr_06h0tznb294kc6smm97b5r4g8g"}`))
	s.Want(http.StatusBadRequest, "POST", path, as(s.PersonalToken, `{"user":"x"}`))
	keyed := apptest.Request{Token: s.PersonalToken, Header: map[string]string{"Idempotency-Key": "erase-1"}, Body: body}
	first := s.Want(http.StatusOK, "POST", path, keyed)
	if !strings.Contains(string(first.Body), `"entries":2`) {
		t.Errorf("erased: %s", first.Body)
	}
	if again := s.Want(http.StatusOK, "POST", path, keyed); string(again.Body) != string(first.Body) {
		t.Errorf("with the same key: %s", again.Body)
	}
}

// The log records refused requests of authenticated callers, with the answer's trace id.
func TestRefusalsAreInTheLog(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t)
	token := s.APITokenWith(`"orgCapabilities":{"users":["read"]}`)
	ans := s.Want(http.StatusForbidden, "DELETE", "/v2/users/"+s.UserID, as(token, ""))
	trace := ans.Header.Get("X-Axiom-Trace-Id")
	head, _ := sealed(t, s, 1)
	if found := entriesWith(t, s, trace); len(found) != 1 || found[0].Outcome != "refused" || found[0].Target.ID != s.UserID || found[0].Action != "removeUserFromOrg" {
		t.Errorf("size %d: %+v", head.N, found)
	}
}
