package apidoc_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/rosterhq/roster/internal/httpapi/apidoc"
)

// The reference makes calls to paste from the description, so each required query
// parameter and each body needs an example with everything that is required.
func TestRequestsHaveExamples(t *testing.T) {
	var doc map[string]any
	if err := json.Unmarshal(apidoc.JSON, &doc); err != nil {
		t.Fatal(err)
	}
	d := description{doc}
	bodies, queries := 0, 0
	for path, item := range object(doc["paths"]) {
		for method, o := range object(item) {
			op := object(o)
			for _, p := range list(op["parameters"]) {
				param := d.resolve(p)
				if param["required"] != true || param["in"] != "query" {
					continue
				}
				queries++
				if d.example(param, object(param["schema"])) == nil {
					t.Errorf("%s %s: the query parameter %v has no example", method, path, param["name"])
				}
			}
			body := d.resolve(op["requestBody"])
			for _, media := range object(body["content"]) {
				bodies++
				schema := d.resolve(object(media)["schema"])
				example := object(d.example(object(media), schema))
				if example == nil {
					t.Errorf("%s %s: the body has no example", method, path)
				}
				for _, name := range list(schema["required"]) {
					if _, ok := example[name.(string)]; !ok { //nolint:forcetypeassert // a JSON schema's
						t.Errorf("%s %s: the body's example lacks %s, which is required", method, path, name)
					}
				}
			}
		}
	}
	if bodies < 15 || queries < 2 {
		t.Errorf("only %d bodies and %d required query parameters were found", bodies, queries)
	}
}

type description struct{ doc map[string]any }

// resolve follows a reference.
func (d description) resolve(v any) map[string]any {
	ref, ok := object(v)["$ref"].(string)
	if !ok {
		return object(v)
	}
	var at any = d.doc
	for token := range strings.SplitSeq(strings.TrimPrefix(ref, "#/"), "/") {
		at = object(at)[token]
	}
	return object(at)
}

// example is the first that stands with a value or in its schema.
func (d description) example(value, schema map[string]any) any {
	for _, e := range []any{value["example"], schema["example"]} {
		if e != nil {
			return e
		}
	}
	return nil
}

func object(v any) map[string]any { m, _ := v.(map[string]any); return m }

func list(v any) []any { l, _ := v.([]any); return l }
