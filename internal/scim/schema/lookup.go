package schema

import (
	"fmt"
	"strings"

	"github.com/rosterhq/roster/internal/quote"
)

// equalFold compares names, which are ASCII: no other character equals an ASCII letter.
func equalFold(a, b string) bool {
	return len(a) == len(b) && strings.EqualFold(a, b)
}

// Lookup finds an attribute by the parts of its path, without regard to letter case. The
// URN may be that of the core schema or of an extension. If it is empty, the core schema
// and the common attributes are searched. The error says what does not exist.
func (t *ResourceType) Lookup(urn, name, sub string) (Ref, error) {
	attributes := t.Core.Attributes
	var ref Ref
	if urn != "" && !equalFold(urn, t.Core.ID) {
		extension := t.Extension(urn)
		if extension == nil {
			return Ref{}, fmt.Errorf("%s is not a schema of a %s; /Schemas lists them", quote.Input(urn), t.Name)
		}
		ref.URN, attributes = extension.ID, extension.Attributes
	}
	if ref.Attr = Find(attributes, name); ref.Attr == nil && ref.URN == "" {
		ref.Attr = Find(common, name)
	}
	if ref.Attr == nil {
		return Ref{}, fmt.Errorf("%s is not an attribute of %s; /Schemas lists them", quote.Input(name), t.owner(ref))
	}
	if sub == "" {
		return ref, nil
	}
	if ref.Sub = ref.Attr.Sub(sub); ref.Sub == nil {
		return Ref{}, fmt.Errorf("%s has no sub-attribute %s; /Schemas lists them", ref.Attr.Name, quote.Input(sub))
	}
	return ref, nil
}

// LookupTarget is [ResourceType.Lookup] for the path of a PATCH operation, which may also
// be the URN of a whole extension. A path does not show where a URN ends, so that its
// last part may be in name or in sub.
func (t *ResourceType) LookupTarget(urn, name, sub string) (Ref, error) {
	whole := urn
	if name != "" {
		whole += ":" + name
	}
	if sub != "" {
		whole += "." + sub
	}
	if extension := t.Extension(whole); urn != "" && extension != nil {
		return Ref{URN: extension.ID}, nil
	}
	return t.Lookup(urn, name, sub)
}

// Extension returns the extension with a URN, without regard to letter case, or nil.
func (t *ResourceType) Extension(urn string) *Schema {
	for _, extension := range t.Extensions {
		if equalFold(extension.ID, urn) {
			return extension
		}
	}
	return nil
}

// owner names the holder of an attribute, for a message.
func (t *ResourceType) owner(ref Ref) string {
	if ref.URN != "" {
		return "the schema " + ref.URN
	}
	return "a " + t.Name
}

// Get returns the attribute's value in a resource, or nil. For a multi-valued attribute
// with a sub-attribute, it returns the list.
func (r Ref) Get(resource map[string]any) any {
	if r.URN != "" {
		extension, _ := resource[r.URN].(map[string]any)
		if r.Attr == nil {
			if extension == nil {
				return nil
			}
			return extension
		}
		resource = extension
	}
	value := resource[r.Attr.Name]
	if r.Sub != nil && !r.Attr.MultiValued {
		object, _ := value.(map[string]any)
		return object[r.Sub.Name]
	}
	return value
}
