package scim_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rosterhq/roster/internal/scim/filter"
	"github.com/rosterhq/roster/internal/scim/patch"
	"github.com/rosterhq/roster/internal/scim/schema"
	"github.com/rosterhq/roster/internal/servertest"
	"pgregory.net/rapid"
)

const known = `{"userName": "jane", "title": "guide", "active": true, "name": {"givenName": "jane", "familyName": "roe"},
	"emails": [{"value": "jane@work.example", "type": "work"}, {"value": "jane@home.example", "type": "home"}],
	"phoneNumbers": [{"value": "555-1", "type": "work"}],
	"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"department": "Tours", "costCenter": "4130"}}`

const enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

func parsed(t rapid.TB, text string) (v map[string]any) {
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return v
}

// patch.Apply and scim-patch (npm) apply a patch alike. The operations
// leave out what Roster does differently on purpose, as docs/guide/scim.md says: it reads
// "True" as a boolean, keeps one primary value, merges an added element into one with its
// value and type, replaces a selected element as a whole, removes an element with its
// value, and makes an element that a replace selects by its type alone.
func TestPatchesAgreeWithScimPatch(t *testing.T) {
	if testing.Short() {
		t.Skip("it starts Node.js")
	}
	ask := servertest.StartSCIMLibraries(t)
	operation := rapid.Custom(func(t *rapid.T) string {
		text := func() string { return fmt.Sprintf("%q", rapid.StringMatching(`[a-z]{1,8}`).Draw(t, "text")) }
		kind := rapid.SampledFrom([]string{"work", "home"}).Draw(t, "type")
		set := rapid.SampledFrom([]string{"add", "replace"}).Draw(t, "set")
		return rapid.SampledFrom([]string{
			`{"op": "` + set + `", "path": "title", "value": ` + text() + `}`,
			`{"op": "` + set + `", "path": "nickName", "value": ` + text() + `}`,
			`{"op": "` + set + `", "path": "active", "value": false}`,
			`{"op": "` + set + `", "path": "name.givenName", "value": ` + text() + `}`,
			`{"op": "` + set + `", "path": "name", "value": {"familyName": ` + text() + `, "middleName": ` + text() + `}}`,
			`{"op": "` + set + `", "path": "` + enterprise + `:department", "value": ` + text() + `}`,
			`{"op": "` + set + `", "value": {"displayName": ` + text() + `, "active": true, "name.familyName": ` + text() + `}}`,
			`{"op": "replace", "path": "emails", "value": [{"value": ` + text() + `, "type": "work"}, {"value": ` + text() + `, "type": "home"}]}`,
			`{"op": "add", "path": "emails", "value": [{"value": ` + text() + `, "type": "other"}]}`,
			`{"op": "add", "value": {"emails": [{"value": ` + text() + `, "type": "other"}]}}`,
			`{"op": "add", "path": "ims[type eq \"` + kind + `\"].value", "value": ` + text() + `}`,
			`{"op": "` + set + `", "path": "emails[type eq \"` + kind + `\"].value", "value": ` + text() + `}`,
			`{"op": "replace", "path": "emails[value eq \"nobody\"].display", "value": ` + text() + `}`,
			`{"op": "replace", "path": "emails[type eq \"` + kind + `\"]", "value": {"value": ` + text() + `, "type": "` + kind + `"}}`,
			`{"op": "remove", "path": "` + rapid.SampledFrom([]string{
				"title", "nickName", "name", "name.givenName", "phoneNumbers", enterprise + ":department",
				`emails[type eq \"` + kind + `\"]`, `emails[value eq \"jane@home.example\"]`, `emails[type eq \"work\"].display`,
			}).Draw(t, "removed") + `"}`,
			`{"op": "remove"}`,
		}).Draw(t, "operation")
	})
	users := schema.UserType()
	differing := 0
	rapid.Check(t, func(t *rapid.T) {
		body := `{"Operations": [` + strings.Join(rapid.SliceOfN(operation, 1, 3).Draw(t, "operations"), ", ") + `]}`
		var ours map[string]any
		operations, err := patch.Parse([]byte(body))
		if err == nil {
			ours, err = patch.Apply(users, parsed(t, known), operations)
		}
		theirs, failure := ask(map[string]any{"resource": parsed(t, known), "operations": parsed(t, body)["Operations"]})
		if (err == nil) != (failure == "") {
			t.Errorf("%s: %v, but scim-patch: %q", body, err, failure)
			return
		}
		if err != nil {
			return
		}
		if diff := cmp.Diff(theirs, any(ours)); diff != "" {
			t.Errorf("%s: scim-patch makes something else of it: %s", body, diff)
		}
		if !cmp.Equal(any(parsed(t, known)), theirs) {
			differing++
		}
	})
	if differing == 0 {
		t.Error("no patch changed anything")
	}
}

// filter.Matches matches what scim2-parse-filter and SCIMMY (npm) match. Both
// compare all texts with letter case, so all texts here are in lower case. The first lets
// ne match only attributes that have a value, and does not hold the comparisons in brackets
// against the same element. The second can't parse nested groups, nor pr and or in
// brackets, and finds the letters of undefined in what has no value. So each is asked about
// what it can do.
func TestFiltersAgreeWithPublicLibraries(t *testing.T) {
	if testing.Short() {
		t.Skip("it starts Node.js")
	}
	ask := servertest.StartSCIMLibraries(t)
	users := schema.UserType()
	for library, draw := range map[string]func(*rapid.T) string{
		"scim2-parse-filter": func(t *rapid.T) string { return nested(t, 2) },
		"scimmy":             valuePaths,
	} {
		matched := map[bool]int{}
		rapid.Check(t, func(t *rapid.T) {
			text := draw(t)
			expr, err := filter.Parse(text)
			if err != nil {
				t.Fatalf("%s: %v", text, err)
			}
			bound, err := filter.Bind(expr, users)
			if err != nil {
				t.Fatalf("%s: %v", text, err)
			}
			ours := filter.Matches(bound, parsed(t, known))
			theirs, failure := ask(map[string]any{"resource": parsed(t, known), "filter": text, "library": library})
			if failure != "" || theirs != ours {
				t.Errorf("%s: %v, but %s: %v %s", text, ours, library, theirs, failure)
			}
			matched[ours]++
		})
		if matched[true] == 0 || matched[false] == 0 {
			t.Errorf("%s: all filters had the same result: %v", library, matched)
		}
	}
}

// nested draws a filter with groups, over attributes that have a value.
func nested(t *rapid.T, depth int) string {
	if depth > 0 {
		switch rapid.IntRange(0, 3).Draw(t, "kind") {
		case 1:
			return "(" + nested(t, depth-1) + ") and (" + nested(t, depth-1) + ")"
		case 2:
			return "(" + nested(t, depth-1) + ") or (" + nested(t, depth-1) + ")"
		case 3:
			return "not (" + nested(t, depth-1) + ")"
		}
	}
	return comparison(t, "userName", "title", "name.givenName", "name.familyName", "emails.type", "emails.value")
}

// valuePaths draws a filter on elements and on attributes that may have no value.
func valuePaths(t *rapid.T) string {
	connective := rapid.SampledFrom([]string{" and ", " or "}).Draw(t, "connective")
	return "emails[" + comparison(t, "value") + " and " + comparison(t, "type") + "]" + connective + comparison(t, "userName", "title", "nickName", "name.middleName", "displayName")
}

func comparison(t *rapid.T, names ...string) string {
	name := rapid.SampledFrom(names).Draw(t, "name")
	value := rapid.SampledFrom([]string{"jane", "guide", "roe", "work", "home", "jane@work.example", "@", "ane", "zz"}).Draw(t, "value")
	operators := []string{"eq", "co", "sw", "ew"}
	if len(names) > 2 {
		operators = append(operators, "pr")
	}
	if !strings.HasPrefix(name, "emails.") {
		operators = append(operators, "ne")
	}
	operator := rapid.SampledFrom(operators).Draw(t, "operator")
	if operator == "pr" {
		return name + " pr"
	}
	return name + " " + operator + ` "` + value + `"`
}
