package scim_test

import (
	"strings"
	"testing"
)

const bulkURN = `"urn:ietf:params:scim:api:messages:2.0:BulkRequest"`

// bulked is a bulk request with operations.
func bulked(name, operations string, want ...check) step {
	return step{name: name, method: "POST", path: "/Bulk", status: 200, want: want, body: `{"schemas": [` + bulkURN + `], "Operations": [` + operations + `]}`}
}

// The example of section 3.7.3, with operations on resources that exist.
func TestRFC7644Section3_7_3_ResponseAndErrors(t *testing.T) {
	s := rfcSuite(t)
	second, third := createBJensen, createBJensen
	second.body, second.save = `{"userName": "bob@example.com"}`, map[string]string{"bob": "id", "bobTag": "meta.version"}
	third.body, third.save = `{"userName": "eve@example.com"}`, map[string]string{"eve": "id", "eveTag": "meta.version"}
	s.run([]step{createBJensen, second, third})
	for _, tag := range []string{"bobTag", "eveTag", "etag"} { // they stand in JSON
		s.variables[tag] = strings.ReplaceAll(s.variables[tag], `"`, `\"`)
	}
	s.run([]step{
		{
			name: "3.7.3: the response has a result for each operation", method: "POST", path: "/Bulk", status: 200,
			body: `{"schemas": [` + bulkURN + `], "failOnErrors": 1, "Operations": [
				{"method": "POST", "path": "/Users", "bulkId": "qwerty", "data": {"schemas": ["` + userURN + `"], "userName": "Alice", "emails": [{"value": "alice@example.com", "primary": true}]}},
				{"method": "PUT", "path": "/Users/{{bob}}", "version": "{{bobTag}}", "data": {"schemas": ["` + userURN + `"], "id": "{{bob}}", "userName": "Bob"}},
				{"method": "PATCH", "path": "/Users/{{id}}", "version": "{{etag}}", "data": {"schemas": ["` + patchURN + `"], "Operations": [
					{"op": "remove", "path": "name"}, {"op": "add", "path": "nickName", "value": "Dave"}]}},
				{"method": "DELETE", "path": "/Users/{{eve}}", "version": "{{eveTag}}"}]}`,
			want: append(notEmpty("Operations[0].location", "Operations[0].version", "Operations[1].version", "Operations[2].version", "Operations[3].location"),
				has("schemas", "urn:ietf:params:scim:api:messages:2.0:BulkResponse"),
				equal("Operations[0].method", "POST"), equal("Operations[0].bulkId", "qwerty"), equal("Operations[0].status", "201"),
				equal("Operations[1].method", "PUT"), equal("Operations[1].status", "200"),
				equal("Operations[2].location", "{{location}}"), equal("Operations[2].method", "PATCH"), equal("Operations[2].status", "200"),
				equal("Operations[3].method", "DELETE"), equal("Operations[3].status", "204")),
		},
		{
			name: "3.7.3: the request stops at failOnErrors", method: "POST", path: "/Bulk", status: 200,
			body: `{"schemas": [` + bulkURN + `], "failOnErrors": 1, "Operations": [
				{"method": "POST", "path": "/Users", "bulkId": "qwerty", "data": {"schemas": ["` + userURN + `"], "userName": "alice"}},
				{"method": "DELETE", "path": "/Users/{{id}}"}]}`,
			want: []check{
				equal("Operations[0].status", "400"), equal("Operations[0].bulkId", "qwerty"), equal("Operations[0].response.scimType", "invalidValue"),
				equal("Operations[0].response.status", "400"), lacks("DELETE"),
			},
		},
		bulked("3.7.3: errors of many operations", `
			{"method": "PUT", "path": "/Users/{{bob}}", "version": "{{bobTag}}", "data": {"schemas": ["`+userURN+`"], "userName": "Bob"}},
			{"method": "DELETE", "path": "/Users/{{eve}}"},
			{"method": "PATCH", "path": "/Users/{{id}}", "data": {"schemas": ["`+patchURN+`"], "Operations": [{"op": "replace", "path": "userName", "value": "Bob"}]}}`,
			equal("Operations[0].status", "412"), equal("Operations[1].status", "404"), equal("Operations[1].response.schemas[0]", "urn:ietf:params:scim:api:messages:2.0:Error"),
			equal("Operations[2].status", "409"), equal("Operations[2].response.scimType", "uniqueness")),
	})
}

func TestRFC7644Section3_7_2_BulkIds(t *testing.T) {
	s := rfcSuite(t)
	const bob = `{"method": "POST", "path": "/Users", "bulkId": "qwerty", "data": {"schemas": ["` + userURN + `"], "userName": "Bob", "emails": [{"value": "bob@example.com", "primary": true}]}}`
	s.run([]step{
		bulked("3.7.2: a group with a new user", bob+`,
			{"method": "POST", "path": "/Groups", "bulkId": "ytrewq", "data": {"schemas": ["`+groupURN+`"], "displayName": "Tour Guides", "members": [{"type": "User", "value": "bulkId:qwerty"}]}}`,
			equal("Operations[0].status", "201"), equal("Operations[1].status", "201"), equal("Operations[1].bulkId", "ytrewq")),
		{name: "the group", method: "GET", path: `/Groups?filter=displayName eq "Tour Guides"`, status: 200, want: notEmpty("Resources[0].members[0].value")},
		{
			name: "the user is in it", method: "GET", path: `/Users?filter=userName eq "Bob"`, status: 200,
			want: []check{equal("Resources[0].groups[0].display", "Tour Guides")},
		},
		bulked("3.7.2: nothing refers to what failed", bob+`,
			{"method": "POST", "path": "/Groups", "bulkId": "g", "data": {"displayName": "Other", "members": [{"value": "bulkId:qwerty"}]}}`,
			equal("Operations[0].status", "409"), equal("Operations[1].status", "409")),
	})
}

// Manager and report refer to each other, and two groups to the same user.
func TestRFC7644Section3_7_1_CircularReferences(t *testing.T) {
	s := rfcSuite(t)
	person := func(name, manager string) string {
		return `{"method": "POST", "path": "/Users", "bulkId": "` + name + `", "data": {"schemas": ["` + userURN + `", "` + enterpriseURN + `"],
			"userName": "` + name + `@example.com", "` + enterpriseURN + `": {"employeeNumber": "` + name + `", "manager": {"value": "bulkId:` + manager + `"}}}}`
	}
	s.run([]step{
		bulked("3.7.1", person("qwerty", "ytrewq")+","+person("ytrewq", "qwerty"), equal("Operations[0].status", "201"), equal("Operations[1].status", "201")),
		{name: "one", method: "GET", path: `/Users?filter=userName eq "qwerty@example.com"`, status: 200, save: map[string]string{"one": "Resources[0].id"}},
		{name: "the other", method: "GET", path: `/Users?filter=userName eq "ytrewq@example.com"`, status: 200, save: map[string]string{"other": "Resources[0].id"}, want: []check{contains(`"manager":{"value":"{{one}}"`)}},
		{name: "one again", method: "GET", path: `/Users?filter=userName eq "qwerty@example.com"`, status: 200, want: []check{contains(`"manager":{"value":"{{other}}"`)}},
	})
}

func TestRFC7644Section3_7_4_MaximumOperations(t *testing.T) {
	s := rfcSuite(t)
	body := `{"schemas": [` + bulkURN + `], "Operations": [{"method": "DELETE", "path": "/Users/x"}`
	for range 1000 {
		body += `, {"method": "DELETE", "path": "/Users/x"}`
	}
	s.run([]step{
		{name: "3.7.4", method: "POST", path: "/Bulk", body: body + `]}`, status: 413, want: []check{equal("status", "413"), contains("1000")}},
		{name: "4: the limits", method: "GET", path: "/ServiceProviderConfig", status: 200, want: []check{equal("bulk.maxOperations", "1000"), equal("bulk.maxPayloadSize", "4.194304e+06")}},
	})
}
