package authzen_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rosterhq/roster/internal/apptest"
)

// interop is a server with the application and the users of a public interop scenario
// (github.com/openid/authzen, interop). Users have the names that the scenario gives them,
// as user names that a directory has given, and a role of their own each.
type interop struct {
	*fixture
	app string
}

// newInterop makes an application whose searches name users by their user names. grants are
// what each user holds, by resource type.
func newInterop(t *testing.T, app, types string, grants map[string]string) *interop {
	t.Helper()
	s := &interop{&fixture{Server: apptest.Start(t), t: t}, app}
	s.owner("POST", "/v2/apps", `{"id": "`+app+`", "name": "Interop", "subjects": "userName", "types": `+types+`}`, nil)
	var made struct{ Credential string }
	s.owner("POST", "/v2/apps/"+app+"/credentials", "", &made)
	s.credential = made.Credential
	for _, name := range slices.Sorted(maps.Keys(grants)) {
		s.join(name, grants[name])
	}
	return s
}

// join makes a user whom a directory calls name, with a role of their own.
func (s *interop) join(name, grants string) {
	s.t.Helper()
	var role, user struct{ ID string }
	s.owner("POST", "/v2/rbac/roles", `{"name": "Role of `+name+`", "appCapabilities": {"`+s.app+`": `+grants+`}}`, &role)
	email := name + "@example.com"
	answer := s.Do("POST", "/scim/v2/Users", apptest.Request{
		Token: s.APIToken, Header: map[string]string{"Content-Type": "application/scim+json"},
		Body: `{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "` + name + `", "emails": [{"value": "` + email + `", "primary": true}]}`,
	})
	if answer.Status != http.StatusCreated {
		s.t.Fatalf("%d %s", answer.Status, answer.Body)
	}
	answer.Decode(s.t, &user)
	s.TokenOf(email)
	s.owner("PUT", "/v2/users/"+user.ID+"/role", `{"role": "`+role.ID+`"}`, nil)
}

// The scenario "todo", but for what depends on who owns a todo, which needs conditions: an
// editor's own todos are a no here.
func TestInteropTodo(t *testing.T) {
	t.Parallel()
	const (
		viewer = `{"user": {"*": ["can_read_user"]}, "todo": {"*": ["can_read_todos"]}}`
		editor = `{"user": {"*": ["can_read_user"]}, "todo": {"*": ["can_read_todos", "can_create_todo"]}}`
		both   = `{"user": {"*": ["can_read_user"]}, "todo": {"*": ["can_read_todos", "can_create_todo", "can_update_todo", "can_delete_todo"]}}` // admin and evil genius
	)
	s := newInterop(t, "todo", `{"user": {"actions": ["can_read_user"], "instances": true},
		"todo": {"actions": ["can_read_todos", "can_create_todo", "can_update_todo", "can_delete_todo"], "instances": true}}`,
		map[string]string{"rick": both, "morty": editor, "summer": editor, "beth": viewer, "jerry": viewer})
	everybody := []string{"beth", "jerry", "morty", "rick", "summer"}
	for action, who := range map[string][]string{
		"can_read_user": everybody, "can_read_todos": everybody, "can_create_todo": {"morty", "rick", "summer"},
		"can_update_todo": {"rick"}, "can_delete_todo": {"rick"},
	} {
		typ := "todo"
		if action == "can_read_user" {
			typ = "user"
		}
		for _, name := range everybody {
			got := decisions(t, s.ask(evaluation, fmt.Sprintf(`{"subject": {"type": "user", "id": %q}, "action": {"name": %q},
				"resource": {"type": %q, "id": "beth@the-smiths.com", "properties": {"ownerID": "jerry@the-smiths.com"}}, "context": {}}`, name, action, typ)))
			if want := strconv.FormatBool(slices.Contains(who, name)); got != want {
				t.Errorf("%s %s: %s, want %s", name, action, got, want)
			}
		}
	}
	// As the todo service asks for a list: an empty resource is the default.
	list := `"evaluations": [
		{"resource": {"type": "todo", "id": "7240d0db-8ff0-41ec-98b2-34a096273b92", "properties": {"ownerID": "rick@the-citadel.com"}}},
		{"resource": {"type": "todo", "id": "7240d0db-8ff0-41ec-98b2-34a096273b9f", "properties": {"ownerID": "summer@the-smiths.com"}}}]`
	for name, want := range map[string]string{"rick": "true true", "morty": "false false", "jerry": "false false"} {
		body := join(`"subject": {"type": "user", "id": "`+name+`"}`, `"action": {"name": "can_update_todo"}`, `"resource": {}`, `"context": {}`, list)
		if got := decisions(t, s.ask(evaluations, body)); got != want {
			t.Errorf("the list of %s: %s, want %s", name, got, want)
		}
	}
}

// owners of the records of the scenario "search" from 101 on, and their departments.
const searchRecords = `alice Legal,bob Legal,carol Legal,dan Accounting,erin Legal,felix Accounting,alice Sales,bob Legal,carol Accounting,dan Sales,
erin Accounting,felix Legal,alice Sales,bob Accounting,carol Finance,dan Legal,erin Legal,felix Accounting,alice Legal,bob Accounting`

// searchHeld derives what the scenario's rules give: everybody views and edits and deletes
// what they own and views what is in their department; managers view everything, and edit
// what is in their department.
func searchHeld() map[string]string {
	held := make(map[string]string)
	for name, of := range map[string]struct {
		department string
		manager    bool
	}{
		"alice": {"Sales", true}, "bob": {"Legal", false}, "carol": {"Legal", false},
		"dan": {"Finance", true}, "erin": {"Finance", false}, "felix": {"Accounting", false},
	} {
		records := make(map[string][]string)
		for i, record := range strings.Split(strings.ReplaceAll(searchRecords, "\n", ""), ",") {
			owner, department, _ := strings.Cut(record, " ")
			var may []string
			if owner == name || of.manager || department == of.department {
				may = append(may, "view")
			}
			if owner == name || of.manager && department == of.department {
				may = append(may, "edit")
			}
			if owner == name {
				may = append(may, "delete")
			}
			if may != nil {
				records[strconv.Itoa(101+i)] = may
			}
		}
		list, _ := json.Marshal(records) // strings always encode
		held[name] = `{"record": ` + string(list) + `}`
	}
	return held
}

// searchExpected are the records that each user is to find, as the scenario lists them; the
// managers view all.
var searchExpected = map[string]map[string]string{
	"alice": {"edit": "101 107 110 113 119", "delete": "101 107 113 119"},
	"bob":   {"view": "101 102 103 105 108 112 114 116 117 119 120", "edit": "102 108 114 120", "delete": "102 108 114 120"},
	"carol": {"view": "101 102 103 105 108 109 112 115 116 117 119", "edit": "103 109 115", "delete": "103 109 115"},
	"dan":   {"edit": "104 110 115 116", "delete": "104 110 116"},
	"erin":  {"view": "105 111 115 117", "edit": "105 111 117", "delete": "105 111 117"},
	"felix": {"view": "104 106 109 111 112 114 118 120", "edit": "106 112 118", "delete": "106 112 118"},
}

// The scenario "search": every search for records, subjects and actions in it.
func TestInteropSearch(t *testing.T) {
	t.Parallel()
	s := newInterop(t, "records", `{"record": {"actions": ["view", "edit", "delete"], "instances": true}}`, searchHeld())
	var all []string
	for i := 101; i <= 120; i++ {
		all = append(all, strconv.Itoa(i))
	}
	may := make(map[[3]string]bool) // user, action, record
	for name, actionsOf := range searchExpected {
		for _, action := range []string{"view", "edit", "delete"} {
			ids := all
			if listed, ok := actionsOf[action]; ok {
				ids = strings.Fields(listed)
			}
			var want []string
			for _, id := range ids {
				may[[3]string{name, action, id}] = true
				want = append(want, "record:"+id)
			}
			body := join(`"subject": {"type": "user", "id": "`+name+`"}`, `"action": {"name": "`+action+`"}`, `"resource": {"type": "record"}`)
			if got, next := found(t, s.ask(resources, body)); !slices.Equal(got, want) || next != "" {
				t.Errorf("%s may %s %q, want %q", name, action, got, want)
			}
		}
	}
	names := slices.Sorted(maps.Keys(searchExpected))
	for _, id := range all {
		record := `"resource": {"type": "record", "id": "` + id + `"}`
		for _, action := range []string{"view", "edit", "delete"} {
			var want []string
			for _, name := range names {
				if may[[3]string{name, action, id}] {
					want = append(want, "user:"+name)
				}
			}
			got, _ := found(t, s.ask(subjects, join(`"subject": {"type": "user"}`, `"action": {"name": "`+action+`"}`, record)))
			got = slices.DeleteFunc(got, func(who string) bool { return who == "user:"+s.UserID }) // the owner of the organization holds everything
			if slices.Sort(got); !slices.Equal(got, want) {
				t.Errorf("%s %s: %q, want %q", action, id, got, want)
			}
		}
		for _, name := range names {
			var want []string
			for _, action := range []string{"delete", "edit", "view"} {
				if may[[3]string{name, action, id}] {
					want = append(want, action)
				}
			}
			if got, _ := found(t, s.ask(actions, join(`"subject": {"type": "user", "id": "`+name+`"}`, record))); !slices.Equal(got, want) {
				t.Errorf("%s on %s: %q, want %q", name, id, got, want)
			}
		}
	}
	for what, got := range map[string]apptest.Answer{
		"an unknown action": s.ask(subjects, join(`"subject": {"type": "user"}`, `"action": {"name": "share"}`, `"resource": {"type": "record", "id": "101"}`)),
		"an unknown user":   s.ask(resources, join(`"subject": {"type": "user", "id": "gus"}`, `"action": {"name": "view"}`, `"resource": {"type": "record"}`)),
	} {
		if results, _ := found(t, got); len(results) > 0 {
			t.Errorf("%s: %q", what, results)
		}
	}
}

// With subjects by user name, the certification scenario's fixture is found by its literal
// names, and every name that a search finds is one that a question takes.
func TestSearchNamesUsers(t *testing.T) {
	f := newFixture(t)
	user := `"subject": {"type": "user"}`
	for by, want := range map[string][]string{
		"userName": {"user:alice", "user:bob", "user:" + f.UserID},
		"email":    {"user:alice@example.com", "user:bob@example.com", "user:owner@example.com"},
		"id":       {"user:" + f.alice, "user:" + f.bob, "user:" + f.UserID},
	} {
		f.owner("PUT", "/v2/apps/records", `{"name": "Records", "subjects": "`+by+`", "types": {"record": {"actions": ["read", "write", "delete"], "instances": true}}}`, nil)
		got, _ := found(t, f.ask(subjects, join(user, read, record1)))
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", by, got, want)
		}
		for _, name := range got {
			if d := decisions(t, f.ask(evaluation, join(`"subject": {"type": "user", "id": "`+strings.TrimPrefix(name, "user:")+`"}`, read, record1))); d != "true" {
				t.Errorf("%s: %s is found, but may not", by, name)
			}
		}
		var paged []string
		for token, more := "", true; more; more = token != "" {
			var page []string
			page, token = found(t, f.ask(subjects, join(user, read, record1, `"page": {"limit": 1, "token": "`+token+`"}`)))
			paged = append(paged, page...)
		}
		if slices.Sort(paged); !slices.Equal(paged, got) {
			t.Errorf("%s in pages: %q, want %q", by, paged, got)
		}
	}
}

// A search for subjects of the type token finds the API tokens that hold the capability.
func TestSearchTokens(t *testing.T) {
	f := newFixture(t)
	token := func(name string) string {
		var made struct{ ID string }
		f.owner("POST", "/v2/tokens", `{"name": "`+name+`", "appCapabilities": {"records": {"record": {"record-*": ["read"]}}}}`, &made)
		return made.ID
	}
	first, gone, second := token("first"), token("gone"), token("second")
	f.owner("DELETE", "/v2/tokens/"+gone, "", nil)
	tokens := `"subject": {"type": "token"}`
	got, _ := found(t, f.ask(subjects, join(tokens, read, record1)))
	for _, id := range []string{first, second} {
		if !slices.Contains(got, "token:"+id) {
			t.Errorf("%s is not found: %q", id, got)
		}
	}
	if slices.Contains(got, "token:"+gone) {
		t.Errorf("a deleted token is found: %q", got)
	}
	for _, found := range got {
		if d := decisions(t, f.ask(evaluation, join(`"subject": {"type": "token", "id": "`+strings.TrimPrefix(found, "token:")+`"}`, read, record1))); d != "true" {
			t.Errorf("%s is found, but may not", found)
		}
	}
	page, next := found(t, f.ask(subjects, join(tokens, read, record1, `"page": {"limit": 1}`)))
	if len(page) != 1 || next == "" {
		t.Errorf("a page of one: %q, %q", page, next)
	}
	if got, _ := found(t, f.ask(subjects, join(tokens, write, record1))); slices.Contains(got, "token:"+first) {
		t.Errorf("found for another action: %q", got)
	}
}
