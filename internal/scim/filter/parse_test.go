package filter_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rosterhq/roster/internal/scim/filter"
	"github.com/rosterhq/roster/internal/scim/schema"
)

const (
	core       = "urn:ietf:params:scim:schemas:core:2.0:User"
	enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
)

func attr(name string) filter.AttrPath {
	name, sub, _ := strings.Cut(name, ".")
	return filter.AttrPath{Name: name, Sub: sub}
}

func compare(name string, op filter.Op, value any) filter.Compare {
	return filter.Compare{Attr: attr(name), Op: op, Value: value}
}

func present(name string) filter.Present { return filter.Present{Attr: attr(name)} }

// The examples of RFC 7644, by section.
var examples = []struct {
	section, text string
	want          filter.Expr
}{
	{"3.4.2.2", `userName eq "bjensen"`, compare("userName", filter.Eq, "bjensen")},
	{"3.4.2.2", `name.familyName co "O'Malley"`, compare("name.familyName", filter.Co, "O'Malley")},
	{"3.4.2.2", `userName sw "J"`, compare("userName", filter.Sw, "J")},
	{
		"3.4.2.2", `urn:ietf:params:scim:schemas:core:2.0:User:userName sw "J"`,
		filter.Compare{Attr: filter.AttrPath{URN: core, Name: "userName"}, Op: filter.Sw, Value: "J"},
	},
	{"3.4.2.2", `title pr`, present("title")},
	{"3.4.2.2", `meta.lastModified gt "2011-05-13T04:42:34Z"`, compare("meta.lastModified", filter.Gt, "2011-05-13T04:42:34Z")},
	{"3.4.2.2", `meta.lastModified ge "2011-05-13T04:42:34Z"`, compare("meta.lastModified", filter.Ge, "2011-05-13T04:42:34Z")},
	{"3.4.2.2", `meta.lastModified lt "2011-05-13T04:42:34Z"`, compare("meta.lastModified", filter.Lt, "2011-05-13T04:42:34Z")},
	{"3.4.2.2", `meta.lastModified le "2011-05-13T04:42:34Z"`, compare("meta.lastModified", filter.Le, "2011-05-13T04:42:34Z")},
	{"3.4.2.2", `title pr and userType eq "Employee"`, filter.And{present("title"), compare("userType", filter.Eq, "Employee")}},
	{"3.4.2.2", `title pr or userType eq "Intern"`, filter.Or{present("title"), compare("userType", filter.Eq, "Intern")}},
	{"3.4.2.2", `schemas eq "` + enterprise + `"`, compare("schemas", filter.Eq, enterprise)},
	{
		"3.4.2.2", `userType eq "Employee" and (emails co "example.com" or emails.value co "example.org")`,
		filter.And{compare("userType", filter.Eq, "Employee"), filter.Or{
			compare("emails", filter.Co, "example.com"), compare("emails.value", filter.Co, "example.org"),
		}},
	},
	{
		"3.4.2.2", `userType ne "Employee" and not (emails co "example.com" or emails.value co "example.org")`,
		filter.And{compare("userType", filter.Ne, "Employee"), filter.Not{Expr: filter.Or{
			compare("emails", filter.Co, "example.com"), compare("emails.value", filter.Co, "example.org"),
		}}},
	},
	{
		"3.4.2.2", `userType eq "Employee" and (emails.type eq "work")`,
		filter.And{compare("userType", filter.Eq, "Employee"), compare("emails.type", filter.Eq, "work")},
	},
	{
		"3.4.2.2", `userType eq "Employee" and emails[type eq "work" and value co "@example.com"]`,
		filter.And{compare("userType", filter.Eq, "Employee"), filter.ValuePath{Attr: attr("emails"), Filter: filter.And{
			compare("type", filter.Eq, "work"), compare("value", filter.Co, "@example.com"),
		}}},
	},
	{
		"3.4.2.2", `emails[type eq "work" and value co "@example.com"] or ims[type eq "xmpp" and value co "@foo.com"]`,
		filter.Or{
			filter.ValuePath{Attr: attr("emails"), Filter: filter.And{
				compare("type", filter.Eq, "work"), compare("value", filter.Co, "@example.com"),
			}},
			filter.ValuePath{Attr: attr("ims"), Filter: filter.And{
				compare("type", filter.Eq, "xmpp"), compare("value", filter.Co, "@foo.com"),
			}},
		},
	},
	{"3.4.3", `displayName sw "smith"`, compare("displayName", filter.Sw, "smith")},
}

func TestParseExamplesOfRFC7644(t *testing.T) {
	for _, example := range examples {
		got, err := filter.Parse(example.text)
		if diff := cmp.Diff(example.want, got); err != nil || diff != "" {
			t.Errorf("section %s: %s: %v\n%s", example.section, example.text, err, diff)
		}
	}
}

func TestParse(t *testing.T) {
	a, b, c := present("a"), present("b"), present("c")
	for text, want := range map[string]filter.Expr{
		`a pr and b pr or c pr`:            filter.Or{filter.And{a, b}, c},
		`a pr or b pr and c pr`:            filter.Or{a, filter.And{b, c}},
		`(a pr or b pr) and c pr`:          filter.And{filter.Or{a, b}, c},
		`a pr or (b pr or (c pr))`:         filter.Or{a, b, c},
		`not(a pr)`:                        filter.Not{Expr: a},
		`NOT (not (a pr)) AND b PR`:        filter.And{filter.Not{Expr: filter.Not{Expr: a}}, b},
		`  ( a  pr )  `:                    a,
		`not pr`:                           present("not"),
		`and eq "or"`:                      compare("and", filter.Eq, "or"),
		`a Eq TRUE`:                        compare("a", filter.Eq, true),
		`a eq false`:                       compare("a", filter.Eq, false),
		`a ne null`:                        compare("a", filter.Ne, nil),
		`a GE -1.5e3`:                      compare("a", filter.Ge, json.Number("-1.5e3")),
		`a eq "q\"\\\u00e9\ud83d\ude00\n"`: compare("a", filter.Eq, "q\"\\é😀\n"),
		`a eq ""`:                          compare("a", filter.Eq, ""),
		`members.$ref eq "x"`:              compare("members.$ref", filter.Eq, "x"),
		`urn:okta:acme:1.0:a.b pr`:         filter.Present{Attr: filter.AttrPath{URN: "urn:okta:acme:1.0", Name: "a", Sub: "b"}},
		`e[not (a pr) and (b pr)]`:         filter.ValuePath{Attr: attr("e"), Filter: filter.And{filter.Not{Expr: a}, b}},
	} {
		got, err := filter.Parse(text)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: %v\n%s", text, err, diff)
		}
	}
}

func TestParseErrorsSayWhereAndWhat(t *testing.T) {
	for text, want := range map[string]string{
		``:                                       `filter: must not be empty`,
		`   `:                                    `filter: must not be empty`,
		`userName`:                               `filter: at character 9: expected a space and an operator (eq, ne, co, sw, ew, gt, ge, lt, le, pr) after "userName", found the end`,
		`userName is "x"`:                        `filter: at character 10: expected an operator (eq, ne, co, sw, ew, gt, ge, lt, le, pr) after "userName", found "is"`,
		`userName eq`:                            `filter: at character 12: expected a space and a value after eq, found the end`,
		`userName eq bjensen`:                    `filter: at character 13: expected a JSON value: a string in double quotes, a number, true, false or null; found "bjensen"`,
		`userName eq 'bjensen'`:                  `filter: at character 13: expected a JSON value: a string in double quotes, a number, true, false or null; found "'bjensen'"`,
		`é eq "x"`:                               `filter: at character 1: expected an attribute, as in userName or name.familyName, found "é"`,
		`a eq "é" und b pr`:                      `filter: at character 10: expected and, or, or the end of the filter, found "und"`,
		`(a pr`:                                  `filter: at character 6: expected and, or, or ')' to close the '(' at character 1, found the end`,
		`e[a pr`:                                 `filter: at character 7: expected and, or, or ']' to close the '[' at character 2, found the end`,
		`e[f[a pr]]`:                             `filter: at character 4: a value path can't contain another one`,
		`a eq "x`:                                `filter: at character 6: this string has no closing double quote`,
		`a eq "\x"`:                              `filter: at character 6: "\"\\x\"" is not a JSON string; escape double quotes, backslashes and control characters`,
		`a eq "\u0000"`:                          `filter: at character 6: the string contains the character U+0000, which no attribute can contain`,
		"a eq \"\xff\"":                          `filter: at character 7: the text must be valid UTF-8`,
		`a eq 01`:                                `filter: at character 6: expected a JSON value: a string in double quotes, a number, true, false or null; found "01"`,
		`a eq 1e999`:                             `filter: at character 6: expected a JSON value: a string in double quotes, a number, true, false or null; found "1e999"`,
		`a.b.c pr`:                               `filter: at character 1: expected an attribute, as in userName or name.familyName, found "a.b.c"`,
		`urn:x:y: pr`:                            `filter: at character 1: expected an attribute, as in userName or name.familyName, found "urn:x:y:"`,
		strings.Repeat("(", 17):                  `filter: at character 17: parentheses and brackets may be nested 16 deep at most`,
		strings.Repeat("a", 10_000):              `filter: has 10000 bytes; at most 8192 are allowed`,
		strings.Repeat("a pr or ", 100) + "a pr": `filter: at character 801: at most 100 comparisons are allowed`,
	} {
		_, err := filter.Parse(text)
		var e *schema.Error
		if !errors.As(err, &e) || e.Type != schema.InvalidFilter || e.Detail != want {
			t.Errorf("%.40s: %v, want %s", text, err, want)
		}
	}
}

// The examples of RFC 7644 section 3.5.2, and the paths that identity providers send.
func TestParsePath(t *testing.T) {
	work := compare("type", filter.Eq, "work")
	for text, want := range map[string]filter.Path{
		`members`:                   {Attr: attr("members")},
		`name.familyName`:           {Attr: attr("name.familyName")},
		`addresses[type eq "work"]`: {Attr: attr("addresses"), Filter: work},
		`members[value eq "2819c223-7f76-453a-919d-413861904646"]`: {
			Attr: attr("members"), Filter: compare("value", filter.Eq, "2819c223-7f76-453a-919d-413861904646"),
		},
		`members[value eq "2819c223-7f76-453a-919d-413861904646"].displayName`: {
			Attr: attr("members"), Filter: compare("value", filter.Eq, "2819c223-7f76-453a-919d-413861904646"), Sub: "displayName",
		},
		`emails[type eq "work"].value`: {Attr: attr("emails"), Filter: work, Sub: "value"},
		enterprise + `:department`:     {Attr: filter.AttrPath{URN: enterprise, Name: "department"}},
		enterprise:                     {Attr: filter.AttrPath{URN: strings.TrimSuffix(enterprise, ":User"), Name: "User"}},
		`urn:okta:acme:1.0`:            {Attr: filter.AttrPath{URN: "urn:okta:acme:1.0"}},
	} {
		got, err := filter.ParsePath(text)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: %v\n%s", text, err, diff)
		}
		if got.String() != text {
			t.Errorf("%s became %s", text, got)
		}
	}
	for text, want := range map[string]string{
		``:                `path: must not be empty`,
		`emails[`:         `path: at character 8: expected an attribute, as in userName or name.familyName, found the end`,
		`emails[type].x`:  `path: at character 12: expected a space and an operator (eq, ne, co, sw, ew, gt, ge, lt, le, pr) after "type", found "]"`,
		`emails[a pr].`:   `path: at character 14: expected a sub-attribute after the dot, as in emails[type eq "work"].value`,
		`emails[a pr]x`:   `path: at character 13: expected the end of the path, found "x"`,
		`a b`:             `path: at character 3: expected the end of the path, found "b"`,
		`urn:a:1.0[b pr]`: `path: at character 10: a filter selects elements of an attribute, and "urn:a:1.0" names a schema`,
		`emails[a eq "]"`: `path: at character 16: expected and, or, or ']' to close the '[' at character 7, found the end`,
	} {
		_, err := filter.ParsePath(text)
		var e *schema.Error
		if !errors.As(err, &e) || e.Type != schema.InvalidPath || e.Detail != want {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}
