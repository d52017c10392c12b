package scim_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rosterhq/roster/internal/apptest"
)

// The representations of RFC 7643 section 8, sent to the server and read again. They lack
// what is the server's own (id, meta, groups) and the password, which Roster does not have.

// 8.1: a user with the required attributes.
func TestRFC7643Section8_1_MinimalUser(t *testing.T) {
	t.Parallel()
	sameAgain(t, `{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "bjensen@example.com"}`)
}

const fullUser = `"externalId": "701984", "userName": "bjensen@example.com",
	"name": {"formatted": "Ms. Barbara J Jensen, III", "familyName": "Jensen", "givenName": "Barbara", "middleName": "Jane", "honorificPrefix": "Ms.", "honorificSuffix": "III"},
	"displayName": "Babs Jensen", "nickName": "Babs", "profileUrl": "https://login.example.com/bjensen",
	"emails": [{"value": "bjensen@example.com", "type": "work", "primary": true}, {"value": "babs@jensen.org", "type": "home"}],
	"addresses": [
		{"type": "work", "streetAddress": "100 Universal City Plaza", "locality": "Hollywood", "region": "CA", "postalCode": "91608", "country": "USA",
			"formatted": "100 Universal City Plaza\nHollywood, CA 91608 USA", "primary": true},
		{"type": "home", "streetAddress": "456 Hollywood Blvd", "locality": "Hollywood", "region": "CA", "postalCode": "91608", "country": "USA",
			"formatted": "456 Hollywood Blvd\nHollywood, CA 91608 USA"}],
	"phoneNumbers": [{"value": "555-555-5555", "type": "work"}, {"value": "555-555-4444", "type": "mobile"}],
	"ims": [{"value": "someaimhandle", "type": "aim"}],
	"photos": [{"value": "https://photos.example.com/profilephoto/72930000000Ccne/F", "type": "photo"},
		{"value": "https://photos.example.com/profilephoto/72930000000Ccne/T", "type": "thumbnail"}],
	"userType": "Employee", "title": "Tour Guide", "preferredLanguage": "en-US", "locale": "en-US", "timezone": "America/Los_Angeles", "active": true,
	"x509Certificates": [{"value": "MIIDQzCCAqygAwIBAgICEAAwDQYJKoZIhvcNAQEFBQAwTjELMAkGA1UEBhMCVVMxEzARBgNVBAgMCkNhbGlmb3JuaWExFDASBgNVBAoMC2V4YW1wbGUuY29t"}]`

// 8.2: a user with all attributes.
func TestRFC7643Section8_2_FullUser(t *testing.T) {
	t.Parallel()
	sameAgain(t, `{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], `+fullUser+`}`)
}

// 8.3: a user with the enterprise extension.
func TestRFC7643Section8_3_EnterpriseUser(t *testing.T) {
	t.Parallel()
	sameAgain(t, `{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"], `+fullUser+`,
		"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {
			"employeeNumber": "701984", "costCenter": "4130", "organization": "Universal Studios", "division": "Theme Park", "department": "Tour Operations",
			"manager": {"value": "26118915-6090-4610-87e4-49d8ca9f808d", "$ref": "../Users/26118915-6090-4610-87e4-49d8ca9f808d"}}}`)
}

// sameAgain creates a user and wants back what it sent, by POST, GET and PUT.
func sameAgain(t *testing.T, body string) {
	t.Helper()
	s := start(t)
	var want object
	apptest.Answer{Body: []byte(body)}.Decode(t, &want)
	compare := func(what string, got object) {
		t.Helper()
		for _, own := range []string{"id", "meta", "groups"} {
			delete(got, own)
		}
		if want["active"] == nil {
			delete(got, "active") // it has a default
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", what, diff)
		}
	}
	made := s.want(201, "POST", "/Users", body)
	id := made["id"].(string)
	if s.do("POST", "/Users", body).Status != 409 {
		t.Error("the user was created twice")
	}
	compare("POST", made)
	compare("GET", s.want(200, "GET", "/Users/"+id, nil))
	compare("PUT", s.want(200, "PUT", "/Users/"+id, body))
	compare("GET after PUT", s.want(200, "GET", "/Users/"+id, nil))
}

// 8.4: a group.
func TestRFC7643Section8_4_Group(t *testing.T) {
	t.Parallel()
	s := start(t)
	babs, mandy := s.createUser("babs@example.com"), s.createUser("mandy@example.com")
	made := s.want(201, "POST", "/Groups", object{
		"schemas": []string{groupURN}, "displayName": "Tour Guides", "members": []object{
			{"value": babs, "$ref": "https://example.com/v2/Users/" + babs, "display": "Babs Jensen"},
			{"value": mandy, "$ref": "https://example.com/v2/Users/" + mandy, "display": "Mandy Pepperidge"},
		},
	})
	group := s.want(200, "GET", "/Groups/"+made["id"].(string), nil)
	if diff := cmp.Diff(made, group); diff != "" {
		t.Errorf("POST and GET differ: %s", diff)
	}
	var ids []string
	for _, m := range group["members"].([]any) {
		m := m.(object)
		if m["$ref"] != s.URL+"/scim/v2/Users/"+m["value"].(string) || m["type"] != "User" {
			t.Errorf("a member: %v", m)
		}
		ids = append(ids, m["value"].(string))
	}
	if diff := cmp.Diff([]string{babs, mandy}, ids); diff != "" || group["displayName"] != "Tour Guides" || group["meta"].(object)["resourceType"] != "Group" {
		t.Errorf("the group is %v", group)
	}
}

// 8.6: resource types.
func TestRFC7643Section8_6_ResourceTypes(t *testing.T) {
	t.Parallel()
	s := start(t)
	list := s.want(200, "GET", "/ResourceTypes", nil)
	want := []any{
		object{
			"schemas": []any{"urn:ietf:params:scim:schemas:core:2.0:ResourceType"}, "id": "User", "name": "User", "endpoint": "/Users", "schema": userURN,
			"schemaExtensions": []any{object{"schema": enterpriseURN, "required": false}},
		},
		object{
			"schemas": []any{"urn:ietf:params:scim:schemas:core:2.0:ResourceType"}, "id": "Group", "name": "Group", "endpoint": "/Groups", "schema": groupURN,
		},
	}
	got := list["Resources"].([]any)
	for _, one := range got {
		one := one.(object)
		if location := one["meta"].(object)["location"]; location != s.URL+"/scim/v2/ResourceTypes/"+one["id"].(string) {
			t.Errorf("%v is at %v", one["id"], location)
		}
		delete(one, "meta")
		delete(one, "description") // in other words
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
