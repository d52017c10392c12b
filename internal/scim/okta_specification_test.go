package scim_test

import (
	"testing"

	"github.com/rosterhq/roster/internal/apptest"
)

// Okta's SCIM 2.0 specification test, which Okta publishes for Runscope
// (Okta-SCIM-20-SPEC-Test.json): all 16 requests, with all assertions but those on response
// times. Okta asks for a server that has a user and a group.
func TestOktaSpecification(t *testing.T) {
	t.Parallel()
	const (
		user = `{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "{{randomUsername}}",
			"name": {"givenName": "{{randomGivenName}}", "familyName": "{{randomFamilyName}}"},
			"emails": [{"primary": true, "value": "{{randomEmail}}", "type": "work"}],
			"displayName": "{{randomGivenName}} {{randomFamilyName}}", "active": true}`
		listResponse = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
	)
	s := &suite{t: t, server: apptest.Start(t), variables: map[string]string{
		"InvalidUserEmail": "nobody@example.com", "UserIdThatDoesNotExist": "010101001010101011001010101011",
		"randomUsername": "grace.runscope@example.com", "randomUsernameCaps": "GRACE.RUNSCOPE@EXAMPLE.COM",
		"randomEmail": "grace.runscope@example.com", "randomGivenName": "Grace", "randomFamilyName": "Runscope",
	}}
	s.prepareForOkta()
	s.run([]step{
		{
			name: "Optional Test: Test ServiceProviderConfig endpoint", method: "GET", path: "/ServiceProviderConfig", status: 200,
			want: append(notEmpty("schemas", "patch", "bulk", "filter", "changePassword", "sort", "etag", "authenticationSchemes",
				"authenticationSchemes[0].type", "authenticationSchemes[0].description", "etag.supported", "sort.supported",
				"changePassword.supported", "filter.maxResults", "filter.supported", "bulk.supported", "bulk.maxOperations",
				"bulk.maxPayloadSize", "patch.supported"), has("schemas", "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig")),
		},
		{name: "Optional Test: Check if ServiceProviderConfig is read-only", method: "POST", path: "/ServiceProviderConfig", body: "test\r\n\r\n", status: 405},
		{
			name: "Optional Test: Check ResourceTypes endpoint", method: "GET", path: "/ResourceTypes", status: 200,
			want: append(notEmpty("Resources", "Resources[0].name", "Resources[0].endpoint", "Resources[0].schema"), has("schemas", listResponse)),
		},
		{name: "Optional Test: Check if ResourceTypes is read-only", method: "POST", path: "/ResourceTypes", body: "test", status: 405},
		{
			name: "Optional Test: Check Schemas endpoint", method: "GET", path: "/Schemas", status: 200,
			want: append(notEmpty("Resources", "Resources[0].id", "Resources[0].attributes"), has("schemas", listResponse)),
		},
		{name: "Optional Test: Check if Schemas is read-only", method: "POST", path: "/Schemas", body: "test", status: 405},
		{
			name: "Required Test: Test Users endpoint", method: "GET", path: "/Users?count=1&startIndex=1", status: 200,
			want: append(notEmpty("Resources", "Resources[0].id", "Resources[0].name.familyName", "Resources[0].name.givenName",
				"Resources[0].userName", "Resources[0].active", "Resources[0].emails[0].value"), has("schemas", listResponse),
				check{"itemsPerPage", "number", ""}, check{"startIndex", "number", ""}, check{"totalResults", "number", ""}),
			save: map[string]string{"ISVUserid": "Resources[0].id"},
		},
		{
			name: "Required Test: Get Users/{{id}}", method: "GET", path: "/Users/{{ISVUserid}}", status: 200,
			want: append(notEmpty("id", "name.familyName", "name.givenName", "userName", "active", "emails[0].value"), equal("id", "{{ISVUserid}}")),
		},
		{
			name: "Required Test: Test invalid User by username", method: "GET", path: `/Users?filter=userName eq "{{InvalidUserEmail}}"`, status: 200,
			want: []check{has("schemas", listResponse), equal("totalResults", "0")},
		},
		{
			name: "Required Test: Test invalid User by ID", method: "GET", path: "/Users/{{UserIdThatDoesNotExist}}", status: 404,
			want: append(notEmpty("detail"), has("schemas", "urn:ietf:params:scim:api:messages:2.0:Error")),
		},
		{
			name: "Required Test: Make sure random user doesn't exist", method: "GET", path: `/Users?filter=userName eq "{{randomEmail}}"`, status: 200,
			want: []check{equal("totalResults", "0"), has("schemas", listResponse)},
		},
		{
			name: "Required Test: Create Okta user with realistic values", method: "POST", path: "/Users", body: user, status: 201,
			want: append(notEmpty("id"), equal("active", "true"), equal("name.familyName", "{{randomFamilyName}}"),
				equal("name.givenName", "{{randomGivenName}}"), has("schemas", "urn:ietf:params:scim:schemas:core:2.0:User"),
				equal("userName", "{{randomUsername}}")),
			save: map[string]string{"idUserOne": "id"},
		},
		{
			name: "Required Test: Verify that user was created", method: "GET", path: "/Users/{{idUserOne}}", status: 200,
			want: []check{
				equal("userName", "{{randomUsername}}"), equal("name.familyName", "{{randomFamilyName}}"), equal("name.givenName", "{{randomGivenName}}"),
			},
		},
		{name: "Required Test: Expect failure when recreating user with same values", method: "POST", path: "/Users", body: user, status: 409},
		{name: "Required Test: Username Case Sensitivity Check", method: "GET", path: "/Users?filter={{randomUsernameCaps}}", status: 400},
		{name: "Optional Test: Verify Groups endpoint", method: "GET", path: "/Groups", status: 200, want: notEmpty("totalResults", "Resources")},
	})
	t.Logf("%d assertions hold", s.checks)
}

// prepareForOkta adds a group, and gives the owner, who is the first user, a name in two
// parts: accounts have a name in one.
func (s *suite) prepareForOkta() {
	s.t.Helper()
	s.variables["owner"] = s.server.UserID
	s.run([]step{
		{name: "add a group", method: "POST", path: "/Groups", body: `{"displayName": "Engineering"}`, status: 201},
		{
			name: "name the owner", method: "PATCH", path: "/Users/{{owner}}", status: 200,
			body: `{"Operations": [{"op": "add", "value": {"name.givenName": "Olivia", "name.familyName": "Owner"}}]}`,
		},
	})
	s.checks = 0
}
