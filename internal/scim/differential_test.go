package scim_test

import (
	"fmt"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/rosterhq/roster/internal/scim/filter"
	"github.com/rosterhq/roster/internal/scim/schema"
)

// pick returns one of some values.
func pick[T any](r *rand.Rand, of ...T) T { return of[r.IntN(len(of))] }

var words = []string{"a", "A", "Straße", "ab", "Ab%", "_b", "x y", "é", ""}

// randomUser is a user with few values, so that filters hit them.
func randomUser(r *rand.Rand, i int) object {
	u := object{"schemas": []string{userURN, enterpriseURN}, "userName": fmt.Sprintf("%s%d@example.com", pick(r, "a", "B", "ab"), i), "active": r.IntN(3) > 0}
	for _, name := range []string{"title", "displayName", "externalId", "nickName", "profileUrl"} {
		if r.IntN(2) == 0 {
			u[name] = pick(r, words...)
		}
	}
	if r.IntN(2) == 0 {
		u["name"] = object{"familyName": pick(r, words...), "givenName": pick(r, words...)}
	}
	var emails []object
	for range r.IntN(3) {
		emails = append(emails, object{"value": pick(r, "a@example.com", "B@example.com"), "type": pick(r, "work", "home"), "display": pick(r, words...)})
	}
	u["emails"] = emails
	if r.IntN(2) == 0 {
		u[enterpriseURN] = object{"department": pick(r, words...), "manager": object{"value": pick(r, words...)}}
	}
	return u
}

// randomFilter is a filter of some depth.
func randomFilter(r *rand.Rand, depth int) string {
	if depth > 0 {
		switch r.IntN(5) {
		case 0:
			return "(" + randomFilter(r, depth-1) + " and " + randomFilter(r, depth-1) + ")"
		case 1:
			return "(" + randomFilter(r, depth-1) + " or " + randomFilter(r, depth-1) + ")"
		case 2:
			return "not (" + randomFilter(r, depth-1) + ")"
		case 3:
			inner := randomComparison(r, "value", "type", "display", "primary")
			if r.IntN(2) == 0 {
				inner += pick(r, " and ", " or ") + randomComparison(r, "value", "type", "display")
			}
			return "emails[" + inner + "]"
		}
	}
	return randomComparison(r, "userName", "title", "displayName", "externalId", "nickName", "profileUrl", "name", "name.familyName", "emails", "emails.type",
		"emails.display", "active", "id", "meta.created", "meta.resourceType", "schemas", "groups", "groups.value", "groups.type",
		enterpriseURN+":department", enterpriseURN+":manager.value")
}

func randomComparison(r *rand.Rand, attributes ...string) string {
	attribute := pick(r, attributes...)
	if r.IntN(5) == 0 || attribute == "name" {
		return attribute + " pr"
	}
	switch attribute {
	case "active", "primary":
		return attribute + pick(r, " eq ", " ne ") + pick(r, "true", "false")
	case "meta.created":
		return attribute + pick(r, " gt ", " le ", " eq ") + pick(r, `"2001-01-01T00:00:00Z"`, `"2999-01-01T00:00:00.0005Z"`)
	case "schemas":
		return attribute + pick(r, " eq ", " co ", " ne ") + pick(r, `"`+enterpriseURN+`"`, `"core"`)
	}
	op := pick(r, "eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le")
	if r.IntN(10) == 0 {
		return attribute + pick(r, " eq ", " ne ") + "null"
	}
	word := pick(r, append(slices.Clone(words), "a@example.com", "b@EXAMPLE.com", "work", "User", "direct")...)
	if attribute == "profileUrl" && word == "" {
		word = "a"
	}
	return fmt.Sprintf("%s %s %q", attribute, op, word)
}

// The SQL of a filter selects the same users as the evaluator does on their resources.
func TestFiltersSelectWhatTheEvaluatorDoes(t *testing.T) {
	t.Parallel()
	s := start(t)
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 1))
	var ids []string
	for i := range 40 {
		u := randomUser(r, i)
		if emails, _ := u["emails"].([]object); i > 2 || len(emails) == 0 {
			delete(u, "emails") // addresses are unique; the profile gets its emails below
			o := s.want(201, "POST", "/Users", u)
			id := o["id"].(string)
			ids = append(ids, id)
			if emails != nil {
				u["emails"] = emails
				s.want(200, "PUT", "/Users/"+id, u)
			}
		}
	}
	s.createGroup("Some", ids[:5]...)
	all := make(map[string]object)
	for _, u := range s.want(200, "GET", "/Users?count=200", nil)["Resources"].([]any) {
		all[u.(object)["id"].(string)] = u.(object)
	}
	userType := schema.UserType()
	for range 600 {
		text := randomFilter(r, 3)
		expr, err := filter.Parse(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		bound, err := filter.Bind(expr, userType)
		ans := s.do("GET", "/Users?count=200&attributes=id&filter="+url.QueryEscape(text), nil)
		if err != nil {
			if ans.Status != 400 {
				t.Fatalf("%s: %d, but %v", text, ans.Status, err)
			}
			continue
		}
		if ans.Status != 200 {
			t.Fatalf("%s: %d %s", text, ans.Status, ans.Body)
		}
		var list object
		ans.Decode(t, &list)
		var got, want []string
		resources, _ := list["Resources"].([]any)
		for _, u := range resources {
			got = append(got, u.(object)["id"].(string))
		}
		for id, u := range all {
			if filter.Matches(bound, u) {
				want = append(want, id)
			}
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s\n got %d, want %d", text, len(got), len(want))
			for id, u := range all {
				if slices.Contains(got, id) != slices.Contains(want, id) {
					t.Fatalf("selected %t: %s", slices.Contains(got, id), encode(t, u))
				}
			}
		}
		if total := list["totalResults"].(float64); int(total) != len(got) {
			t.Errorf("%s: totalResults %v of %d", text, total, len(got))
		}
	}
}

// No input gets a 5xx.
func TestNoInputGetsA5xx(t *testing.T) {
	t.Parallel()
	s := start(t)
	user, group := s.createUser("jane@example.com"), s.createGroup("Sales")
	values := []any{nil, true, 1e308, -1, "", "\x00", "\xff", "x", []any{}, []any{nil}, object{}, []any{object{"value": "\x00"}}, object{"value": object{}}, strings.Repeat("x", 5000), user}
	for _, value := range values {
		for _, name := range []string{"userName", "displayName", "externalId", "active", "emails", "name", "members", "schemas", "meta", "id", enterpriseURN, "manager"} {
			body := object{"userName": "x@example.com", "displayName": "x", name: value}
			for _, request := range [][2]string{{"POST", "/Users"}, {"PUT", "/Users/" + user}, {"POST", "/Groups"}, {"PUT", "/Groups/" + group}} {
				if ans := s.do(request[0], request[1], body); ans.Status >= 500 {
					t.Errorf("%s %s %v: %d %s", request[0], request[1], body, ans.Status, ans.Body)
				}
			}
			for _, op := range []string{"add", "replace", "remove"} {
				for _, path := range []string{"/Users/" + user, "/Groups/" + group} {
					for _, o := range []object{{"op": op, "path": name, "value": value}, {"op": op, "value": object{name: value}}, {"op": op, "path": name + `[value eq "\u0000"]`, "value": value}} {
						if ans := s.do("PATCH", path, patchOf(o)); ans.Status >= 500 {
							t.Errorf("PATCH %s %v: %d %s", path, o, ans.Status, ans.Body)
						}
					}
				}
			}
		}
	}
	for _, text := range []string{`userName eq "\u0000"`, "userName eq \"\xff\"", `id eq "\u0000"`, `members eq "\u0000"`, `emails[value co "\u0000"]`, strings.Repeat("(", 20), `externalId sw "` + strings.Repeat("%", 4000) + `"`} {
		for _, query := range []string{"filter=", "sortBy=", "attributes=", "cursor=", "count=", "startIndex="} {
			for _, path := range []string{"/Users?", "/Groups?"} {
				if ans := s.do("GET", path+query+url.QueryEscape(text), nil); ans.Status >= 500 {
					t.Errorf("%s%s%q: %d %s", path, query, text, ans.Status, ans.Body)
				}
			}
		}
	}
	if ans := s.do("GET", "/Users?startIndex=9223372036854775807&count=200", nil); ans.Status != 200 {
		t.Errorf("the last page: %d %s", ans.Status, ans.Body)
	}
}
