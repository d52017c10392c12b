package httpapi_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rosterhq/roster/client"
	"github.com/rosterhq/roster/internal/apptest"
)

// entriesOf reads what GET /v2/audit answers as NDJSON.
func entriesOf(t *testing.T, s *apptest.Server, token, query string) (list []client.AuditEntry) {
	t.Helper()
	ans := s.Want(http.StatusOK, "GET", "/v2/audit?format=ndjson&"+query, as(token, ""))
	if got := ans.Header.Get("Content-Type"); got != "application/x-ndjson" {
		t.Errorf("Content-Type %s", got)
	}
	for line := range bytes.Lines(ans.Body) {
		var e client.AuditEntry
		if err := json.Unmarshal(line, &e); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		list = append(list, e)
	}
	return list
}

func numbers(list []client.AuditEntry) (all []int64) {
	for _, e := range list {
		all = append(all, e.Sequence)
	}
	return all
}

// upTo is 1, 2, 3, … n.
func upTo(n int64) (all []int64) {
	for i := range n {
		all = append(all, i+1)
	}
	return all
}

// The export is the whole log, pages in both orders are the export, and so is CSV.
func TestAuditPagesAndExports(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t)
	fill(t, s, 250)
	all := entriesOf(t, s, s.APIToken, "")
	last := int64(len(all))
	if last < 250 || !slices.Equal(numbers(all), upTo(last)) {
		t.Fatalf("the export has %v", numbers(all))
	}
	for _, e := range all {
		if !strings.Contains(string(e.Proof), `"leaf":`) {
			t.Errorf("entry %d has no leaf: %s", e.Sequence, e.Proof)
		}
	}
	for _, order := range []string{"", "asc", "desc"} {
		var paged []int64
		query := "limit=100"
		if order != "" {
			query += "&order=" + order
		}
		for path, n := "/v2/audit?"+query, 0; path != ""; n++ {
			ans := s.Want(http.StatusOK, "GET", path, as(s.APIToken, ""))
			var page []client.AuditEntry
			ans.Decode(t, &page)
			paged = append(paged, numbers(page)...)
			path, _, _ = strings.Cut(strings.TrimPrefix(ans.Header.Get("Link"), "<"), ">")
			if n > 3 {
				t.Fatal("the pages don't end")
			}
		}
		want := upTo(last)
		if order != "asc" {
			slices.Reverse(want)
		}
		if !slices.Equal(paged, want) {
			t.Errorf("order %q: the pages have %v", order, paged)
		}
	}
	var first []client.AuditEntry
	s.Want(http.StatusOK, "GET", "/v2/audit", as(s.APIToken, "")).Decode(t, &first)
	if len(first) != 100 || first[0].Sequence != last {
		t.Errorf("without a query: %v", numbers(first))
	}

	ans := s.Want(http.StatusOK, "GET", "/v2/audit", apptest.Request{Token: s.APIToken, Header: map[string]string{"Accept": "text/csv", "Accept-Encoding": "gzip"}})
	if ans.Header.Get("Content-Encoding") != "gzip" || !strings.HasPrefix(ans.Header.Get("Content-Type"), "text/csv") || ans.Header.Get("Link") != "" {
		t.Errorf("CSV comes with %v", ans.Header)
	}
	rows, err := csv.NewReader(bytes.NewReader(ans.Body)).ReadAll()
	if err != nil || len(rows) != len(all)+1 || rows[0][0] != "sequence" {
		t.Fatalf("CSV: %d rows, %v", len(rows), err)
	}
	for i, row := range rows[1:] {
		e := all[i]
		want := []string{fmt.Sprint(e.Sequence), e.OrgID, e.Actor.Kind, e.Actor.TokenID, e.Action, "done", e.Target.ID, e.Target.Name, string(e.After), e.TraceID}
		got := []string{row[0], row[2], row[3], row[4], row[7], row[8], row[11], row[12], row[14], row[15]}
		if !slices.Equal(got, want) {
			t.Fatalf("row %d is %q, want %q", i+1, got, want)
		}
	}
}

func TestAuditFilters(t *testing.T) {
	t.Parallel()
	var clock atomic.Int64
	clock.Store(int64(-time.Hour))
	begun := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	s := apptest.StartWith(t, apptest.Options{RateLimit: 100_000, Clock: func() time.Time { return begun.Add(time.Duration(clock.Load())) }})
	start := int64(len(entriesOf(t, s, s.APIToken, "")))
	clock.Store(0)
	jane := s.CreateUser("=Jane", "jane@example.com", "user")
	clock.Store(int64(time.Hour))
	s.CreateUser("John", "john@example.com", "user")
	clock.Store(int64(2 * time.Hour))
	s.Want(http.StatusOK, "PUT", "/v2/users/"+jane.ID+"/role", as(s.PersonalToken, `{"role":"admin"}`))
	token := entriesOf(t, s, s.APIToken, fmt.Sprintf("target=%s&action=createUser", jane.ID))[0].Actor.TokenID

	at := func(d time.Duration) string { return url.QueryEscape(begun.Add(d).Format(time.RFC3339Nano)) }
	for query, want := range map[string][]int64{
		"target=" + jane.ID:                                      {start + 1, start + 3},
		"target=" + jane.ID + "&action=createUser":               {start + 1},
		"actor=" + s.UserID + "&action=updateUserRole":           {start + 3},
		"action=createUs*&from=" + at(0):                         {start + 1, start + 2},
		"actor=" + token:                                         {start + 1, start + 2},
		"action=createUser&limit=1&from=" + at(0):                {start + 1},
		"from=" + at(time.Hour):                                  {start + 2, start + 3},
		"from=" + at(time.Hour) + "&to=" + at(2*time.Hour):       {start + 2},
		"from=" + at(time.Nanosecond) + "&to=" + at(time.Hour+1): {start + 2},
		"from=" + at(2*time.Hour+time.Microsecond):               nil,
		"to=" + at(-time.Hour):                                   nil,
		"to=0001-01-01T00:00:00Z":                                nil,
		"from=" + at(2*time.Hour) + "&to=" + at(time.Hour):       nil,
		"from=2026-03-01T14:00:00%2B01:00":                       {start + 2, start + 3},
		"order=desc&limit=2":                                     {start + 3, start + 2},
		"outcome=refused&target=" + jane.ID:                      nil,
		"outcome=done&target=" + jane.ID:                         {start + 1, start + 3},
		"actor=nobody":                                           nil, "target=x": nil,
	} {
		if got := numbers(entriesOf(t, s, s.APIToken, query)); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", query, got, want)
		}
	}
	ans := s.Want(http.StatusOK, "GET", "/v2/audit?format=csv&action=createUser&limit=1&from="+at(0), as(s.APIToken, ""))
	if !bytes.Contains(ans.Body, []byte(`,"'=Jane",`)) {
		t.Errorf("a formula got into CSV: %s", ans.Body)
	}
	for query, part := range map[string]string{
		"action=CREATEUSER": "not an action", "action=*User*": "not an action", "action=Create*": "a prefix such as create", "colour=red": "the known ones are from, to, actor", "order=up": "asc, desc", "outcome=x": "done, refused, any", "format=xml": "json, ndjson, csv",
		"limit=0": "from 1 to 1000", "limit=1001": "from 1 to 1000", "limit=x": "from 1 to 1000", "from=yesterday": "2030-01-31T12:00:00Z", "to=": "must not be empty", "to=today": "date and time",
		"cursor=x": "start again", "cursor=MTow": "start again", "actor=": "must not be empty", "target=%00": "control", "action=%FF": "control",
		"limit=%zz": "malformed", "limit=1&limit=2": "once", "from=2026-03-01T14:00:00+01:00": "%2B",
	} {
		wantError(t, s.Do("GET", "/v2/audit?"+query, as(s.APIToken, "")), 400, "invalid", part)
	}

	ans = s.Want(http.StatusOK, "GET", "/v2/audit", as(s.APIToken, ""))
	tag := ans.Header.Get("Etag")
	known := apptest.Request{Token: s.APIToken, Header: map[string]string{"If-None-Match": tag}}
	s.Want(http.StatusNotModified, "GET", "/v2/audit", known)
	s.CreateUser("Joan", "joan@example.com", "user")
	s.Want(http.StatusOK, "GET", "/v2/audit", known)
	for _, path := range []string{"/v2/audit", "/v2/audit?format=ndjson", "/v2/events"} {
		if ans := s.Want(http.StatusOK, "HEAD", path, as(s.APIToken, "")); len(ans.Body) > 0 {
			t.Errorf("HEAD %s has a body", path)
		}
	}
}

// No query of an organization's log returns another's entries.
func TestAuditQueriesDontCrossOrganizations(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t)
	var other struct{ ID string }
	s.Want(http.StatusOK, "POST", "/v2/orgs", as(s.PersonalToken, `{"name":"Other"}`)).Decode(t, &other)
	var user apptest.User
	s.Want(http.StatusOK, "POST", "/v2/users", inOrg(s.PersonalToken, other.ID, `{"name":"John","email":"john@example.com","role":"user"}`)).Decode(t, &user)
	for _, query := range []string{"", "target=" + user.ID, "target=" + other.ID, "actor=" + s.UserID, "outcome=any", "order=desc"} {
		for _, e := range entriesOf(t, s, s.APIToken, query) {
			if e.OrgID != s.OrgID {
				t.Errorf("%s: an entry of %s", query, e.OrgID)
			}
		}
	}
	ans := s.Want(http.StatusOK, "GET", "/v2/audit?target="+user.ID, inOrg(s.PersonalToken, other.ID, ""))
	if !strings.Contains(string(ans.Body), "john@example.com") || strings.Contains(string(ans.Body), s.OrgID) {
		t.Errorf("over there: %s", ans.Body)
	}
	if strings.Contains(string(ans.Body), "acc_") || strings.Contains(string(ans.Body), "invited") {
		t.Errorf("an account is shown: %s", ans.Body)
	}
}
