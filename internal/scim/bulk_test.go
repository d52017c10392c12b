package scim_test

import (
	"fmt"
	"testing"
)

func bulkOf(operations ...object) object {
	return object{"schemas": []string{"urn:ietf:params:scim:api:messages:2.0:BulkRequest"}, "Operations": operations}
}

// RFC 7644 section 3.7.2: a group comes before the user that it refers to.
func TestBulkCreatesWhatAnOperationRefersToFirst(t *testing.T) {
	t.Parallel()
	s := start(t)
	o := s.want(200, "POST", "/Bulk", bulkOf(
		object{"method": "POST", "path": "/Groups", "bulkId": "ytrewq", "data": object{
			"schemas": []string{groupURN}, "displayName": "Tour Guides", "members": []object{{"type": "User", "value": "bulkId:qwerty"}},
		}},
		object{"method": "POST", "path": "/Users", "bulkId": "qwerty", "data": object{"schemas": []string{userURN}, "userName": "alice@example.com"}},
		object{"method": "PATCH", "path": "/Users/bulkId:qwerty", "data": patchOf(object{"op": "add", "path": "title", "value": "Guide"})},
	))
	results := o["Operations"].([]any)
	if len(results) != 3 {
		t.Fatalf("%d results: %v", len(results), o)
	}
	for i, status := range []string{"201", "201", "200"} {
		if got := results[i].(object); got["status"] != status || got["version"] == nil || got["location"] == nil {
			t.Errorf("result %d: %v", i, got)
		}
	}
	found := s.want(200, "GET", "/Users?filter=userName+eq+%22alice@example.com%22", nil)["Resources"].([]any)[0].(object)
	if found["title"] != "Guide" || found["groups"].([]any)[0].(object)["display"] != "Tour Guides" {
		t.Errorf("the user is %v", found)
	}
}

// RFC 7644 section 3.7.1: circular references are resolved.
func TestBulkResolvesCircularReferences(t *testing.T) {
	t.Parallel()
	s := start(t)
	managed := func(name, manager string) object {
		return object{"method": "POST", "path": "/Users", "bulkId": name, "data": object{
			"schemas": []string{userURN, enterpriseURN}, "userName": name + "@example.com", enterpriseURN: object{"manager": object{"value": "bulkId:" + manager}},
		}}
	}
	o := s.want(200, "POST", "/Bulk", bulkOf(managed("a", "b"), managed("b", "c"), managed("c", "a"), managed("d", "d"), managed("e", "a")))
	ids := make(map[string]string)
	for _, r := range o["Operations"].([]any) {
		r := r.(object)
		if r["status"] != "201" {
			t.Fatalf("%v", r)
		}
		location := r["location"].(string)
		ids[r["bulkId"].(string)] = location[len(location)-len(s.UserID):]
	}
	for name, manager := range map[string]string{"a": "b", "b": "c", "c": "a", "d": "d", "e": "a"} {
		user := s.want(200, "GET", "/Users/"+ids[name], nil)
		if got := user[enterpriseURN].(object)["manager"].(object)["value"]; got != ids[manager] {
			t.Errorf("the manager of %s is %v, want %s", name, got, ids[manager])
		}
	}
}

func TestBulkStopsAfterFailOnErrors(t *testing.T) {
	t.Parallel()
	s := start(t)
	user := func(i int, name string) object {
		return object{"method": "POST", "path": "/Users", "bulkId": fmt.Sprint(i), "data": object{"schemas": []string{userURN}, "userName": name}}
	}
	request := bulkOf(user(1, "a@example.com"), user(2, "A@example.com"), user(3, "no address"), user(4, "b@example.com"))
	request["failOnErrors"] = 2
	results := s.want(200, "POST", "/Bulk", request)["Operations"].([]any)
	if len(results) != 3 {
		t.Fatalf("%d results: %v", len(results), results)
	}
	if r := results[1].(object); r["status"] != "409" || r["response"].(object)["scimType"] != "uniqueness" {
		t.Errorf("the second result: %v", r)
	}
	if r := results[2].(object); r["status"] != "400" {
		t.Errorf("the third result: %v", r)
	}
}

func TestBulkIsLimited(t *testing.T) {
	t.Parallel()
	s := start(t)
	operations := make([]object, 1001)
	for i := range operations {
		operations[i] = object{"method": "DELETE", "path": "/Users/nobody"}
	}
	s.refused(413, "", "POST", "/Bulk", bulkOf(operations...))
	s.refused(400, "invalidSyntax", "POST", "/Bulk", bulkOf())
	s.refused(400, "invalidSyntax", "POST", "/Bulk", object{"Operations": operations[:1]})
	for _, operation := range []object{
		{"method": "GET", "path": "/Users"},
		{"method": "POST", "path": "/Bulk", "bulkId": "x", "data": object{}},
		{"method": "POST", "path": "/Users/.search", "bulkId": "x", "data": object{}},
		{"method": "POST", "path": "/Users", "data": object{"userName": "a@example.com"}},
		{"method": "PUT", "path": "/Users/x"},
		{"method": "PATCH", "path": "/Users/bulkId:nobody", "data": patchOf(object{"op": "add", "path": "title", "value": "x"})},
		{"method": "POST", "path": "/Groups", "bulkId": "x", "data": object{"displayName": "x", "members": references("bulkId:nobody")}},
		{"method": 1, "path": "/Users"},
	} {
		r := s.want(200, "POST", "/Bulk", bulkOf(operation))["Operations"].([]any)[0].(object)
		if r["status"] != "400" {
			t.Errorf("%v: %v", operation, r)
		}
	}
}

// Each operation has a permission of its own.
func TestBulkGivesNoPermission(t *testing.T) {
	t.Parallel()
	s := start(t)
	id := s.createUser("jane@example.com")
	s.token = s.APITokenWith(`"orgCapabilities":{"users":["read"]}`)
	results := s.want(200, "POST", "/Bulk", bulkOf(
		object{"method": "POST", "path": "/Users", "bulkId": "x", "data": object{"userName": "a@example.com"}},
		object{"method": "DELETE", "path": "/Users/" + id},
		object{"method": "POST", "path": "/Groups", "bulkId": "y", "data": object{"displayName": "x"}},
	))["Operations"].([]any)
	for _, r := range results {
		if r.(object)["status"] != "403" {
			t.Errorf("a weak token got %v", r)
		}
	}
	s.token = s.APIToken
	s.want(200, "GET", "/Users/"+id, nil)
}
