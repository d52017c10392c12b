package patch

import (
	"maps"
	"slices"
	"strings"

	"github.com/rosterhq/roster/internal/scim/filter"
	"github.com/rosterhq/roster/internal/scim/schema"
)

// Members is a change of a group's members that can be made without the list of them.
type Members struct {
	Replace *[]string // the new members, or nil if Add and Remove change those there are
	Add     []string  // ids; none is in Remove
	Remove  []string  // ids, also of users who are not members
}

// SplitMembers separates the changes of a group's members from the other operations, so
// that a change of one member costs the same in a small and in a large group. The order
// between the two parts has no effect. It returns ok == false if an operation selects
// members in a way that takes the list of them: then [Apply] has to be used.
func SplitMembers(t *schema.ResourceType, operations []Operation) (m Members, rest []Operation, ok bool, err error) {
	var c changes
	for i, o := range operations {
		list, err := steps(t, o)
		if err != nil {
			return m, nil, false, at(i, err)
		}
		others := len(list)
		for _, s := range list {
			if s.ref.URN != "" || s.ref.Attr == nil || s.ref.Attr.Name != "members" {
				continue
			}
			others--
			understood, err := c.add(s)
			if err != nil {
				return m, nil, false, at(i, err)
			}
			if !understood {
				return m, nil, false, nil
			}
		}
		if others > 0 {
			rest = append(rest, withoutMembers(t, o))
		}
	}
	return c.members(), rest, true, nil
}

// withoutMembers drops the members from a value object.
func withoutMembers(t *schema.ResourceType, o Operation) Operation {
	object, ok := o.Value.(map[string]any)
	if o.Path != "" || !ok {
		return o
	}
	object = maps.Clone(object)
	maps.DeleteFunc(object, func(name string, value any) bool {
		s, err := target(t, Operation{o.Op, name, value, true})
		return err == nil && s.ref.URN == "" && s.ref.Attr != nil && s.ref.Attr.Name == "members"
	})
	o.Value = object
	return o
}

// changes collects what happens to each member; the last operation decides.
type changes struct {
	replaced bool
	order    []string
	present  map[string]bool // false: removed
}

func (c *changes) put(id string, present bool) {
	if c.present == nil {
		c.present = make(map[string]bool)
	}
	if _, there := c.present[id]; !there {
		c.order = append(c.order, id)
	}
	c.present[id] = present
}

// add takes up a step, and reports false if the step takes the list of the members.
func (c *changes) add(s step) (bool, error) {
	if s.ref.Sub != nil {
		return false, nil
	}
	if s.selected != nil {
		ids, ok := byValue(s.filter)
		if !ok || s.Op != Remove {
			return false, nil
		}
		for _, id := range ids {
			c.put(id, false)
		}
		return true, nil
	}
	if s.Op == Add && s.Value == nil {
		return true, nil
	}
	if s.Op == Replace || s.Op == Remove && s.Value == nil {
		*c = changes{replaced: true}
	}
	if s.Value == nil {
		return true, nil
	}
	decoded, err := s.ref.Attr.Decode("members", s.Value)
	if err != nil {
		return false, err
	}
	list, _ := decoded.([]any)
	for _, element := range list {
		object, _ := element.(map[string]any)
		id, _ := object["value"].(string)
		if id == "" && s.Op != Remove {
			return false, schema.Errorf(schema.InvalidValue, "members.value: is required and must not be empty")
		}
		if id != "" {
			c.put(id, s.Op != Remove)
		}
	}
	return true, nil
}

// byValue returns the ids of value eq "a", and of several of these joined by or.
func byValue(expr filter.Expr) ([]string, bool) {
	operands, ok := expr.(filter.Or)
	if !ok {
		operands = filter.Or{expr}
	}
	var ids []string
	for _, operand := range operands {
		compare, ok := operand.(filter.Compare)
		if !ok || compare.Op != filter.Eq || !strings.EqualFold(compare.Attr.String(), "value") {
			return nil, false
		}
		id, ok := compare.Value.(string)
		if !ok {
			return nil, false
		}
		ids = append(ids, id)
	}
	return ids, true
}

func (c *changes) members() Members {
	var m Members
	for _, id := range c.order {
		if c.present[id] {
			m.Add = append(m.Add, id)
		} else {
			m.Remove = append(m.Remove, id)
		}
	}
	if c.replaced {
		replacement := slices.Concat([]string{}, m.Add)
		return Members{Replace: &replacement}
	}
	return m
}
