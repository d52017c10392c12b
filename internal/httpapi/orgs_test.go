package httpapi_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/rosterhq/roster/internal/apptest"
)

func inOrg(token, org, body string) apptest.Request {
	return apptest.Request{Token: token, Body: body, Header: map[string]string{"X-Axiom-Org-Id": org}}
}

// An account in several organizations has to name one per request. Joining one takes the
// person's consent, and an inviter can't tell whether an address has an account.
func TestOrganizationsAreNamedAndJoinedByConsent(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t)
	jane := s.CreateUser("Jane", "jane@example.com", "user")
	token := s.TokenOf("jane@example.com")
	wantError(t, s.Do("POST", "/v2/orgs", as(s.APIToken, `{"name":"x"}`)), 403, "forbidden", "personal token")
	wantError(t, s.Do("POST", "/v2/orgs", as(token, `{"name":"x","edgeDeployment":"moon"}`)), 400, "invalid", "self-hosted")
	var other struct{ ID, Name, Role string }
	s.Want(http.StatusOK, "POST", "/v2/orgs", as(s.PersonalToken, `{"name":"Other"}`)).Decode(t, &other)
	if other.Role != "owner" || !strings.HasPrefix(other.ID, "other-") {
		t.Errorf("made %+v", other)
	}
	wantError(t, s.Do("GET", "/v2/users", as(s.PersonalToken, "")), 400, "invalid", "X-Axiom-Org-Id")
	s.Want(http.StatusOK, "PUT", "/v2/users/"+s.UserID, as(s.PersonalToken, `{"name":"Olivia O."}`))
	wantError(t, s.Do("GET", "/v2/users", inOrg(token, other.ID, "")), 403, "forbidden", "X-Axiom-Org-Id")

	invite := func(email string) (u apptest.User, body string) {
		ans := s.Want(http.StatusOK, "POST", "/v2/users", inOrg(s.PersonalToken, other.ID, `{"name":"New","email":"`+email+`","role":"admin"}`))
		ans.Decode(t, &u)
		return u, strings.NewReplacer(u.ID, "ID", u.Email, "EMAIL").Replace(string(ans.Body))
	}
	invited, known := invite("Jane@example.com")
	_, unknown := invite("unknown@example.com")
	if known != unknown {
		t.Errorf("the inviter is told %s and %s", known, unknown)
	}
	if invited.ID == jane.ID {
		t.Error("the inviter learns her id elsewhere")
	}
	// Until she accepts she is in one organization and is nobody in the other.
	s.Want(http.StatusOK, "GET", "/v2/users", as(token, ""))
	wantError(t, s.Do("GET", "/v2/users", inOrg(token, other.ID, "")), 403, "forbidden", "X-Axiom-Org-Id")
	open := s.Want(http.StatusOK, "GET", "/v2/user/invitations", as(token, ""))
	if !strings.Contains(string(open.Body), other.ID) {
		t.Errorf("invitations %s", open.Body)
	}
	wantError(t, s.Do("POST", "/v2/user/invitations/nothing/accept", as(token, "")), 404, "not_found", "invitation")
	wantError(t, s.Do("POST", "/v2/user/invitations/nothing/decline", as(token, "")), 404, "not_found", "invitation")
	var joined apptest.User
	s.Want(http.StatusOK, "POST", "/v2/user/invitations/"+other.ID+"/accept", as(token, "")).Decode(t, &joined)
	if joined.ID != invited.ID || joined.Name != "Jane" {
		t.Errorf("joined as %+v", joined)
	}
	s.Want(http.StatusOK, "GET", "/v2/users", inOrg(token, other.ID, ""))

	// An admin may rename the organization, a user may not, a stranger sees none.
	s.Want(http.StatusOK, "PUT", "/v2/orgs/"+other.ID, as(token, `{"name":"Another"}`))
	wantError(t, s.Do("PUT", "/v2/orgs/"+other.ID, as(token, `{"name":""}`)), 400, "invalid", "name")
	wantError(t, s.Do("PUT", "/v2/orgs/"+s.OrgID, as(token, `{"name":"Mine"}`)), 403, "forbidden", "owner or admin")
	wantError(t, s.Do("PUT", "/v2/orgs/nothing", as(token, `{"name":"x"}`)), 404, "not_found", "organization")
	wantError(t, s.Do("GET", "/v2/orgs/"+other.ID, as(s.APIToken, "")), 404, "not_found", "organization")
	var orgs []json.RawMessage
	if s.Want(http.StatusOK, "GET", "/v2/orgs", as(token, "")).Decode(t, &orgs); len(orgs) != 2 {
		t.Errorf("orgs %s", orgs)
	}
	s.Want(http.StatusOK, "GET", "/v2/orgs/"+other.ID, as(token, ""))

	// Declining takes the invited user away.
	s.CreateUser("Jim", "jim@example.com", "none")
	jim := s.TokenOf("jim@example.com")
	u, _ := invite("jim@example.com")
	s.Want(http.StatusNoContent, "POST", "/v2/user/invitations/"+other.ID+"/decline", as(jim, ""))
	wantError(t, s.Do("GET", "/v2/users/"+u.ID, inOrg(s.PersonalToken, other.ID, "")), 404, "not_found", "user")
}

// A temporary organization works with its token and is claimed with its link.
func TestProvision(t *testing.T) {
	t.Parallel()
	s := apptest.StartWith(t, apptest.Options{AllowProvision: true, RateLimit: 1000})
	var made struct{ ID, Token, ClaimURL, Name string }
	s.Want(http.StatusOK, "POST", "/v2/orgs/provision", as("", `{"name":"Trial"}`)).Decode(t, &made)
	s.Want(http.StatusOK, "GET", "/v2/users", as(made.Token, ""))
	base, claim, ok := strings.Cut(made.ClaimURL, "#")
	if !ok || base != s.URL+"/claim" {
		t.Errorf("claim URL %s", made.ClaimURL)
	}
	page := s.Want(http.StatusOK, "GET", "/claim", apptest.Request{})
	if csp := page.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "script-src 'sha256-") {
		t.Errorf("policy %s", csp)
	}
	body := `{"claim":"` + claim + `","name":"Jim","email":"jim@example.com"}`
	wantError(t, s.Do("POST", "/v2/orgs/claim", as("", `{"claim":"`+claim+`","name":"","email":"jim@example.com"}`)), 400, "invalid", "name")
	wantError(t, s.Do("POST", "/v2/orgs/claim", as("", `{"claim":"`+claim+`","name":"O","email":"owner@example.com"}`)), 409, "conflict", "personal token")
	wantError(t, s.Do("POST", "/v2/orgs/claim", as("xapt-x", body)), 401, "unauthenticated", "")
	wantError(t, s.Do("POST", "/v2/orgs/claim", as(made.Token, body)), 403, "forbidden", "personal token")
	wantError(t, s.Do("POST", "/v2/orgs/claim", as(s.APIToken, body)), 403, "forbidden", "personal token")
	var claimed struct{ OrgID, UserID, Token string }
	s.Want(http.StatusOK, "POST", "/v2/orgs/claim", as("", body)).Decode(t, &claimed)
	s.Want(http.StatusOK, "GET", "/v2/users/"+claimed.UserID, as(claimed.Token, ""))
	wantError(t, s.Do("POST", "/v2/orgs/claim", as("", body)), 404, "not_found", "claim")
	s.Want(http.StatusOK, "POST", "/v2/orgs/provision", as("", `{}`))
	s.Want(http.StatusOK, "POST", "/v2/orgs/provision", as("", `{}`))
	wantError(t, s.Do("POST", "/v2/orgs/provision", as("", `{}`)), 429, "rate_limited", "a day")
	wantError(t, s.Do("POST", "/v2/orgs/provision", as("", `{"edgeDeployment":"moon"}`)), 400, "invalid", "self-hosted")

	off := apptest.Start(t)
	wantError(t, off.Do("POST", "/v2/orgs/provision", as("", `{}`)), 403, "forbidden", "--allow-provision")
	wantError(t, off.Do("POST", "/v2/orgs/claim", as("", `{}`)), 403, "forbidden", "--allow-provision")
	off.Want(http.StatusNotFound, "GET", "/claim", apptest.Request{})
}

// A dry run answers the same, tells who would gain and lose what, and writes nothing.
func TestDryRun(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t)
	jane := s.CreateUser("Jane", "jane@example.com", "none")
	var role roleBody
	s.Want(http.StatusOK, "POST", "/v2/rbac/roles", as(s.APIToken, `{"name":"Support","orgCapabilities":{"users":["read"]}}`)).Decode(t, &role)
	state := func() string {
		var b strings.Builder
		for _, path := range []string{"/v2/users", "/v2/tokens", "/v2/rbac/roles", "/v2/rbac/groups", "/v2/orgs"} {
			b.Write(s.Want(http.StatusOK, "GET", path, as(s.APIToken, "")).Body)
		}
		return b.String()
	}
	before := state()
	type diff struct {
		Changes []struct {
			Kind, ID     string
			Gained, Lost []string
		}
		Omitted int
	}
	for _, c := range []struct {
		method, path, token, body string
		who                       string
		gained, lost              int
	}{
		{"PUT", "/v2/users/" + jane.ID + "/role", s.APIToken, `{"role":"` + role.ID + `"}`, jane.ID, 1, 0},
		{"POST", "/v2/rbac/groups", s.APIToken, `{"name":"g","members":["` + jane.ID + `"],"roles":["` + role.ID + `"]}`, jane.ID, 1, 0},
		{"POST", "/v2/rbac/roles", s.APIToken, `{"name":"r","orgCapabilities":{"users":["read","create"]},"members":["` + jane.ID + `"]}`, jane.ID, 2, 0},
		{"POST", "/v2/users", s.APIToken, `{"name":"J","email":"j@example.com","role":"` + role.ID + `"}`, "", 1, 0},
		{"POST", "/v2/tokens", s.PersonalToken, `{"name":"t","orgCapabilities":{"users":["read"]},"datasetCapabilities":{"ü":{"query":["read"]}}}`, "", 0, 0},
		{"DELETE", "/v2/users/" + jane.ID, s.APIToken, "", "", 0, 0},
	} {
		ans := s.Do(c.method, c.path+"?dryRun=true", as(c.token, c.body))
		var d diff
		if err := json.Unmarshal([]byte(ans.Header.Get("Roster-Access-Diff")), &d); err != nil || ans.Status >= 300 {
			t.Errorf("%s %s: %d %s, diff %q: %v", c.method, c.path, ans.Status, ans.Body, ans.Header.Get("Roster-Access-Diff"), err)
			continue
		}
		switch {
		case c.path == "/v2/tokens":
			if len(d.Changes) != 1 || strings.Join(d.Changes[0].Gained, " ") != "users|read dataset:ü:query|read" || strings.Contains(string(ans.Body), "xaat-") {
				t.Errorf("a token would be: %+v %s", d, ans.Body)
			}
		case c.gained+c.lost == 0:
			if len(d.Changes) != 0 {
				t.Errorf("%s %s changes %+v", c.method, c.path, d)
			}
		case len(d.Changes) != 1 || (c.who != "" && d.Changes[0].ID != c.who) || len(d.Changes[0].Gained) != c.gained || len(d.Changes[0].Lost) != c.lost:
			t.Errorf("%s %s changes %+v", c.method, c.path, d)
		}
	}
	if after := state(); after != before {
		t.Errorf("dry runs changed %s to %s", before, after)
	}
	// A dry run refuses the same requests.
	wantError(t, s.Do("DELETE", "/v2/users/"+s.UserID+"?dryRun=true", as(s.PersonalToken, "")), 409, "conflict", "last owner")
	wantError(t, s.Do("DELETE", "/v2/users/"+jane.ID+"?dryRun=maybe", as(s.APIToken, "")), 400, "invalid", "dryRun")
	s.Want(http.StatusOK, "PUT", "/v2/users/"+jane.ID+"/role", as(s.APIToken, `{"role":"`+role.ID+`"}`))
	var d diff
	ans := s.Do("PUT", "/v2/rbac/roles/"+role.ID+"?dryRun=true", as(s.APIToken, `{"name":"Support"}`))
	if err := json.Unmarshal([]byte(ans.Header.Get("Roster-Access-Diff")), &d); err != nil || len(d.Changes) != 1 || strings.Join(d.Changes[0].Lost, " ") != "users|read" {
		t.Errorf("the role's change would be %+v, %v", d, err)
	}
}
