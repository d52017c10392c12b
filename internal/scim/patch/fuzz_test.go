package patch_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rosterhq/roster/internal/scim/patch"
	"github.com/rosterhq/roster/internal/scim/schema"
	"pgregory.net/rapid"
)

// A patch never panics and never changes its input. It fails with a scimType, or its
// result is valid by the schema: it decodes to itself.
func FuzzApply(f *testing.F) {
	for _, operations := range []string{
		`{"op": "add", "value": {"emails": [{"value": "a", "primary": true}], "nickname": "b", "name.givenName": "c"}}`,
		`{"op": "Replace", "path": "emails[type eq \"work\"].value", "value": "x"}, {"op": "remove", "path": "emails[value eq \"x\"]"}`,
		`{"op": "replace", "path": "emails.primary", "value": "True"}`,
		`{"op": "add", "path": "emails[type eq \"other\" and primary eq true]", "value": {"value": "z"}}`,
		`{"op": "remove", "path": "emails", "value": [{"value": "a"}]}, {"op": "add", "path": "addresses[type eq \"work\"].region", "value": "r"}`,
		`{"op": "replace", "path": "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager", "value": "u3"}`,
		`{"op": "replace", "path": "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User", "value": {"department": null, "manager": ""}}`,
		`{"op": "replace", "path": "urn:example:acme:1.0:tags[value sw \"a\"]", "value": "b"}, {"op": "remove", "path": "urn:example:acme:1.0"}`,
		`{"op": "replace", "path": "urn:example:acme:1.0", "value": {"code": "d", "desk": {"floor": 3}, "level": "5", "color": "RED", "tags": ["x"]}}`,
		`{"op": "remove", "path": "userName"}, {"op": "replace", "path": "id", "value": "u1"}`,
	} {
		f.Add(request(operations))
	}
	typ := users(f)
	f.Fuzz(func(t *testing.T, body string) { keepsItsPromises(t, typ, body) })
}

// The same, with operations that mostly make sense.
func TestApplyRandomOperations(t *testing.T) {
	typ := users(t)
	value := rapid.SampledFrom([]string{
		`null`, `""`, `"a"`, `"B"`, `true`, `"True"`, `5`, `[]`, `{}`, `["a", "z"]`, `{"value": "b"}`, `{"value": "a", "type": "work", "primary": true}`,
		`[{"value": "b", "type": "home"}, {"value": "n", "primary": true}]`, `[{"type": "work"}]`, `{"type": null, "value": null}`,
		`{"floor": 4}`, `{"building": "B", "floor": 3}`, `{"department": "d", "manager": {"value": "u9"}}`, `{"code": "d", "tags": []}`,
		`{"givenName": null, "FAMILYNAME": "n"}`, `{"region": "r", "primary": "true"}`, `{"name.givenName": "z", "emails": {"value": "q", "primary": true}}`,
	})
	path := rapid.SampledFrom([]string{
		"userName", "title", "active", "name", "name.givenName", "emails", "emails.type", "emails.primary", "emails.value", "photos",
		`emails[type eq \"work\"]`, `emails[type eq \"work\"].value`, `emails[type eq \"other\"].value`, `emails[primary eq true].type`,
		`emails[not (value sw \"a\")]`, `emails[value pr].primary`, `addresses[type eq \"work\"].region`, `phoneNumbers[value eq \"555\"].value`,
		enterprise, enterprise + ":manager", enterprise + ":manager.value", enterprise + ":manager.displayName", enterprise + ":department",
		acme, acme + ":code", acme + ":tags", acme + `:tags[value eq \"a\"]`, acme + ":fixed", acme + ":desk", acme + ":desk.floor", acme + ":level", acme + ":color",
	})
	rapid.Check(t, func(t *rapid.T) {
		operation := rapid.Custom(func(t *rapid.T) string {
			s := `{"op": "` + rapid.SampledFrom([]string{"add", "replace", "Remove"}).Draw(t, "op") + `", "value": ` + value.Draw(t, "value")
			if rapid.IntRange(0, 9).Draw(t, "with a path") > 0 {
				s += `, "path": "` + path.Draw(t, "path") + `"`
			}
			return s + "}"
		})
		keepsItsPromises(t, typ, request(strings.Join(rapid.SliceOfN(operation, 1, 3).Draw(t, "operations"), ", ")))
	})
}

const patched = `{"id": "u1", "userName": "x", "title": "t", "name": {"givenName": "g", "familyName": "f"},
	"emails": [{"value": "a", "type": "work", "primary": true}, {"value": "b", "type": "home"}, {"value": "c"}],
	"phoneNumbers": [{"value": "555"}], "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"manager": {"value": "u2", "$ref": "r"}},
	"urn:example:acme:1.0": {"code": "c", "tags": ["a", "b"], "fixed": ["a"], "desk": {"building": "A", "floor": 3}}}`

func keepsItsPromises(t rapid.TB, typ *schema.ResourceType, body string) {
	operations, err := patch.Parse([]byte(body))
	if err != nil {
		fails(t, body, err)
		return
	}
	var before, unchanged map[string]any
	if errors.Join(json.Unmarshal([]byte(patched), &before), json.Unmarshal([]byte(patched), &unchanged)) != nil {
		t.Fatal("not JSON")
	}
	result, err := patch.Apply(typ, before, operations)
	if diff := cmp.Diff(unchanged, before); diff != "" {
		t.Fatalf("%s changed its input: %s", body, diff)
	}
	if err != nil {
		fails(t, body, err)
		return
	}
	if result["id"] != "u1" {
		t.Errorf("%s: the id is %v", body, result["id"])
	}
	delete(result, "id") // read-only, so that Decode drops it
	b, err := json.Marshal(result)
	if err != nil {
		t.Fatal(err)
	}
	decoded, err := typ.Decode(b)
	if diff := cmp.Diff(decoded, result); err != nil || diff != "" {
		t.Errorf("%s: %v\n%s", body, err, diff)
	}
}

func fails(t rapid.TB, body string, err error) {
	var e *schema.Error
	kinds := []schema.ScimType{
		schema.InvalidFilter, schema.InvalidPath, schema.InvalidSyntax, schema.InvalidValue, schema.Mutability, schema.NoTarget,
	}
	if !errors.As(err, &e) || !slices.Contains(kinds, e.Type) || e.Detail == "" {
		t.Errorf("%s: %v has no scimType", body, err)
	}
}
