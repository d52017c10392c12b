package scim_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/rosterhq/roster/internal/apptest"
	"github.com/rosterhq/roster/internal/scim/filter"
	"github.com/rosterhq/roster/internal/scim/schema"
	"pgregory.net/rapid"
)

// acmeExtension has an attribute of every type.
const acmeExtension = `{"id": "urn:example:acme:1.0", "name": "Acme", "attributes": [
	{"name": "code", "caseExact": true}, {"name": "tags", "multiValued": true}, {"name": "level", "type": "integer"},
	{"name": "ratio", "type": "decimal"}, {"name": "hired", "type": "dateTime"}, {"name": "remote", "type": "boolean"}]}`

// A filter finds the users and groups that the naive evaluator finds. The store's query and
// the evaluator share nothing but the parsed filter.
func TestFiltersAgreeWithTheEvaluator(t *testing.T) {
	t.Parallel()
	server := apptest.Start(t)
	server.Want(http.StatusOK, "PUT", "/v2/scim/settings", apptest.Request{
		Token: server.PersonalToken, Header: map[string]string{"X-Axiom-Org-Id": server.OrgID},
		Body: `{"defaultRole": "user", "breakerPercent": 20, "schemas": [` + acmeExtension + `]}`,
	})
	extension, err := schema.ParseExtension([]byte(acmeExtension))
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for i, attributes := range []string{
		`"title": "Guide", "name": {"givenName": "Ana", "familyName": "Straße"}, "active": false`,
		`"title": "guide dog", "nickName": "", "emails": [{"value": "B@Example.com", "type": "work", "primary": true}, {"value": "b@home.example", "type": "home"}]`,
		`"externalId": "Ext", "name": {"familyName": "O'Malley_%"}, "emails": [{"value": "c@example.com", "type": "work"}], "photos": [{"value": "https://p"}]`,
		`"externalId": "ext", "title": "100%", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"department": "Tours", "manager": {"value": "u1"}}`,
		`"urn:example:acme:1.0": {"code": "aB", "tags": ["Red", "blue"], "level": 10, "ratio": 0.5, "hired": "2020-01-02T03:04:05Z", "remote": true}`,
		`"urn:example:acme:1.0": {"code": "Ab", "tags": ["red"], "level": 9, "ratio": -1e3, "hired": "2020-01-02T05:04:05+02:00", "remote": false}, "title": "Ä_b"`,
	} {
		var made struct{ ID string }
		status, text := send(t, server, "POST", "/Users", fmt.Sprintf(`{"userName": "user%d@example.com", %s}`, i, attributes))
		if status != http.StatusCreated || json.Unmarshal([]byte(text), &made) != nil {
			t.Fatalf("create a user: %d %s", status, text)
		}
		ids = append(ids, made.ID)
	}
	for i, members := range []string{``, `{"value": "` + ids[0] + `"}`, `{"value": "` + ids[0] + `"}, {"value": "` + ids[1] + `"}`} {
		body := fmt.Sprintf(`{"displayName": "Group %d", "externalId": "g%d", "members": [%s]}`, i, i, members)
		if status, text := send(t, server, "POST", "/Groups", body); status != http.StatusCreated {
			t.Fatalf("create a group: %d %s", status, text)
		}
	}
	values := []string{
		`"guide"`, `"Guide"`, `"g"`, `"%"`, `"_"`, `"straße"`, `"STRASSE"`, `"ä_B"`, `"O'Malley"`, `"user1@example.com"`, `"B@example.COM"`, `"example"`,
		`"ext"`, `"ab"`, `"aB"`, `"red"`, `"work"`, `"home"`, `"Tours"`, `""`, `true`, `false`, `null`, `"True"`, `9`, `10`, `0.5`, `-1e3`, `"10"`,
		`"2020-01-02T03:04:05Z"`, `"2020-01-02T03:04:05.5Z"`, `"2000-01-01T00:00:00Z"`, `"group 1"`, `"g1"`,
		`"` + ids[0] + `"`, `"urn:example:acme:1.0"`, `"urn:ietf:params:scim:schemas:core:2.0:User"`,
	}
	t.Run("users", func(t *testing.T) {
		agree(t, server, "/Users", schema.UserType(extension), values, []string{
			"userName", "title", "nickName", "displayName", "name", "name.givenName", "name.familyName", "externalId", "active", "id", "schemas",
			"emails", "emails.value", "emails.type", "emails.primary", "photos.value", "groups", "groups.value", "groups.display", "meta.created", "meta.lastModified",
			enterpriseURN + ":department", enterpriseURN + ":manager", acmeURN + ":code", acmeURN + ":tags", acmeURN + ":level", acmeURN + ":ratio",
			acmeURN + ":hired", acmeURN + ":remote",
		}, map[string][]string{"emails": {"value", "type", "primary", "display"}, acmeURN + ":tags": {"value"}, "groups": {"value", "display"}})
	})
	t.Run("groups", func(t *testing.T) {
		agree(t, server, "/Groups", schema.GroupType(), values, []string{
			"displayName", "externalId", "id", "members", "members.value", "meta.created", "schemas",
		}, map[string][]string{"members": {"value"}})
	})
}

const acmeURN = "urn:example:acme:1.0"

// agree compares filters on the attributes given, and on the elements of lists.
func agree(t *testing.T, server *apptest.Server, path string, typ *schema.ResourceType, values, attributes []string, lists map[string][]string) {
	all := found(t, server, path)
	compare := func(t *rapid.T, names []string) string {
		name := rapid.SampledFrom(names).Draw(t, "attribute")
		operator := rapid.SampledFrom([]string{"eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le", "pr"}).Draw(t, "operator")
		if operator == "pr" {
			return name + " pr"
		}
		return name + " " + operator + " " + rapid.SampledFrom(values).Draw(t, "value")
	}
	var draw func(t *rapid.T, names []string, depth int) string
	draw = func(t *rapid.T, names []string, depth int) string {
		if depth > 0 {
			switch rapid.IntRange(0, 4).Draw(t, "kind") {
			case 1:
				return draw(t, names, depth-1) + " and " + draw(t, names, depth-1)
			case 2:
				return "(" + draw(t, names, depth-1) + " or " + draw(t, names, depth-1) + ")"
			case 3:
				return "not (" + draw(t, names, depth-1) + ")"
			case 4:
				for _, list := range slices.Sorted(maps.Keys(lists)) {
					if rapid.Bool().Draw(t, list) {
						return list + "[" + draw(t, lists[list], depth-1) + "]"
					}
				}
			}
		}
		return compare(t, names)
	}
	rejected, matched := 0, 0
	test := t
	rapid.Check(t, func(t *rapid.T) {
		text := draw(t, attributes, 2)
		status, body := send(test, server, "GET", path+"?attributes=id&filter="+url.QueryEscape(text), "")
		condition, err := bound(text, typ)
		if err != nil {
			rejected++
			var e *schema.Error
			if status != http.StatusBadRequest || !errors.As(err, &e) || !strings.Contains(body, `"invalidFilter"`) {
				t.Errorf("%s: %d %s, want 400 because of %v", text, status, body, err)
			}
			return
		}
		var want, got []string
		for id, resource := range all {
			if filter.Matches(condition, resource) {
				want = append(want, id)
			}
		}
		var list struct{ Resources []struct{ ID string } }
		if status != http.StatusOK || json.Unmarshal([]byte(body), &list) != nil {
			t.Fatalf("%s: %d %s", text, status, body)
		}
		for _, resource := range list.Resources {
			got = append(got, resource.ID)
		}
		slices.Sort(want)
		slices.Sort(got)
		if !slices.Equal(want, got) {
			t.Errorf("%s: found %v, want %v", text, got, want)
		}
		if len(want) > 0 && len(want) < len(all) {
			matched++
		}
	})
	if rejected == 0 || matched == 0 {
		t.Errorf("%d filters were rejected and %d found some; expected both", rejected, matched)
	}
}

func bound(text string, typ *schema.ResourceType) (filter.Condition, error) {
	expr, err := filter.Parse(text)
	if err != nil {
		return nil, err
	}
	return filter.Bind(expr, typ)
}

// found returns all resources by id.
func found(t *testing.T, server *apptest.Server, path string) map[string]map[string]any {
	t.Helper()
	var list struct{ Resources []map[string]any }
	status, text := send(t, server, "GET", path, "")
	if status != http.StatusOK || json.Unmarshal([]byte(text), &list) != nil {
		t.Fatalf("list %s: %d %s", path, status, text)
	}
	all := make(map[string]map[string]any, len(list.Resources))
	for _, resource := range list.Resources {
		all[resource["id"].(string)] = resource
	}
	return all
}
