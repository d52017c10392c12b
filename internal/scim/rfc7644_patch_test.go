package scim_test

import "testing"

const patchURN = "urn:ietf:params:scim:api:messages:2.0:PatchOp"

// patched is a PATCH of a user or group with operations.
func patched(name, path, operations string, status int, want ...check) step {
	return step{
		name: name, method: "PATCH", path: path, status: status, want: want,
		body: `{"schemas": ["` + patchURN + `"], "Operations": [` + operations + `]}`,
	}
}

func TestRFC7644Section3_5_2_1_Add(t *testing.T) {
	s := rfcSuite(t)
	s.run([]step{
		createBJensen,
		{
			name: "a group", method: "POST", path: "/Groups", status: 201, save: map[string]string{"group": "id"},
			body: `{"schemas": ["` + groupURN + `"], "displayName": "Tour Guides"}`,
		},
		patched("3.5.2.1: a member", "/Groups/{{group}}", `{"op": "add", "path": "members", "value": [{"display": "Babs Jensen", "$ref": "{{location}}", "value": "{{id}}"}]}`, 204),
		{name: "the member", method: "GET", path: "/Groups/{{group}}", status: 200, want: []check{equal("members[0].value", "{{id}}"), equal("members[0].$ref", "{{location}}")}},
		patched("3.5.2.1: attributes without a path", "/Users/{{id}}",
			`{"op": "add", "value": {"emails": [{"value": "babs@jensen.org", "type": "home"}], "nickname": "Babs"}}`, 200,
			equal("nickName", "Babs"), equal("emails[0].value", "bjensen@example.com"), equal("emails[1].value", "babs@jensen.org")),
		patched("3.5.2.1: what is there already", "/Users/{{id}}", `{"op": "add", "path": "nickName", "value": "Babs"}`, 200, equal("nickName", "Babs")),
	})
}

func TestRFC7644Section3_5_2_2_Remove(t *testing.T) {
	s := rfcSuite(t)
	s.run([]step{
		createBJensen,
		{
			name: "jsmith", method: "POST", path: "/Users", status: 201, save: map[string]string{"other": "id"},
			body: `{"schemas": ["` + userURN + `"], "userName": "jsmith@example.com"}`,
		},
		{
			name: "a group", method: "POST", path: "/Groups", status: 201, save: map[string]string{"group": "id"},
			body: `{"schemas": ["` + groupURN + `"], "displayName": "Tour Guides", "members": [{"value": "{{id}}"}, {"value": "{{other}}"}]}`,
		},
		patched("3.5.2.2: one member", "/Groups/{{group}}", `{"op": "remove", "path": "members[value eq \"{{id}}\"]"}`, 204),
		{name: "the other is left", method: "GET", path: "/Groups/{{group}}", status: 200, want: []check{equal("members[0].value", "{{other}}"), lacks("{{id}}")}},
		patched("3.5.2.2: all members", "/Groups/{{group}}", `{"op": "remove", "path": "members"}`, 204),
		{name: "nobody is left", method: "GET", path: "/Groups/{{group}}", status: 200, want: []check{lacks("members")}},
		patched("3.5.2.2: emails by a filter", "/Users/{{id}}", `{"op": "add", "path": "emails", "value": [{"type": "home", "value": "babs@jensen.org"}]},
			{"op": "remove", "path": "emails[type eq \"work\" and value ew \"example.com\"]"}`, 200, equal("emails[0].value", "babs@jensen.org"), lacks("bjensen@example.com")),
		patched("3.5.2.2: members are removed and added at once", "/Groups/{{group}}",
			`{"op": "add", "path": "members", "value": [{"value": "{{other}}"}]},
			{"op": "remove", "path": "members[value eq \"{{other}}\"]"}, {"op": "add", "path": "members", "value": [{"display": "Babs Jensen", "value": "{{id}}"}]}`, 204),
		{name: "the added one", method: "GET", path: "/Groups/{{group}}", status: 200, want: []check{equal("members[0].value", "{{id}}"), lacks("{{other}}")}},
		patched("3.5.2.2: without a path", "/Users/{{id}}", `{"op": "remove"}`, 400, equal("scimType", "noTarget")),
		patched("3.5.2.2: a required attribute", "/Users/{{id}}", `{"op": "remove", "path": "userName"}`, 400, equal("scimType", "mutability")),
	})
}

func TestRFC7644Section3_5_2_3_Replace(t *testing.T) {
	s := rfcSuite(t)
	s.run([]step{
		{
			name: "create", method: "POST", path: "/Users", status: 201, save: map[string]string{"id": "id"},
			body: `{"schemas": ["` + userURN + `"], "userName": "bjensen@example.com", "nickName": "Babs",
				"addresses": [{"type": "work", "streetAddress": "100 Universal City Plaza", "locality": "Hollywood", "region": "CA"}, {"type": "home", "locality": "Burbank"}]}`,
		},
		{name: "another", method: "POST", path: "/Users", status: 201, save: map[string]string{"other": "id"}, body: `{"userName": "jsmith@example.com"}`},
		{
			name: "a group", method: "POST", path: "/Groups", status: 201, save: map[string]string{"group": "id"},
			body: `{"schemas": ["` + groupURN + `"], "displayName": "Tour Guides", "members": [{"value": "{{other}}"}]}`,
		},
		patched("3.5.2.3: all members", "/Groups/{{group}}", `{"op": "replace", "path": "members", "value": [{"display": "Babs Jensen", "value": "{{id}}"}]}`, 204),
		{name: "the members", method: "GET", path: "/Groups/{{group}}", status: 200, want: []check{equal("members[0].value", "{{id}}"), lacks("{{other}}")}},
		patched("3.5.2.3: an address", "/Users/{{id}}", `{"op": "replace", "path": "addresses[type eq \"work\"]", "value":
			{"type": "work", "streetAddress": "911 Universal City Plaza", "locality": "Hollywood", "region": "CA", "postalCode": "91608", "country": "US",
			"formatted": "911 Universal City Plaza\nHollywood, CA 91608 US", "primary": true}}`, 200,
			equal("addresses[0].streetAddress", "911 Universal City Plaza"), equal("addresses[0].postalCode", "91608"), equal("addresses[1].locality", "Burbank")),
		patched("3.5.2.3: a sub-attribute of an address", "/Users/{{id}}", `{"op": "replace", "path": "addresses[type eq \"work\"].streetAddress", "value": "1010 Broadway Ave"}`, 200,
			equal("addresses[0].streetAddress", "1010 Broadway Ave"), equal("addresses[0].postalCode", "91608")),
		patched("3.5.2.3: attributes without a path", "/Users/{{id}}", `{"op": "replace", "value": {"emails": [{"value": "bjensen@example.com", "type": "work", "primary": true},
			{"value": "babs@jensen.org", "type": "home"}], "nickname": "Barbara"}}`, 200, equal("nickName", "Barbara"), equal("emails[1].value", "babs@jensen.org")),
		patched("3.5.2.3: a path that selects nothing", "/Users/{{id}}", `{"op": "replace", "path": "addresses[type eq \"other\"]", "value": {"locality": "x"}}`, 400,
			equal("scimType", "noTarget")),
		patched("3.5.2: nothing is changed by a failed request", "/Users/{{id}}", `{"op": "replace", "path": "nickName", "value": "Nobody"},
			{"op": "replace", "path": "ims[type eq \"x\"]", "value": {"value": "x"}}`, 400),
		{name: "the nickname", method: "GET", path: "/Users/{{id}}", status: 200, want: []check{equal("nickName", "Barbara")}},
	})
}
