package schema

import "reflect"

// Validate checks what holds for a resource as a whole: required attributes are there,
// and of each multi-valued attribute at most one value is primary. The resource has been
// normalized. Errors have the type invalidValue.
func (t *ResourceType) Validate(resource map[string]any) error {
	if err := validate(t.Core.Attributes, "", resource); err != nil {
		return err
	}
	for _, extension := range t.Extensions {
		if object, ok := resource[extension.ID].(map[string]any); ok {
			if err := validate(extension.Attributes, extension.ID+":", object); err != nil {
				return err
			}
		}
	}
	return nil
}

func validate(attributes []*Attribute, prefix string, object map[string]any) error {
	for _, a := range attributes {
		value, path := object[a.Name], prefix+a.Name
		if a.Mutability == ReadOnly {
			continue // the server's own
		}
		if a.Required && (value == nil || value == "") {
			return Errorf(InvalidValue, "%s: is required and must not be empty", path)
		}
		if a.Type != Complex {
			continue
		}
		elements, isList := value.([]any)
		if !isList && value != nil {
			elements = []any{value}
		}
		primary := 0
		for _, element := range elements {
			element, _ := element.(map[string]any)
			if err := validate(a.SubAttributes, path+".", element); err != nil {
				return err
			}
			if element["primary"] == true {
				primary++
			}
		}
		if primary > 1 {
			return Errorf(InvalidValue, "%s: has %d primary values; at most one may be primary", path, primary)
		}
	}
	return nil
}

// Replace returns what a PUT makes of a resource: the new one, with the read-only and
// write-only attributes of the old one that the new one does not have. A change of an
// immutable attribute is an error with the type mutability.
func (t *ResourceType) Replace(old, replacement map[string]any) (map[string]any, error) {
	result, err := replace(append(append([]*Attribute{}, common...), t.Core.Attributes...), "", old, replacement)
	if err != nil {
		return nil, err
	}
	for _, extension := range t.Extensions {
		before, _ := old[extension.ID].(map[string]any)
		after, _ := replacement[extension.ID].(map[string]any)
		object, err := replace(extension.Attributes, extension.ID+":", before, after)
		if err != nil {
			return nil, err
		}
		if len(object) > 0 {
			result[extension.ID] = object
		}
	}
	return result, nil
}

func replace(attributes []*Attribute, prefix string, old, replacement map[string]any) (map[string]any, error) {
	result := make(map[string]any, len(replacement))
	for _, a := range attributes {
		before, after := old[a.Name], replacement[a.Name]
		switch {
		case a.Mutability == ReadOnly, a.Mutability == WriteOnly && after == nil:
			after = before
		case a.Mutability == Immutable && before != nil:
			if after != nil && !reflect.DeepEqual(before, after) {
				return nil, Errorf(Mutability, "%s%s: is immutable and already has another value", prefix, a.Name)
			}
			after = before
		case a.Type == Complex && !a.MultiValued:
			before, _ := before.(map[string]any)
			object, _ := after.(map[string]any)
			merged, err := replace(a.SubAttributes, prefix+a.Name+".", before, object)
			if err != nil {
				return nil, err
			}
			if after = any(merged); len(merged) == 0 {
				after = nil
			}
		}
		if after != nil {
			result[a.Name] = after
		}
	}
	return result, nil
}
