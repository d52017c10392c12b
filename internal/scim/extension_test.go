package scim_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rosterhq/roster/internal/apptest"
)

const (
	wideURN  = "urn:example:wide:2.0:User"
	teamURN  = "urn:example:team:2.0:Group"
	allTypes = `[{"id": "` + wideURN + `", "name": "Wide", "description": "Every kind of attribute", "attributes": [
		{"name": "text"}, {"name": "exact", "caseExact": true}, {"name": "flag", "type": "boolean"}, {"name": "count", "type": "integer"},
		{"name": "ratio", "type": "decimal"}, {"name": "hired", "type": "dateTime"}, {"name": "key", "type": "binary"},
		{"name": "desk", "type": "reference", "referenceTypes": ["external"]}, {"name": "tags", "multiValued": true},
		{"name": "color", "canonicalValues": ["Red", "Blue"]},
		{"name": "badge", "mutability": "readOnly"}, {"name": "born", "mutability": "immutable"}, {"name": "pin", "mutability": "writeOnly", "returned": "never"},
		{"name": "hint", "returned": "request"}, {"name": "code", "returned": "always"},
		{"name": "place", "type": "complex", "subAttributes": [{"name": "building", "required": true}, {"name": "floor", "type": "integer"}]}]},
	{"id": "` + teamURN + `", "name": "Team", "attributes": [{"name": "costCenter", "required": true}]}]`
)

// extended is a server whose organization has extension schemas.
func extended(t *testing.T) *server {
	s := start(t)
	s.Want(200, "PUT", "/v2/scim/settings", apptest.Request{
		Token: s.PersonalToken, Body: `{"defaultRole": "user", "breakerPercent": 20, "schemas": ` + allTypes + `}`,
	})
	return s
}

func wide(name string, attributes string) string {
	return `{"schemas": ["` + userURN + `", "` + wideURN + `"], "userName": "` + name + `@example.com", "` + wideURN + `": ` + attributes + `}`
}

func TestExtensionAttributesOfEveryType(t *testing.T) {
	t.Parallel()
	s := extended(t)
	id := s.want(201, "POST", "/Users", wide("jane", `{"TEXT": "Some Text", "exact": "aB", "flag": "True", "count": 7, "ratio": 0.5, "hired": "2020-01-02T05:04:05+02:00",
		"key": "aGVsbG8=", "desk": "https://desks.example/7", "tags": ["Red", "blue"], "color": "RED", "badge": "of the server", "born": "Oslo", "pin": "1234",
		"hint": "a hint", "code": "c", "place": {"building": "A", "floor": 3}}`))["id"].(string)
	want := object{
		"text": "Some Text", "exact": "aB", "flag": true, "count": 7.0, "ratio": 0.5, "hired": "2020-01-02T03:04:05.000Z", "key": "aGVsbG8=",
		"desk": "https://desks.example/7", "tags": []any{"Red", "blue"}, "color": "Red", "born": "Oslo", "code": "c", "place": object{"building": "A", "floor": 3.0},
	}
	got := s.want(200, "GET", "/Users/"+id, nil)
	if diff := cmp.Diff(any(want), got[wideURN]); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]any{userURN, wideURN}, got["schemas"]); diff != "" {
		t.Errorf("schemas: %s", diff)
	}

	// returned: never, on request and always.
	asked := s.want(200, "GET", "/Users/"+id+"?attributes="+wideURN+":hint,"+wideURN+":pin", nil)
	if diff := cmp.Diff(any(object{"hint": "a hint", "code": "c"}), asked[wideURN]); diff != "" {
		t.Errorf("asked for: %s", diff)
	}
	without := s.want(200, "GET", "/Users/"+id+"?excludedAttributes="+wideURN+":code,"+wideURN+":text", nil)[wideURN].(object)
	if without["code"] != "c" || without["text"] != nil {
		t.Errorf("excluded: %v", without)
	}
	if strings.Contains(encode(t, s.want(200, "GET", "/Users", nil)), "1234") {
		t.Error("the list shows a value that is never returned")
	}

	// mutability.
	change := func(op, name string, value any) object {
		return patchOf(object{"op": op, "path": wideURN + ":" + name, "value": value})
	}
	s.refused(400, "mutability", "PATCH", "/Users/"+id, change("replace", "badge", "x"))
	s.refused(400, "mutability", "PATCH", "/Users/"+id, change("replace", "born", "Bergen"))
	s.want(200, "PATCH", "/Users/"+id, change("replace", "born", "Oslo"))
	s.want(200, "PATCH", "/Users/"+id, change("add", "tags", []string{"Green"}))
	s.refused(400, "mutability", "PUT", "/Users/"+id, wide("jane", `{"born": "Bergen"}`))
	if got := s.want(200, "PATCH", "/Users/"+id, change("replace", "place.floor", 4)); got[wideURN].(object)["place"].(object)["floor"] != 4.0 {
		t.Errorf("a sub-attribute: %v", got[wideURN])
	}

	// Values that the schema does not allow.
	for name, value := range map[string]any{
		"flag": "perhaps", "count": 1.5, "ratio": "much", "hired": "2020-01-02", "key": "no base64!", "color": "green", "place": object{"building": ""}, "tags": []object{{}},
	} {
		if ans := s.do("PATCH", "/Users/"+id, change("replace", name, value)); ans.Status != 400 || !strings.Contains(string(ans.Body), "invalidValue") {
			t.Errorf("%s: %v: %d %s", name, value, ans.Status, ans.Body)
		}
	}
	s.refused(400, "invalidPath", "PATCH", "/Users/"+id, change("replace", "nothing", "x"))
}

// caseExact and types hold in filters too.
func TestFiltersOnExtensionAttributes(t *testing.T) {
	t.Parallel()
	s := extended(t)
	s.want(201, "POST", "/Users", wide("jane", `{"text": "aB", "exact": "aB", "count": 7, "ratio": 0.5, "flag": true, "tags": ["Red"], "hired": "2020-01-02T03:04:05Z", "place": {"building": "A"}}`))
	s.want(201, "POST", "/Users", wide("john", `{"text": "c", "exact": "AB", "count": 10, "ratio": 5, "flag": false, "tags": ["blue"], "pin": "1234"}`))
	for filter, found := range map[string]float64{
		`:text eq "AB"`: 1, `:exact eq "AB"`: 1, `:exact eq "ab"`: 0, `:count gt 7`: 1, `:count ge 7`: 2, `:ratio lt 1`: 1, `:flag eq true`: 1,
		`:tags eq "red"`: 1, `:hired pr`: 1, `:hired gt "2019-12-31T23:59:59Z"`: 1, `:place.building eq "a"`: 1, `:text pr`: 2,
	} {
		if o := s.want(200, "GET", "/Users?filter="+url.QueryEscape(wideURN+filter), nil); o["totalResults"] != found {
			t.Errorf("%s finds %v, want %v", filter, o["totalResults"], found)
		}
	}
	// Searches don't reveal an attribute that is never returned.
	for _, filter := range []string{`:pin sw "1"`, `:pin pr`, `:pin ne "1"`} {
		s.refused(400, "invalidFilter", "GET", "/Users?filter="+url.QueryEscape(wideURN+filter), nil)
	}
	s.refused(400, "invalidPath", "GET", "/Users?sortBy="+wideURN+":pin", nil)
	if o := s.want(200, "GET", "/Users?filter="+url.QueryEscape(`schemas eq "`+wideURN+`"`), nil); o["totalResults"] != 2.0 {
		t.Errorf("by schema: %v", o["totalResults"])
	}
}

func TestExtensionsOfGroupsAndTheirDescription(t *testing.T) {
	t.Parallel()
	s := extended(t)
	group := `{"schemas": ["` + groupURN + `", "` + teamURN + `"], "displayName": "Sales", "` + teamURN + `": {"costCenter": "4130"}}`
	id := s.want(201, "POST", "/Groups", group)["id"].(string)
	s.refused(400, "invalidValue", "PUT", "/Groups/"+id, object{"displayName": "Sales", teamURN: object{"costCenter": ""}})
	s.want(204, "PATCH", "/Groups/"+id, patchOf(object{"op": "replace", "path": teamURN + ":costCenter", "value": "4131"}))
	if got := s.want(200, "GET", "/Groups/"+id, nil)[teamURN]; !cmp.Equal(got, any(object{"costCenter": "4131"})) {
		t.Errorf("the group has %v", got)
	}
	if o := s.want(200, "GET", "/Schemas", nil); o["totalResults"] != 5.0 {
		t.Errorf("%v schemas", o["totalResults"])
	}
	described := s.want(200, "GET", "/Schemas/"+wideURN, nil)
	kinds := make(map[string]any)
	for _, a := range described["attributes"].([]any) {
		a := a.(object)
		kinds[a["name"].(string)] = []any{a["type"], a["multiValued"], a["mutability"], a["returned"], a["caseExact"]}
	}
	for name, want := range map[string][]any{
		"text": {"string", false, "readWrite", "default", false}, "exact": {"string", false, "readWrite", "default", true},
		"tags": {"string", true, "readWrite", "default", false}, "born": {"string", false, "immutable", "default", false},
		"hint": {"string", false, "readWrite", "request", false}, "code": {"string", false, "readWrite", "always", false},
	} {
		if diff := cmp.Diff(any(want), kinds[name]); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	// Another organization has neither the schemas nor the attributes.
	other := s.neighbor()
	other.refused(404, "", "GET", "/Schemas/"+wideURN, nil)
	made := other.want(201, "POST", "/Users", wide("eve", `{"text": "x"}`))
	if made[wideURN] != nil {
		t.Errorf("another organization's user has %v", made[wideURN])
	}
}
