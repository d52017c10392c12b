// Package apidoctest reads the API's own description: its operations, and whether an
// answer is as documented.
package apidoctest

import (
	"bytes"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/rosterhq/roster/internal/httpapi/apidoc"
)

// Validator checks answers against the description and counts which documented ones it saw.
type Validator struct {
	operations []*operation
	errorBody  *jsonschema.Schema

	mu   sync.Mutex
	seen map[string]bool
}

type operation struct {
	Operation
	responses map[string]response // by status
}

type response struct {
	schemas map[string]*jsonschema.Schema // by media type; none: no body
}

// New reads the embedded description.
func New() (*Validator, error) {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(apidoc.JSON))
	if err != nil {
		return nil, fmt.Errorf("read the description: %w", err)
	}
	r := &reader{doc: doc, compiler: jsonschema.NewCompiler()}
	r.compiler.DefaultDraft(jsonschema.Draft2020)
	r.compiler.AssertFormat()
	if err := r.compiler.AddResource(resource, doc); err != nil {
		return nil, err
	}
	v := &Validator{seen: make(map[string]bool)}
	if v.errorBody, err = r.compiler.Compile(resource + "#/components/schemas/Error"); err != nil {
		return nil, err
	}
	v.operations, err = r.operations()
	return v, err
}

// Operations lists what is documented.
func (v *Validator) Operations() []Operation {
	all := make([]Operation, len(v.operations))
	for i, op := range v.operations {
		all[i] = op.Operation
	}
	return all
}

// Unseen lists the documented answers that no CheckResponse met, as "createUser 409".
func (v *Validator) Unseen() []string {
	v.mu.Lock()
	defer v.mu.Unlock()
	var unseen []string
	for _, op := range v.operations {
		for status := range op.responses {
			if name := op.ID + " " + status; !v.seen[name] {
				unseen = append(unseen, name)
			}
		}
	}
	slices.Sort(unseen)
	return unseen
}

// CheckResponse says what an answer has that is not documented, or lacks.
func (v *Validator) CheckResponse(method, path string, status int, header http.Header, body []byte) error {
	if strings.HasPrefix(path, "/v2/") {
		if err := checkHeaders(header); err != nil {
			return err
		}
	}
	atPath := v.at(path)
	if len(atPath) == 0 {
		return v.checkOther(status, body, http.StatusUnauthorized, http.StatusNotFound, http.StatusTooManyRequests)
	}
	i := slices.IndexFunc(atPath, func(op *operation) bool {
		return op.Method == method || (method == http.MethodHead && op.Method == http.MethodGet)
	})
	if i < 0 {
		if status == http.StatusMethodNotAllowed {
			if got, want := header.Get("Allow"), allow(atPath); got != want {
				return fmt.Errorf("allow is %q, documented are %q", got, want)
			}
		}
		return v.checkOther(status, body, http.StatusUnauthorized, http.StatusMethodNotAllowed, http.StatusTooManyRequests)
	}
	op := atPath[i]
	resp, ok := op.responses[strconv.Itoa(status)]
	if !ok {
		return fmt.Errorf("%s does not document the status %d: %s", op.ID, status, body)
	}
	v.mu.Lock()
	v.seen[op.ID+" "+strconv.Itoa(status)] = true
	v.mu.Unlock()
	if method == http.MethodHead {
		return nil
	}
	return resp.check(op.ID, header, body)
}

func (r response) check(id string, header http.Header, body []byte) error {
	if len(r.schemas) == 0 {
		if len(body) > 0 {
			return fmt.Errorf("%s documents no body here, got %s", id, body)
		}
		return nil
	}
	mediaType, _, err := mime.ParseMediaType(header.Get("Content-Type"))
	if err != nil {
		return fmt.Errorf("%s: content type %q: %w", id, header.Get("Content-Type"), err)
	}
	schema, ok := r.schemas[mediaType]
	if !ok {
		return fmt.Errorf("%s does not document the media type %s", id, mediaType)
	}
	switch mediaType {
	case "application/json":
		return checkBody(schema, body)
	case "application/x-ndjson":
		return checkLines(schema, body, "")
	case "text/event-stream":
		return checkLines(schema, body, "data: ")
	default:
		return nil
	}
}

// checkLines checks what stands on each line behind a prefix.
func checkLines(schema *jsonschema.Schema, body []byte, prefix string) error {
	for line := range bytes.Lines(body) {
		if data, ok := bytes.CutPrefix(line, []byte(prefix)); ok {
			if err := checkBody(schema, data); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkOther checks an answer about what is not documented: a path or method.
func (v *Validator) checkOther(status int, body []byte, allowed ...int) error {
	if !slices.Contains(allowed, status) {
		return fmt.Errorf("the path or method is not documented and answers %d: %s", status, body)
	}
	return checkBody(v.errorBody, body)
}

func checkBody(schema *jsonschema.Schema, body []byte) error {
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("the body %q is not JSON: %w", body, err)
	}
	if err := schema.Validate(value); err != nil {
		return fmt.Errorf("the body %s is not as documented: %w", body, err)
	}
	return nil
}

// checkHeaders wants a trace id, and of the rate limit all or nothing: a server
// may run without one.
func checkHeaders(h http.Header) error {
	if h.Get("X-Axiom-Trace-Id") == "" {
		return errors.New("the answer has no X-Axiom-Trace-Id")
	}
	names := []string{"X-RateLimit-Scope", "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"}
	var missing []string
	for _, name := range names {
		if h.Get(name) == "" {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 && len(missing) < len(names) {
		return fmt.Errorf("of the rate limit's headers, %v are missing", missing)
	}
	return nil
}

// at gives the operations at a path; a path without parameters wins.
func (v *Validator) at(path string) (found []*operation) {
	for _, op := range v.operations {
		if op.Path == path {
			found = append(found, op)
		}
	}
	if found != nil {
		return found
	}
	for _, op := range v.operations {
		if matches(op.Path, path) {
			found = append(found, op)
		}
	}
	return found
}

func matches(template, path string) bool {
	want, have := strings.Split(template, "/"), strings.Split(path, "/")
	if len(want) != len(have) {
		return false
	}
	for i, segment := range want {
		if segment != have[i] && (!strings.HasPrefix(segment, "{") || have[i] == "") {
			return false
		}
	}
	return true
}

func allow(ops []*operation) string {
	var methods []string
	for _, op := range ops {
		methods = append(methods, op.Method)
		if op.Method == http.MethodGet {
			methods = append(methods, http.MethodHead)
		}
	}
	slices.Sort(methods)
	return strings.Join(methods, ", ")
}
