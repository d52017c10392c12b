package schema_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rosterhq/roster/internal/scim/schema"
)

func TestProjection(t *testing.T) {
	users := acmeType(t)
	const stored = `{"schemas": ["s"], "id": "u1", "externalId": "e", "userName": "x", "meta": {"created": "c", "version": "v"},
		"name": {"givenName": "g", "familyName": "f"}, "emails": [{"value": "a", "type": "work"}, {"value": "b"}],
		"urn:example:acme:1.0": {"code": "c", "tags": ["t"], "pin": "1", "notes": "n", "hidden": "h", "desk": {"building": "A", "floor": 3}},
		"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"department": "d"}}`
	const department = `"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"department": "d"}`
	const nameAndMails = `"name": {"givenName": "g", "familyName": "f"}, "emails": [{"value": "a", "type": "work"}, {"value": "b"}]`
	for _, c := range []struct{ attributes, excluded, want string }{
		{"", "", `"userName": "x", "externalId": "e", "meta": {"created": "c", "version": "v"}, ` + nameAndMails + `, ` + department +
			`, "urn:example:acme:1.0": {"code": "c", "tags": ["t"], "desk": {"building": "A", "floor": 3}}`},
		// RFC 7644 section 3.9's example.
		{"userName", "", `"userName": "x"`},
		{"USERNAME, emails", "", `"userName": "x", "emails": [{"value": "a", "type": "work"}, {"value": "b"}]`},
		{`emails[type eq "work"].type`, "", `"emails": [{"type": "work"}]`},
		{"emails.type,name.givenName", "", `"name": {"givenName": "g"}, "emails": [{"type": "work"}]`},
		{"urn:ietf:params:scim:schemas:core:2.0:User:name.familyName", "", `"name": {"familyName": "f"}`},
		{"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department", "", department},
		{"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User", "", department},
		{"urn:example:acme:1.0", "", `"urn:example:acme:1.0": {"code": "c", "tags": ["t"], "desk": {"building": "A", "floor": 3}}`},
		{"urn:example:acme:1.0:desk.floor", "", `"urn:example:acme:1.0": {"desk": {"floor": 3}}`},
		{"urn:example:acme:1.0:notes,urn:example:acme:1.0:pin,urn:example:acme:1.0:hidden", "", `"urn:example:acme:1.0": {"notes": "n"}`},
		{"shoeSize", "", ``},
		{
			"", "id,schemas,userName,meta.version,externalId,emails,name.givenName,urn:example:acme:1.0",
			`"meta": {"created": "c"}, "name": {"familyName": "f"}, ` + department,
		},
		{
			"", "urn:example:acme:1.0:desk.floor,urn:example:acme:1.0:tags,urn:ietf:params:scim:schemas:extension:enterprise:2.0:User,userName,externalId,meta,name,emails",
			`"urn:example:acme:1.0": {"code": "c", "desk": {"building": "A"}}`,
		},
	} {
		p, err := users.Projection([]string{c.attributes}, []string{c.excluded})
		if err != nil {
			t.Error(err)
			continue
		}
		want := `{"schemas": ["s"], "id": "u1"`
		if c.want != "" {
			want += ", " + c.want
		}
		if diff := cmp.Diff(object(t, want+"}"), p.Apply(object(t, stored))); diff != "" {
			t.Errorf("attributes %q, excludedAttributes %q: %s", c.attributes, c.excluded, diff)
		}
	}
	_, err := users.Projection([]string{"a"}, []string{"b"})
	failsWith(t, "both", err, schema.InvalidValue, `attributes: can't be combined with excludedAttributes; give one of them`)
	_, err = users.Projection([]string{strings.Repeat("a,", 101)}, nil)
	failsWith(t, "many", err, schema.InvalidValue, `attributes: has more than 100 names; list fewer`)
}

func TestProjectionWants(t *testing.T) {
	for _, c := range []struct {
		attributes, excluded string
		want                 bool
	}{{"", "", true}, {"", "Members", false}, {"displayName", "", false}, {"members.value", "", true}, {"", "members.value", true}} {
		p, err := schema.GroupType().Projection([]string{c.attributes}, []string{c.excluded})
		if err != nil || p.Wants("members") != c.want {
			t.Errorf("%q %q: %v, want %v", c.attributes, c.excluded, !c.want, c.want)
		}
	}
}

// The characteristics that RFC 7643 sections 4 and 8.7.1 give to attributes whose change
// would change what clients see.
func TestCoreSchemasHaveTheCharacteristicsOfSection8_7_1(t *testing.T) {
	users, groups := schema.UserType(), schema.GroupType()
	for path, want := range map[string]string{
		"id":                     `string readOnly always server caseExact`,
		"externalId":             `string readWrite default none caseExact`,
		"userName":               `string readWrite default server required`,
		"name":                   `complex readWrite default none`,
		"name.givenName":         `string readWrite default none`,
		"profileUrl":             `reference readWrite default none caseExact`,
		"active":                 `boolean readWrite default none`,
		"emails":                 `complex readWrite default none multiValued`,
		"emails.primary":         `boolean readWrite default none`,
		"groups":                 `complex readOnly default none multiValued`,
		"meta.created":           `dateTime readOnly default none`,
		"meta.location":          `reference readOnly default none caseExact`,
		"photos.value":           `reference readWrite default none caseExact`,
		"x509Certificates.value": `binary readWrite default none caseExact`,
	} {
		name, sub, _ := strings.Cut(path, ".")
		ref, err := users.Lookup("", name, sub)
		if got := characteristics(ref.Last()); err != nil || got != want {
			t.Errorf("%s: %s, want %s; %v", path, got, want, err)
		}
	}
	for path, want := range map[string]string{
		"displayName":   `string readWrite default none required`,
		"members":       `complex readWrite default none multiValued`,
		"members.value": `string immutable default none required caseExact`,
	} {
		name, sub, _ := strings.Cut(path, ".")
		ref, err := groups.Lookup(schema.Group, name, sub)
		if got := characteristics(ref.Last()); err != nil || got != want {
			t.Errorf("%s: %s, want %s; %v", path, got, want, err)
		}
	}
}

func characteristics(a *schema.Attribute) string {
	s := string(a.Type) + " " + a.Mutability + " " + a.Returned + " " + a.Uniqueness
	if a.Required {
		s += " required"
	}
	if a.CaseExact {
		s += " caseExact"
	}
	if a.MultiValued {
		s += " multiValued"
	}
	return s
}

func TestDescribe(t *testing.T) {
	b, err := json.Marshal(acmeType(t).Describe())
	if err != nil {
		t.Fatal(err)
	}
	want := `{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:ResourceType"], "id": "User", "name": "User", "endpoint": "/Users",
		"description": "User Account", "schema": "urn:ietf:params:scim:schemas:core:2.0:User", "schemaExtensions": [
			{"schema": "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User", "required": false}, {"schema": "urn:example:acme:1.0", "required": false}]}`
	if diff := cmp.Diff(object(t, want), object(t, string(b))); diff != "" {
		t.Error(diff)
	}
}

// A PUT replaces what clients can write (RFC 7644 section 3.5.1).
func TestReplace(t *testing.T) {
	users := acmeType(t)
	old := object(t, `{"id": "u1", "userName": "x", "title": "t", "groups": [{"value": "g"}], "meta": {"version": "v"},
		"urn:example:acme:1.0": {"code": "c", "pin": "1", "tags": ["t"], "desk": {"building": "A", "floor": 3}}}`)
	got, err := users.Replace(old, object(t, `{"userName": "y", "urn:example:acme:1.0": {"desk": {"building": "B"}}}`))
	want := object(t, `{"id": "u1", "userName": "y", "groups": [{"value": "g"}], "meta": {"version": "v"},
		"urn:example:acme:1.0": {"code": "c", "pin": "1", "desk": {"building": "B", "floor": 3}}}`)
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
	for in, detail := range map[string]string{
		`{"code": "d"}`:          acme + `:code: is immutable and already has another value`,
		`{"desk": {"floor": 4}}`: acme + `:desk.floor: is immutable and already has another value`,
	} {
		_, err := users.Replace(old, object(t, `{"userName": "x", "urn:example:acme:1.0": `+in+`}`))
		failsWith(t, in, err, schema.Mutability, detail)
	}
}
