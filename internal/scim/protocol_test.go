package scim_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/rosterhq/roster/internal/apptest"
)

// RFC 7644 section 4, RFC 7643 sections 5 to 7.
func TestDiscovery(t *testing.T) {
	t.Parallel()
	s := start(t)
	config := s.want(200, "GET", "/ServiceProviderConfig", nil)
	for _, name := range []string{"patch", "bulk", "filter", "changePassword", "sort", "etag"} {
		if _, ok := config[name].(object)["supported"].(bool); !ok {
			t.Errorf("%s: %v", name, config[name])
		}
	}
	if o := s.want(200, "GET", "/Schemas", nil); o["totalResults"] != 3.0 {
		t.Errorf("%v schemas", o["totalResults"])
	}
	if o := s.want(200, "GET", "/Schemas/"+enterpriseURN, nil); o["id"] != enterpriseURN {
		t.Errorf("the schema is %v", o)
	}
	if o := s.want(200, "GET", "/ResourceTypes/User", nil); o["endpoint"] != "/Users" {
		t.Errorf("the resource type is %v", o)
	}
	s.refused(404, "", "GET", "/Schemas/urn:nothing", nil)
	s.refused(404, "", "GET", "/ResourceTypes/Robot", nil)
	s.refused(403, "", "GET", "/Schemas?filter=id+pr", nil)
}

func TestRequestsThatAreNoSCIMGetSCIMErrors(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.refused(404, "", "GET", "/Robots", nil)
	s.refused(404, "", "GET", "/Users/%00", nil)
	s.refused(404, "", "GET", "/Users/"+strings.Repeat("x", 1000), nil)
	s.refused(405, "", "PUT", "/Users", object{})
	s.refused(415, "", "POST", "/Users", "{}", "Content-Type", "text/plain")
	s.refused(400, "invalidSyntax", "POST", "/Users", "{")
	s.refused(400, "invalidSyntax", "POST", "/Users", "[]")
	s.refused(400, "invalidValue", "POST", "/Users", object{"schemas": []string{userURN}})
	s.refused(400, "invalidValue", "POST", "/Users", object{"userName": "no address"})
	s.refused(400, "invalidValue", "DELETE", "/Users/x?dryRun=true", nil)
	s.refused(413, "", "POST", "/Users", `{"userName":"`+strings.Repeat("x", 1<<20)+`"}`)
	s.refused(501, "", "GET", "/Me", nil)
	s.token = "xaat-00000000-0000-0000-0000-000000000000"
	ans := s.do("GET", "/Users", nil)
	if ans.Status != 401 || ans.Header.Get("WWW-Authenticate") == "" || !strings.Contains(string(ans.Body), `"status":"401"`) {
		t.Errorf("an unknown token: %d %v %s", ans.Status, ans.Header, ans.Body)
	}
}

func TestMeIsThePersonOfAPersonalToken(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.token = s.PersonalToken
	if o := s.want(200, "GET", "/Me", nil, "X-Axiom-Org-Id", s.OrgID); o["id"] != s.UserID {
		t.Errorf("me: %v", o)
	}
	s.refused(501, "", "DELETE", "/Me", nil, "X-Axiom-Org-Id", s.OrgID)
}

// RFC 7644 section 3.14: of two changes of the same version, the second gets a 412.
func TestALostUpdateIsRefused(t *testing.T) {
	t.Parallel()
	s := start(t)
	user, group := "/Users/"+s.createUser("jane@example.com"), "/Groups/"+s.createGroup("Sales")
	for path, change := range map[string]object{
		user:  patchOf(object{"op": "replace", "path": "title", "value": "Boss"}),
		group: patchOf(object{"op": "replace", "path": "displayName", "value": "Selling"}),
	} {
		tag := s.do("GET", path, nil).Header.Get("Etag")
		if got := s.do("GET", path, nil, "If-None-Match", tag); got.Status != 304 || len(got.Body) > 0 {
			t.Errorf("%s with its own version: %d %s", path, got.Status, got.Body)
		}
		if got := s.do("PATCH", path, change, "If-Match", tag); got.Status >= 300 || got.Header.Get("Etag") == tag {
			t.Errorf("%s: %d, version %s", path, got.Status, got.Header.Get("Etag"))
		}
		s.refused(412, "", "PATCH", path, change, "If-Match", tag)
		s.refused(412, "", "DELETE", path, nil, "If-Match", tag)
		s.refused(412, "", "PATCH", path, change, "If-None-Match", "*")
		if got := s.do("GET", path, nil, "If-None-Match", tag); got.Status != 200 {
			t.Errorf("%s with an old version: %d", path, got.Status)
		}
	}
	id := user[len("/Users/"):]
	before := s.do("GET", group, nil).Header.Get("Etag")
	s.want(204, "PATCH", group, patchOf(object{"op": "add", "path": "members", "value": references(id)}))
	s.refused(412, "", "PATCH", group, patchOf(object{"op": "remove", "path": "members"}), "If-Match", before)
}

func TestForeignOrganizationsDoNotExist(t *testing.T) {
	t.Parallel()
	s := start(t)
	user, group := s.createUser("jane@example.com"), s.createGroup("Sales")
	var org struct{ ID string }
	s.Want(200, "POST", "/v2/orgs", apptest.Request{Token: s.PersonalToken, Body: `{"name":"Other"}`}).Decode(t, &org)
	other := &server{Server: s.Server, t: t, token: s.PersonalToken}
	in := []string{"X-Axiom-Org-Id", org.ID}
	for _, path := range []string{"/Users/" + user, "/Groups/" + group} {
		nobody := path[:strings.LastIndexByte(path, '/')+1] + "nobody"
		for _, method := range []string{"GET", "DELETE", "PUT", "PATCH"} {
			var body any
			switch method {
			case "PUT":
				body = object{"userName": "x@example.com", "displayName": "x"}
			case "PATCH":
				body = patchOf(object{"op": "replace", "path": "externalId", "value": "x"})
			}
			foreign, missing := other.refused(404, "", method, path, body, in...), other.refused(404, "", method, nobody, body, in...)
			if foreign != missing {
				t.Errorf("%s: %q, and %q for what does not exist", method, foreign, missing)
			}
		}
	}
	if o := other.want(200, "GET", "/Users?filter="+url.QueryEscape(`id eq "`+user+`"`), nil, in...); o["totalResults"] != 0.0 {
		t.Errorf("a filter finds a foreign user: %v", o)
	}
	if ans := other.do("POST", "/Groups", object{"displayName": "x", "members": references(user)}, in...); ans.Status/100 != 4 {
		t.Errorf("a foreign user became a member: %d %s", ans.Status, ans.Body)
	}
}

// RFC 9865: cursors lead through all users, in any order, once.
func TestCursorsLeadThroughAllUsers(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, name := range []string{"d", "b", "a", "c", "e"} {
		s.createUser(name + "@example.com")
	}
	for _, order := range []string{"", "&sortBy=userName", "&sortBy=userName&sortOrder=descending", "&sortBy=title"} {
		var names []string
		next, pages := "", 0
		for {
			o := s.want(200, "GET", "/Users?count=2&cursor="+next+order, nil)
			if o["totalResults"] != nil || o["startIndex"] != nil {
				t.Errorf("a page by cursor has %v", o)
			}
			resources, _ := o["Resources"].([]any)
			for _, r := range resources {
				names = append(names, r.(object)["userName"].(string))
			}
			if next, _ = o["nextCursor"].(string); next == "" || pages > 10 {
				break
			}
			pages++
			s.refused(400, "invalidCursor", "GET", "/Users?cursor="+next+order+"&filter=active+eq+true", nil)
		}
		sorted := slices.Sorted(slices.Values(names))
		if len(slices.Compact(sorted)) != 6 || len(names) != 6 {
			t.Errorf("%q: %v", order, names)
		}
		if order == "&sortBy=userName" && !slices.IsSorted(names) {
			t.Errorf("not in order: %v", names)
		}
	}
	s.refused(400, "invalidCursor", "GET", "/Users?cursor=x", nil)
	s.refused(400, "invalidCount", "GET", "/Users?cursor=&count=-1", nil)
	s.refused(400, "invalidValue", "GET", "/Users?cursor=&startIndex=1", nil)
	if o := s.want(200, "GET", "/Users?startIndex=0&count=1000", nil); o["totalResults"] != 6.0 || o["startIndex"] != 1.0 {
		t.Errorf("by index: %v", o)
	}
	if o := s.want(200, "GET", "/Users?count=0", nil); o["totalResults"] != 6.0 || o["Resources"] != nil {
		t.Errorf("count=0: %v", o)
	}
	o := s.want(200, "POST", "/Users/.search", object{
		"schemas": []string{"urn:ietf:params:scim:api:messages:2.0:SearchRequest"}, "filter": `userName sw "a"`, "attributes": []string{"userName"}, "startIndex": 1, "count": 10,
	})
	if o["totalResults"] != 1.0 || o["Resources"].([]any)[0].(object)["active"] != nil {
		t.Errorf("search: %v", o)
	}
}

// A token gets from SCIM what its capabilities allow, by every way.
func TestAWeakTokenFindsNoDetour(t *testing.T) {
	t.Parallel()
	s := start(t)
	user, group := s.createUser("jane@example.com"), s.createGroup("Sales")
	s.token = s.APITokenWith(`"orgCapabilities":{"rbac":["read","update"]}`)
	for _, request := range []struct {
		method, path string
		body         any
	}{
		{"GET", "/Users", nil},
		{"GET", "/Users/" + user, nil},
		{"POST", "/Users/.search", object{"schemas": []string{"urn:ietf:params:scim:api:messages:2.0:SearchRequest"}}},
		{"POST", "/Users", object{"userName": "x@example.com"}},
		{"PATCH", "/Users/" + user, patchOf(object{"op": "replace", "path": "active", "value": false})},
		{"DELETE", "/Users/" + user, nil},
		{"POST", "/Groups", object{"displayName": "x"}},
		{"DELETE", "/Groups/" + group, nil},
		{"PATCH", "/Groups/" + group, patchOf(object{"op": "add", "path": "members", "value": references(user)})},
	} {
		s.refused(403, "", request.method, request.path, request.body)
	}
	s.want(204, "PATCH", "/Groups/"+group, patchOf(object{"op": "replace", "path": "displayName", "value": "Selling"}))
}

// Memberships in groups take rbac|read, in resources and in filters.
func TestGroupsOfUsersTakeTheirPermission(t *testing.T) {
	t.Parallel()
	s := start(t)
	user := s.createUser("jane@example.com")
	group := s.createGroup("Sales", user)
	if o := s.want(200, "GET", "/Users/"+user, nil); o["groups"] == nil {
		t.Errorf("the user has no groups: %v", o)
	}
	s.token = s.APITokenWith(`"orgCapabilities":{"users":["read"]}`)
	if o := s.want(200, "GET", "/Users/"+user, nil); o["groups"] != nil {
		t.Errorf("without rbac|read, the user shows %v", o["groups"])
	}
	list := s.want(200, "GET", "/Users?filter="+url.QueryEscape(`userName eq "jane@example.com"`), nil)
	if strings.Contains(encode(t, list), group) {
		t.Errorf("without rbac|read, the list shows %v", list)
	}
	for _, filter := range []string{
		`groups pr`, `groups.value eq "` + group + `"`, `groups[value eq "` + group + `"]`, `not (userName pr and GROUPS.display sw "S")`,
	} {
		if detail := s.refused(403, "", "GET", "/Users?filter="+url.QueryEscape(filter), nil); !strings.Contains(detail, "rbac|read") {
			t.Errorf("%s: %s", filter, detail)
		}
		s.refused(403, "", "POST", "/Users/.search", object{"schemas": []string{"urn:ietf:params:scim:api:messages:2.0:SearchRequest"}, "filter": filter})
	}
}

// SCIM is charged to the same rate limit as v2.
func TestRateLimitHoldsForSCIM(t *testing.T) {
	t.Parallel()
	s := apptest.StartWith(t, apptest.Options{RateLimit: 20})
	d := &server{Server: s, t: t, token: s.APIToken}
	operations := make([]object, 30)
	for i := range operations {
		operations[i] = object{"method": "DELETE", "path": "/Users/nobody"}
	}
	if ans := d.do("POST", "/Bulk", bulkOf(operations...)); ans.Status != http.StatusTooManyRequests || ans.Header.Get("Retry-After") == "" {
		t.Errorf("30 operations at a limit of 20: %d %v", ans.Status, ans.Header)
	}
}
