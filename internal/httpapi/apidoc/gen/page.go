package main

import (
	"bytes"
	_ "embed" // the template
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"net/url"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

//go:embed page.tmpl
var pageTemplate string

// page is what the template shows.
type page struct {
	Title, Version, Intro string
	Tags                  []*tag
}

type tag struct {
	Name, About string
	Operations  []*operation
}

type operation struct {
	ID, Method, Path, Summary, About, Permission string
	Parameters                                   []parameter
	Body                                         *shape
	BodyExample                                  string
	Answers                                      []*answer
	Errors                                       []answer
	Curl                                         string
}

type parameter struct {
	Name, In, About string
	Required        bool
	Value           string // what calls give it: its example, or a variable of the shell
}

type answer struct {
	Status, About, Example string
	Shape                  *shape
}

// shape is an object's members, or what there is instead of an object.
type shape struct {
	Type   string
	Fields []field
}

type field struct {
	Name, Type, About string
	Required          bool
}

// renderer looks references up in the description.
type renderer struct{ doc map[string]any }

func render(doc map[string]any, order *yaml.Node) ([]byte, error) {
	t, err := template.New("page").Funcs(template.FuncMap{"lower": strings.ToLower, "slug": slug, "paragraphs": paragraphs}).Parse(pageTemplate)
	if err != nil {
		return nil, err
	}
	r := &renderer{doc}
	info := object(doc["info"])
	p := page{Title: text(info["title"]), Version: text(info["version"]), Intro: text(info["description"])}
	byName := make(map[string]*tag)
	for _, v := range list(doc["tags"]) {
		g := &tag{Name: text(object(v)["name"]), About: text(object(v)["description"])}
		byName[g.Name] = g
		p.Tags = append(p.Tags, g)
	}
	for _, at := range places(order) {
		op := object(object(object(doc["paths"])[at.path])[at.method])
		g := byName[text(list(op["tags"])[0])]
		if g == nil {
			return nil, fmt.Errorf("%s has a tag that is not declared", at.path)
		}
		o, err := r.operation(at, op)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", text(op["operationId"]), err)
		}
		g.Operations = append(g.Operations, o)
	}
	var out bytes.Buffer
	err = t.Execute(&out, p)
	return out.Bytes(), err
}

type place struct{ path, method string }

// places lists the operations in the order they are written in.
func places(root *yaml.Node) (all []place) {
	paths := child(root.Content[0], "paths")
	for i := 0; i+1 < len(paths.Content); i += 2 {
		methods := paths.Content[i+1].Content
		for j := 0; j+1 < len(methods); j += 2 {
			all = append(all, place{paths.Content[i].Value, methods[j].Value})
		}
	}
	return all
}

func child(n *yaml.Node, key string) *yaml.Node {
	i := slices.IndexFunc(n.Content, func(c *yaml.Node) bool { return c.Value == key })
	return n.Content[i+1]
}

func (r *renderer) operation(at place, op map[string]any) (*operation, error) {
	o := &operation{
		ID: text(op["operationId"]), Method: strings.ToUpper(at.method), Path: at.path, Summary: text(op["summary"]),
		About: text(op["description"]), Permission: text(op["x-roster-permission"]),
	}
	for _, v := range list(op["parameters"]) {
		p := r.resolve(v)
		name := text(p["name"])
		required, _ := p["required"].(bool)
		value := "$" + name
		if example := p["example"]; example != nil {
			value = url.QueryEscape(fmt.Sprint(example))
		}
		o.Parameters = append(o.Parameters, parameter{name, text(p["in"]), text(p["description"]), required, value})
	}
	if body := r.media(op["requestBody"]); body != nil {
		if err := r.checkExample(body); err != nil {
			return nil, err
		}
		o.Body, o.BodyExample = r.shape(body), r.example(body)
	}
	responses := object(op["responses"])
	for _, status := range sortedKeys(responses) {
		resp := r.resolve(responses[status])
		a := answer{Status: status, About: text(resp["description"])}
		if status[0] != '2' {
			o.Errors = append(o.Errors, a)
			continue
		}
		if body := r.media(responses[status]); body != nil {
			a.Shape, a.Example = r.shape(body), r.example(body)
		}
		o.Answers = append(o.Answers, &a)
	}
	o.Curl = curl(o)
	return o, nil
}

// media gives the JSON schema of a body.
func (r *renderer) media(v any) map[string]any {
	content := object(r.resolve(v)["content"])
	return object(object(content["application/json"])["schema"])
}

func (r *renderer) shape(schema map[string]any) *shape {
	s := &shape{Type: r.typeName(schema)}
	resolved := r.resolve(schema)
	if text(resolved["type"]) == "array" {
		resolved = r.resolve(resolved["items"])
	}
	properties := object(resolved["properties"])
	for _, name := range sortedKeys(properties) {
		p := r.resolve(properties[name])
		about := text(p["description"])
		s.Fields = append(s.Fields, field{
			Name: name, Type: r.typeName(object(properties[name])), About: about,
			Required: slices.Contains(list(resolved["required"]), any(name)),
		})
	}
	return s
}

// typeName writes a schema's type as people say it.
func (r *renderer) typeName(schema map[string]any) string {
	if ref := text(schema["$ref"]); ref != "" {
		return ref[strings.LastIndex(ref, "/")+1:]
	}
	if one := list(schema["oneOf"]); one != nil {
		var names []string
		for _, v := range one {
			names = append(names, r.typeName(object(v)))
		}
		return strings.Join(names, " or ")
	}
	names := []string{text(schema["type"])}
	if types := list(schema["type"]); types != nil {
		names = nil
		for _, v := range types {
			names = append(names, text(v))
		}
	}
	if slices.Contains(names, "array") {
		return "array of " + r.typeName(object(schema["items"]))
	}
	if enum := list(schema["enum"]); enum != nil {
		var values []string
		for _, v := range enum {
			values = append(values, fmt.Sprint(v))
		}
		return strings.Join(values, " | ")
	}
	if format := text(schema["format"]); format != "" {
		names[0] = format
	}
	return strings.Join(names, " or ")
}

func (r *renderer) example(schema map[string]any) string {
	resolved := r.resolve(schema)
	example := resolved["example"]
	if text(resolved["type"]) == "array" {
		if item := r.resolve(resolved["items"])["example"]; item != nil {
			example = []any{item}
		}
	}
	if example == nil {
		return ""
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if enc.Encode(example) != nil {
		return ""
	}
	return strings.TrimSpace(out.String())
}

// checkExample refuses a body without an example that has what is required: the
// call would be one that nobody means.
func (r *renderer) checkExample(schema map[string]any) error {
	resolved := r.resolve(schema)
	example, ok := resolved["example"].(map[string]any)
	if !ok {
		return errors.New("the body has no example")
	}
	for _, name := range list(resolved["required"]) {
		if _, ok := example[text(name)]; !ok {
			return fmt.Errorf("the body's example lacks %s, which is required", name)
		}
	}
	return nil
}
