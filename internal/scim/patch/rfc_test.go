package patch_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rosterhq/roster/internal/scim/patch"
	"github.com/rosterhq/roster/internal/scim/schema"
)

func object(t testing.TB, text string) map[string]any {
	t.Helper()
	var o map[string]any
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return o
}

const acme = "urn:example:acme:1.0"

// users have an extension with attributes of every mutability.
func users(t testing.TB) *schema.ResourceType {
	t.Helper()
	extension, err := schema.ParseExtension([]byte(`{"id": "` + acme + `", "name": "Acme", "attributes": [
		{"name": "code", "mutability": "immutable"}, {"name": "badge", "mutability": "readOnly"}, {"name": "pin", "mutability": "writeOnly"},
		{"name": "tags", "multiValued": true}, {"name": "fixed", "multiValued": true, "mutability": "immutable"},
		{"name": "level", "type": "integer"}, {"name": "color", "canonicalValues": ["Red", "Blue"]},
		{"name": "desk", "type": "complex", "subAttributes": [{"name": "building", "required": true}, {"name": "floor", "type": "integer", "mutability": "immutable"}]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	return schema.UserType(extension)
}

// apply applies a request's body to a resource, and checks that it did not change that.
func apply(t testing.TB, typ *schema.ResourceType, resource, body string) (map[string]any, error) {
	t.Helper()
	operations, err := patch.Parse([]byte(body))
	if err != nil {
		return nil, err
	}
	before := object(t, resource)
	after, err := patch.Apply(typ, before, operations)
	if diff := cmp.Diff(object(t, resource), before); diff != "" {
		t.Errorf("%s changed its input: %s", body, diff)
	}
	return after, err
}

func request(operations string) string {
	return `{"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [` + operations + `]}`
}

func failsWith(t *testing.T, name string, err error, kind schema.ScimType, detail string) {
	t.Helper()
	var e *schema.Error
	if !errors.As(err, &e) || e.Type != kind || e.Detail != detail {
		t.Errorf("%s: %v, want %s: %s", name, err, kind, detail)
	}
}

// The examples of RFC 7644 section 3.5.2.
func TestApplyExamplesOfRFC7644(t *testing.T) {
	const group = `{"displayName": "Tour Guides", "members": [
		{"value": "2819c223-7f76-453a-919d-413861904646", "display": "Babs Jensen"},
		{"value": "902c246b-6245-4190-8e05-00816be7344a", "display": "Mandy Pepperidge"}]}`
	const user = `{"userName": "bjensen@example.com", "title": "Guide", "emails": [{"value": "old@example.com", "type": "home"}],
		"addresses": [{"type": "work", "streetAddress": "911 Universal City Plaza", "locality": "Hollywood", "primary": true},
			{"type": "home", "locality": "Hollywood"}]}`
	for _, example := range []struct {
		section, name string
		t             *schema.ResourceType
		before        string
		operations    string
		want          string
	}{
		{
			"3.5.2.1", "add a member", schema.GroupType(), group,
			`{"op": "add", "path": "members", "value": [{"display": "James Smith",
				"$ref": "https://example.com/v2/Users/08e1d05d-121c-4561-8b96-473d93df9210", "value": "08e1d05d-121c-4561-8b96-473d93df9210"}]}`,
			`{"displayName": "Tour Guides", "members": [
				{"value": "2819c223-7f76-453a-919d-413861904646", "display": "Babs Jensen"},
				{"value": "902c246b-6245-4190-8e05-00816be7344a", "display": "Mandy Pepperidge"},
				{"value": "08e1d05d-121c-4561-8b96-473d93df9210", "$ref": "https://example.com/v2/Users/08e1d05d-121c-4561-8b96-473d93df9210"}]}`,
		},
		{
			"3.5.2.1", "add several attributes", schema.UserType(), user,
			`{"op": "add", "value": {"emails": [{"value": "babs@jensen.org", "type": "home"}], "nickname": "Babs"}}`,
			`{"userName": "bjensen@example.com", "title": "Guide", "nickName": "Babs",
				"emails": [{"value": "old@example.com", "type": "home"}, {"value": "babs@jensen.org", "type": "home"}],
				"addresses": [{"type": "work", "streetAddress": "911 Universal City Plaza", "locality": "Hollywood", "primary": true},
					{"type": "home", "locality": "Hollywood"}]}`,
		},
		{
			"3.5.2.2", "remove one member by its id", schema.GroupType(), group,
			`{"op": "remove", "path": "members[value eq \"2819c223-7f76-453a-919d-413861904646\"]"}`,
			`{"displayName": "Tour Guides", "members": [{"value": "902c246b-6245-4190-8e05-00816be7344a", "display": "Mandy Pepperidge"}]}`,
		},
		{
			"3.5.2.2", "remove all members", schema.GroupType(), group,
			`{"op": "remove", "path": "members"}`,
			`{"displayName": "Tour Guides"}`,
		},
		{
			"3.5.2.2", "remove by a complex filter", schema.UserType(),
			`{"userName": "x", "emails": [{"value": "a@example.com", "type": "work"}, {"value": "a@example.org", "type": "work"}]}`,
			`{"op": "remove", "path": "emails[type eq \"work\" and value ew \"example.com\"]"}`,
			`{"userName": "x", "emails": [{"value": "a@example.org", "type": "work"}]}`,
		},
		{
			"3.5.2.2", "remove one member and add another", schema.GroupType(), group,
			`{"op": "remove", "path": "members[value eq \"2819c223-7f76-453a-919d-413861904646\"]"},
				{"op": "add", "path": "members", "value": [{"value": "08e1d05d-121c-4561-8b96-473d93df9210"}]}`,
			`{"displayName": "Tour Guides", "members": [{"value": "902c246b-6245-4190-8e05-00816be7344a", "display": "Mandy Pepperidge"},
				{"value": "08e1d05d-121c-4561-8b96-473d93df9210"}]}`,
		},
		{
			"3.5.2.3", "replace all members", schema.GroupType(), group,
			`{"op": "replace", "path": "members", "value": [{"value": "08e1d05d-121c-4561-8b96-473d93df9210"}]}`,
			`{"displayName": "Tour Guides", "members": [{"value": "08e1d05d-121c-4561-8b96-473d93df9210"}]}`,
		},
		{
			"3.5.2.3", "replace the work address", schema.UserType(), user,
			`{"op": "replace", "path": "addresses[type eq \"work\"]", "value": {"type": "work", "streetAddress": "911 Universal City Plaza",
				"locality": "Hollywood", "region": "CA", "postalCode": "91608", "country": "US",
				"formatted": "911 Universal City Plaza\nHollywood, CA 91608 US", "primary": true}}`,
			`{"userName": "bjensen@example.com", "title": "Guide", "emails": [{"value": "old@example.com", "type": "home"}],
				"addresses": [{"type": "work", "streetAddress": "911 Universal City Plaza", "locality": "Hollywood", "region": "CA",
					"postalCode": "91608", "country": "US", "formatted": "911 Universal City Plaza\nHollywood, CA 91608 US", "primary": true},
					{"type": "home", "locality": "Hollywood"}]}`,
		},
		{
			"3.5.2.3", "replace the street of the work address", schema.UserType(), user,
			`{"op": "replace", "path": "addresses[type eq \"work\"].streetAddress", "value": "1010 Broadway Ave"}`,
			`{"userName": "bjensen@example.com", "title": "Guide", "emails": [{"value": "old@example.com", "type": "home"}],
				"addresses": [{"type": "work", "streetAddress": "1010 Broadway Ave", "locality": "Hollywood", "primary": true},
					{"type": "home", "locality": "Hollywood"}]}`,
		},
		{
			"3.5.2.3", "replace several attributes", schema.UserType(), user,
			`{"op": "replace", "value": {"emails": [{"value": "bjensen@example.com", "type": "work", "primary": true},
				{"value": "babs@jensen.org", "type": "home"}], "nickname": "Babs"}}`,
			`{"userName": "bjensen@example.com", "title": "Guide", "nickName": "Babs",
				"emails": [{"value": "bjensen@example.com", "type": "work", "primary": true}, {"value": "babs@jensen.org", "type": "home"}],
				"addresses": [{"type": "work", "streetAddress": "911 Universal City Plaza", "locality": "Hollywood", "primary": true},
					{"type": "home", "locality": "Hollywood"}]}`,
		},
	} {
		got, err := apply(t, example.t, example.before, request(example.operations))
		if diff := cmp.Diff(object(t, example.want), got); err != nil || diff != "" {
			t.Errorf("section %s: %s: %v\n%s", example.section, example.name, err, diff)
		}
	}
}
