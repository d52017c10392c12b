package patch

import (
	"maps"
	"slices"

	"github.com/rosterhq/roster/internal/scim/schema"
)

// Apply returns the resource that the operations make of a resource: all of them, or none
// and an error. The resource given is not changed. Errors have the types of RFC 7644
// section 3.5.2.
//
// Where the RFC leaves it open:
//
//   - An element that a filter does not find is made by add, if the filter consists of
//     comparisons with eq, and by replace of a sub-attribute if the filter compares nothing
//     but the type: emails[type eq "work"].value.
//   - Added elements with the value and type of one that is there are merged into it.
//   - An element whose value is removed is removed.
//   - Unknown and read-only attributes in a value object are ignored, as in a POST. If a
//     path names one, or the value has another id than the resource, the operation fails.
func Apply(t *schema.ResourceType, resource map[string]any, operations []Operation) (map[string]any, error) {
	result, _ := clone(resource).(map[string]any)
	for i, o := range operations {
		list, err := steps(t, o)
		if err != nil {
			return nil, at(i, err)
		}
		for _, s := range list {
			if err := s.apply(result); err != nil {
				return nil, at(i, err)
			}
		}
	}
	if err := t.Validate(result); err != nil {
		return nil, err
	}
	return result, nil
}

func clone(value any) any {
	switch v := value.(type) {
	case map[string]any:
		object := make(map[string]any, len(v))
		for name, member := range v {
			object[name] = clone(member)
		}
		return object
	case []any:
		list := make([]any, len(v))
		for i, element := range v {
			list[i] = clone(element)
		}
		return list
	}
	return value
}

func (s step) apply(resource map[string]any) error {
	if s.ref.Attr == nil {
		return s.applyExtension(resource)
	}
	if s.ref.URN == "" {
		return s.applyAttribute(resource)
	}
	holder, ok := resource[s.ref.URN].(map[string]any)
	if !ok {
		holder = make(map[string]any)
	}
	if err := s.applyAttribute(holder); err != nil {
		return err
	}
	if resource[s.ref.URN] = holder; len(holder) == 0 {
		delete(resource, s.ref.URN)
	}
	return nil
}

// applyExtension changes the attributes of a whole extension.
func (s step) applyExtension(resource map[string]any) error {
	if s.Op == Remove || s.Op == Replace && s.Value == nil {
		if err := s.mayRemove(s.attributes, resource[s.ref.URN]); err != nil {
			return err
		}
		delete(resource, s.ref.URN)
		return nil
	}
	return s.members(s.attributes, func(one step, attr *schema.Attribute) error {
		one.ref.Attr = attr
		return one.apply(resource)
	})
}

// mayRemove fails if a value has immutable members, at any depth.
func (s step) mayRemove(attributes []*schema.Attribute, value any) error {
	object, _ := value.(map[string]any)
	for _, attr := range attributes {
		member, there := object[attr.Name]
		if there && attr.Mutability == schema.Immutable {
			return schema.Errorf(schema.Mutability, "%s: has %s, which is immutable and already has a value", s.ref, attr.Name)
		}
		if !attr.MultiValued {
			if err := s.mayRemove(attr.SubAttributes, member); err != nil {
				return err
			}
		}
	}
	return nil
}

// members applies the step to each known member of an object value.
func (s step) members(attributes []*schema.Attribute, apply func(step, *schema.Attribute) error) error {
	if s.Value == nil {
		return nil
	}
	object, ok := s.Value.(map[string]any)
	if !ok {
		return schema.Errorf(schema.InvalidValue, "%s: must be an object", s.ref)
	}
	if _, err := lowered(s.ref.String()+".", object); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(object)) {
		if attr := schema.Find(attributes, name); attr != nil {
			one := s
			one.Value, one.HasValue, one.inherited = object[name], true, true
			if err := apply(one, attr); err != nil {
				return err
			}
		}
	}
	return nil
}

// applyAttribute changes an attribute in its holder: the resource or an extension.
func (s step) applyAttribute(holder map[string]any) error {
	attr := s.ref.Attr
	if attr.Name == "schemas" && s.ref.URN == "" {
		return nil // it follows from the attributes
	}
	if s.Op == Add && s.Value == nil {
		return nil
	}
	if attr.Mutability == schema.ReadOnly {
		return s.readOnly(holder[attr.Name])
	}
	if attr.MultiValued {
		return s.applyList(holder)
	}
	if attr.Type != schema.Complex {
		return s.set(holder, attr)
	}
	return s.applyComplex(holder)
}

// readOnly fails, except where a value object repeats what the server had sent.
func (s step) readOnly(value any) error {
	if s.inherited && (s.ref.Attr.Name != "id" || value == nil || value == s.Value) {
		return nil
	}
	return schema.Errorf(schema.Mutability, "%s: is read-only", s.ref)
}

// applyComplex changes a complex attribute or one of its sub-attributes.
func (s step) applyComplex(holder map[string]any) error {
	attr := s.ref.Attr
	object, ok := holder[attr.Name].(map[string]any)
	if !ok {
		object = make(map[string]any)
	}
	before := clone(object)
	if err := s.changeObject(object); err != nil {
		return err
	}
	if ok && attr.Mutability == schema.Immutable && !sameJSON(before, object) {
		return schema.Errorf(schema.Mutability, "%s: is immutable and already has a value", s.ref)
	}
	if holder[attr.Name] = object; len(object) == 0 {
		delete(holder, attr.Name)
		if attr.Required {
			return s.isRequired()
		}
	}
	return nil
}

// changeObject changes the value of a complex attribute, or an element.
func (s step) changeObject(object map[string]any) error {
	attr := s.ref.Attr
	before := object["value"]
	if s.ref.Sub != nil {
		if err := s.setSub(object, s.ref.Sub); err != nil {
			return err
		}
	} else if s.Value = attr.Wrap(s.Value); s.Op == Remove || s.Value == nil {
		if err := s.mayRemove(attr.SubAttributes, object); err != nil {
			return err
		}
		clear(object)
	} else if err := s.members(attr.SubAttributes, func(one step, sub *schema.Attribute) error {
		return one.setSub(object, sub)
	}); err != nil {
		return err
	}
	if s.ref.Sub == nil || s.ref.Sub.Name != "$ref" {
		s.dropStale(object, before)
	}
	return nil
}

// dropStale drops what belonged to the value before: its URL, and its name as the server
// showed it.
func (s step) dropStale(object map[string]any, before any) {
	if before == nil || before == object["value"] {
		return
	}
	given, _ := s.Value.(map[string]any)
	for _, sub := range s.ref.Attr.SubAttributes {
		if sub.Mutability == schema.ReadOnly || sub.Name == "$ref" && given["$ref"] == nil {
			delete(object, sub.Name)
		}
	}
}

func (s step) setSub(object map[string]any, sub *schema.Attribute) error {
	s.ref.Sub = sub
	if s.Op == Add && s.Value == nil {
		return nil
	}
	if sub.Mutability == schema.ReadOnly {
		if s.inherited {
			return nil
		}
		return schema.Errorf(schema.Mutability, "%s: is read-only", s.ref)
	}
	return s.set(object, sub)
}

// set stores, or removes, the value of an attribute that is single and not complex.
func (s step) set(object map[string]any, attr *schema.Attribute) error {
	var value any
	if s.Op != Remove {
		var err error
		if value, err = attr.Decode(s.ref.String(), s.Value); err != nil {
			return err
		}
	}
	before, there := object[attr.Name]
	switch {
	case there && attr.Mutability == schema.Immutable && before != value:
		return schema.Errorf(schema.Mutability, "%s: is immutable and already has a value", s.ref)
	case value != nil:
		object[attr.Name] = value
	case there && attr.Required:
		return s.isRequired()
	default:
		delete(object, attr.Name)
	}
	return nil
}

func (s step) isRequired() error {
	return schema.Errorf(schema.Mutability, "%s: is required and can't be removed", s.ref)
}
