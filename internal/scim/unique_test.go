package scim_test

import (
	"strings"
	"testing"

	"github.com/rosterhq/roster/internal/apptest"
)

const badgesURN = "urn:example:badges:2.0:User"

// setSchemas sends the settings with extension schemas, as the owner.
func (s *server) setSchemas(schemas string) apptest.Answer {
	s.t.Helper()
	return s.Do("PUT", "/v2/scim/settings", apptest.Request{
		Token: s.PersonalToken, Body: `{"breakerPercent":20,"defaultRole":"user","schemas":` + schemas + `}`,
	})
}

// badged is a user with attributes of the extension.
func badged(userName string, extension object) object {
	return object{"schemas": []string{userURN, badgesURN}, "userName": userName, badgesURN: extension}
}

// RFC 7643 section 7: uniqueness "server" and "global", with caseExact.
func TestUniqueAttributesOfExtensions(t *testing.T) {
	s := start(t)
	ans := s.setSchemas(`[{"id": "` + badgesURN + `", "attributes": [
		{"name": "badge", "uniqueness": "server"}, {"name": "code", "uniqueness": "global", "caseExact": true}, {"name": "level", "type": "integer", "uniqueness": "server"},
		{"name": "desks", "type": "complex", "multiValued": true, "subAttributes": [{"name": "number", "uniqueness": "server"}, {"name": "floor"}]}]}]`)
	if ans.Status != 200 {
		t.Fatalf("settings: %d %s", ans.Status, ans.Body)
	}
	jane := s.want(201, "POST", "/Users", badged("jane@example.com", object{
		"badge": "A1", "code": "x", "level": 3, "desks": []object{{"number": "1", "floor": "1"}, {"number": "2", "floor": "1"}},
	}))["id"].(string)
	carl := s.want(201, "POST", "/Users", badged("carl@example.com", object{"badge": "B2", "code": "X", "desks": []object{{"number": "3", "floor": "1"}}}))["id"].(string)

	for name, taken := range map[string]object{
		"badge": {"BADGE": "a1"}, "code": {"code": "x"}, "level": {"level": "3"}, "desks.number": {"desks": []object{{"number": "9"}, {"number": "2"}}},
	} {
		detail := s.refused(409, "uniqueness", "POST", "/Users", badged("dora@example.com", taken))
		if !strings.HasPrefix(detail, badgesURN+":"+name+":") {
			t.Errorf("%s: detail %q", name, detail)
		}
	}
	s.refused(409, "uniqueness", "PUT", "/Users/"+carl, badged("carl@example.com", object{"badge": "a1"}))
	s.refused(409, "uniqueness", "PATCH", "/Users/"+carl, patchOf(object{"op": "replace", "path": badgesURN + ":badge", "value": "a1"}))
	results := s.want(200, "POST", "/Bulk", object{"schemas": []string{"urn:ietf:params:scim:api:messages:2.0:BulkRequest"}, "Operations": []object{
		{"method": "PATCH", "path": "/Users/" + carl, "data": patchOf(object{"op": "replace", "path": badgesURN + ":badge", "value": "a1"})},
	}})["Operations"].([]any)
	if r := results[0].(object); r["status"] != "409" {
		t.Errorf("bulk: %v", r)
	}
	v2 := s.Do("PUT", "/v2/users/"+carl+"/profile", apptest.Request{Token: s.APIToken, Body: `{"externalId":"","attributes":{"` + badgesURN + `":{"badge":"a1"}}}`})
	if v2.Status != 409 || !strings.Contains(string(v2.Body), badgesURN+":badge") {
		t.Errorf("v2: %d %s", v2.Status, v2.Body)
	}

	s.want(200, "PATCH", "/Users/"+jane, patchOf(object{"op": "replace", "path": badgesURN + ":badge", "value": "a1"}))
	s.want(200, "PATCH", "/Users/"+jane, patchOf(object{"op": "remove", "path": badgesURN + ":badge"}))
	s.want(200, "PATCH", "/Users/"+carl, patchOf(object{"op": "replace", "path": badgesURN + ":badge", "value": "a1"}))
}

func TestSchemaCanNotMakeEqualValuesUnique(t *testing.T) {
	s := start(t)
	schemas := func(uniqueness string) string {
		return `[{"id": "` + badgesURN + `", "attributes": [{"name": "badge", "uniqueness": "` + uniqueness + `"}]}]`
	}
	if ans := s.setSchemas(schemas("none")); ans.Status != 200 {
		t.Fatalf("settings: %d %s", ans.Status, ans.Body)
	}
	s.want(201, "POST", "/Users", badged("jane@example.com", object{"badge": "A1"}))
	carl := s.want(201, "POST", "/Users", badged("carl@example.com", object{"badge": "a1"}))["id"].(string)
	ans := s.setSchemas(schemas("server"))
	if ans.Status != 409 || !strings.Contains(string(ans.Body), carl) || !strings.Contains(string(ans.Body), "schemas: "+badgesURN+":badge can't be unique") {
		t.Errorf("settings: %d %s", ans.Status, ans.Body)
	}
	s.want(200, "PATCH", "/Users/"+carl, patchOf(object{"op": "replace", "path": badgesURN + ":badge", "value": "B2"}))
	if ans := s.setSchemas(schemas("server")); ans.Status != 200 {
		t.Errorf("settings without equal values: %d %s", ans.Status, ans.Body)
	}
}
