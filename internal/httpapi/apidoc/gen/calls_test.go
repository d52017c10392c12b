package main

import (
	"os"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

// Every call that the page shows has all that it can't do without.
func TestCalls(t *testing.T) {
	source, err := os.ReadFile("../openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var doc map[string]any
	var order yaml.Node
	if err := yaml.Unmarshal(source, &doc); err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(source, &order); err != nil {
		t.Fatal(err)
	}
	r := &renderer{doc}
	queries := 0
	for _, at := range places(&order) {
		o, err := r.operation(at, object(object(object(doc["paths"])[at.path])[at.method]))
		if err != nil {
			t.Fatalf("%s: %v", at.path, err)
		}
		_, rest, _ := strings.Cut(o.Curl, `"$ROSTER_URL`)
		address, rest, _ := strings.Cut(rest, `"`)
		path, query, _ := strings.Cut(address, "?")
		if strings.ContainsAny(path, "{}") {
			t.Errorf("%s: the call's path is %s", o.ID, path)
		}
		for _, p := range o.Parameters {
			if !p.Required {
				continue
			}
			has := false
			switch p.In {
			case "path":
				has = strings.Contains(path+"/", "/"+p.Value+"/")
			case "query":
				queries++
				has = strings.Contains("&"+query+"&", "&"+p.Name+"="+p.Value+"&") && p.Value != ""
			case "header":
				has = strings.Contains(rest, p.Name+": ")
			}
			if !has {
				t.Errorf("%s: the call lacks %s, which is required in the %s:\n%s", o.ID, p.Name, p.In, o.Curl)
			}
		}
		if o.Body != nil && !strings.Contains(rest, " -d '") {
			t.Errorf("%s: the call lacks a body:\n%s", o.ID, o.Curl)
		}
	}
	if queries < 2 {
		t.Errorf("%d required query parameters were found", queries)
	}
}

// A body that is required to have something has an example with it.
func TestBodies(t *testing.T) {
	for about, want := range map[string]string{
		`{type: object, required: [days], example: {days: null}}`: "",
		`{type: object, example: {}}`:                             "",
		`{type: object, required: [days]}`:                        "the body has no example",
		`{type: object}`:                                          "the body has no example",
		`{type: object, required: [days], example: {}}`:           "the body's example lacks days, which is required",
	} {
		var schema map[string]any
		if err := yaml.Unmarshal([]byte(about), &schema); err != nil {
			t.Fatal(err)
		}
		r := &renderer{doc: map[string]any{"components": map[string]any{"schemas": map[string]any{"Body": schema}}}}
		content := map[string]any{"application/json": map[string]any{"schema": map[string]any{"$ref": "#/components/schemas/Body"}}}
		got := ""
		if _, err := r.operation(place{"/", "put"}, map[string]any{"requestBody": map[string]any{"content": content}}); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: %q, want %q", about, got, want)
		}
	}
}
