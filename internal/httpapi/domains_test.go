package httpapi_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/rosterhq/roster/internal/apptest"
	"github.com/rosterhq/roster/internal/dnsresolve"
	"github.com/rosterhq/roster/internal/dnstest"
)

func TestDomains(t *testing.T) {
	t.Parallel()
	dns := dnstest.Start(t)
	s := apptest.StartWith(t, apptest.Options{RateLimit: 1_000_000, Resolver: dnsresolve.New(dns.Addr)})
	var d struct{ Domain, RecordName, RecordValue, VerifiedAt string }
	s.Want(http.StatusOK, "POST", "/v2/domains", as(s.PersonalToken, `{"domain":"Example.COM"}`)).Decode(t, &d)
	if d.Domain != "example.com" || d.RecordName != "_roster-challenge.example.com" || d.VerifiedAt != "" {
		t.Errorf("added %+v", d)
	}
	wantError(t, s.Do("POST", "/v2/domains", as(s.PersonalToken, `{"domain":"example.com"}`)), 409, "conflict", "already")
	wantError(t, s.Do("POST", "/v2/domains", as(s.PersonalToken, `{"domain":"x"}`)), 400, "invalid", "domain")
	wantError(t, s.Do("POST", "/v2/domains", as(s.APIToken, `{"domain":"x.example"}`)), 403, "forbidden", "")
	wantError(t, s.Do("POST", "/v2/domains/example.com/verify", as(s.PersonalToken, "")), 409, "conflict", d.RecordValue)
	wantError(t, s.Do("POST", "/v2/domains/example.org/verify", as(s.PersonalToken, "")), 404, "not_found", "domain")
	wantError(t, s.Do("DELETE", "/v2/domains/example.org", as(s.PersonalToken, "")), 404, "not_found", "domain")

	dns.SetTXT(d.RecordName, "v=spf1 -all", d.RecordValue)
	s.Want(http.StatusOK, "POST", "/v2/domains/example.com/verify?dryRun=true", as(s.PersonalToken, ""))
	list := func() string { return string(s.Want(http.StatusOK, "GET", "/v2/domains", as(s.APIToken, "")).Body) }
	if got := list(); !strings.Contains(got, `"verifiedAt":null`) {
		t.Errorf("after a dry run, the list is %s", got)
	}
	s.Want(http.StatusOK, "POST", "/v2/domains/EXAMPLE.com/verify", as(s.PersonalToken, "")).Decode(t, &d)
	if d.VerifiedAt == "" || !strings.Contains(list(), d.VerifiedAt) {
		t.Errorf("verified %+v, the list is %s", d, list())
	}
	stale := apptest.Request{Token: s.PersonalToken, Header: map[string]string{"If-Match": `"x"`}}
	wantError(t, s.Do("DELETE", "/v2/domains/example.com", stale), 412, "precondition_failed", "")
	s.Want(http.StatusNoContent, "DELETE", "/v2/domains/example.com", as(s.PersonalToken, ""))
	if got := list(); got != "[]\n" {
		t.Errorf("in the end, the list is %s", got)
	}
}
