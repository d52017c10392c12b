package apidoctest

import "regexp"

// Operation is a documented operation, with its references resolved.
type Operation struct {
	ID         string
	Method     string
	Path       string // with {parameters}
	Permission string // x-roster-permission
	Query      []Parameter
	Body       *Body    // nil if it takes none
	Answers    []string // the members of the object that it answers with status 200
}

// Parameter is one of a query.
type Parameter struct {
	Name     string
	Required bool
	Example  any // nil if it has none
}

// Body is a JSON object in a request.
type Body struct {
	Required []string // the members that can't be left out
	Example  map[string]any
}

var pathParameter = regexp.MustCompile(`\{[^}]*\}`)

// At returns the operation's path with id in place of every parameter.
func (o Operation) At(id string) string {
	return pathParameter.ReplaceAllLiteralString(o.Path, id)
}

func (r *reader) operation(method, path string, op map[string]any) Operation {
	o := Operation{ID: text(op["operationId"]), Method: method, Path: path, Permission: text(op["x-roster-permission"])}
	for _, v := range list(op["parameters"]) {
		if p := r.resolve(v); p["in"] == "query" {
			o.Query = append(o.Query, Parameter{text(p["name"]), p["required"] == true, example(p, r.resolve(p["schema"]))})
		}
	}
	if media := object(object(r.resolve(op["requestBody"])["content"])["application/json"]); media != nil {
		schema := r.resolve(media["schema"])
		o.Body = &Body{Example: object(example(media, schema))}
		for _, name := range list(schema["required"]) {
			o.Body.Required = append(o.Body.Required, text(name))
		}
	}
	ok := object(object(r.resolve(object(op["responses"])["200"])["content"])["application/json"])
	for name := range object(r.resolve(ok["schema"])["properties"]) {
		o.Answers = append(o.Answers, name)
	}
	return o
}

// resolve follows a reference.
func (r *reader) resolve(v any) map[string]any {
	if ref := text(object(v)["$ref"]); ref != "" {
		return object(r.find(ref[len("#"):]))
	}
	return object(v)
}

// example returns the example beside a schema, or the one in it.
func example(beside, schema map[string]any) any {
	if e := beside["example"]; e != nil {
		return e
	}
	return schema["example"]
}
