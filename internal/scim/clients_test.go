package scim_test

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rosterhq/roster/internal/servertest"
)

// The calls of go-github's SCIM client work.
func TestGoGithubProvisions(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds another project's client")
	}
	t.Parallel()
	s := start(t)
	s.createGroup("Engineering", s.createUser("jane@example.com"))
	lines := servertest.RunSCIMClient(t, s.URL, s.token)
	for _, line := range lines {
		if !strings.HasPrefix(line, "ok ") {
			t.Error(line)
		}
	}
	if len(lines) != 11 {
		t.Errorf("%d cases, want 11: %q", len(lines), lines)
	}
}

// SCIMMY (npm), which checks what it reads by its own schemas, reads what the server sends
// as it is: resources, lists, results of Bulk, errors.
func TestScimmyReadsWhatTheServerSends(t *testing.T) {
	if testing.Short() {
		t.Skip("it starts Node.js")
	}
	ask := servertest.StartSCIMLibraries(t)
	s := start(t)
	full := `{"schemas": ["` + userURN + `", "` + enterpriseURN + `"], ` + fullUser + `, "` + enterpriseURN + `": {"department": "Tours", "manager": {"value": "26118915"}}}`
	id := s.want(201, "POST", "/Users", full)["id"].(string)
	plain := s.createUser("jane@example.com")
	group := s.createGroup("Tour Guides", id, plain)
	cases := 0
	reads := func(kind string, sent object) {
		t.Helper()
		cases++
		read, failure := ask(object{"read": kind, "resource": sent})
		if diff := cmp.Diff(any(sent), read); failure != "" || diff != "" {
			t.Errorf("%s: %s %s", kind, failure, diff)
		}
	}
	reads("User", s.want(200, "GET", "/Users/"+id, nil))
	reads("User", s.want(200, "GET", "/Users/"+plain, nil))
	reads("User", s.want(200, "PATCH", "/Users/"+plain, patchOf(object{"op": "add", "path": "title", "value": "Guide"})))
	reads("Group", s.want(200, "GET", "/Groups/"+group, nil))
	for _, path := range []string{
		"/Users", "/Users?count=1&startIndex=2", "/Groups", "/Users?attributes=userName,emails.value", "/Groups?excludedAttributes=members",
		"/Users?filter=" + url.QueryEscape(`title eq "guide"`),
	} {
		reads("ListResponse", s.want(200, "GET", path, nil))
	}
	reads("BulkResponse", s.want(200, "POST", "/Bulk", bulkOf(
		object{"method": "POST", "path": "/Users", "bulkId": "x", "data": object{"userName": "x@example.com"}},
		object{"method": "DELETE", "path": "/Users/nobody"},
	)))
	for _, filter := range []string{"userName", "nothing eq 1", `userName xx "y"`} {
		reads("Error", s.want(400, "GET", "/Users?filter="+url.QueryEscape(filter), nil))
	}
	reads("Error", s.want(404, "GET", "/Users/nobody", nil))
	reads("Error", s.want(409, "POST", "/Users", object{"userName": "JANE@example.com"}))
	t.Logf("%d responses", cases)
}

// The schemas that the server describes are those that SCIMMY has from RFC 7643, apart from
// the differences listed here.
func TestSchemasAgreeWithScimmy(t *testing.T) {
	if testing.Short() {
		t.Skip("it starts Node.js")
	}
	ask := servertest.StartSCIMLibraries(t)
	s := start(t)
	for name, urn := range map[string]string{"User": userURN, "Group": groupURN, "EnterpriseUser": enterpriseURN} {
		theirs, failure := ask(object{"describe": name})
		if failure != "" {
			t.Fatal(failure)
		}
		want, got := characteristics(t, theirs), characteristics(t, s.want(200, "GET", "/Schemas/"+urn, nil))
		var differ []string
		for path := range merged(want, got) {
			if want[path] != got[path] {
				differ = append(differ, path+": "+want[path]+" / "+got[path])
			}
		}
		slices.Sort(differ)
		if diff := cmp.Diff(differences[name], differ); diff != "" {
			t.Errorf("%s: SCIMMY's / the server's: %s", name, diff)
		}
	}
}

// differences are between SCIMMY's schemas and the server's: Roster has no passwords, and
// members without an id are not taken.
var differences = map[string][]string{
	"User": {`password: ["string",false,false,"writeOnly","never","none"] / `},
	"Group": {
		`members.display: ["string",false,false,"immutable","default","none"] / ["string",false,false,"readOnly","default","none"]`,
		`members.value: ["string",false,false,"immutable","default","none"] / ["string",false,true,"immutable","default","none"]`,
	},
}

// characteristics are those of each attribute of a schema, by its path.
func characteristics(t *testing.T, description any) map[string]string {
	t.Helper()
	all := make(map[string]string)
	var add func(prefix string, attributes any)
	add = func(prefix string, attributes any) {
		list, _ := attributes.([]any)
		for _, a := range list {
			a := a.(object)
			path := prefix + a["name"].(string)
			if a["uniqueness"] == nil {
				a["uniqueness"] = "none" // the default of RFC 7643 section 2.2
			}
			b, err := json.Marshal([]any{a["type"], a["multiValued"], a["required"], a["mutability"], a["returned"], a["uniqueness"]})
			if err != nil {
				t.Fatal(err)
			}
			all[path] = string(b)
			add(path+".", a["subAttributes"])
		}
	}
	add("", description.(object)["attributes"])
	return all
}

func merged(a, b map[string]string) map[string]bool {
	all := make(map[string]bool)
	for _, m := range []map[string]string{a, b} {
		for path := range m {
			all[path] = true
		}
	}
	return all
}
