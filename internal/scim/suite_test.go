package scim_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/rosterhq/roster/internal/apptest"
)

// suite carries out the steps of a published test suite, as Postman and Runscope do.
type suite struct {
	t         *testing.T
	server    *apptest.Server
	variables map[string]string
	checks    int
}

// step is a request with what its answer must be. {{name}} stands for a variable.
type step struct {
	name   string
	method string
	path   string // after the base URL; the query's values are not escaped
	body   string
	status int
	want   []check
	save   map[string]string // variable → property of the answer
}

// check is an assertion on a property of the answer, such as Resources[0].id. The empty
// property is the whole body as text.
type check struct {
	property string
	is       string // notEmpty, number, equal, has, contains, lacks
	value    string
}

func notEmpty(properties ...string) (checks []check) {
	for _, p := range properties {
		checks = append(checks, check{p, "notEmpty", ""})
	}
	return checks
}

func equal(property, value string) check { return check{property, "equal", value} }
func has(property, value string) check   { return check{property, "has", value} }
func contains(text string) check         { return check{"", "contains", text} }
func lacks(text string) check            { return check{"", "lacks", text} }

var variable = regexp.MustCompile(`\{\{(\w+)\}\}`)

func (s *suite) filled(text string) string {
	return variable.ReplaceAllStringFunc(text, func(name string) string {
		value, ok := s.variables[strings.Trim(name, "{}")]
		if !ok {
			s.t.Fatalf("%s has no value", name)
		}
		return value
	})
}

// run carries out steps, and counts the assertions that hold.
func (s *suite) run(steps []step) {
	s.t.Helper()
	for _, step := range steps {
		path, query, _ := strings.Cut(s.filled(step.path), "?")
		if query != "" {
			values := url.Values{}
			for pair := range strings.SplitSeq(query, "&") {
				name, value, _ := strings.Cut(pair, "=")
				values.Add(name, value)
			}
			path += "?" + values.Encode()
		}
		status, text := send(s.t, s.server, step.method, path, s.filled(step.body))
		if status != step.status {
			s.t.Fatalf("%s: %s %s: %d %s, want %d", step.name, step.method, path, status, text, step.status)
		}
		s.checks++
		var body any
		if text != "" {
			if err := json.Unmarshal([]byte(text), &body); err != nil {
				s.t.Fatalf("%s: %s: %v", step.name, text, err)
			}
		}
		for _, c := range step.want {
			c.value = s.filled(c.value)
			if !c.holds(body, text) {
				s.t.Errorf("%s: %v does not hold for %s", step.name, c, text)
				continue
			}
			s.checks++
		}
		for name, property := range step.save {
			s.variables[name] = fmt.Sprint(lookUp(body, property))
		}
	}
}

func (c check) holds(body any, text string) bool {
	value := lookUp(body, c.property)
	switch c.is {
	case "notEmpty":
		list, isList := value.([]any)
		return value != nil && value != "" && (!isList || len(list) > 0)
	case "number":
		_, isNumber := value.(float64)
		return isNumber
	case "equal":
		return fmt.Sprint(value) == c.value
	case "has":
		list, _ := value.([]any)
		for _, element := range list {
			if element == c.value {
				return true
			}
		}
		return false
	case "contains":
		return strings.Contains(text, c.value)
	case "lacks":
		return !strings.Contains(text, c.value)
	}
	return false
}

// lookUp returns the value at a path of names and indexes, or nil.
func lookUp(value any, property string) any {
	for part := range strings.SplitSeq(property, ".") {
		name, index, indexed := strings.Cut(strings.TrimSuffix(part, "]"), "[")
		object, _ := value.(map[string]any)
		value = object[name]
		if indexed {
			list, _ := value.([]any)
			i, err := strconv.Atoi(index)
			if err != nil || i >= len(list) {
				return nil
			}
			value = list[i]
		}
	}
	return value
}

// send sends a request as Okta and Postman do, and returns the answer. The API's own
// description does not cover SCIM.
func send(t testing.TB, server *apptest.Server, method, path, body string) (status int, text string) {
	t.Helper()
	rq, err := http.NewRequestWithContext(t.Context(), method, server.URL+"/scim/v2"+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	rq.Header.Set("Authorization", "Bearer "+server.APIToken)
	rq.Header.Set("Accept", "application/scim+json")
	if body != "" {
		rq.Header.Set("Content-Type", "application/scim+json; charset=utf-8")
	}
	answer, err := http.DefaultClient.Do(rq)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(b)
}
