package scim_test

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/apptest"
)

const (
	coreUser  = `"urn:ietf:params:scim:schemas:core:2.0:User"`
	coreGroup = `"urn:ietf:params:scim:schemas:core:2.0:Group"`
	patchOp   = `"urn:ietf:params:scim:api:messages:2.0:PatchOp"`
)

// postmanUser is a user as Microsoft's collection creates them: members in other letter
// case, null for what has no value, meta that the server has to ignore. Each has an address
// of their own.
func postmanUser(userName, active, family, more string) string {
	return fmt.Sprintf(`{"schemas": [%s, %q], "userName": %q, "active": %s, "displayName": "Kimberly Baker",
		"externalId": "22fbc523-%s", "title": "Site engineer", "preferredLanguage": "xh", "roles": [],
		"name": {"formatted": "Daniel Mcgee", "familyName": %q, "givenName": "Darl", "honorificPrefix": null, "honorificSuffix": null},
		"emails": [{"type": "work", "Primary": true, "value": "%s@example.com"}, {"type": "other", "Primary": false, "value": "%s@example.org"}],
		"addresses": [{"country": "Bermuda", "formatted": "9132 Jennifer Way\nSouth Nancy", "locality": "West Mercedes", "type": "work", "primary": false},
			{"country": null, "formatted": "18522 Lisa Unions\nEast Gregory", "locality": null, "postalCode": null, "type": "other", "primary": false}],
		"phoneNumbers": [{"type": "fax", "primary": false, "value": "312-320-0500"}, {"type": "work", "primary": true, "value": "312-320-0932"}],
		"meta": {"created": "2019-09-18T18:15:26.5788954+00:00", "lastModified": "2019-09-18T18:15:26.5788976+00:00", "resourceType": "User"}%s}`,
		coreUser, enterpriseURN, userName, active, userName, family, userName, userName, more)
}

func postmanPatch(operations string) string {
	return `{"schemas": [` + patchOp + `], "Operations": [` + operations + `]}`
}

// The collection that Microsoft publishes with its SCIM reference code
// (PostmanCollection.json in SCIMReferenceCode): its 77 requests, folder by folder. These
// steps differ from it, because the reference server does what Roster and the RFCs don't:
//
//   - Users have addresses, and each has their own. The collection has users without, and
//     several with the same.
//   - Values in filters are in quotes, and paths have RFC 7644's letter case.
//   - PATCH of a user answers 200 with the resource, in place of 204.
//   - Totals include the owner, who is there from the beginning.
//   - Members are users, and their names in the group are those of the users.
func TestMicrosoftCollection(t *testing.T) {
	t.Parallel()
	var hours atomic.Int64
	start := time.Now()
	server := apptest.StartWith(t, apptest.Options{
		RateLimit: 1_000_000, Clock: func() time.Time { return start.Add(time.Duration(hours.Load()) * time.Hour) },
	})
	s := &suite{t: t, server: server, variables: map[string]string{}}
	requests := 0
	for _, folder := range [][]step{
		endpointTests, userTests, groupTests, complexAttributeTests, userTestsWithGarbage, groupTestsWithGarbage, teardown,
	} {
		s.run(folder)
		requests += len(folder)
		hours.Add(2) // so that what each folder deletes counts alone for the breaker
	}
	if requests != 77 {
		t.Errorf("%d requests, and the collection has 77", requests)
	}
	t.Logf("%d assertions hold", s.checks)
}

var endpointTests = []step{
	{name: "Get empty Users", method: "GET", path: "/Users", status: 200},
	{name: "Get empty Groups", method: "GET", path: "/Groups", status: 200},
	{name: "Get ResourceTypes", method: "GET", path: "/ResourceTypes", status: 200, want: []check{equal("Resources[0].endpoint", "/Users")}},
	{name: "Get ServiceProviderConfig", method: "GET", path: "/ServiceProviderConfig", status: 200, want: []check{equal("patch.supported", "true")}},
	{name: "Get Schemas", method: "GET", path: "/Schemas", status: 200, want: []check{contains("User Account")}},
}

var userTests = []step{
	{name: "Post User", method: "POST", path: "/Users", body: postmanUser("UserName123", "true", "Leenay", ""), status: 201, save: map[string]string{"id1": "id"}},
	{
		name: "Post EnterpriseUser", method: "POST", path: "/Users", status: 201, save: map[string]string{"id2": "id"},
		body: postmanUser("UserName222", "true", "Ryan", `, "`+enterpriseURN+`": {"Department": "bob", "Manager": {"Value": "SuzzyQ"}}`),
	},
	{name: "Get user1", method: "GET", path: "/Users/{{id1}}", status: 200, want: []check{equal("id", "{{id1}}")}},
	{name: "Get user2", method: "GET", path: "/Users/{{id2}}", status: 200, want: []check{equal("id", "{{id2}}")}},
	{name: "Get User Attributes", method: "GET", path: "/Users?attributes=userName,emails", status: 200, want: []check{contains("{{id1}}")}},
	{name: "Get User Filters", method: "GET", path: `/Users?filter=DisplayName eq "Kimberly Baker"`, status: 200, want: []check{contains("{{id1}}")}},
	{name: "patch user1", method: "PATCH", path: "/Users/{{id1}}", body: postmanPatch(`{"op": "replace", "path": "userName", "value": "ryan3"}`), status: 200},
	{name: "Get User1 Check Patch", method: "GET", path: "/Users/{{id1}}", status: 200, want: []check{equal("id", "{{id1}}"), equal("userName", "ryan3")}},
	{
		name: "User 2 replace test", method: "PUT", path: "/Users/{{id2}}", status: 200,
		body: `{"schemas": ["` + enterpriseURN + `", ` + coreUser + `], "id": "{{id2}}", "userName": "UserNameReplace2", "active": true,
			"name": {"formatted": "NewName", "familyName": "Leenay", "givenName": "Ryan"}, "emails": [{"Primary": true, "type": "work", "value": "r@example.com"}]}`,
	},
	{name: "Get user2 Check replace", method: "GET", path: "/Users/{{id2}}", status: 200, want: []check{equal("name.formatted", "NewName")}},
	{name: "Delete user1", method: "DELETE", path: "/Users/{{id1}}", status: 204},
	{name: "Delete user2", method: "DELETE", path: "/Users/{{id2}}", status: 204},
}

const addMember = `{"name": "addMember", "op": "add", "path": "members", "value": [{"displayName": "new User", "value": "{{id4}}"}]}`

var groupTests = []step{
	{
		name: "Create empty group", method: "POST", path: "/Groups", status: 201, save: map[string]string{"groupid": "id"},
		body: `{"externalId": "g1", "schemas": [` + coreGroup + `], "displayName": "Group1DisplayName", "members": []}`,
	},
	{name: "create user for group 2", method: "POST", path: "/Users", body: postmanUser("UserName333", "true", "Ryan", ""), status: 201, save: map[string]string{"id3": "id"}},
	{name: "Create user 4 for group 2", method: "POST", path: "/Users", body: postmanUser("UserName444", "true", "Ryan", ""), status: 201, save: map[string]string{"id4": "id"}},
	{
		name: "Create filled group 2", method: "POST", path: "/Groups", status: 201, save: map[string]string{"groupid2": "id"},
		body: `{"schemas": [` + coreGroup + `], "externalId": "g2", "displayName": "GroupDisplayName2", "members": [{"value": "{{id3}}", "display": "VP"}]}`,
	},
	{name: "Get Groups", method: "GET", path: "/Groups", status: 200},
	{
		name: "Create group 3", method: "POST", path: "/Groups", status: 201, save: map[string]string{"groupid3": "id"},
		body: `{"schemas": [` + coreGroup + `], "externalId": "g3", "displayName": "GroupDisplayName3", "members": []}`,
	},
	{
		name: "Put replace group3", method: "PUT", path: "/Groups/{{groupid3}}", status: 200,
		body: `{"schemas": [` + coreGroup + `], "id": "{{groupid3}}", "displayName": "putName",
			"members": [{"value": "{{id3}}", "display": "VP"}, {"value": "{{id4}}", "display": "SenorVP"}]}`,
	},
	{name: "Validate group 3", method: "GET", path: "/Groups/{{groupid3}}", status: 200, want: []check{equal("id", "{{groupid3}}"), contains("{{id3}}")}},
	{name: "Patch add user4 to group1", method: "PATCH", path: "/Groups/{{groupid}}", body: postmanPatch(addMember), status: 204},
	{
		name: "Patch remove user4 to group1", method: "PATCH", path: "/Groups/{{groupid}}", status: 204,
		body: postmanPatch(`{"op": "remove", "path": "members[value eq \"{{id4}}\"]"}`),
	},
	{name: "Patch add user4 to group1", method: "PATCH", path: "/Groups/{{groupid}}", body: postmanPatch(addMember), status: 204},
	{name: "Get group by id", method: "GET", path: "/Groups/{{groupid}}", status: 200, want: []check{equal("id", "{{groupid}}"), contains("{{id4}}")}},
	{name: "Patch remove all users", method: "PATCH", path: "/Groups/{{groupid}}", body: postmanPatch(`{"op": "remove", "path": "members"}`), status: 204},
	{name: "Get group by id", method: "GET", path: "/Groups/{{groupid}}", status: 200, want: []check{equal("id", "{{groupid}}"), lacks("{{id4}}")}},
	{name: "Delete user id3", method: "DELETE", path: "/Users/{{id3}}", status: 204},
	{name: "Delete user id4", method: "DELETE", path: "/Users/{{id4}}", status: 204},
	{name: "Delete group 1", method: "DELETE", path: "/Groups/{{groupid}}", status: 204},
	{name: "Delete group 2", method: "DELETE", path: "/Groups/{{groupid2}}", status: 204},
	{name: "Delete group3", method: "DELETE", path: "/Groups/{{groupid3}}", status: 204},
}

var complexAttributeTests = []step{
	{name: "create user1", method: "POST", path: "/Users", body: postmanUser("emailName357", "true", "Leenay", ""), status: 201, save: map[string]string{"id1": "id"}},
	{name: "create user2", method: "POST", path: "/Users", body: postmanUser("UserName222", "true", "Leenay", ""), status: 201, save: map[string]string{"id2": "id"}},
	{name: "Get user attributes", method: "GET", path: `/Users?attributes=emails[type eq "work"]`, status: 200, want: []check{contains("emailName357@example.com")}},
	{name: "Get user via attributes filter", method: "GET", path: `/Users?attributes=emails[value eq "emailName357"]`, status: 200, want: []check{contains("emailName357@example.com")}},
	{name: "Delete User1", method: "DELETE", path: "/Users/{{id1}}", status: 204},
	{name: "Delete User2", method: "DELETE", path: "/Users/{{id2}}", status: 204},
}

// omalley is a user as PUT replaces them.
const omalley = `{"schemas": [` + coreUser + `], "id": "{{user1}}", "active": false, "displayName": "Kimberly Baker",
	"emails": [{"type": "work", "primary": true, "value": "OMalley@example.com"}],
	"name": {"formatted": "Daniel Mcgee", "familyName": "OMalley", "givenName": "Darl", "honorificPrefix": null}, `

const germany = `[{"country": "Germany", "formatted": "1923 Jennifer Way", "locality": "East Mercedes", "type": "work", "primary": false}]`

var userTestsWithGarbage = []step{
	{
		name: `Post user "OMalley"`, method: "POST", path: "/Users", body: postmanUser("OMalley", "true", "OMalley", ""), status: 201,
		want: []check{equal("userName", "OMalley"), equal("active", "true")}, save: map[string]string{"user1": "id"},
	},
	{
		name: `Post emp1 with string "True"`, method: "POST", path: "/Users", body: postmanUser("emp1", `"True"`, "Employee", ""), status: 201,
		want: []check{equal("active", "true")}, save: map[string]string{"user2": "id"},
	},
	{name: "Get all users", method: "GET", path: "/Users", status: 200, want: []check{equal("totalResults", "3"), contains("OMalley")}},
	{name: "Post emp2", method: "POST", path: "/Users", body: postmanUser("emp2", "true", "Employee", ""), status: 201, save: map[string]string{"user3": "id"}},
	{name: "Post emp3", method: "POST", path: "/Users", body: postmanUser("emp3", "true", "Employee", ""), status: 201, save: map[string]string{"user4": "id"}},
	{name: "Post no username", method: "POST", path: "/Users", body: `{"schemas": [` + coreUser + `], "emails": [{"value": "anna33@example.com"}]}`, status: 400},
	{name: "Post junk", method: "POST", path: "/Users", body: `{"acve": tre, "adadfdresses": [{"coudftry": "Beruda"}], les": []}`, status: 400},
	{name: "Post emp3 exists", method: "POST", path: "/Users", body: postmanUser("emp3", "true", "Employee", ""), status: 409, want: []check{contains("detail")}},
	{name: "Post emp3 exists try again", method: "POST", path: "/Users", body: postmanUser("emp3", "true", "Employee", ""), status: 409, want: []check{contains("detail")}},
	{name: "Put a user no username", method: "PUT", path: "/Users/{{user1}}", body: omalley + `"userame": "OMalley"}`, status: 400},
	{
		name: "Put a user misspelled attribute", method: "PUT", path: "/Users/{{user1}}", body: omalley + `"userName": "OMalley", "adreses": ` + germany + `}`,
		status: 200, want: []check{lacks("ddresses"), lacks("adreses")},
	},
	{
		name: "Post enterprise user", method: "POST", path: "/Users", status: 201, save: map[string]string{"user5": "id"},
		body: postmanUser("enterprise", "true", "Employee", `, "`+enterpriseURN+`": {"Department": "some department"}`),
	},
	{name: "Patch user omalley new username", method: "PATCH", path: "/Users/{{user1}}", body: postmanPatch(`{"op": "Replace", "path": "userName", "value": "newusername"}`), status: 200},
	{name: "patch user omalley active with boolean", method: "PATCH", path: "/Users/{{user1}}", body: postmanPatch(`{"op": "Replace", "path": "active", "value": false}`), status: 200},
	{name: "get user1", method: "GET", path: "/Users/{{user1}}", status: 200, want: []check{equal("userName", "newusername"), equal("active", "false")}},
	{
		name: "Put a user OMalley", method: "PUT", path: "/Users/{{user1}}", body: omalley + `"userName": "OMalley", "addresses": ` + germany + `}`, status: 200,
		want: []check{equal("userName", "OMalley"), equal("active", "false"), contains("Germany")},
	},
	{name: "Paginate", method: "GET", path: "/Users?startIndex=1&count=2", status: 200, want: []check{equal("totalResults", "6"), equal("itemsPerPage", "2")}},
	{name: "get user attributes", method: "GET", path: "/Users?attributes=userName,emails", status: 200, want: []check{equal("totalResults", "6")}},
	{name: "Post emp3 exists try again", method: "POST", path: "/Users", body: postmanUser("emp3", "true", "Employee", ""), status: 409, want: []check{contains("detail")}},
	{
		name: "filter eq and (val or val)", method: "GET", status: 200, want: []check{equal("totalResults", "4")},
		path: `/Users?filter=name.FamilyName eq "Employee" and (emails.Value co "example.com" or emails.Value co "example.org")`,
	},
	{name: "filter starts with", method: "GET", path: `/Users?filter=userName sw "OM"`, status: 200, want: []check{equal("totalResults", "1")}},
	{name: "filter greater than", method: "GET", path: `/Users?filter=meta.Created gt "2015-10-10T14:38:21.8617979-07:00"`, status: 200, want: []check{equal("totalResults", "6")}},
}

var groupTestsWithGarbage = []step{
	{
		name: "Post group", method: "POST", path: "/Groups", status: 201, save: map[string]string{"group1": "id"},
		body: `{"displayName": "Group 1", "externalId": "015489ea", "schemas": [` + coreGroup + `]}`,
	},
	{
		name: "Group patch add member", method: "PATCH", path: "/Groups/{{group1}}", status: 204,
		body: `{"id": "{{group1}}", "Operations": [{"op": "add", "path": "members", "value": "{{user2}}"}], "schemas": [` + patchOp + `]}`,
	},
	{
		name: "Group patch add member2", method: "PATCH", path: "/Groups/{{group1}}", status: 204,
		body: `{"id": "{{group1}}", "Operations": [{"op": "add", "path": "members", "value": "{{user3}}"}], "schemas": [` + patchOp + `]}`,
	},
	{name: "Get group", method: "GET", path: "/Groups/{{group1}}", status: 200, want: []check{contains("{{user2}}"), contains("{{user3}}")}},
	{name: "Get group exclude members", method: "GET", path: "/Groups/{{group1}}?excludedAttributes=members", status: 200, want: []check{lacks("members")}},
	{
		name: "group put", method: "PUT", path: "/Groups/{{group1}}", status: 200, want: []check{equal("displayName", "Tiffany Ortiz")},
		body: `{"id": "{{group1}}", "displayName": "Tiffany Ortiz", "externalId": "6c6b54c2", "schemas": [` + coreGroup + `]}`,
	},
}

var teardown = []step{
	{name: "Delete user 1", method: "DELETE", path: "/Users/{{user1}}", status: 204},
	{name: "Delete user 2", method: "DELETE", path: "/Users/{{user2}}", status: 204},
	{name: "Delete user3 emp2", method: "DELETE", path: "/Users/{{user3}}", status: 204},
	{name: "Delete user4 emp3", method: "DELETE", path: "/Users/{{user4}}", status: 204},
	{name: "Delete enterprise user", method: "DELETE", path: "/Users/{{user5}}", status: 204},
	{name: "Delete group 1", method: "DELETE", path: "/Groups/{{group1}}", status: 204},
	{name: "Get all users", method: "GET", path: "/Users?attributes=userName", status: 200, want: []check{equal("totalResults", "1")}},
}
