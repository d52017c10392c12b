package scim_test

import (
	"net/url"
	"testing"

	"github.com/rosterhq/roster/internal/apptest"
)

// Every change of a user's resource shows at once in the next lookup, although the
// response was cached.
func TestFoundUsersAreNeverStale(t *testing.T) {
	s := start(t)
	const urn = "urn:example:views:2.0:User"
	settings := func(returned string) {
		t.Helper()
		ans := s.setSchemas(`[{"id": "` + urn + `", "attributes": [{"name": "code", "returned": "` + returned + `"}]}]`)
		if ans.Status != 200 {
			t.Fatalf("settings: %d %s", ans.Status, ans.Body)
		}
	}
	settings("default")
	jane := s.want(201, "POST", "/Users", object{
		"schemas": []string{userURN, urn}, "userName": "jane", "externalId": "ext-1", urn: object{"code": "x"},
		"emails": []object{{"value": "jane@example.com", "primary": true}},
	})["id"].(string)
	group := s.createGroup("Sales")
	patchJane := func(op object) func() {
		return func() { s.want(200, "PATCH", "/Users/"+jane, patchOf(op)) }
	}
	patchGroup := func(op object) func() {
		return func() { s.want(204, "PATCH", "/Groups/"+group, patchOf(op)) }
	}
	v2 := func(method, path, body string) func() {
		return func() {
			if ans := s.Do(method, path, apptest.Request{Token: s.PersonalToken, Body: body}); ans.Status >= 300 {
				t.Fatalf("%s %s: %d %s", method, path, ans.Status, ans.Body)
			}
		}
	}
	// found reads the resource in every way that is cached, twice.
	found := func(label string, want func(o object) bool, filters ...string) {
		t.Helper()
		for range 2 {
			for _, filter := range filters {
				body := s.want(200, "GET", "/Users?filter="+url.QueryEscape(filter), nil)
				resources, _ := body["Resources"].([]any)
				if len(resources) != 1 || body["totalResults"] != 1.0 || !want(resources[0].(object)) {
					t.Fatalf("%s: %s gives %v", label, filter, body)
				}
			}
			if o := s.want(200, "GET", "/Users/"+jane, nil); !want(o) {
				t.Fatalf("%s: GET gives %v", label, o)
			}
		}
	}
	all := []string{`userName eq "JANE"`, `externalId eq "ext-1"`, `emails.value eq "Jane@example.com"`}
	is := func(name string, want any) func(object) bool {
		return func(o object) bool { return o[name] == want }
	}
	groupNamed := func(want string) func(object) bool {
		return func(o object) bool {
			groups, _ := o["groups"].([]any)
			if len(groups) == 0 {
				return want == ""
			}
			return groups[0].(object)["display"] == want
		}
	}
	found("at first", is("title", nil), all...)
	for _, step := range []struct {
		name   string
		change func()
		want   func(object) bool
	}{
		{"PATCH", patchJane(object{"op": "add", "path": "title", "value": "Boss"}), is("title", "Boss")},
		{"suspended by v2", v2("PUT", "/v2/users/"+jane+"/status", `{"status":"suspended"}`), is("active", false)},
		{"active again", patchJane(object{"op": "replace", "path": "active", "value": true}), is("active", true)},
		{"v2's profile", v2("PUT", "/v2/users/"+jane+"/profile", `{"externalId":"ext-1","attributes":{"title":"Chief","emails":[{"value":"jane@example.com"}],"`+urn+`":{"code":"y"}}}`), is("title", "Chief")},
		{"a member", patchGroup(object{"op": "add", "path": "members", "value": []object{{"value": jane}}}), groupNamed("Sales")},
		{"a group's name", patchGroup(object{"op": "replace", "path": "displayName", "value": "Marketing"}), groupNamed("Marketing")},
		{"no member", patchGroup(object{"op": "remove", "path": `members[value eq "` + jane + `"]`}), groupNamed("")},
		{"a schema", func() { settings("never") }, is(urn, nil)},
	} {
		step.change()
		found(step.name, step.want, all...)
	}

	// Another user who gets the same id from the directory is found beside the first.
	s.want(201, "POST", "/Users", object{"schemas": []string{userURN}, "userName": "june@example.com", "externalId": "ext-1"})
	if body := s.want(200, "GET", "/Users?filter="+url.QueryEscape(all[1]), nil); body["totalResults"] != 2.0 {
		t.Errorf("two users have the id, and %v have been found", body["totalResults"])
	}
	patchJane(object{"op": "replace", "path": "userName", "value": "janet"})()
	if body := s.want(200, "GET", "/Users?filter="+url.QueryEscape(all[0]), nil); body["totalResults"] != 0.0 {
		t.Errorf("the old user name finds %v", body)
	}
	found("renamed", is("userName", "janet"), `userName eq "janet"`)
	s.want(204, "DELETE", "/Users/"+jane, nil)
	s.refused(404, "", "GET", "/Users/"+jane, nil)
	if body := s.want(200, "GET", "/Users?filter="+url.QueryEscape(`userName eq "janet"`), nil); body["totalResults"] != 0.0 {
		t.Errorf("the removed user is found: %v", body)
	}
}

// A response that was cached for one principal shows another only what it may see.
func TestCachedUsersHideGroups(t *testing.T) {
	s := start(t)
	jane := s.createUser("jane@example.com")
	s.createGroup("Sales", jane)
	path := "/Users?filter=" + url.QueryEscape(`userName eq "jane@example.com"`)
	var token struct{ Token string }
	s.Want(200, "POST", "/v2/tokens", apptest.Request{
		Token: s.PersonalToken, Body: `{"name":"users only","orgCapabilities":{"users":["read"]}}`,
	}).Decode(t, &token)
	for range 2 {
		for _, test := range []struct {
			token  string
			groups bool
		}{{s.APIToken, true}, {token.Token, false}} {
			for _, p := range []string{path, "/Users/" + jane} {
				var body object
				ans := s.Do("GET", "/scim/v2"+p, apptest.Request{Token: test.token})
				ans.Decode(t, &body)
				if resources, ok := body["Resources"].([]any); ok {
					body = resources[0].(object)
				}
				if _, has := body["groups"]; has != test.groups {
					t.Errorf("%s: groups are shown: %t, want %t", p, has, test.groups)
				}
			}
		}
	}
}
