package scim_test

import (
	"fmt"
	"testing"

	"github.com/rosterhq/roster/internal/apptest"
)

// The examples of RFC 7644, by section. They differ from the RFC's text in what Roster
// requires (an address), in ids, and in the host.

const (
	bjensen = `{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "bjensen", "externalId": "bjensen",
		"emails": [{"value": "bjensen@example.com", "type": "work", "primary": true}],
		"name": {"formatted": "Ms. Barbara J Jensen III", "familyName": "Jensen", "givenName": "Barbara"}}`
	listURN = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
)

func rfcSuite(t *testing.T) *suite {
	t.Parallel()
	return &suite{t: t, server: apptest.Start(t), variables: map[string]string{}}
}

// createBJensen is the first step of most examples.
var createBJensen = step{
	name: "create", method: "POST", path: "/Users", body: bjensen, status: 201, save: map[string]string{"id": "id", "etag": "meta.version", "location": "meta.location"},
}

func TestRFC7644Section3_3_Creating(t *testing.T) {
	s := rfcSuite(t)
	create := createBJensen
	create.want = []check{
		equal("schemas[0]", userURN), equal("externalId", "bjensen"), equal("meta.resourceType", "User"),
		equal("name.formatted", "Ms. Barbara J Jensen III"), equal("name.familyName", "Jensen"), equal("name.givenName", "Barbara"), equal("userName", "bjensen"),
	}
	s.run([]step{
		create,
		{name: "again", method: "POST", path: "/Users", body: bjensen, status: 409, want: []check{equal("scimType", "uniqueness"), equal("status", "409")}},
	})
}

func TestRFC7644Section3_4_1_RetrievingAKnownResource(t *testing.T) {
	s := rfcSuite(t)
	s.run([]step{
		createBJensen,
		{
			name: "3.4.1", method: "GET", path: "/Users/{{id}}", status: 200,
			want: append(notEmpty("meta.created", "meta.lastModified"), equal("id", "{{id}}"), equal("meta.location", "{{location}}"), equal("meta.version", "{{etag}}")),
		},
		{name: "unknown", method: "GET", path: "/Users/2819c223-7f76-453a-919d-413861904646", status: 404, want: []check{equal("status", "404")}},
	})
}

func TestRFC7644Section3_4_2_Lists(t *testing.T) {
	s := rfcSuite(t)
	s.run([]step{
		createBJensen,
		{
			name: "create jsmith", method: "POST", path: "/Users", status: 201,
			body: `{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "jsmith", "title": "Manager", "userType": "Employee", "emails": [{"value": "jsmith@example.org", "primary": true}]}`,
		},
		{
			name: "3.4.2: attributes", method: "GET", path: "/Users?attributes=userName", status: 200,
			want: []check{equal("totalResults", "3"), equal("itemsPerPage", "3"), has("schemas", listURN), contains(`"userName":"jsmith"`), lacks("Barbara")},
		},
		{
			name: "3.4.2.4: a page", method: "GET", path: "/Users?startIndex=1&count=2&sortBy=userName", status: 200,
			want: []check{equal("totalResults", "3"), equal("itemsPerPage", "2"), equal("startIndex", "1"), equal("Resources[0].userName", "bjensen")},
		},
		{
			name: "3.4.2.4: the next page", method: "GET", path: "/Users?startIndex=3&count=2&sortBy=userName", status: 200,
			want: []check{equal("totalResults", "3"), equal("itemsPerPage", "1"), equal("startIndex", "3")},
		},
		{
			name: "3.4.2.4: count 0", method: "GET", path: "/Users?count=0", status: 200, want: []check{equal("totalResults", "3"), lacks("Resources")},
		},
		{
			name: "3.4.2.3: sortOrder", method: "GET", path: "/Users?sortBy=userName&sortOrder=descending", status: 200,
			want: []check{equal("Resources[0].userName", "owner@example.com"), equal("Resources[2].userName", "bjensen")},
		},
		{
			name: "3.4.2.3: resources without the attribute come last", method: "GET", path: "/Users?sortBy=title", status: 200,
			want: []check{equal("Resources[0].userName", "jsmith")},
		},
		{name: "3.4.2: nothing matches", method: "GET", path: `/Users?filter=userName eq "nobody"`, status: 200, want: []check{equal("totalResults", "0")}},
	})
}

// The filters of RFC 7644 section 3.4.2.2, with how many of three users they find: bjensen,
// an employee with a title, and the owner.
func TestRFC7644Section3_4_2_2_Filtering(t *testing.T) {
	s := rfcSuite(t)
	s.run([]step{createBJensen, {
		name: "an employee", method: "POST", path: "/Users", status: 201,
		body: `{"schemas": ["` + userURN + `"], "userName": "J.O'Malley", "title": "Tour Guide", "userType": "Employee",
			"name": {"familyName": "O'Malley"}, "emails": [{"type": "work", "value": "jomalley@example.com", "primary": true}, {"type": "home", "value": "j@example.org"}],
			"ims": [{"type": "xmpp", "value": "someone@foo.com"}]}`,
	}})
	for filter, found := range map[string]int{
		`userName eq "bjensen"`:         1,
		`name.familyName co "O'Malley"`: 1,
		`userName sw "J"`:               1,
		`urn:ietf:params:scim:schemas:core:2.0:User:userName sw "J"`: 1,
		`title pr`: 1,
		`meta.lastModified gt "2011-05-13T04:42:34Z"`:                                                       3,
		`meta.lastModified ge "2011-05-13T04:42:34Z"`:                                                       3,
		`meta.lastModified lt "2011-05-13T04:42:34Z"`:                                                       0,
		`meta.lastModified le "2011-05-13T04:42:34Z"`:                                                       0,
		`title pr and userType eq "Employee"`:                                                               1,
		`title pr or userType eq "Intern"`:                                                                  1,
		`schemas eq "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"`:                           0,
		`userType eq "Employee" and (emails co "example.com" or emails.value co "example.org")`:             1,
		`userType ne "Employee" and not (emails co "example.com" or emails.value co "example.org")`:         0,
		`userType eq "Employee" and (emails.type eq "work")`:                                                1,
		`userType eq "Employee" and emails[type eq "work" and value co "@example.com"]`:                     1,
		`emails[type eq "work" and value co "@example.com"] or ims[type eq "xmpp" and value co "@foo.com"]`: 2,
	} {
		s.run([]step{{name: "3.4.2.2", method: "GET", path: "/Users?filter=" + filter, status: 200, want: []check{equal("totalResults", fmt.Sprint(found))}}})
	}
	for _, filter := range []string{`userName xx "a"`, `userName eq`, `(userName pr`, `active gt true`, `nothing eq "x"`} {
		s.run([]step{{name: "3.4.2.2, an error", method: "GET", path: "/Users?filter=" + filter, status: 400, want: []check{equal("scimType", "invalidFilter")}}})
	}
}

func TestRFC7644Section3_4_3_Searching(t *testing.T) {
	s := rfcSuite(t)
	s.run([]step{
		{
			name: "create smith", method: "POST", path: "/Users", status: 201,
			body: `{"schemas": ["` + userURN + `"], "userName": "jsmith", "displayName": "Smith, James", "emails": [{"value": "jsmith@example.com", "primary": true}]}`,
		},
		{
			name: "3.4.3", method: "POST", path: "/Users/.search", status: 200,
			body: `{"schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"], "attributes": ["displayName", "userName"],
				"filter": "displayName sw \"smith\"", "startIndex": 1, "count": 10}`,
			want: []check{has("schemas", listURN), equal("totalResults", "1"), equal("itemsPerPage", "1"), equal("Resources[0].displayName", "Smith, James"), lacks("emails")},
		},
	})
}

func TestRFC7644Section3_5_1_Replacing(t *testing.T) {
	s := rfcSuite(t)
	s.run([]step{createBJensen, {
		name: "3.5.1", method: "PUT", path: "/Users/{{id}}", status: 200,
		body: `{"schemas": ["` + userURN + `"], "id": "{{id}}", "userName": "bjensen", "externalId": "bjensen",
			"name": {"formatted": "Ms. Barbara J Jensen III", "familyName": "Jensen", "givenName": "Barbara", "middleName": "Jane"},
			"roles": [], "emails": [{"value": "bjensen@example.com"}, {"value": "babs@jensen.org"}]}`,
		want: []check{
			equal("id", "{{id}}"), equal("name.middleName", "Jane"), equal("emails[0].value", "bjensen@example.com"), equal("emails[1].value", "babs@jensen.org"),
			equal("meta.location", "{{location}}"), lacks(`"roles"`),
		},
	}})
}

func TestRFC7644Section3_6_Deleting(t *testing.T) {
	s := rfcSuite(t)
	s.run([]step{
		createBJensen,
		{name: "3.6", method: "DELETE", path: "/Users/{{id}}", status: 204},
		{name: "3.6: gone", method: "GET", path: "/Users/{{id}}", status: 404},
		{name: "3.6: in no list", method: "GET", path: `/Users?filter=userName eq "bjensen"`, status: 200, want: []check{equal("totalResults", "0")}},
		{name: "3.6: the userName is free", method: "POST", path: "/Users", body: bjensen, status: 201},
	})
}

func TestRFC7644Section3_9_AttributesOfResponses(t *testing.T) {
	s := rfcSuite(t)
	s.run([]step{
		createBJensen,
		{
			name: "3.9: attributes", method: "GET", path: "/Users/{{id}}?attributes=userName", status: 200,
			want: []check{equal("id", "{{id}}"), equal("userName", "bjensen"), lacks("externalId"), lacks("meta")},
		},
		{
			name: "3.9: excludedAttributes", method: "GET", path: "/Users/{{id}}?excludedAttributes=emails,name.givenName,id", status: 200,
			want: []check{equal("id", "{{id}}"), lacks(`"emails"`), lacks("givenName"), equal("name.familyName", "Jensen")},
		},
		{
			name: "3.9 and 3.10: of a change, with the URN", method: "PATCH", path: "/Users/{{id}}?attributes=urn:ietf:params:scim:schemas:core:2.0:User:name.familyName", status: 200,
			body: `{"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [{"op": "replace", "path": "urn:ietf:params:scim:schemas:core:2.0:User:name.familyName", "value": "Roe"}]}`,
			want: []check{equal("name.familyName", "Roe"), lacks("Barbara"), lacks("userName")},
		},
	})
}

func TestRFC7644Section3_11And3_12_MeAndErrors(t *testing.T) {
	s := rfcSuite(t)
	const errorURN = "urn:ietf:params:scim:api:messages:2.0:Error"
	s.run([]step{
		createBJensen,
		{name: "3.11: an API token is nobody", method: "GET", path: "/Me", status: 501, want: []check{has("schemas", errorURN), equal("status", "501")}},
		{
			name: "3.12: a read-only attribute", method: "PATCH", path: "/Users/{{id}}", status: 400,
			body: `{"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [{"op": "replace", "path": "id", "value": "x"}]}`,
			want: []check{has("schemas", errorURN), equal("scimType", "mutability"), equal("status", "400"), notEmpty("detail")[0]},
		},
		{
			name: "3.12: a body that is no JSON", method: "POST", path: "/Users", body: `{"schemas": [`, status: 400,
			want: []check{has("schemas", errorURN), equal("scimType", "invalidSyntax")},
		},
		{
			name: "3.12: a required attribute", method: "POST", path: "/Users", body: `{"schemas": ["` + userURN + `"]}`, status: 400,
			want: []check{has("schemas", errorURN), equal("scimType", "invalidValue")},
		},
		{
			name: "3.12: a path that can't be parsed", method: "PATCH", path: "/Users/{{id}}", status: 400,
			body: `{"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [{"op": "replace", "path": "emails[", "value": "x"}]}`,
			want: []check{equal("scimType", "invalidPath")},
		},
		{
			name: "3.12: a path that selects nothing", method: "PATCH", path: "/Users/{{id}}", status: 400,
			body: `{"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [{"op": "replace", "path": "emails[value eq \"x\"]", "value": {"value": "y"}}]}`,
			want: []check{equal("scimType", "noTarget")},
		},
	})
}
