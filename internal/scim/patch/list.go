package patch

import (
	"maps"
	"slices"

	"github.com/rosterhq/roster/internal/quote"
	"github.com/rosterhq/roster/internal/scim/filter"
	"github.com/rosterhq/roster/internal/scim/schema"
)

// applyList changes a multi-valued attribute.
func (s step) applyList(holder map[string]any) error {
	attr := s.ref.Attr
	before, _ := holder[attr.Name].([]any)
	list, touched, err := s.changeList(before)
	if err != nil {
		return err
	}
	onePrimary(list, touched)
	list = distinct(list)
	if len(list) > 0 {
		holder[attr.Name] = list
		return nil
	}
	if len(before) > 0 && attr.Mutability == schema.Immutable {
		return schema.Errorf(schema.Mutability, "%s: is immutable and already has a value", s.ref)
	}
	if len(before) > 0 && attr.Required {
		return s.isRequired()
	}
	delete(holder, attr.Name)
	return nil
}

// changeList returns the elements after the step, and which of them it has touched.
func (s step) changeList(list []any) ([]any, map[int]bool, error) {
	attr := s.ref.Attr
	if s.selected != nil || s.ref.Sub != nil {
		return s.changeSelected(list)
	}
	if s.Op == Remove && s.Value == nil || s.Op == Replace && s.Value == nil {
		return nil, nil, s.mayChange(list)
	}
	decoded, err := attr.Decode(s.ref.String(), s.Value)
	if err != nil {
		return nil, nil, err
	}
	given, _ := decoded.([]any)
	switch s.Op {
	case Remove:
		return s.without(list, given)
	case Replace:
		if !sameJSON(list, given) {
			if err := s.mayChange(list); err != nil {
				return nil, nil, err
			}
		}
		return given, all(given), nil
	}
	return s.merged(list, given)
}

// mayChange fails for an immutable attribute that has elements.
func (s step) mayChange(list []any) error {
	if len(list) > 0 && s.ref.Attr.Mutability == schema.Immutable {
		return schema.Errorf(schema.Mutability, "%s: is immutable and already has a value", s.ref)
	}
	return nil
}

// merged adds elements. One whose value and type are there already changes that element.
func (s step) merged(list, given []any) ([]any, map[int]bool, error) {
	attr := s.ref.Attr
	index := make(map[string][]int, len(list)+len(given))
	for i, element := range list {
		index[valueOf(attr, element)] = append(index[valueOf(attr, element)], i)
	}
	touched := make(map[int]bool, len(given))
	for _, element := range given {
		value := valueOf(attr, element)
		at := slices.IndexFunc(index[value], func(i int) bool { return value != "" && sameType(attr, list[i], element) })
		if at < 0 {
			if err := s.mayChange(list); err != nil {
				return nil, nil, err
			}
			index[value] = append(index[value], len(list))
			touched[len(list)] = true
			list = append(list, element)
			continue
		}
		i := index[value][at]
		if object, ok := list[i].(map[string]any); ok {
			one := s
			one.Value, one.inherited = element, true
			if err := one.changeObject(object); err != nil {
				return nil, nil, err
			}
			touched[i] = true
		}
	}
	return list, touched, nil
}

// without removes the elements that are given: those with the same value, and the same
// type if one is given.
func (s step) without(list, given []any) ([]any, map[int]bool, error) {
	attr := s.ref.Attr
	unwanted := make(map[string][]any, len(given))
	for _, element := range given {
		unwanted[valueOf(attr, element)] = append(unwanted[valueOf(attr, element)], element)
	}
	kept := make([]any, 0, len(list))
	for _, element := range list {
		value := valueOf(attr, element)
		if slices.ContainsFunc(unwanted[value], func(one any) bool {
			return value != "" && sameType(attr, element, one) || sameJSON(element, one)
		}) {
			continue
		}
		kept = append(kept, element)
	}
	if len(kept) < len(list) {
		return kept, nil, s.mayChange(list)
	}
	return kept, nil, nil
}

// changeSelected changes the elements that the filter selects, or a sub-attribute of them
// or, without a filter, of all elements.
func (s step) changeSelected(list []any) ([]any, map[int]bool, error) {
	if err := s.mayChange(list); err != nil {
		return nil, nil, err
	}
	result := make([]any, 0, len(list)+1)
	touched := make(map[int]bool)
	found := false
	for _, element := range list {
		if s.selected != nil && !filter.MatchesElement(s.selected, element) {
			result = append(result, element)
			continue
		}
		found = true
		changed, err := s.changeElement(element)
		if err != nil {
			return nil, nil, err
		}
		if changed != nil {
			touched[len(result)] = true
			result = append(result, changed)
		}
	}
	if found || s.Op == Remove || s.Value == nil {
		return result, touched, nil
	}
	created, err := s.create()
	if err != nil {
		return nil, nil, err
	}
	touched[len(result)] = true
	return append(result, created), touched, nil
}

// changeElement returns what becomes of a selected element, or nil if it is removed.
func (s step) changeElement(element any) (any, error) {
	remove := s.Op == Remove || s.Value == nil
	if s.ref.Sub == nil {
		if remove {
			return nil, nil
		}
		decoded, err := s.element()
		if err != nil {
			return nil, err
		}
		object, isObject := element.(map[string]any)
		if !isObject {
			return decoded, nil
		}
		if s.Op == Replace {
			// The value need not repeat what the path says of the element.
			replacement := s.template()
			if replacement == nil {
				return decoded, nil
			}
			given, _ := decoded.(map[string]any)
			maps.Copy(replacement, given)
			return replacement, nil
		}
		s.Value, s.inherited = decoded, true
		return object, s.changeObject(object)
	}
	object, ok := element.(map[string]any)
	if !ok {
		return element, nil
	}
	if remove && s.ref.Sub.Name == "value" && s.ref.Sub.Mutability != schema.ReadOnly && !s.ref.Sub.Required {
		return nil, nil
	}
	if err := s.changeObject(object); err != nil {
		return nil, err
	}
	if len(object) == 0 {
		return nil, nil
	}
	return object, nil
}

// element decodes the value as one element.
func (s step) element() (any, error) {
	decoded, err := s.ref.Attr.Decode(s.ref.String(), s.Value)
	if err != nil {
		return nil, err
	}
	list, _ := decoded.([]any)
	if len(list) != 1 {
		return nil, schema.Errorf(schema.InvalidValue, "%s: must be one element, because the path selects elements", s.ref)
	}
	return list[0], nil
}

// create makes the element that the filter does not find.
func (s step) create() (any, error) {
	if s.selected == nil {
		return nil, schema.Errorf(schema.NoTarget, "path: %s has no elements; add one first", s.ref.Attr.Name)
	}
	missing := schema.Errorf(schema.NoTarget, "path: no element of %s matches %s; add it first", s.ref.Attr.Name, quote.Cut(s.filter.String()))
	object := s.template()
	if _, byType := object["type"]; object == nil || s.Op == Replace && (s.ref.Sub == nil || len(object) > 1 || !byType) {
		return nil, missing
	}
	if s.ref.Sub == nil {
		decoded, err := s.element()
		if err != nil {
			return nil, err
		}
		s.Value = decoded
	}
	s.inherited = s.ref.Sub == nil
	return object, s.changeObject(object)
}
