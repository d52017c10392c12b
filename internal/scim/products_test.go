package scim_test

import (
	"net/url"
	"testing"
)

// Entra looks for a user by userName, creates it with its whole profile, and changes it
// with PATCH operations in its own spelling.
func TestEntraProvisionsAUser(t *testing.T) {
	t.Parallel()
	s := start(t)
	query := "/Users?filter=" + url.QueryEscape(`userName eq "Test_User_ab6490ee@example.com"`)
	if o := s.want(200, "GET", query, nil); o["totalResults"] != 0.0 || o["Resources"] != nil {
		t.Fatalf("a user who is not there: %v", o)
	}
	made := s.do("POST", "/Users", `{
		"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],
		"externalId": "0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef", "userName": "Test_User_ab6490ee@example.com", "active": true,
		"emails": [{"primary": true, "type": "work", "value": "Test_User_fd0ea19b@testuser.com"}],
		"meta": {"resourceType": "User"}, "name": {"formatted": "givenName familyName", "familyName": "familyName", "givenName": "givenName"},
		"roles": []}`)
	if made.Status != 201 || made.Header.Get("Location") == "" || made.Header.Get("Etag") == "" {
		t.Fatalf("created: %d %v %s", made.Status, made.Header, made.Body)
	}
	if ct := made.Header.Get("Content-Type"); ct != "application/scim+json" {
		t.Errorf("Content-Type is %q", ct)
	}
	var user object
	made.Decode(t, &user)
	if meta := user["meta"].(object); meta["location"] != made.Header.Get("Location") || meta["version"] != made.Header.Get("Etag") {
		t.Errorf("meta %v differs from the headers %v", meta, made.Header)
	}
	id := user["id"].(string)
	if o := s.want(200, "GET", query, nil); o["totalResults"] != 1.0 {
		t.Fatalf("the user is not found: %v", o)
	}
	got := s.want(200, "PATCH", "/Users/"+id, `{
		"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
		"Operations": [
			{"op": "Replace", "path": "emails[type eq \"work\"].value", "value": "updatedEmail@example.com"},
			{"op": "Replace", "path": "name.familyName", "value": "updatedFamilyName"},
			{"op": "Add", "path": "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department", "value": "Sales"}]}`)
	if email := got["emails"].([]any)[0].(object)["value"]; email != "updatedEmail@example.com" {
		t.Errorf("the email is %v", email)
	}
	if got[enterpriseURN].(object)["department"] != "Sales" || got["name"].(object)["familyName"] != "updatedFamilyName" {
		t.Errorf("patched: %v", got)
	}
	got = s.want(200, "PATCH", "/Users/"+id, `{"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
		"Operations": [{"op": "Replace", "path": "active", "value": "False"}]}`)
	if got["active"] != false {
		t.Errorf("a deactivated user is %v", got["active"])
	}
	s.want(204, "DELETE", "/Users/"+id, nil)
	s.refused(404, "", "GET", "/Users/"+id, nil)
}

// Entra creates a group without members, reads it without members, adds and removes
// members by PATCH, and expects no body.
func TestEntraProvisionsAGroup(t *testing.T) {
	t.Parallel()
	s := start(t)
	jane, john := s.createUser("jane@example.com"), s.createUser("john@example.com")
	id := s.createGroup("Sales")
	filter := url.QueryEscape(`displayName eq "sales"`)
	if o := s.want(200, "GET", "/Groups?excludedAttributes=members&filter="+filter, nil); o["totalResults"] != 1.0 {
		t.Fatalf("the group is not found: %v", o)
	}
	s.want(204, "PATCH", "/Groups/"+id, patchOf(object{"op": "Add", "path": "members", "value": references(jane, john)}))
	found := s.want(200, "GET", "/Groups/"+id, nil)
	if n := len(found["members"].([]any)); n != 2 {
		t.Fatalf("%d members: %v", n, found)
	}
	if o := s.want(200, "GET", "/Groups/"+id+"?excludedAttributes=members", nil); o["members"] != nil {
		t.Errorf("excluded members: %v", o)
	}
	s.want(204, "PATCH", "/Groups/"+id, patchOf(object{"op": "Remove", "path": "members", "value": references(jane)}))
	s.want(204, "PATCH", "/Groups/"+id, patchOf(object{"op": "Replace", "path": "displayName", "value": "Selling"}))
	found = s.want(200, "GET", "/Groups/"+id, nil)
	if members := found["members"].([]any); len(members) != 1 || members[0].(object)["value"] != john || found["displayName"] != "Selling" {
		t.Errorf("after removal: %v", found)
	}
	if groups := s.want(200, "GET", "/Users/"+john, nil)["groups"].([]any); groups[0].(object)["display"] != "Selling" {
		t.Errorf("the user's groups: %v", groups)
	}
	s.want(204, "PATCH", "/Groups/"+id, patchOf(object{"op": "remove", "path": `members[value eq "` + john + `"]`}))
	if o := s.want(200, "GET", "/Groups/"+id, nil); o["members"] != nil {
		t.Errorf("an empty group: %v", o)
	}
	s.want(204, "DELETE", "/Groups/"+id, nil)
}

// Okta checks the base, looks for a user by userName, creates it, deactivates it with an
// operation without a path, and replaces it whole.
func TestOktaProvisionsAUser(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.want(200, "GET", "/Users?startIndex=1&count=2", nil)
	if o := s.want(200, "GET", "/Users?startIndex=1&count=100&filter="+url.QueryEscape(`userName eq "test.user@okta.local"`), nil); o["totalResults"] != 0.0 {
		t.Fatal(o)
	}
	user := s.want(201, "POST", "/Users", `{
		"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "test.user@okta.local",
		"name": {"givenName": "Test", "familyName": "User"},
		"emails": [{"primary": true, "value": "test.user@okta.local", "type": "work"}],
		"displayName": "Test User", "locale": "en-US", "externalId": "00ujl29u0le5T6Aj10h7", "groups": [], "password": "1mz050nq", "active": true}`)
	if user["password"] != nil {
		t.Error("the password is given back")
	}
	id := user["id"].(string)
	s.refused(409, "uniqueness", "POST", "/Users", `{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "TEST.user@okta.local"}`)
	got := s.want(200, "PATCH", "/Users/"+id, `{"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [{"op": "replace", "value": {"active": false}}]}`)
	if got["active"] != false {
		t.Errorf("active is %v", got["active"])
	}
	got["active"], got["name"].(object)["familyName"] = true, "Changed"
	got = s.want(200, "PUT", "/Users/"+id, got)
	if got["active"] != true || got["name"].(object)["familyName"] != "Changed" {
		t.Errorf("replaced: %v", got)
	}
	delete(got, "active")
	delete(got, "locale")
	if got = s.want(200, "PUT", "/Users/"+id, got); got["active"] != true || got["locale"] != nil {
		t.Errorf("replaced without active and locale: %v", got)
	}
}

// Okta replaces a group's members as a whole.
func TestOktaProvisionsAGroup(t *testing.T) {
	t.Parallel()
	s := start(t)
	jane, john := s.createUser("jane@example.com"), s.createUser("john@example.com")
	id := s.createGroup("Engineering", jane)
	o := s.want(200, "PUT", "/Groups/"+id, object{"schemas": []string{groupURN}, "id": id, "displayName": "Engineering", "members": references(john)})
	if members := o["members"].([]any); len(members) != 1 || members[0].(object)["value"] != john {
		t.Errorf("replaced: %v", o)
	}
	s.want(204, "PATCH", "/Groups/"+id, patchOf(object{"op": "replace", "value": object{"id": id, "displayName": "Engineers"}}))
	s.want(204, "PATCH", "/Groups/"+id, patchOf(object{"op": "replace", "path": "members", "value": references(jane, john)}))
	if o := s.want(200, "GET", "/Groups/"+id, nil); len(o["members"].([]any)) != 2 || o["displayName"] != "Engineers" {
		t.Errorf("patched: %v", o)
	}
}
