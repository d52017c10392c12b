package scim_test

import "testing"

// RFC 7644 section 3.14: versions are weak entity tags, in a header and in meta.version.
func TestRFC7644Section3_14_Versions(t *testing.T) {
	t.Parallel()
	s := start(t)
	made := s.do("POST", "/Users", bjensen)
	var user object
	made.Decode(t, &user)
	tag, path := made.Header.Get("Etag"), "/Users/"+user["id"].(string)
	if meta := user["meta"].(object); tag == "" || tag[:3] != `W/"` || meta["version"] != tag {
		t.Fatalf("the version is %q in the header and %v in meta", tag, meta["version"])
	}
	if ans := s.do("GET", path+"?attributes=displayName", nil, "If-None-Match", tag); ans.Status != 304 {
		t.Errorf("unchanged: %d", ans.Status)
	}
	if ans := s.do("GET", path, nil, "If-None-Match", `W/"other", `+tag); ans.Status != 304 {
		t.Errorf("one of several versions: %d", ans.Status)
	}
	change := patchOf(object{"op": "replace", "path": "displayName", "value": "Babs"})
	changed := s.do("PATCH", path, change, "If-Match", tag)
	if next := changed.Header.Get("Etag"); changed.Status != 200 || next == "" || next == tag {
		t.Errorf("changed: %d, version %q after %q", changed.Status, next, tag)
	}
	s.refused(412, "", "PUT", path, bjensen, "If-Match", tag)
	s.refused(412, "", "DELETE", path, nil, "If-Match", tag)
	if ans := s.do("PATCH", path, change, "If-Match", changed.Header.Get("Etag")); ans.Status != 200 || ans.Header.Get("Etag") != changed.Header.Get("Etag") {
		t.Errorf("a change that changes nothing: %d, version %q", ans.Status, ans.Header.Get("Etag"))
	}
	if ans := s.do("DELETE", path, nil, "If-Match", "*"); ans.Status != 204 {
		t.Errorf("any version: %d", ans.Status)
	}
}

// RFC 9865 section 2: an empty cursor asks for the first page, and nextCursor is absent on
// the last one.
func TestRFC9865Section2_Cursors(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, name := range []string{"a", "b", "c"} {
		s.createUser(name + "@example.com")
	}
	first := s.want(200, "GET", "/Users?cursor=&count=3", nil)
	next, _ := first["nextCursor"].(string)
	if len(first["Resources"].([]any)) != 3 || next == "" || first["itemsPerPage"] != 3.0 || first["previousCursor"] != nil {
		t.Fatalf("the first page: %v", first)
	}
	if first["schemas"].([]any)[0] != listURN {
		t.Errorf("schemas: %v", first["schemas"])
	}
	last := s.want(200, "GET", "/Users?count=3&cursor="+next, nil)
	if len(last["Resources"].([]any)) != 1 || last["nextCursor"] != nil {
		t.Errorf("the last page: %v", last)
	}
	if again := s.want(200, "GET", "/Users?count=3&cursor="+next, nil); encode(t, again) != encode(t, last) {
		t.Errorf("the same cursor gives another page: %v", again)
	}
}

// RFC 9865 section 2.1: the errors of cursors.
func TestRFC9865Section2_1_Errors(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.refused(400, "invalidCursor", "GET", "/Users?cursor=VZUTiyhEQJ94IR", nil)
	s.refused(400, "invalidCursor", "GET", "/Groups?cursor=VZUTiyhEQJ94IR", nil)
	s.refused(400, "invalidCount", "GET", "/Users?cursor=&count=x", nil)
	s.createUser("a@example.com")
	next := s.want(200, "GET", "/Users?cursor=&count=1", nil)["nextCursor"].(string)
	s.refused(400, "invalidCursor", "GET", "/Users?sortBy=userName&cursor="+next, nil)
	s.refused(400, "invalidCursor", "GET", "/Groups?cursor="+next, nil)
}

// RFC 9865 section 2.4: cursors by POST.
func TestRFC9865Section2_4_Searching(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, name := range []string{"a", "b", "c"} {
		s.createUser(name + "@example.com")
	}
	search := object{
		"schemas": []string{"urn:ietf:params:scim:api:messages:2.0:SearchRequest"}, "attributes": []string{"displayName", "userName"},
		"filter": `userName ew "@example.com"`, "cursor": "", "count": 3,
	}
	first := s.want(200, "POST", "/Users/.search", search)
	search["cursor"] = first["nextCursor"]
	if last := s.want(200, "POST", "/Users/.search", search); len(last["Resources"].([]any)) != 1 || last["nextCursor"] != nil {
		t.Errorf("the last page: %v", last)
	}
}

// RFC 9865 section 4: what the server supports.
func TestRFC9865Section4_ServiceProviderConfig(t *testing.T) {
	t.Parallel()
	s := start(t)
	pagination := s.want(200, "GET", "/ServiceProviderConfig", nil)["pagination"].(object)
	if pagination["cursor"] != true || pagination["index"] != true || pagination["defaultPaginationMethod"] != "index" ||
		pagination["defaultPageSize"] != 100.0 || pagination["maxPageSize"] != 200.0 {
		t.Errorf("pagination: %v", pagination)
	}
}
