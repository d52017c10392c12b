package patch

import (
	"errors"
	"maps"
	"slices"

	"github.com/rosterhq/roster/internal/scim/filter"
	"github.com/rosterhq/roster/internal/scim/schema"
)

// step is an operation on one attribute, or on a whole extension.
type step struct {
	Operation
	ref        schema.Ref
	filter     filter.Expr         // or nil
	selected   filter.Condition    // the filter, bound
	attributes []*schema.Attribute // of the extension, if it is named as a whole
	inherited  bool                // the attribute is named in a value, not by the path
}

// steps returns what an operation does, one attribute at a time.
func steps(t *schema.ResourceType, o Operation) ([]step, error) {
	if o.Path != "" {
		s, err := target(t, o)
		if err != nil {
			return nil, err
		}
		return []step{s}, nil
	}
	object, ok := o.Value.(map[string]any)
	if !ok {
		return nil, schema.Errorf(schema.InvalidValue, "value: must be an object of attributes, because there is no path")
	}
	if _, err := lowered("value.", object); err != nil {
		return nil, err
	}
	var list []step
	for _, name := range slices.Sorted(maps.Keys(object)) {
		s, err := target(t, Operation{o.Op, name, object[name], true})
		if err != nil {
			if e, ok := errors.AsType[*schema.Error](err); ok && e.Type == schema.InvalidPath {
				continue // an unknown attribute, as in a POST
			}
			return nil, err
		}
		s.inherited = true
		list = append(list, s)
	}
	return list, nil
}

// target finds what a path names.
func target(t *schema.ResourceType, o Operation) (step, error) {
	s := step{Operation: o}
	path, err := filter.ParsePath(o.Path)
	if err != nil {
		return s, err
	}
	if s.ref, err = t.LookupTarget(path.Attr.URN, path.Attr.Name, path.Attr.Sub); err != nil {
		return s, schema.Errorf(schema.InvalidPath, "path: %s", err)
	}
	if s.ref.Attr == nil {
		s.attributes = t.Extension(s.ref.URN).Attributes
	}
	if path.Filter == nil {
		return s, nil
	}
	if s.ref.Attr == nil || !s.ref.Attr.MultiValued || s.ref.Sub != nil {
		return s, schema.Errorf(schema.InvalidPath, "path: %s has no elements to select; only multi-valued attributes, such as emails, can be followed by [", s.ref)
	}
	s.filter = path.Filter
	if s.selected, err = filter.BindElement(path.Filter, t, s.ref); err != nil {
		return s, err
	}
	if path.Sub != "" {
		if s.ref.Sub = s.ref.Attr.Sub(path.Sub); s.ref.Sub == nil {
			return s, schema.Errorf(schema.InvalidPath, "path: %s has no sub-attribute %q; /Schemas lists them", s.ref.Attr.Name, path.Sub)
		}
	}
	return s, nil
}

// template returns the element that would match the filter: a conjunction of eq gives its
// values. It returns nil for other filters.
func (s step) template() map[string]any {
	operands, ok := s.filter.(filter.And)
	if !ok {
		operands = filter.And{s.filter}
	}
	element := make(map[string]any)
	for _, operand := range operands {
		compare, ok := operand.(filter.Compare)
		if !ok || compare.Op != filter.Eq || compare.Value == nil {
			return nil
		}
		sub := s.ref.Attr.Sub(compare.Attr.Name)
		if sub == nil || element[sub.Name] != nil {
			return nil
		}
		value, err := sub.Decode(sub.Name, compare.Value)
		if err != nil || value == nil {
			return nil
		}
		element[sub.Name] = value
	}
	return element
}
