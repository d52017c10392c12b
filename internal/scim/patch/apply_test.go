package patch_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rosterhq/roster/internal/scim/schema"
)

const enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

func TestApply(t *testing.T) {
	const x = `"userName": "x"`
	for name, c := range map[string]struct{ before, operations, want string }{
		"Entra: active as a string": {
			`{"userName": "x", "active": true}`, `{"op": "Replace", "path": "active", "value": "False"}`, `{"userName": "x", "active": false}`,
		},
		"Okta: active without a path": {
			`{"userName": "x", "active": true}`, `{"op": "replace", "value": {"active": false}}`, `{"userName": "x", "active": false}`,
		},
		"Entra: active without a path, as a string": {
			`{"userName": "x"}`, `{"Op": "Add", "Value": {"active": "True"}}`, `{"userName": "x", "active": true}`,
		},
		"a path that is null": {
			`{"userName": "x"}`, `{"op": "Replace", "path": null, "value": {"title": "t"}}`, `{"userName": "x", "title": "t"}`,
		},
		"Entra: dotted names in the value": {
			`{"userName": "x", "name": {"familyName": "f", "givenName": "g"}}`,
			`{"op": "Replace", "value": {"name.givenName": "h", "` + enterprise + `:department": "d", "` + enterprise + `:manager": "u2",
				"emails[type eq \"work\"].value": "a@b.c", "shoeSize": 9, "groups": []}}`,
			`{"userName": "x", "name": {"familyName": "f", "givenName": "h"}, "emails": [{"type": "work", "value": "a@b.c"}],
				"` + enterprise + `": {"department": "d", "manager": {"value": "u2"}}}`,
		},
		"Entra: add makes the element that the filter does not find": {
			`{` + x + `}`, `{"op": "Add", "path": "emails[type eq \"work\"].value", "value": "a@b.c"},
				{"op": "Add", "path": "emails[type eq \"work\"].primary", "value": "True"},
				{"op": "Add", "path": "addresses[type eq \"work\"].formatted", "value": "f"}`,
			`{` + x + `, "emails": [{"type": "work", "value": "a@b.c", "primary": true}], "addresses": [{"type": "work", "formatted": "f"}]}`,
		},
		"Entra: replace makes an element of a type": {
			`{` + x + `, "emails": [{"type": "home", "value": "h@b.c"}]}`, `{"op": "Replace", "path": "emails[type eq \"work\"].value", "value": "a@b.c"}`,
			`{` + x + `, "emails": [{"type": "home", "value": "h@b.c"}, {"type": "work", "value": "a@b.c"}]}`,
		},
		"add makes an element from a conjunction": {
			`{` + x + `}`, `{"op": "add", "path": "emails[type eq \"work\" and primary eq true].value", "value": "a"},
				{"op": "add", "path": "phoneNumbers[type eq \"work\"]", "value": {"value": "555"}}`,
			`{` + x + `, "emails": [{"type": "work", "primary": true, "value": "a"}], "phoneNumbers": [{"type": "work", "value": "555"}]}`,
		},
		"an element without its value is removed": {
			`{` + x + `, "emails": [{"type": "work", "value": "a"}, {"type": "home", "value": "b"}]}`,
			`{"op": "Remove", "path": "emails[type eq \"work\"].value"}`,
			`{` + x + `, "emails": [{"type": "home", "value": "b"}]}`,
		},
		"one primary unsets the others": {
			`{` + x + `, "emails": [{"value": "a", "primary": true}, {"value": "b"}]}`,
			`{"op": "add", "path": "emails", "value": [{"value": "c", "primary": true}]}, {"op": "replace", "path": "emails[value eq \"b\"].primary", "value": true}`,
			`{` + x + `, "emails": [{"value": "a", "primary": false}, {"value": "b", "primary": true}, {"value": "c", "primary": false}]}`,
		},
		"an element that is there is not added again": {
			`{` + x + `, "emails": [{"value": "A@b.c", "type": "work"}]}`,
			`{"op": "add", "path": "emails", "value": [{"value": "A@b.c", "type": "work", "primary": true}, {"value": "A@b.c", "type": "home"}]}`,
			`{` + x + `, "emails": [{"value": "A@b.c", "type": "work", "primary": true}, {"value": "A@b.c", "type": "home"}]}`,
		},
		"elements that become equal are one": {
			`{` + x + `, "emails": [{"value": "a", "type": "work"}, {"value": "a", "type": "home"}]}`,
			`{"op": "replace", "path": "emails.type", "value": "work"}`,
			`{` + x + `, "emails": [{"value": "a", "type": "work"}]}`,
		},
		"a selected element is replaced as a whole, and keeps what selects it": {
			`{` + x + `, "emails": [{"value": "a", "type": "work", "display": "A"}, {"value": "b", "type": "home", "display": "B"}]}`,
			`{"op": "replace", "path": "emails[type eq \"work\"]", "value": {"value": "c"}}, {"op": "replace", "path": "emails[type sw \"h\"]", "value": {"value": "d"}}`,
			`{` + x + `, "emails": [{"value": "c", "type": "work"}, {"value": "d"}]}`,
		},
		"replace merges a complex attribute, null removes": {
			`{` + x + `, "name": {"familyName": "f", "givenName": "g", "middleName": "m"}}`,
			`{"op": "replace", "path": "name", "value": {"givenName": "h", "middleName": null}}, {"op": "remove", "path": "name.familyName"}`,
			`{` + x + `, "name": {"givenName": "h"}}`,
		},
		"null, an empty list and removal": {
			`{` + x + `, "title": "t", "emails": [{"value": "a"}], "photos": [{"value": "p"}], "name": {"givenName": "g"}, "` + enterprise + `": {"department": "d"}}`,
			`{"op": "replace", "path": "title", "value": null}, {"op": "replace", "path": "emails", "value": []}, {"op": "remove", "path": "photos"},
				{"op": "remove", "path": "name"}, {"op": "remove", "path": "` + enterprise + `:department"}`,
			`{` + x + `}`,
		},
		"adding null changes nothing": {
			`{` + x + `, "title": "t", "emails": [{"value": "a"}]}`, `{"op": "add", "path": "title", "value": null}, {"op": "add", "value": {"emails": null}}`,
			`{` + x + `, "title": "t", "emails": [{"value": "a"}]}`,
		},
		"a removal that lists no value removes nothing": {
			`{` + x + `, "emails": [{"value": "a"}]}`, `{"op": "remove", "path": "emails", "value": []}`, `{` + x + `, "emails": [{"value": "a"}]}`,
		},
		"removal by value and type": {
			`{` + x + `, "emails": [{"value": "a", "type": "work"}, {"value": "A", "type": "home"}, {"value": "b"}]}`,
			`{"op": "remove", "path": "emails", "value": [{"value": "a", "type": "home"}, {"value": "B"}]}`,
			`{` + x + `, "emails": [{"value": "a", "type": "work"}]}`,
		},
		"a filter that finds nothing to remove": {
			`{` + x + `, "emails": [{"value": "a"}]}`, `{"op": "remove", "path": "emails[value eq \"z\"]"}`, `{` + x + `, "emails": [{"value": "a"}]}`,
		},
		"a whole extension": {
			`{` + x + `, "` + enterprise + `": {"department": "d", "division": "v"}}`,
			`{"op": "add", "path": "` + enterprise + `", "value": {"department": "e", "costCenter": "c"}}`,
			`{` + x + `, "` + enterprise + `": {"department": "e", "division": "v", "costCenter": "c"}}`,
		},
		"a whole extension as a member of the value": {
			`{` + x + `}`, `{"op": "add", "value": {"schemas": ["s"], "` + enterprise + `": {"department": "e"}, "` + acme + `": {"tags": ["a"]}}}`,
			`{` + x + `, "` + enterprise + `": {"department": "e"}, "` + acme + `": {"tags": ["a"]}}`,
		},
		"removal of an extension": {
			`{` + x + `, "` + enterprise + `": {"department": "d"}, "` + acme + `": {"desk": {"building": "A"}}}`,
			`{"op": "remove", "path": "` + enterprise + `"}, {"op": "remove", "path": "` + acme + `:desk"}`, `{` + x + `}`,
		},
		"a new manager drops the URL and name of the old one": {
			`{` + x + `, "` + enterprise + `": {"manager": {"value": "u2", "$ref": "../Users/u2", "displayName": "Jo"}}}`,
			`{"op": "replace", "path": "` + enterprise + `:manager", "value": [{"value": "u3"}]}`,
			`{` + x + `, "` + enterprise + `": {"manager": {"value": "u3"}}}`,
		},
		"an empty manager is removed": {
			`{` + x + `, "` + enterprise + `": {"manager": {"value": "u2"}}}`, `{"op": "replace", "path": "` + enterprise + `:manager", "value": ""}`, `{` + x + `}`,
		},
		"simple elements": {
			`{` + x + `, "` + acme + `": {"tags": ["a", "b"]}}`,
			`{"op": "add", "path": "` + acme + `:tags", "value": ["A", "c"]}, {"op": "remove", "path": "` + acme + `:tags[value eq \"b\"]"},
				{"op": "add", "path": "` + acme + `:tags", "value": "d"}, {"op": "remove", "path": "` + acme + `:tags", "value": ["c"]}`,
			`{` + x + `, "` + acme + `": {"tags": ["a", "d"]}}`,
		},
		"immutable values that are set once, or again to the same": {
			`{` + x + `, "` + acme + `": {"desk": {"building": "A"}}}`,
			`{"op": "add", "path": "` + acme + `:code", "value": "c"}, {"op": "replace", "path": "` + acme + `:code", "value": "c"},
				{"op": "add", "path": "` + acme + `:desk.floor", "value": 3}, {"op": "add", "path": "` + acme + `:fixed", "value": ["a"]},
				{"op": "replace", "path": "` + acme + `:fixed", "value": ["a"]}`,
			`{` + x + `, "` + acme + `": {"code": "c", "desk": {"building": "A", "floor": 3}, "fixed": ["a"]}}`,
		},
		"Okta: a value that repeats the id": {
			`{"id": "u1", "userName": "x", "meta": {"version": "v"}}`, `{"op": "replace", "value": {"id": "u1", "meta": {"version": "w"}, "title": "t"}}`,
			`{"id": "u1", "userName": "x", "meta": {"version": "v"}, "title": "t"}`,
		},
		"names in any letter case, core attributes with their URN": {
			`{` + x + `}`, `{"op": "add", "path": "URN:ietf:params:scim:schemas:core:2.0:user:TITLE", "value": "t"}`, `{` + x + `, "title": "t"}`,
		},
	} {
		got, err := apply(t, users(t), c.before, request(c.operations))
		if diff := cmp.Diff(object(t, c.want), got); err != nil || diff != "" {
			t.Errorf("%s: %v\n%s", name, err, diff)
		}
	}
}

func TestApplyErrors(t *testing.T) {
	const before = `{"id": "u1", "userName": "x", "emails": [{"value": "a", "type": "work"}], "groups": [{"value": "g"}],
		"` + acme + `": {"code": "c", "badge": "7", "fixed": ["a"], "desk": {"building": "A", "floor": 3}}}`
	for operation, want := range map[string]struct {
		kind   schema.ScimType
		detail string
	}{
		`{"op": "replace", "path": "id", "value": "u2"}`:                                {schema.Mutability, `id: is read-only`},
		`{"op": "replace", "value": {"id": "u2"}}`:                                      {schema.Mutability, `id: is read-only`},
		`{"op": "remove", "path": "groups"}`:                                            {schema.Mutability, `groups: is read-only`},
		`{"op": "add", "path": "meta.version", "value": "v"}`:                           {schema.Mutability, `meta.version: is read-only`},
		`{"op": "replace", "path": "` + acme + `:badge", "value": "8"}`:                 {schema.Mutability, acme + `:badge: is read-only`},
		`{"op": "add", "path": "` + enterprise + `:manager.displayName", "value": "x"}`: {schema.Mutability, enterprise + `:manager.displayName: is read-only`},
		`{"op": "replace", "path": "` + acme + `:code", "value": "d"}`:                  {schema.Mutability, acme + `:code: is immutable and already has a value`},
		`{"op": "remove", "path": "` + acme + `:code"}`:                                 {schema.Mutability, acme + `:code: is immutable and already has a value`},
		`{"op": "remove", "path": "` + acme + `"}`:                                      {schema.Mutability, acme + `: has code, which is immutable and already has a value`},
		`{"op": "remove", "path": "` + acme + `:desk"}`:                                 {schema.Mutability, acme + `:desk: has floor, which is immutable and already has a value`},
		`{"op": "replace", "path": "` + acme + `:desk", "value": {"floor": 4}}`:         {schema.Mutability, acme + `:desk.floor: is immutable and already has a value`},
		`{"op": "add", "path": "` + acme + `:fixed", "value": "b"}`:                     {schema.Mutability, acme + `:fixed: is immutable and already has a value`},
		`{"op": "replace", "path": "` + acme + `:fixed", "value": ["b"]}`:               {schema.Mutability, acme + `:fixed: is immutable and already has a value`},
		`{"op": "remove", "path": "` + acme + `:fixed"}`:                                {schema.Mutability, acme + `:fixed: is immutable and already has a value`},
		`{"op": "remove", "path": "userName"}`:                                          {schema.Mutability, `userName: is required and can't be removed`},
		`{"op": "replace", "path": "userName", "value": null}`:                          {schema.Mutability, `userName: is required and can't be removed`},
		`{"op": "remove", "path": "` + acme + `:desk.building"}`:                        {schema.Mutability, acme + `:desk.building: is required and can't be removed`},
		`{"op": "replace", "path": "shoeSize", "value": 9}`:                             {schema.InvalidPath, `path: "shoeSize" is not an attribute of a User; /Schemas lists them`},
		`{"op": "replace", "path": "name.nick", "value": "x"}`:                          {schema.InvalidPath, `path: name has no sub-attribute "nick"; /Schemas lists them`},
		`{"op": "replace", "path": "emails[", "value": "x"}`:                            {schema.InvalidPath, `path: at character 8: expected an attribute, as in userName or name.familyName, found the end`},
		`{"op": "replace", "path": "name[familyName pr]", "value": "x"}`:                {schema.InvalidPath, `path: name has no elements to select; only multi-valued attributes, such as emails, can be followed by [`},
		`{"op": "replace", "path": "emails[type pr].nick", "value": "x"}`:               {schema.InvalidPath, `path: emails has no sub-attribute "nick"; /Schemas lists them`},
		`{"op": "replace", "path": 7, "value": "x"}`:                                    {schema.InvalidPath, `path: must be a string`},
		`{"op": "remove", "path": "emails[color eq \"x\"]"}`:                            {schema.InvalidFilter, `filter: "color" is not a sub-attribute of emails; /Schemas lists them`},
		`{"op": "replace", "path": "emails[value eq \"z\"]", "value": {"value": "y"}}`: {
			schema.NoTarget, `path: no element of emails matches value eq "z"; add it first`,
		},
		`{"op": "replace", "path": "emails[value eq \"z\"].type", "value": "home"}`: {
			schema.NoTarget, `path: no element of emails matches value eq "z"; add it first`,
		},
		`{"op": "add", "path": "emails[type sw \"h\"].value", "value": "y"}`: {
			schema.NoTarget, `path: no element of emails matches type sw "h"; add it first`,
		},
		`{"op": "replace", "path": "photos.value", "value": "y"}`: {schema.NoTarget, `path: photos has no elements; add one first`},
		`{"op": "remove"}`: {schema.NoTarget, `path: must name what to remove`},
		`{"op": "replace", "path": "active", "value": "yes"}`: {schema.InvalidValue, `active: must be true or false, not a string`},
		`{"op": "replace", "path": "name", "value": "Jane"}`:  {schema.InvalidValue, `name: must be an object`},
		`{"op": "replace", "value": "x"}`:                     {schema.InvalidValue, `value: must be an object of attributes, because there is no path`},
		`{"op": "add", "path": "title"}`:                      {schema.InvalidValue, `value: must be given for add`},
		`{"op": "replace", "path": "` + acme + `:color", "value": "green"}`: {
			schema.InvalidValue, acme + `:color: "green" is not one of its canonical values; use one of Red, Blue`,
		},
		`{"op": "replace", "path": "emails[type eq \"work\"]", "value": [{"value": "a"}, {"value": "b"}]}`: {
			schema.InvalidValue, `emails: must be one element, because the path selects elements`,
		},
		`{"op": "move", "path": "a"}`: {schema.InvalidSyntax, `op: "move" is not an operation; use add, replace or remove`},
		`"x"`:                         {schema.InvalidSyntax, `must be an object with op, path and value`},
		`{"op": "add", "Op": "add", "path": "title", "value": "x"}`:                {schema.InvalidSyntax, `op: is given more than once; letter case is not significant in names`},
		`{"op": "add", "value": {"title": "x", "TITLE": "y"}}`:                     {schema.InvalidSyntax, `value.title: is given more than once; letter case is not significant in names`},
		`{"op": "add", "path": "name", "value": {"givenName": 1, "GivenName": 2}}`: {schema.InvalidSyntax, `name.givenname: is given more than once; letter case is not significant in names`},
	} {
		// The first operation is not applied either.
		got, err := apply(t, users(t), before, request(`{"op": "add", "path": "nickName", "value": "n"}, `+operation))
		failsWith(t, operation, err, want.kind, "Operations[1]: "+want.detail)
		if got != nil {
			t.Errorf("%s: failed with the result %v", operation, got)
		}
	}
	_, err := apply(t, users(t), before, request(`{"op": "replace", "path": "emails", "value": [{"value": "a", "primary": true}, {"value": "b", "primary": true}]}`))
	failsWith(t, "two primaries", err, schema.InvalidValue, `emails: has 2 primary values; at most one may be primary`)
	for body, detail := range map[string]string{
		`{"Operations": []}`: `Operations: must be a list of at least one operation`,
		`{}`:                 `Operations: must be a list of at least one operation`,
		`{"schemas": ["urn:x"], "Operations": [{"op": "add", "value": {}}]}`: `schemas: must be ["urn:ietf:params:scim:api:messages:2.0:PatchOp"]`,
	} {
		_, err := apply(t, users(t), before, body)
		failsWith(t, body, err, schema.InvalidSyntax, detail)
	}
}
