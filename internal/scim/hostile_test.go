package scim_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/rosterhq/roster/internal/apptest"
)

// neighbor is the directory of another organization on the same server.
func (s *server) neighbor() *server {
	s.t.Helper()
	var org struct{ ID string }
	s.Want(200, "POST", "/v2/orgs", apptest.Request{Token: s.PersonalToken, Body: `{"name":"Neighbor"}`}).Decode(s.t, &org)
	var made struct{ Token string }
	s.Want(200, "POST", "/v2/tokens", apptest.Request{
		Token: s.PersonalToken, Header: map[string]string{"X-Axiom-Org-Id": org.ID},
		Body: `{"name":"Directory","orgCapabilities":{"users":["create","read","update","delete"],"rbac":["create","read","update","delete"]}}`,
	}).Decode(s.t, &made)
	return &server{Server: s.Server, t: s.t, token: made.Token}
}

// A directory that floods the server reaches limits of its own. Another organization's
// directory is refused nothing meanwhile.
func TestFloodingDirectoryIsLimitedAlone(t *testing.T) {
	t.Parallel()
	s := apptest.StartWith(t, apptest.Options{RateLimit: 300, UnderWay: 2})
	flooding := &server{Server: s, t: t, token: s.APIToken}
	quiet := flooding.neighbor()
	var stop atomic.Bool
	var limited, served atomic.Int64
	var flood sync.WaitGroup
	for range 4 {
		flood.Go(func() {
			for !stop.Load() {
				ans, err := s.Try("GET", "/scim/v2/Users?filter="+url.QueryEscape(`title co "x" or not (nickName sw "y")`), apptest.Request{Token: s.APIToken})
				switch {
				case err != nil:
					t.Error(err)
					return
				case ans.Status == http.StatusTooManyRequests && ans.Header.Get("Retry-After") != "":
					limited.Add(1)
				case ans.Status == http.StatusOK:
					served.Add(1)
				default:
					t.Errorf("the flood got %d %v %s", ans.Status, ans.Header, ans.Body)
					return
				}
			}
		})
	}
	for i := range 30 {
		name := fmt.Sprintf("user%d@example.com", i)
		id := quiet.createUser(name)
		quiet.want(200, "GET", "/Users?filter="+url.QueryEscape(`userName eq "`+name+`"`), nil)
		quiet.want(200, "PATCH", "/Users/"+id, patchOf(object{"op": "replace", "path": "title", "value": "x"}))
		if i%10 == 0 {
			quiet.want(200, "GET", "/Users?filter="+url.QueryEscape(`title co "x"`), nil)
		}
	}
	for limited.Load() == 0 && !t.Failed() {
		quiet.want(200, "GET", "/ServiceProviderConfig", nil)
	}
	stop.Store(true)
	flood.Wait()
	if served.Load() == 0 {
		t.Error("nothing of the flood was served")
	}
}

// A token without a permission on users and groups gets nothing but the description of the
// server, also through Bulk.
func TestTokenWithoutPermissionsGetsNothing(t *testing.T) {
	t.Parallel()
	s := start(t)
	user, group := "/Users/"+s.createUser("jane@example.com"), "/Groups/"+s.createGroup("Sales")
	s.token = s.APITokenWith(`"orgCapabilities":{"apiTokens":["read"]}`)
	search := object{"schemas": []string{"urn:ietf:params:scim:api:messages:2.0:SearchRequest"}}
	for path, body := range map[string]object{"/Users": {"userName": "x@example.com"}, "/Groups": {"displayName": "x"}} {
		one := user
		if path == "/Groups" {
			one = group
		}
		s.refused(403, "", "GET", path, nil)
		s.refused(403, "", "POST", path, body)
		s.refused(403, "", "POST", path+"/.search", search)
		for _, at := range []string{one, path + "/nobody"} {
			s.refused(403, "", "GET", at, nil)
			s.refused(403, "", "PUT", at, body)
			s.refused(403, "", "PATCH", at, patchOf(object{"op": "replace", "path": "externalId", "value": "x"}))
			s.refused(403, "", "DELETE", at, nil)
		}
		for _, o := range s.want(200, "POST", "/Bulk", bulkOf(
			object{"method": "POST", "path": path, "bulkId": "x", "data": body}, object{"method": "PUT", "path": one, "data": body},
			object{"method": "PATCH", "path": one, "data": patchOf(object{"op": "remove", "path": "externalId"})}, object{"method": "DELETE", "path": one},
		))["Operations"].([]any) {
			if o.(object)["status"] != "403" {
				t.Errorf("in bulk: %v", o)
			}
		}
	}
}

// Ids of another organization are worth nothing: they are answered as unknown ones, and
// make nobody a member.
func TestKnownIdsOfAnotherOrganization(t *testing.T) {
	t.Parallel()
	s := start(t)
	user, group := s.createUser("jane@example.com"), s.createGroup("Sales")
	other := s.neighbor()
	own := other.createGroup("Own")
	before := other.do("GET", "/Groups/"+own, nil).Header.Get("Etag")
	for _, id := range []string{user, "usr_unknown"} {
		other.refused(400, "invalidValue", "PATCH", "/Groups/"+own, patchOf(object{"op": "add", "path": "members", "value": references(id)}))
		other.refused(400, "invalidValue", "PUT", "/Groups/"+own, object{"displayName": "Own", "members": references(id)})
		other.refused(400, "invalidValue", "POST", "/Groups", object{"displayName": "New", "members": references(id)})
		other.want(204, "PATCH", "/Groups/"+own, patchOf(object{"op": "remove", "path": "members", "value": references(id)}))
	}
	if after := other.do("GET", "/Groups/"+own, nil).Header.Get("Etag"); after != before {
		t.Errorf("the group changed: %s, %s", before, after)
	}
	for _, filter := range []string{`groups.value eq "` + group + `"`, `id eq "` + user + `"`, `userName eq "jane@example.com"`, `emails eq "jane@example.com"`} {
		if o := other.want(200, "GET", "/Users?filter="+url.QueryEscape(filter), nil); o["totalResults"] != 0.0 {
			t.Errorf("%s finds %v", filter, o)
		}
	}
	if o := other.want(200, "GET", "/Groups?filter="+url.QueryEscape(`members.value eq "`+user+`"`), nil); o["totalResults"] != 0.0 {
		t.Errorf("a group of another organization: %v", o)
	}
	next := s.want(200, "GET", "/Users?cursor=&count=1", nil)["nextCursor"].(string)
	for _, u := range listOf(other.want(200, "GET", "/Users?count=200&cursor="+next, nil)) {
		if u["id"] == user {
			t.Error("a cursor of another organization leads into it")
		}
	}
	for _, o := range listOf(object{"Resources": other.want(200, "POST", "/Bulk", bulkOf(
		object{"method": "DELETE", "path": "/Users/" + user}, object{"method": "DELETE", "path": "/Groups/" + group},
	))["Operations"]}) {
		if o["status"] != "404" {
			t.Errorf("in bulk: %v", o)
		}
	}
	s.want(200, "GET", "/Users/"+user, nil)
}

func listOf(page object) (all []object) {
	list, _ := page["Resources"].([]any)
	for _, one := range list {
		all = append(all, one.(object))
	}
	return all
}

// Requests that are too large or too deep are refused before anything is done.
func TestRequestsBeyondTheLimitsChangeNothing(t *testing.T) {
	t.Parallel()
	s := start(t)
	create := object{"method": "POST", "path": "/Users", "bulkId": "x", "data": object{"userName": "x@example.com"}}
	large := encode(t, bulkOf(create))
	s.refused(413, "", "POST", "/Bulk", large[:len(large)-1]+strings.Repeat(" ", 4<<20)+"}")
	operations := make([]object, 1001)
	for i := range operations {
		operations[i] = create
	}
	s.refused(413, "", "POST", "/Bulk", bulkOf(operations...))
	for _, filter := range []string{
		strings.Repeat("(", 17) + "userName pr" + strings.Repeat(")", 17),
		strings.Repeat("not (", 17) + "userName pr" + strings.Repeat(")", 17),
		"userName pr" + strings.Repeat(" and userName pr", 100),
		`userName eq "` + strings.Repeat("x", 8192) + `"`,
	} {
		s.refused(400, "invalidFilter", "GET", "/Users?filter="+url.QueryEscape(filter), nil)
		s.refused(400, "invalidFilter", "POST", "/Users/.search", object{"schemas": []string{"urn:ietf:params:scim:api:messages:2.0:SearchRequest"}, "filter": filter})
	}
	deep := strings.Repeat(`{"x":`, 5000) + `1` + strings.Repeat(`}`, 5000)
	for _, path := range []string{"/Users", "/Groups", "/Bulk", "/Users/.search"} {
		if ans := s.do("POST", path, deep); ans.Status/100 != 4 {
			t.Errorf("POST %s with a deep object: %d %s", path, ans.Status, ans.Body)
		}
	}
	if o := s.want(200, "GET", "/Users?count=0", nil); o["totalResults"] != 1.0 {
		t.Errorf("there are %v users, and only the owner before", o["totalResults"])
	}
}

// Rule 2: a directory's token gives nobody what its maker could not give. Groups that carry
// roles, suspended admins and the default role are no ways around it, nor are the SCIM
// attributes roles and entitlements.
func TestDirectoryRaisesNobody(t *testing.T) {
	t.Parallel()
	s := start(t)
	jane := s.createUser("jane@example.com")
	owner := func(method, path, body string) object {
		var made object
		s.Want(200, method, path, apptest.Request{Token: s.PersonalToken, Body: body}).Decode(t, &made)
		return made
	}
	keeper := owner("POST", "/v2/rbac/roles", `{"name":"Keeper","orgCapabilities":{"users":["create","read","update","delete"],"rbac":["create","read","update","delete"],"apiTokens":["create"]}}`)
	admins := owner("POST", "/v2/rbac/groups", `{"name":"Admins","roles":["admin"],"members":[]}`)["id"].(string)
	s.CreateUser("Karl Keeper", "karl@example.com", keeper["id"].(string))
	suspended := s.CreateUser("Ada Admin", "ada@example.com", "admin").ID
	owner("PUT", "/v2/users/"+suspended+"/status", `{"status":"suspended"}`)
	var token struct{ Token string }
	s.Want(200, "POST", "/v2/tokens", apptest.Request{
		Token: s.TokenOf("karl@example.com"),
		Body:  `{"name":"Directory","orgCapabilities":{"users":["create","read","update","delete"],"rbac":["create","read","update","delete"]}}`,
	}).Decode(t, &token)
	s.token = token.Token

	join := patchOf(object{"op": "add", "path": "members", "value": references(jane)})
	s.refused(403, "", "PATCH", "/Groups/"+admins, join)
	s.refused(403, "", "PATCH", "/Groups/"+admins, patchOf(object{"op": "replace", "path": "members", "value": references(jane)}))
	s.refused(403, "", "PUT", "/Groups/"+admins, object{"displayName": "Admins", "members": references(jane)})
	s.refused(403, "", "PATCH", "/Users/"+suspended, patchOf(object{"op": "replace", "path": "active", "value": true}))
	for _, o := range s.want(200, "POST", "/Bulk", bulkOf(object{"method": "PATCH", "path": "/Groups/" + admins, "data": join}))["Operations"].([]any) {
		if o.(object)["status"] != "403" {
			t.Errorf("in bulk: %v", o)
		}
	}
	user := s.want(201, "POST", "/Users", object{
		"userName": "eve@example.com", "roles": []object{{"value": "owner", "primary": true}}, "entitlements": []object{{"value": "auditLog|read"}},
		"groups": []object{{"value": admins}},
	})
	if user["groups"] != nil {
		t.Errorf("a user chose the groups %v", user["groups"])
	}
	var u apptest.User
	s.Want(200, "GET", "/v2/users/"+user["id"].(string), apptest.Request{Token: s.APIToken}).Decode(t, &u)
	if u.Role.ID != "user" {
		t.Errorf("a user whom the directory added has the role %s", u.Role.ID)
	}
	owner("PUT", "/v2/scim/settings", `{"defaultRole":"admin","breakerPercent":20,"schemas":[]}`)
	s.refused(403, "", "POST", "/Users", object{"userName": "mallory@example.com"})
	// The token of somebody who may give all of this does it.
	s.token = s.APIToken
	s.want(204, "PATCH", "/Groups/"+admins, join)
	s.want(200, "PATCH", "/Users/"+suspended, patchOf(object{"op": "replace", "path": "active", "value": true}))
	s.want(201, "POST", "/Users", object{"userName": "mallory@example.com"})
}
