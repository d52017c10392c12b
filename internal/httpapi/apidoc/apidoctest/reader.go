package apidoctest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// resource is the name under which the compiler knows the description, so that
// its references find their targets.
const resource = "roster:openapi.json"

// reader walks the description, the only code of the tests that does.
type reader struct {
	doc      any
	compiler *jsonschema.Compiler
}

var methods = []string{"get", "put", "post", "delete", "patch"}

func (r *reader) operations() (all []*operation, err error) {
	for path, item := range object(object(r.doc)["paths"]) {
		for _, method := range methods {
			op := object(object(item)[method])
			if op == nil {
				continue
			}
			o := &operation{
				Operation: r.operation(strings.ToUpper(method), path, op),
				responses: make(map[string]response),
			}
			pointer := "/paths/" + escape(path) + "/" + method + "/responses"
			for status := range object(op["responses"]) {
				if o.responses[status], err = r.response(pointer + "/" + status); err != nil {
					return nil, fmt.Errorf("%s %s: %w", o.ID, status, err)
				}
			}
			all = append(all, o)
		}
	}
	slices.SortFunc(all, func(a, b *operation) int { return strings.Compare(a.Path+a.Method, b.Path+b.Method) })
	return all, nil
}

// response compiles the schemas of the response at a JSON pointer.
func (r *reader) response(pointer string) (response, error) {
	resp := object(r.find(pointer))
	if ref := text(resp["$ref"]); ref != "" {
		pointer = strings.TrimPrefix(ref, "#")
		resp = object(r.find(pointer))
	}
	if resp == nil {
		return response{}, fmt.Errorf("there is nothing at %s", pointer)
	}
	out := response{schemas: make(map[string]*jsonschema.Schema)}
	for mediaType := range object(resp["content"]) {
		schema, err := r.compiler.Compile(resource + "#" + pointer + "/content/" + escape(mediaType) + "/schema")
		if err != nil {
			return response{}, err
		}
		out.schemas[mediaType] = schema
	}
	return out, nil
}

// find follows a JSON pointer (RFC 6901) from the description's root.
func (r *reader) find(pointer string) any {
	at := r.doc
	for token := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		token = strings.NewReplacer("%7B", "{", "%7D", "}", "~1", "/", "~0", "~").Replace(token)
		at = object(at)[token]
	}
	return at
}

// escape writes a key as a token of a JSON pointer inside a URL's fragment.
func escape(key string) string {
	return strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D").Replace(key)
}

func object(v any) map[string]any {
	m, _ := v.(map[string]any)
	return m
}

func list(v any) []any {
	l, _ := v.([]any)
	return l
}

func text(v any) string {
	s, _ := v.(string)
	return s
}
