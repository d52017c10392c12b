// Package patch applies the operations of a SCIM PATCH request to a resource (RFC 7644
// section 3.5.2), by the schemas of its type.
//
// It accepts what identity providers send beyond the RFC: operations in any letter case, a
// replace without a path, paths as the names in a value object
// ("name.givenName", "emails[type eq \"work\"].value"), removals that list the values to
// remove, and the tolerances of [schema.ResourceType.Normalize].
package patch

import (
	"errors"
	"strings"

	"github.com/rosterhq/roster/internal/quote"
	"github.com/rosterhq/roster/internal/scim/schema"
)

// MaxOperations limits the operations of a request.
const MaxOperations = 1000

// message is the URN of PATCH requests.
const message = "urn:ietf:params:scim:api:messages:2.0:PatchOp"

// Op is what an operation does.
type Op string

// The operations.
const (
	Add     Op = "add"
	Replace Op = "replace"
	Remove  Op = "remove"
)

// Operation is one operation of a request.
type Operation struct {
	Op       Op
	Path     string // or "" if the value is an object of attributes
	Value    any
	HasValue bool // distinguishes null from no value
}

// Parse parses the body of a PATCH request. Errors have the type invalidSyntax,
// invalidPath or invalidValue.
func Parse(body []byte) ([]Operation, error) {
	object, err := schema.ParseObject(body)
	if err != nil {
		return nil, err
	}
	return FromObject(object)
}

// FromObject is [Parse] for a body that has been parsed as JSON, as in a bulk request.
func FromObject(object map[string]any) ([]Operation, error) {
	fields, err := lowered("", object)
	if err != nil {
		return nil, err
	}
	if schemas, ok := fields["schemas"]; ok && !isMessage(schemas) {
		return nil, schema.Errorf(schema.InvalidSyntax, "schemas: must be [%q]", message)
	}
	list, ok := fields["operations"].([]any)
	if !ok || len(list) == 0 {
		return nil, schema.Errorf(schema.InvalidSyntax, "Operations: must be a list of at least one operation")
	}
	if len(list) > MaxOperations {
		return nil, schema.Errorf(schema.InvalidSyntax, "Operations: has %d operations; at most %d are allowed", len(list), MaxOperations)
	}
	operations := make([]Operation, len(list))
	for i, element := range list {
		if operations[i], err = parseOperation(element); err != nil {
			return nil, at(i, err)
		}
	}
	return operations, nil
}

func isMessage(schemas any) bool {
	list, _ := schemas.([]any)
	for _, urn := range list {
		if s, ok := urn.(string); ok && strings.EqualFold(s, message) {
			return true
		}
	}
	return false
}

func parseOperation(element any) (Operation, error) {
	object, ok := element.(map[string]any)
	if !ok {
		return Operation{}, schema.Errorf(schema.InvalidSyntax, "must be an object with op, path and value")
	}
	fields, err := lowered("", object)
	if err != nil {
		return Operation{}, err
	}
	name, _ := fields["op"].(string)
	o := Operation{Op: Op(strings.ToLower(name)), Value: fields["value"]}
	_, o.HasValue = fields["value"]
	switch o.Op {
	case Add, Replace, Remove:
	default:
		return o, schema.Errorf(schema.InvalidSyntax, "op: %s is not an operation; use add, replace or remove", quote.Input(name))
	}
	if path := fields["path"]; path != nil {
		if o.Path, ok = path.(string); !ok {
			return o, schema.Errorf(schema.InvalidPath, "path: must be a string")
		}
	}
	switch {
	case o.Op == Remove && o.Path == "":
		return o, schema.Errorf(schema.NoTarget, "path: must name what to remove")
	case o.Op != Remove && !o.HasValue:
		return o, schema.Errorf(schema.InvalidValue, "value: must be given for %s", o.Op)
	}
	return o, nil
}

// lowered returns an object with its names in lower case.
func lowered(prefix string, object map[string]any) (map[string]any, error) {
	fields := make(map[string]any, len(object))
	for name, value := range object {
		lower := strings.ToLower(name)
		if _, twice := fields[lower]; twice {
			return nil, schema.Errorf(schema.InvalidSyntax, "%s%s: is given more than once; letter case is not significant in names", prefix, quote.Cut(lower))
		}
		fields[lower] = value
	}
	return fields, nil
}

// at says which operation an error is about.
func at(i int, err error) error {
	if e, ok := errors.AsType[*schema.Error](err); ok {
		return schema.Errorf(e.Type, "Operations[%d]: %s", i, e.Detail)
	}
	return err
}
