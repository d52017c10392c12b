package schema_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rosterhq/roster/internal/scim/schema"
)

const acme = "urn:example:acme:1.0"

const acmeSchema = `{"id": "urn:example:acme:1.0", "name": "Acme", "meta": {"location": "x"}, "attributes": [
	{"name": "code", "caseExact": true, "mutability": "immutable"},
	{"name": "color", "canonicalValues": ["Red", "Blue"]},
	{"name": "exactColor", "canonicalValues": ["Red", "red"], "caseExact": true},
	{"name": "tags", "type": "STRING", "multiValued": true},
	{"name": "level", "type": "integer"}, {"name": "ratio", "type": "decimal"},
	{"name": "hired", "type": "dateTime"}, {"name": "remote", "type": "boolean"},
	{"name": "pin", "mutability": "writeOnly"}, {"name": "badge", "mutability": "readOnly"},
	{"name": "notes", "returned": "request"}, {"name": "hidden", "returned": "never"},
	{"name": "desk", "type": "complex", "subAttributes": [
		{"name": "building", "required": true}, {"name": "floor", "type": "integer", "mutability": "immutable"}, {"name": "$ref", "type": "reference"}]}
]}`

func acmeType(t testing.TB) *schema.ResourceType {
	t.Helper()
	extension, err := schema.ParseExtension([]byte(acmeSchema))
	if err != nil {
		t.Fatal(err)
	}
	return schema.UserType(extension)
}

// Characteristics that are left out have the defaults of RFC 7643 section 2.2.
func TestParseExtensionSetsTheDefaultsOfSection2_2(t *testing.T) {
	extension, err := schema.ParseExtension([]byte(`{"id": "urn:example:x", "attributes": [{"name": "a"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(extension)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Schema"], "id": "urn:example:x", "name": "urn:example:x", "description": "",
		"attributes": [{"name": "a", "type": "string", "multiValued": false, "description": "", "required": false, "caseExact": false,
			"mutability": "readWrite", "returned": "default", "uniqueness": "none"}]}`
	if diff := cmp.Diff(object(t, want), object(t, string(b))); diff != "" {
		t.Error(diff)
	}
}

func TestParseExtensionErrors(t *testing.T) {
	one := func(attribute string) string {
		return `{"id": "urn:example:x", "attributes": [` + attribute + `]}`
	}
	for body, want := range map[string]string{
		`{"id": "acme", "attributes": [{"name": "a"}]}`:                                                       `id: "acme" must be a URN of at most 200 bytes, as in urn:example:params:scim:schemas:2.0:User`,
		`{"id": "urn:ietf:params:scim:schemas:core:2.0:User", "attributes": [{"name": "a"}]}`:                 `id: "urn:ietf:params:scim:schemas:core:2.0:User" is defined by RFC 7643; use a URN of your own`,
		`{"id": "URN:IETF:params:scim:schemas:extension:enterprise:2.0:user", "attributes": [{"name": "a"}]}`: `id: "URN:IETF:params:scim:schemas:extension:enterprise:2.0:user" is defined by RFC 7643; use a URN of your own`,
		`{"id": "urn:example:x"}`:                                       `attributes: must have at least one attribute`,
		one(`null`):                                                     `attributes: must not contain null`,
		one(`{"name": "1a"}`):                                           `attributes: the name "1a" must be a letter followed by letters, digits, - or _, 64 bytes at most`,
		one(`{"name": "a.b"}`):                                          `attributes: the name "a.b" must be a letter followed by letters, digits, - or _, 64 bytes at most`,
		one(`{"name": "$ref"}`):                                         `attributes: the name "$ref" must be a letter followed by letters, digits, - or _, 64 bytes at most`,
		one(`{"name": "a"}, {"name": "A"}`):                             `attributes: the name "A" is given more than once; letter case is not significant in names`,
		one(`{"name": "a", "type": "int"}`):                             `attributes.a: "int" is not a type; use one of string, boolean, decimal, integer, dateTime, binary, reference, complex`,
		one(`{"name": "a", "mutability": "x"}`):                         `attributes.a: "x" is not a mutability; use one of readOnly, readWrite, immutable, writeOnly`,
		one(`{"name": "a", "returned": "x"}`):                           `attributes.a: "x" is not a returned; use one of always, never, default, request`,
		one(`{"name": "a", "uniqueness": "x"}`):                         `attributes.a: "x" is not a uniqueness; use one of none, server, global`,
		one(`{"name": "a", "type": "boolean", "uniqueness": "server"}`): `attributes.a: values of the type boolean can't be unique; set uniqueness to none, or make a sub-attribute unique`,
		one(`{"name": "a", "type": "complex"}`):                         `attributes.a: must have at least one attribute`,
		one(`{"name": "a", "subAttributes": [{"name": "b"}]}`):          `attributes.a: only a complex attribute has sub-attributes`,
		one(`{"name": "a", "type": "complex", "subAttributes": [{"name": "b", "type": "complex"}]}`):   `attributes.a.b: a sub-attribute can't be complex`,
		one(`{"name": "a", "type": "complex", "subAttributes": [{"name": "b", "multiValued": true}]}`): `attributes.a.b: a sub-attribute can't be multi-valued`,
		one(`{"name": "a", "mutability": "writeOnly", "returned": "always"}`):                          `attributes.a: a writeOnly attribute can't be returned; set returned to never`,
		one(`{"name": "a", "mutability": "readOnly", "required": true}`):                               `attributes.a: no client can give a readOnly attribute; set required to false`,
		one(`{"name": "a", "type": "integer", "canonicalValues": ["1"]}`):                              `attributes.a: only strings have canonical values`,
		one(`{"name": "a", "canonicalValues": [""]}`):                                                  `attributes.a: a canonical value or reference type must not be empty`,
	} {
		_, err := schema.ParseExtension([]byte(body))
		failsWith(t, body, err, schema.InvalidValue, want)
	}
	var many []string
	for i := range schema.MaxAttributes + 1 {
		many = append(many, fmt.Sprintf(`{"name": "a%d"}`, i))
	}
	_, err := schema.ParseExtension([]byte(one(strings.Join(many, ","))))
	failsWith(t, "many attributes", err, schema.InvalidValue, `attributes: has more than 100 attributes and sub-attributes`)
	_, err = schema.ParseExtension([]byte(strings.Repeat(" ", schema.MaxExtensionBytes) + one(`{"name": "a"}`)))
	failsWith(t, "many bytes", err, schema.InvalidValue, `the schema has 65590 bytes; at most 65536 are allowed`)
}

func TestExtensionValuesAreHeldToTheSchema(t *testing.T) {
	users := acmeType(t)
	decode := func(attributes string) (any, error) {
		resource, err := users.Decode([]byte(`{"userName": "x", "` + acme + `": {` + attributes + `}}`))
		return resource[acme], err
	}
	for in, want := range map[string]string{
		`"color": "RED"`:                        `{"color": "Red"}`,
		`"exactColor": "red"`:                   `{"exactColor": "red"}`,
		`"level": "5"`:                          `{"level": 5}`,
		`"level": 5.0`:                          `{"level": 5}`,
		`"ratio": 1e-3`:                         `{"ratio": 0.001}`,
		`"hired": "2008-01-23T04:56:22+02:00"`:  `{"hired": "2008-01-23T02:56:22.000Z"}`,
		`"hired": "2008-01-23T04:56:22.1239"`:   `{"hired": "2008-01-23T04:56:22.123Z"}`,
		`"tags": "one"`:                         `{"tags": ["one"]}`,
		`"pin": "1234"`:                         `{"pin": "1234"}`,
		`"desk": {"building": "A", "floor": 3}`: `{"desk": {"building": "A", "floor": 3}}`,
		`"badge": "7", "remote": "false"`:       `{"remote": false}`,
	} {
		got, err := decode(in)
		if diff := cmp.Diff(any(object(t, want)), got); err != nil || diff != "" {
			t.Errorf("%s: %v\n%s", in, err, diff)
		}
	}
	for in, want := range map[string]string{
		`"color": "green"`:                     acme + `:color: "green" is not one of its canonical values; use one of Red, Blue`,
		`"exactColor": "RED"`:                  acme + `:exactColor: "RED" is not one of its canonical values; use one of Red, red`,
		`"level": 1.5`:                         acme + `:level: must be an integer between -(2^53 - 1) and 2^53 - 1`,
		`"level": 1e300`:                       acme + `:level: must be an integer between -(2^53 - 1) and 2^53 - 1`,
		`"level": "five"`:                      acme + `:level: must be a number, not a string`,
		`"hired": "2008-01-23"`:                acme + `:hired: "2008-01-23" is not a date and time, as in 2008-01-23T04:56:22Z`,
		`"hired": "0001-01-01T00:00:00+01:00"`: acme + `:hired: "0001-01-01T00:00:00+01:00" is not a date and time, as in 2008-01-23T04:56:22Z`,
		`"desk": {"floor": 3}`:                 acme + `:desk.building: is required and must not be empty`,
		`"desk": "A"`:                          acme + `:desk: must be an object, not a string`,
	} {
		_, err := decode(in)
		failsWith(t, in, err, schema.InvalidValue, want)
	}
}

func TestCheckExtensions(t *testing.T) {
	a := &schema.Schema{ID: "urn:example:a"}
	failsWith(t, "twice", schema.CheckExtensions([]*schema.Schema{a, {ID: "URN:example:A"}}), schema.InvalidValue,
		`id: there is already a schema "URN:example:A"`)
	if err := schema.CheckExtensions([]*schema.Schema{a}); err != nil {
		t.Error(err)
	}
	failsWith(t, "many", schema.CheckExtensions(make([]*schema.Schema, schema.MaxExtensions+1)), schema.InvalidValue,
		`there are 11 schemas; a resource type can have at most 10`)
}
