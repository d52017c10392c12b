package schema

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/rosterhq/roster/internal/quote"
)

// Decode returns the resource that a request's body describes: [ParseObject], then
// [ResourceType.Normalize], then [ResourceType.Validate].
func (t *ResourceType) Decode(body []byte) (map[string]any, error) {
	raw, err := ParseObject(body)
	if err != nil {
		return nil, err
	}
	resource, err := t.Normalize(raw)
	if err != nil {
		return nil, err
	}
	return resource, t.Validate(resource)
}

// ParseObject parses one JSON object. Invalid UTF-8 and repeated names are rejected.
func ParseObject(body []byte) (map[string]any, error) {
	var object map[string]any
	if err := jsonv2.Unmarshal(body, &object); err != nil {
		return nil, Errorf(InvalidSyntax, "the body must be one JSON object: %s", quote.Cut(err.Error()))
	}
	if object == nil {
		return nil, Errorf(InvalidSyntax, "the body must be one JSON object, not null")
	}
	return object, nil
}

// Normalize brings a JSON object into the form of a resource. Names get their canonical
// spelling. Unknown attributes are dropped, and so are read-only ones (RFC 7644 section
// 3.3) and schemas, which follows from the rest. Values are checked by their types.
//
// It accepts what the RFCs leave open and identity providers send: "True" for true, a
// number as a string, one object or value in place of a list of one and the reverse, and a
// bare value in place of an object with that value (manager, emails).
func (t *ResourceType) Normalize(raw map[string]any) (map[string]any, error) {
	resource := make(map[string]any, len(raw))
	seen := make(map[string]bool, len(raw))
	for _, name := range slices.Sorted(maps.Keys(raw)) {
		extension, attr := t.Extension(name), t.top(name)
		var canonical string
		switch {
		case extension != nil:
			canonical = extension.ID
		case attr != nil:
			canonical = attr.Name
		default:
			continue
		}
		if seen[canonical] {
			return nil, repeated(canonical)
		}
		seen[canonical] = true
		var value any
		var err error
		switch {
		case extension != nil:
			value, err = extension.Decode(raw[name])
		case canonical == "schemas":
			err = t.checkSchemas(raw[name])
		default:
			value, err = attr.Decode(canonical, raw[name])
		}
		if err != nil {
			return nil, err
		}
		if value != nil {
			resource[canonical] = value
		}
	}
	return resource, nil
}

// Decode returns the extension's object in the form that a resource has, or nil if it has
// no attributes.
func (s *Schema) Decode(value any) (any, error) { return members(s.Attributes, s.ID+":", value) }

func repeated(path string) error {
	return Errorf(InvalidSyntax, "%s: is given more than once; letter case is not significant in names", path)
}

// top returns the core or common attribute with a name, or nil.
func (t *ResourceType) top(name string) *Attribute {
	if attr := Find(t.Core.Attributes, name); attr != nil {
		return attr
	}
	return Find(common, name)
}

// checkSchemas rejects a resource of another type. Unknown extensions are accepted: their
// attributes are dropped.
func (t *ResourceType) checkSchemas(value any) error {
	urns, err := common[0].Decode("schemas", value)
	if err != nil || urns == nil {
		return err
	}
	for _, urn := range urns.([]any) {
		if equalFold(urn.(string), t.Core.ID) {
			return nil
		}
	}
	return Errorf(InvalidSyntax, "schemas: must contain %s", t.Core.ID)
}

// Decode returns the value in the form that a resource has, or nil if there is none. The
// path names the attribute in errors, which have the type invalidValue. A read-only
// attribute has no value that a client may give.
func (a *Attribute) Decode(path string, value any) (any, error) {
	if a.Mutability == ReadOnly || value == nil {
		return nil, nil
	}
	if !a.MultiValued {
		return a.one(path, value)
	}
	elements, isList := value.([]any)
	if !isList {
		elements = []any{value}
	}
	return a.list(path, elements)
}

// list decodes the elements of a multi-valued attribute. Those that repeat one are dropped.
func (a *Attribute) list(path string, elements []any) (any, error) {
	list := make([]any, 0, len(elements))
	seen := make(map[string]bool, len(elements))
	for i, element := range elements {
		decoded, err := a.one(fmt.Sprintf("%s[%d]", path, i), element)
		if err != nil {
			return nil, err
		}
		if decoded == nil {
			continue
		}
		if key := a.key(decoded); !seen[key] {
			seen[key] = true
			list = append(list, decoded)
		}
	}
	if len(list) == 0 {
		return nil, nil
	}
	return list, nil
}

// key is equal for elements that are equal.
func (a *Attribute) key(element any) string {
	b, err := json.Marshal(element)
	if err != nil {
		return fmt.Sprint(element) // what was JSON can be marshaled
	}
	return string(b)
}

// one decodes a single value or element.
func (a *Attribute) one(path string, value any) (any, error) {
	if value == nil {
		return nil, nil
	}
	if a.Type != Complex {
		return a.simple(path, value)
	}
	return members(a.SubAttributes, path+".", a.Wrap(value))
}

// Wrap returns the object that stands for a value of a complex attribute: the only
// element of a list, and the value of a bare value. An empty text is no value.
func (a *Attribute) Wrap(value any) any {
	if list, ok := value.([]any); ok && len(list) == 0 {
		return nil
	} else if ok && len(list) == 1 {
		value = list[0]
	}
	switch value.(type) {
	case nil, map[string]any, []any:
		return value
	}
	if a.Sub("value") == nil {
		return value
	}
	if value == "" {
		return nil
	}
	return map[string]any{"value": value}
}

// members decodes an object with the attributes given. The prefix stands before their
// names in errors.
func members(attributes []*Attribute, prefix string, value any) (any, error) {
	if value == nil {
		return nil, nil
	}
	raw, ok := value.(map[string]any)
	if !ok {
		return nil, Errorf(InvalidValue, "%s: must be an object, not %s", prefix[:len(prefix)-1], kindOf(value))
	}
	object := make(map[string]any, len(raw))
	seen := make(map[string]bool, len(raw))
	for _, name := range slices.Sorted(maps.Keys(raw)) {
		attr := Find(attributes, name)
		if attr == nil {
			continue
		}
		if seen[attr.Name] {
			return nil, repeated(prefix + attr.Name)
		}
		seen[attr.Name] = true
		decoded, err := attr.Decode(prefix+attr.Name, raw[name])
		if err != nil {
			return nil, err
		}
		if decoded != nil {
			object[attr.Name] = decoded
		}
	}
	if len(object) == 0 {
		return nil, nil
	}
	return object, nil
}
