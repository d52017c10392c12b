package scim_test

import (
	"fmt"
	"net/url"
	"os"
	"strconv"
	"testing"
	"time"
)

// syncDirectory brings users and groups up to date as an identity provider does, one
// request at a time: it looks for each, and creates it or changes what differs. It stops
// after some requests, if most is not 0.
func (s *server) syncDirectory(users, groups, most int) (requests int) {
	find := func(path, filter string) object {
		requests++
		o := s.want(200, "GET", path+"?excludedAttributes=members&filter="+url.QueryEscape(filter), nil)
		if list, _ := o["Resources"].([]any); len(list) > 0 {
			return list[0].(object)
		}
		return nil
	}
	over := func() bool { return most > 0 && requests >= most }
	ids := make([]string, users)
	for i := range users {
		if over() {
			return requests
		}
		name := fmt.Sprintf("user%d@example.com", i)
		profile := object{
			"schemas": []string{userURN, enterpriseURN}, "userName": name, "externalId": fmt.Sprint(i), "active": true, "title": "Engineer",
			"name": object{"givenName": "User", "familyName": fmt.Sprint(i)}, "emails": []object{{"value": name, "type": "work", "primary": true}},
			enterpriseURN: object{"department": fmt.Sprint(i % 7)},
		}
		found := find("/Users", fmt.Sprintf("userName eq %q", name))
		requests++
		if found == nil {
			found = s.want(201, "POST", "/Users", profile)
		} else {
			found = s.want(200, "PUT", "/Users/"+found["id"].(string), profile)
		}
		ids[i] = found["id"].(string)
	}
	for g := range groups {
		name := fmt.Sprintf("group %d", g)
		found := find("/Groups", fmt.Sprintf("displayName eq %q", name))
		if over() {
			return requests
		}
		if found == nil {
			requests++
			found = s.want(201, "POST", "/Groups", object{"schemas": []string{groupURN}, "displayName": name, "externalId": fmt.Sprint(g)})
		}
		var members []string
		for i := g; i < users; i += groups {
			members = append(members, ids[i])
		}
		if over() {
			return requests
		}
		requests++
		s.want(204, "PATCH", "/Groups/"+found["id"].(string), patchOf(object{"op": "add", "path": "members", "value": references(members...)}))
	}
	return requests
}

// state has the versions of all users and the members of all groups.
func (s *server) state(users, groups int) (versions, members map[string]string) {
	versions, members = make(map[string]string), make(map[string]string)
	for start := 1; start <= users+1; start += 200 { // and the owner
		for _, u := range s.want(200, "GET", fmt.Sprintf("/Users?count=200&startIndex=%d&sortBy=userName", start), nil)["Resources"].([]any) {
			u := u.(object)
			versions[u["userName"].(string)] = u["meta"].(object)["version"].(string)
			list, _ := u["groups"].([]any)
			for _, g := range list {
				members[u["userName"].(string)] += g.(object)["display"].(string)
			}
		}
	}
	return versions, members
}

// A sync that is cut off and done again leads to the same as one that is not, and a sync
// of what is there already writes nothing. ROSTER_TEST_SYNC has another number of users,
// such as 10000.
func TestASecondSyncWritesNothing(t *testing.T) {
	t.Parallel()
	users := 100
	if n, err := strconv.Atoi(os.Getenv("ROSTER_TEST_SYNC")); err == nil {
		users = n
	}
	groups := max(2, users/50)
	s := start(t)
	s.syncDirectory(users, groups, users) // cut off among the users
	s.syncDirectory(users, groups, 2*users+groups)
	began := time.Now()
	n := s.syncDirectory(users, groups, 0)
	t.Logf("%d requests in %v", n, time.Since(began).Round(time.Millisecond))
	versions, members := s.state(users, groups)
	if len(versions) != users+1 || len(members) != users { // and the owner
		t.Fatalf("%d users, %d of them in groups", len(versions), len(members))
	}
	for name, groups := range members {
		var i int
		if _, err := fmt.Sscanf(name, "user%d@example.com", &i); err != nil || groups != fmt.Sprintf("group %d", i%max(2, users/50)) {
			t.Fatalf("%s is in %q", name, groups)
		}
	}
	checkpoint := s.entries()
	s.syncDirectory(users, groups, 0)
	again, _ := s.state(users, groups)
	for name, version := range versions {
		if again[name] != version {
			t.Errorf("%s has version %s after a second sync, and %s before", name, again[name], version)
		}
	}
	if now := s.entries(); now != checkpoint {
		t.Errorf("the second sync added entries to the log:\n%s\n%s", checkpoint, now)
	}
}

// entries is the newest entry of the log about users and groups.
func (s *server) entries() string {
	s.t.Helper()
	return string(s.Want(200, "GET", "/v2/audit?limit=1&order=desc", tokenOf(s)).Body)
}
