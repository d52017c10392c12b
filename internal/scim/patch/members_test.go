package patch_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rosterhq/roster/internal/scim/patch"
	"github.com/rosterhq/roster/internal/scim/schema"
	"pgregory.net/rapid"
)

func ids(list ...string) *[]string {
	list = slices.Concat([]string{}, list)
	return &list
}

func TestSplitMembers(t *testing.T) {
	for operations, want := range map[string]patch.Members{
		`{"op": "add", "path": "members", "value": [{"value": "a"}, {"value": "b", "display": "B"}]}`:         {Add: []string{"a", "b"}},
		`{"op": "Add", "path": "members", "value": {"value": "a"}}`:                                           {Add: []string{"a"}},
		`{"op": "Remove", "path": "members", "value": [{"value": "a"}]}`:                                      {Remove: []string{"a"}},
		`{"op": "Remove", "path": "members", "value": []}`:                                                    {},
		`{"op": "remove", "path": "members[value eq \"a\"]"}`:                                                 {Remove: []string{"a"}},
		`{"op": "remove", "path": "members[VALUE eq \"a\" or value eq \"b\"]"}`:                               {Remove: []string{"a", "b"}},
		`{"op": "remove", "path": "members"}`:                                                                 {Replace: ids()},
		`{"op": "replace", "path": "members", "value": []}`:                                                   {Replace: ids()},
		`{"op": "replace", "path": "members", "value": [{"value": "a"}]}`:                                     {Replace: ids("a")},
		`{"op": "replace", "value": {"members": [{"value": "a"}]}}`:                                           {Replace: ids("a")},
		`{"op": "add", "value": {"urn:ietf:params:scim:schemas:core:2.0:Group:members": [{"value": "a"}]}}`:   {Add: []string{"a"}},
		`{"op": "add", "path": "members", "value": "a"}, {"op": "remove", "path": "members[value eq \"a\"]"}`: {Remove: []string{"a"}},
		`{"op": "remove", "path": "members[value eq \"a\"]"}, {"op": "add", "path": "members", "value": "a"}`: {Add: []string{"a"}},
		`{"op": "replace", "path": "members", "value": ["a", "b"]}, {"op": "remove", "path": "members", "value": ["a"]},
			{"op": "add", "path": "members", "value": "c"}`: {Replace: ids("b", "c")},
	} {
		parsed, err := patch.Parse([]byte(request(operations)))
		if err != nil {
			t.Errorf("%s: %v", operations, err)
			continue
		}
		got, rest, ok, err := patch.SplitMembers(schema.GroupType(), parsed)
		if diff := cmp.Diff(want, got); err != nil || !ok || len(rest) > 0 || diff != "" {
			t.Errorf("%s: %v, rest %v, %v\n%s", operations, ok, rest, err, diff)
		}
	}
}

func TestSplitMembersKeepsOtherOperations(t *testing.T) {
	parsed, err := patch.Parse([]byte(request(`{"op": "replace", "value": {"id": "g1", "displayName": "n", "MEMBERS": [{"value": "a"}]}},
		{"op": "add", "path": "externalId", "value": "e"}`)))
	if err != nil {
		t.Fatal(err)
	}
	members, rest, ok, err := patch.SplitMembers(schema.GroupType(), parsed)
	if err != nil || !ok || !cmp.Equal(members, patch.Members{Replace: ids("a")}) {
		t.Errorf("%v %v %v", members, ok, err)
	}
	want := []patch.Operation{
		{Op: patch.Replace, Value: map[string]any{"id": "g1", "displayName": "n"}, HasValue: true},
		{Op: patch.Add, Path: "externalId", Value: "e", HasValue: true},
	}
	if diff := cmp.Diff(want, rest); diff != "" {
		t.Error(diff)
	}
}

func TestSplitMembersLeavesOtherSelectionsToApply(t *testing.T) {
	for _, operation := range []string{
		`{"op": "remove", "path": "members[display sw \"J\"]"}`,
		`{"op": "remove", "path": "members[not (value eq \"a\")]"}`,
		`{"op": "remove", "path": "members[value eq \"a\" and type eq \"User\"]"}`,
		`{"op": "replace", "path": "members[value eq \"a\"]", "value": {"value": "b"}}`,
		`{"op": "replace", "path": "members[value eq \"a\"].type", "value": "User"}`,
	} {
		parsed, err := patch.Parse([]byte(request(`{"op": "add", "path": "members", "value": "z"}, ` + operation)))
		if err != nil {
			t.Fatal(err)
		}
		if _, _, ok, err := patch.SplitMembers(schema.GroupType(), parsed); ok || err != nil {
			t.Errorf("%s: %v %v, want it left to Apply", operation, ok, err)
		}
	}
	parsed, err := patch.Parse([]byte(request(`{"op": "add", "path": "members", "value": [{"type": "User"}]}`)))
	if err != nil {
		t.Fatal(err)
	}
	_, _, _, err = patch.SplitMembers(schema.GroupType(), parsed)
	failsWith(t, "a member without an id", err, schema.InvalidValue, `Operations[0]: members.value: is required and must not be empty`)
}

// A split change of a group comes to the same as Apply with the list of members.
func TestSplitMembersAgreesWithApply(t *testing.T) {
	element := rapid.Custom(func(t *rapid.T) string {
		return `{"value": "` + rapid.SampledFrom([]string{"a", "b", "c", "d"}).Draw(t, "id") + `"}`
	})
	operation := rapid.Custom(func(t *rapid.T) string {
		list := "[" + strings.Join(rapid.SliceOfN(element, 0, 3).Draw(t, "elements"), ",") + "]"
		return rapid.SampledFrom([]string{
			`{"op": "add", "path": "members", "value": ` + list + `}`,
			`{"op": "remove", "path": "members", "value": ` + list + `}`,
			`{"op": "remove", "path": "members[value eq \"a\"]"}`,
			`{"op": "remove", "path": "members[value eq \"b\" or value eq \"c\"]"}`,
			`{"op": "remove", "path": "members"}`,
			`{"op": "replace", "path": "members", "value": ` + list + `}`,
			`{"op": "replace", "value": {"displayName": "n", "members": ` + list + `}}`,
			`{"op": "add", "value": {"externalId": "e", "members": ` + list + `}}`,
		}).Draw(t, "operation")
	})
	rapid.Check(t, func(t *rapid.T) {
		members := rapid.SliceOfDistinct(rapid.SampledFrom([]string{"a", "b", "c", "d"}), rapid.ID).Draw(t, "members")
		body := request(strings.Join(rapid.SliceOfN(operation, 1, 4).Draw(t, "operations"), ","))
		operations, err := patch.Parse([]byte(body))
		if err != nil {
			t.Fatalf("%s: %v", body, err)
		}
		group := map[string]any{"displayName": "g"}
		if len(members) > 0 {
			var list []any
			for _, id := range members {
				list = append(list, map[string]any{"value": id})
			}
			group["members"] = list
		}
		whole, err := patch.Apply(schema.GroupType(), group, operations)
		if err != nil {
			t.Fatalf("%s: %v", body, err)
		}
		split, rest, ok, err := patch.SplitMembers(schema.GroupType(), operations)
		if !ok || err != nil {
			t.Fatalf("%s: %v %v", body, ok, err)
		}
		delete(group, "members")
		alone, err := patch.Apply(schema.GroupType(), group, rest)
		if err != nil {
			t.Fatalf("%s: %v", body, err)
		}
		if split.Replace != nil {
			members = *split.Replace
		}
		members = slices.DeleteFunc(members, func(id string) bool { return slices.Contains(split.Remove, id) })
		for _, id := range split.Add {
			if !slices.Contains(members, id) {
				members = append(members, id)
			}
		}
		var want []string
		list, _ := whole["members"].([]any)
		for _, element := range list {
			want = append(want, element.(map[string]any)["value"].(string))
		}
		slices.Sort(want)
		slices.Sort(members)
		if delete(whole, "members"); !slices.Equal(want, members) || !cmp.Equal(whole, alone) {
			b, _ := json.Marshal(alone)
			t.Errorf("%s: members %v and %s, want %v and %v", body, members, b, want, whole)
		}
	})
}
