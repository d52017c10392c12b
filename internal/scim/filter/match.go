package filter

import (
	"cmp"
	"strings"
	"time"

	"github.com/rosterhq/roster/internal/scim/schema"
)

// Matches evaluates a condition on a resource.
func Matches(c Condition, resource map[string]any) bool {
	return holds(c, func(ref schema.Ref) any { return ref.Get(resource) })
}

// MatchesElement evaluates a condition of [BindElement] on one element.
func MatchesElement(c Condition, element any) bool {
	return holds(c, func(ref schema.Ref) any {
		if ref.Sub == nil {
			return element
		}
		object, _ := element.(map[string]any)
		return object[ref.Sub.Name]
	})
}

// holds evaluates a condition on the values that get returns.
func holds(c Condition, get func(schema.Ref) any) bool {
	switch c := c.(type) {
	case All:
		for _, condition := range c {
			if !holds(condition, get) {
				return false
			}
		}
		return true
	case Any:
		for _, condition := range c {
			if holds(condition, get) {
				return true
			}
		}
		return false
	case None:
		return !holds(c.Condition, get)
	case Has:
		return present(get(c.Ref))
	case Some:
		elements, _ := get(c.Ref).([]any)
		for _, element := range elements {
			if MatchesElement(c.Condition, element) {
				return true
			}
		}
		return false
	case Test:
		return test(c, get(c.Ref))
	}
	return false
}

// present reports whether a value is not empty. A list or an object has one member at least that is not empty.
func present(value any) bool {
	switch v := value.(type) {
	case nil:
		return false
	case string:
		return v != ""
	case []any:
		for _, element := range v {
			if present(element) {
				return true
			}
		}
		return false
	case map[string]any:
		for _, member := range v {
			if present(member) {
				return true
			}
		}
		return false
	}
	return true
}

func test(t Test, value any) bool {
	switch want := t.Value.(type) {
	case string:
		if have, ok := value.(string); ok {
			attr := t.Ref.Last()
			return compareText(t.Op, attr.Fold(have), attr.Fold(want))
		}
	case bool:
		if have, ok := value.(bool); ok {
			return (have == want) == (t.Op == Eq)
		}
	case float64:
		if have, ok := value.(float64); ok {
			return ordered(t.Op, cmp.Compare(have, want))
		}
	case time.Time:
		if s, ok := value.(string); ok {
			if have, ok := schema.ParseTime(s); ok {
				return ordered(t.Op, have.Compare(want))
			}
		}
	}
	return t.Op == Ne
}

func compareText(op Op, have, want string) bool {
	switch op {
	case Co:
		return strings.Contains(have, want)
	case Sw:
		return strings.HasPrefix(have, want)
	case Ew:
		return strings.HasSuffix(have, want)
	}
	return ordered(op, strings.Compare(have, want))
}

// ordered reports whether the operator accepts the order of two values, as cmp.Compare
// returns it.
func ordered(op Op, order int) bool {
	switch op {
	case Eq:
		return order == 0
	case Ne:
		return order != 0
	case Gt:
		return order > 0
	case Ge:
		return order >= 0
	case Lt:
		return order < 0
	case Le:
		return order <= 0
	}
	return false
}
