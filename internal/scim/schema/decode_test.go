package schema_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rosterhq/roster/internal/scim/schema"
)

func object(t testing.TB, text string) map[string]any {
	t.Helper()
	var o map[string]any
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		t.Fatal(err)
	}
	return o
}

// failsWith checks an error's scimType and detail.
func failsWith(t *testing.T, name string, err error, kind schema.ScimType, detail string) {
	t.Helper()
	var e *schema.Error
	if !errors.As(err, &e) || e.Type != kind || e.Detail != detail {
		t.Errorf("%s: %v, want %s: %s", name, err, kind, detail)
	}
}

// The representations of RFC 7643 section 8 decode to what they say, less what is
// read-only or unknown to the server.
func TestDecodeExamplesOfRFC7643(t *testing.T) {
	for _, example := range []struct {
		section       string
		t             *schema.ResourceType
		without, body string
	}{
		{"8.1", schema.UserType(), "schemas id meta", `{
			"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
			"id": "2819c223-7f76-453a-919d-413861904646",
			"userName": "bjensen@example.com",
			"meta": {"resourceType": "User", "created": "2010-01-23T04:56:22Z", "lastModified": "2011-05-13T04:42:34Z",
				"version": "W\/\"3694e05e9dff590\"", "location": "https://example.com/v2/Users/2819c223-7f76-453a-919d-413861904646"}
		}`},
		{"8.3", schema.UserType(), "schemas id meta password groups", `{
			"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],
			"id": "2819c223-7f76-453a-919d-413861904646",
			"externalId": "701984",
			"userName": "bjensen@example.com",
			"name": {"formatted": "Ms. Barbara J Jensen, III", "familyName": "Jensen", "givenName": "Barbara",
				"middleName": "Jane", "honorificPrefix": "Ms.", "honorificSuffix": "III"},
			"displayName": "Babs Jensen",
			"nickName": "Babs",
			"profileUrl": "https://login.example.com/bjensen",
			"emails": [{"value": "bjensen@example.com", "type": "work", "primary": true}, {"value": "babs@jensen.org", "type": "home"}],
			"addresses": [
				{"streetAddress": "100 Universal City Plaza", "locality": "Hollywood", "region": "CA", "postalCode": "91608", "country": "USA",
					"formatted": "100 Universal City Plaza\nHollywood, CA 91608 USA", "type": "work", "primary": true},
				{"streetAddress": "456 Hollywood Blvd", "locality": "Hollywood", "region": "CA", "postalCode": "91608", "country": "USA",
					"formatted": "456 Hollywood Blvd\nHollywood, CA 91608 USA", "type": "home"}],
			"phoneNumbers": [{"value": "555-555-5555", "type": "work"}, {"value": "555-555-4444", "type": "mobile"}],
			"ims": [{"value": "someaimhandle", "type": "aim"}],
			"photos": [{"value": "https://photos.example.com/profilephoto/72930000000Ccne/F", "type": "photo"},
				{"value": "https://photos.example.com/profilephoto/72930000000Ccne/T", "type": "thumbnail"}],
			"userType": "Employee",
			"title": "Tour Guide",
			"preferredLanguage": "en-US",
			"locale": "en-US",
			"timezone": "America/Los_Angeles",
			"active": true,
			"password": "t1meMa$heen",
			"groups": [{"value": "e9e30dba-f08f-4109-8486-d5c6a331660a",
				"$ref": "https://example.com/v2/Groups/e9e30dba-f08f-4109-8486-d5c6a331660a", "display": "Tour Guides"}],
			"x509Certificates": [{"value": "MIIDQzCCAqygAwIBAgICEAAwDQYJKoZIhvcNAQEFBQAwTjELMAkGA1UEBhMCVVMx"}],
			"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {
				"employeeNumber": "701984", "costCenter": "4130", "organization": "Universal Studios", "division": "Theme Park",
				"department": "Tour Operations",
				"manager": {"value": "26118915-6090-4610-87e4-49d8ca9f808d", "$ref": "../Users/26118915-6090-4610-87e4-49d8ca9f808d"}},
			"meta": {"resourceType": "User", "created": "2010-01-23T04:56:22Z", "lastModified": "2011-05-13T04:42:34Z",
				"version": "W\/\"3694e05e9dff591\"", "location": "https://example.com/v2/Users/2819c223-7f76-453a-919d-413861904646"}
		}`},
		{"8.4", schema.GroupType(), "schemas id meta", `{
			"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
			"id": "e9e30dba-f08f-4109-8486-d5c6a331660a",
			"displayName": "Tour Guides",
			"members": [
				{"value": "2819c223-7f76-453a-919d-413861904646", "$ref": "https://example.com/v2/Users/2819c223-7f76-453a-919d-413861904646"},
				{"value": "902c246b-6245-4190-8e05-00816be7344a", "$ref": "https://example.com/v2/Users/902c246b-6245-4190-8e05-00816be7344a"}],
			"meta": {"resourceType": "Group", "created": "2010-01-23T04:56:22Z", "lastModified": "2011-05-13T04:42:34Z",
				"version": "W\/\"3694e05e9dff592\"", "location": "https://example.com/v2/Groups/e9e30dba-f08f-4109-8486-d5c6a331660a"}
		}`},
	} {
		got, err := example.t.Decode([]byte(example.body))
		if err != nil {
			t.Errorf("section %s: %v", example.section, err)
			continue
		}
		want := object(t, example.body)
		for name := range strings.FieldsSeq(example.without) {
			delete(want, name)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("section %s: %s", example.section, diff)
		}
	}
}

func TestDecodeAcceptsWhatIdentityProvidersSend(t *testing.T) {
	for name, c := range map[string]struct{ body, want string }{
		"names in any letter case": {
			`{"USERNAME": "x", "Name": {"GIVENNAME": "a"}, "urn:IETF:params:scim:schemas:extension:enterprise:2.0:user": {"Department": "b"}}`,
			`{"userName": "x", "name": {"givenName": "a"}, "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"department": "b"}}`,
		},
		"Entra sends booleans as strings": {
			`{"userName": "x", "active": "True", "emails": [{"value": "a@b.c", "primary": "False"}]}`,
			`{"userName": "x", "active": true, "emails": [{"value": "a@b.c", "primary": false}]}`,
		},
		"one element in place of a list": {
			`{"userName": "x", "emails": {"value": "a@b.c"}, "phoneNumbers": "555", "photos": ["http://p", "http://p"]}`,
			`{"userName": "x", "emails": [{"value": "a@b.c"}], "phoneNumbers": [{"value": "555"}], "photos": [{"value": "http://p"}]}`,
		},
		"manager as a bare id": {
			`{"userName": "x", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"manager": "u2"}}`,
			`{"userName": "x", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"manager": {"value": "u2"}}}`,
		},
		"manager as a list": {
			`{"userName": "x", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"manager": [{"value": "u2", "displayName": "Jo"}]}}`,
			`{"userName": "x", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"manager": {"value": "u2"}}}`,
		},
		"nothing is a value": {
			`{"userName": "x", "title": null, "emails": [], "name": {}, "phoneNumbers": [null, {}], "addresses": [{"region": null}],
				"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"manager": ""}}`,
			`{"userName": "x"}`,
		},
		"empty strings stay":             {`{"userName": "x", "title": ""}`, `{"userName": "x", "title": ""}`},
		"unknown attributes and schemas": {`{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", "urn:a:b"], "userName": "x", "shoeSize": 9, "urn:a:b": {"c": 1}}`, `{"userName": "x"}`},
		"equal elements once": {
			`{"userName": "x", "emails": [{"value": "a", "type": "work"}, {"TYPE": "work", "value": "a"}, {"value": "a"}]}`,
			`{"userName": "x", "emails": [{"value": "a", "type": "work"}, {"value": "a"}]}`,
		},
	} {
		got, err := schema.UserType().Decode([]byte(c.body))
		if diff := cmp.Diff(object(t, c.want), got); err != nil || diff != "" {
			t.Errorf("%s: %v\n%s", name, err, diff)
		}
	}
}

func TestDecodeErrorsNameTheAttribute(t *testing.T) {
	for body, want := range map[string]struct {
		kind   schema.ScimType
		detail string
	}{
		`null`:                               {schema.InvalidSyntax, `the body must be one JSON object, not null`},
		`{"userName": "x", "USERNAME": "y"}`: {schema.InvalidSyntax, `userName: is given more than once; letter case is not significant in names`},
		`{"userName": "x", "name": {"givenName": "a", "givenname": "b"}}`: {schema.InvalidSyntax, `name.givenName: is given more than once; letter case is not significant in names`},
		`{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "userName": "x"}`: {
			schema.InvalidSyntax, `schemas: must contain urn:ietf:params:scim:schemas:core:2.0:User`,
		},
		`{}`:                                           {schema.InvalidValue, `userName: is required and must not be empty`},
		`{"userName": ""}`:                             {schema.InvalidValue, `userName: is required and must not be empty`},
		`{"userName": 1}`:                              {schema.InvalidValue, `userName: must be a string, not a number`},
		`{"userName": ["x"]}`:                          {schema.InvalidValue, `userName: must be a string, not a list`},
		`{"userName": "x\u0000"}`:                      {schema.InvalidValue, `userName: contains the character U+0000; leave it out`},
		`{"userName": "x", "name": "Jane"}`:            {schema.InvalidValue, `name: must be an object, not a string`},
		`{"userName": "x", "active": "yes"}`:           {schema.InvalidValue, `active: must be true or false, not a string`},
		`{"userName": "x", "emails": [{"value": {}}]}`: {schema.InvalidValue, `emails[0].value: must be a string, not an object`},
		`{"userName": "x", "emails": ["a", 1]}`:        {schema.InvalidValue, `emails[1].value: must be a string, not a number`},
		`{"userName": "x", "emails": [{"value": "a", "primary": true}, {"value": "b", "primary": true}]}`: {
			schema.InvalidValue, `emails: has 2 primary values; at most one may be primary`,
		},
		`{"userName": "x", "x509Certificates": [{"value": "!"}]}`: {schema.InvalidValue, `x509Certificates[0].value: must be base64`},
		`{"userName": "x", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"department": 1}}`: {
			schema.InvalidValue, `urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department: must be a string, not a number`,
		},
	} {
		_, err := schema.UserType().Decode([]byte(body))
		failsWith(t, body, err, want.kind, want.detail)
	}
	for _, body := range []string{``, `[]`, `"x"`, `{"a": 1`, `{"a": 1} x`, `{"a": 1, "a": 2}`, "{\"a\": \"\xff\"}"} {
		_, err := schema.UserType().Decode([]byte(body))
		var e *schema.Error
		if !errors.As(err, &e) || e.Type != schema.InvalidSyntax {
			t.Errorf("%s: %v, want invalidSyntax", body, err)
		}
	}
	_, err := schema.GroupType().Decode([]byte(`{"displayName": "x", "members": [{"type": "User"}]}`))
	failsWith(t, "a member without an id", err, schema.InvalidValue, `members.value: is required and must not be empty`)
}

// A decoded request is a fixed point: decoding it again changes nothing.
func FuzzDecode(f *testing.F) {
	f.Add(`{"userName": "x", "active": "True", "emails": {"value": "a"}, "name": {"givenName": "b"}}`)
	f.Add(`{"USERNAME": "x", "photos": ["a", "a"], "x509Certificates": [{"value": "AAAA"}]}`)
	f.Add(`{"userName": "x", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"manager": [{"value": "u2"}]}}`)
	f.Add(`{"userName": "x", "urn:example:acme:1.0": {"tags": ["a", 1], "level": "5", "hired": "2020-01-02T03:04:05+23:59", "color": "RED"}}`)
	users := acmeType(f)
	f.Fuzz(func(t *testing.T, body string) {
		resource, err := users.Decode([]byte(body))
		if err != nil {
			var e *schema.Error
			if !errors.As(err, &e) {
				t.Fatalf("%s: %v has no scimType", body, err)
			}
			return
		}
		b, err := json.Marshal(resource)
		if err != nil {
			t.Fatal(err)
		}
		again, err := users.Decode(b)
		if diff := cmp.Diff(resource, again); err != nil || diff != "" {
			t.Errorf("%s: %v\n%s", body, err, diff)
		}
	})
}
