package oauth_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/rosterhq/roster/internal/applications"
	"github.com/rosterhq/roster/internal/apptest"
	"github.com/rosterhq/roster/internal/directory"
)

// An application of one organization learns nothing about tokens of another: what is good
// there, suspended there, or never was, has the same answer, byte for byte.
func TestIntrospectionOfAnotherOrganization(t *testing.T) {
	b := start(t)
	apps := applications.New(b.Service)
	b.Want(http.StatusOK, "POST", "/v2/apps", apptest.Request{Token: b.PersonalToken, Body: `{"id": "own", "name": "Own", "types": {"a": {"actions": ["b"]}}}`})
	var own struct{ Credential string }
	b.Want(http.StatusOK, "POST", "/v2/apps/own/credentials", apptest.Request{Token: b.PersonalToken}).Decode(t, &own)
	var other struct{ ID string }
	b.Want(http.StatusOK, "POST", "/v2/orgs", apptest.Request{Token: b.PersonalToken, Body: `{"name": "Other"}`}).Decode(t, &other)
	there := map[string]string{"X-Axiom-Org-Id": other.ID}
	b.Want(http.StatusOK, "POST", "/v2/users", apptest.Request{
		Token: b.PersonalToken, Header: there, Body: `{"name": "Rival", "email": "rival@example.net", "role": "admin"}`,
	})
	var made struct{ Token string }
	b.Want(http.StatusOK, "POST", "/v2/tokens", apptest.Request{
		Token: b.PersonalToken, Header: there, Body: `{"name": "rival", "orgCapabilities": {"users": ["read"]}}`,
	}).Decode(t, &made)
	personal := b.TokenOf("rival@example.net")
	ask := func(credential, token string) string {
		answer := b.post("/oauth2/introspect", credential, url.Values{"token": {token}})
		if answer.Status != http.StatusOK {
			t.Fatalf("%d %s", answer.Status, answer.Body)
		}
		return strings.TrimSpace(string(answer.Body))
	}
	if got := ask(own.Credential, b.PersonalToken); !strings.Contains(got, `"active":true`) {
		t.Fatalf("its own organization: %s", got)
	}
	never := ask(own.Credential, "xapt-00000000-0000-4000-8000-000000000000")
	for what, token := range map[string]string{"a personal token": personal, "an API token": made.Token, "a credential": b.credential} {
		if got := ask(own.Credential, token); got != never {
			t.Errorf("%s of another organization: %s, want %s", what, got, never)
		}
	}
	// Nor does it get a yes by naming the other organization.
	answer := b.post("/oauth2/introspect", own.Credential, url.Values{"token": {personal}, "organization": {other.ID}})
	if got := strings.TrimSpace(string(answer.Body)); got != never {
		t.Errorf("by name: %s", got)
	}
	// Once the application is gone, so is its credential.
	if _, err := apps.Remove(t.Context(), directory.OrgID(b.OrgID), "own", applications.How{}); err != nil {
		t.Fatal(err)
	}
	if answer := b.post("/oauth2/introspect", own.Credential, url.Values{"token": {b.PersonalToken}}); answer.Status != http.StatusUnauthorized {
		t.Errorf("a credential of an application that is gone: %d %s", answer.Status, answer.Body)
	}
}

// A token that is bound to networks is active only for an address in them, and exchanged
// only from there.
func TestBoundToken(t *testing.T) {
	b := start(t)
	var bound struct{ ID, Token string }
	b.Want(http.StatusOK, "POST", "/v2/tokens", apptest.Request{
		Token: b.PersonalToken, Body: `{"name": "bound", "appCapabilities": {"billing": {"report": ["read"]}}}`,
	}).Decode(t, &bound)
	b.Want(http.StatusOK, "PUT", "/v2/tokens/"+bound.ID+"/networks", apptest.Request{Token: b.PersonalToken, Body: `{"networks": ["192.0.2.0/24"]}`})
	for address, want := range map[string]bool{"192.0.2.7": true, "198.51.100.1": false, "": false, "127.0.0.1": false, "192.0.2.7, 198.51.100.1": false, "::ffff:192.0.2.7": true} {
		if got := b.introspect(bound.Token, "ip_address", address); got["active"] != want {
			t.Errorf("from %q: %v", address, got)
		}
	}
	answer := b.post("/oauth2/token", "", url.Values{
		"grant_type": {"urn:ietf:params:oauth:grant-type:token-exchange"}, "audience": {"billing"},
		"subject_token": {bound.Token}, "subject_token_type": {"urn:ietf:params:oauth:token-type:access_token"},
	})
	if answer.Status != http.StatusBadRequest {
		t.Errorf("exchanged from elsewhere: %d %s", answer.Status, answer.Body)
	}
}
