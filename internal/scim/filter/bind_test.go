package filter_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/rosterhq/roster/internal/scim/filter"
	"github.com/rosterhq/roster/internal/scim/schema"
)

const acme = "urn:example:acme:1.0"

// userType has an extension with an attribute of every type.
func userType(t testing.TB) *schema.ResourceType {
	t.Helper()
	extension, err := schema.ParseExtension([]byte(`{"id": "` + acme + `", "name": "Acme", "attributes": [
		{"name": "code", "caseExact": true}, {"name": "tags", "multiValued": true},
		{"name": "level", "type": "integer"}, {"name": "ratio", "type": "decimal"},
		{"name": "hired", "type": "dateTime"}, {"name": "blob", "type": "binary"}, {"name": "remote", "type": "boolean"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	return schema.UserType(extension)
}

const jensen = `{
	"schemas": ["` + core + `", "` + enterprise + `"],
	"id": "u1", "externalId": "Ext-1", "userName": "BJensen@example.com", "title": "Tour Guide", "nickName": "",
	"userType": "Employee", "active": true, "name": {"familyName": "O'Malley", "givenName": "Straße"},
	"emails": [{"value": "bjensen@example.com", "type": "work", "primary": true}, {"value": "babs@jensen.org", "type": "home"}],
	"meta": {"lastModified": "2011-05-13T04:42:34.000Z"},
	"` + enterprise + `": {"department": "Tours", "manager": {"value": "u2"}},
	"` + acme + `": {"code": "aB", "tags": ["Red", "blue"], "level": 10, "ratio": 0.5, "hired": "2020-01-02T03:04:05.000Z", "blob": "AAAA", "remote": false}
}`

func TestMatches(t *testing.T) {
	var resource map[string]any
	if err := json.Unmarshal([]byte(jensen), &resource); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]bool{
		`userName eq "bjensen@EXAMPLE.com"`: true, // not caseExact
		`USERNAME sw "BJ"`:                  true,
		`userName ew ".ORG"`:                false,
		`externalId eq "ext-1"`:             false, // caseExact
		`externalId eq "Ext-1"`:             true,
		`name.givenName co "STRA"`:          true,
		core + `:userName sw "b"`:           true,
		`title pr`:                          true,
		`nickName pr`:                       false, // empty
		`nickName eq ""`:                    true,
		`displayName pr`:                    false,
		`displayName ne "x"`:                true, // no value differs from every value
		`displayName eq null`:               true,
		`title ne null`:                     true,
		`name pr`:                           true,
		`title gt "tour"`:                   true,
		`title lt "TOUR GUIDE"`:             false,
		`title le "TOUR GUIDE"`:             true,
		`active eq true`:                    true,
		`active eq "True"`:                  true,
		`active ne true`:                    false,
		`emails co "jensen.org"`:            true,
		`emails.type eq "WORK"`:             true,
		`emails.type ne "work"`:             true, // of the second one
		`not (emails.type eq "work")`:       false,
		`emails[type eq "work" and value co "jensen.org"]`: false,
		`emails[type eq "home" and value co "jensen.org"]`: true,
		`emails[primary eq true and type eq "work"]`:       true,
		`emails.display pr`:           false,
		`emails pr`:                   true,
		`phoneNumbers pr`:             false,
		`phoneNumbers.type ne "work"`: false, // no element
		`phoneNumbers eq null`:        true,
		`meta.lastModified ge "2011-05-13T06:42:34+02:00"`:      true,
		`meta.lastModified gt "2011-05-13T06:42:34+02:00"`:      false,
		`meta.lastModified lt "2011-05-13T04:42:34.1"`:          true,
		`schemas eq "` + enterprise + `"`:                       true,
		enterprise + `:department eq "tours"`:                   true,
		enterprise + `:manager.value eq "u2"`:                   true,
		enterprise + `:manager eq "u2"`:                         true,
		acme + `:code eq "ab"`:                                  false,
		acme + `:tags eq "RED"`:                                 true,
		acme + `:tags[value sw "b"]`:                            true,
		acme + `:level gt 9`:                                    true, // a number: "9" > "10"
		acme + `:level eq 10.0`:                                 true,
		acme + `:ratio le 0.5`:                                  true,
		acme + `:hired lt "2020-01-02T03:04:06Z"`:               true,
		acme + `:blob eq "aaaa"`:                                false,
		acme + `:remote eq false`:                               true,
		`title pr and userType eq "Intern" or active eq true`:   true,
		`title pr and (userType eq "Intern" or active ne true)`: false,
	} {
		expr, err := filter.Parse(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		condition, err := filter.Bind(expr, userType(t))
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := filter.Matches(condition, resource); got != want {
			t.Errorf("%s: %v, want %v", text, got, want)
		}
	}
}

// Every example of the RFC binds to the schema of users.
func TestBindExamplesOfRFC7644(t *testing.T) {
	for _, example := range examples {
		if _, err := filter.Bind(example.want, schema.UserType()); err != nil {
			t.Errorf("section %s: %s: %v", example.section, example.text, err)
		}
	}
}

func TestBindErrors(t *testing.T) {
	for text, want := range map[string]string{
		`shoeSize eq 1`:                 `filter: "shoeSize" is not an attribute of a User; /Schemas lists them`,
		`name.nick eq "x"`:              `filter: name has no sub-attribute "nick"; /Schemas lists them`,
		`urn:a:b:c pr`:                  `filter: "urn:a:b" is not a schema of a User; /Schemas lists them`,
		enterprise + `:shoeSize pr`:     `filter: "shoeSize" is not an attribute of the schema ` + enterprise + `; /Schemas lists them`,
		`name eq "x"`:                   `filter: name is complex; compare one of its sub-attributes, as in name.formatted`,
		`active gt true`:                `filter: active has the type boolean, which the operator gt does not compare`,
		`active eq "yes"`:               `filter: active has the type boolean and can't be compared with "yes"`,
		`x509Certificates.value gt "a"`: `filter: x509Certificates.value has the type binary, which the operator gt does not compare`,
		`meta.created co "2011"`:        `filter: meta.created has the type dateTime and can't be compared with "2011"`,
		`meta.created gt "yesterday"`:   `filter: meta.created has the type dateTime and can't be compared with "yesterday"`,
		`title eq 1`:                    `filter: title has the type string and can't be compared with 1`,
		`title gt null`:                 `filter: null can only be compared with eq and ne, not with gt`,
		`name[familyName pr]`:           `filter: "name" has no elements to select; only multi-valued attributes, such as emails, can be followed by [`,
		`emails.type[value pr]`:         `filter: "emails.type" has no elements to select; only multi-valued attributes, such as emails, can be followed by [`,
		`emails[color eq "x"]`:          `filter: "color" is not a sub-attribute of emails; /Schemas lists them`,
		`emails[emails.type eq "work"]`: `filter: "emails.type" is not a sub-attribute of emails; /Schemas lists them`,
		acme + `:level eq "ten"`:        `filter: ` + acme + `:level has the type integer and can't be compared with "ten"`,
	} {
		expr, err := filter.Parse(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		_, err = filter.Bind(expr, userType(t))
		var e *schema.Error
		if !errors.As(err, &e) || e.Type != schema.InvalidFilter || e.Detail != want {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}
