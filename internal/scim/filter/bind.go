package filter

import (
	"github.com/rosterhq/roster/internal/quote"
	"github.com/rosterhq/roster/internal/scim/schema"
)

// Condition is a filter whose attributes have been found in the schemas of a resource
// type: an [All], [Any], [None], [Test], [Has] or [Some]. Its comparisons fit the types of
// the attributes.
type Condition interface{ condition() }

// All holds if all of its conditions do.
type All []Condition

// Any holds if one of its conditions does.
type Any []Condition

// None holds if its condition does not.
type None struct{ Condition Condition }

// Test compares a single value. Without a value, only [Ne] holds.
type Test struct {
	// Ref is a single-valued attribute of the resource. Inside a [Some] it is a
	// sub-attribute of the element, or the multi-valued attribute if the elements are not
	// complex and the element itself is compared.
	Ref schema.Ref
	Op  Op
	// Value is a string, bool, float64 or, for a dateTime, time.Time. It is as it was given:
	// letter case counts if Ref.Last().CaseExact is set.
	Value any
}

// Has holds if the attribute has a value that is not empty. Ref is as in [Test]; outside
// a [Some] it may also be a complex or multi-valued attribute.
type Has struct{ Ref schema.Ref }

// Some holds if one element of a multi-valued attribute meets the condition.
type Some struct {
	Ref       schema.Ref
	Condition Condition
}

func (All) condition()  {}
func (Any) condition()  {}
func (None) condition() {}
func (Test) condition() {}
func (Has) condition()  {}
func (Some) condition() {}

// Bind resolves a filter by the schemas of a resource type. Where RFC 7644 leaves it open:
//
//   - A comparison of a multi-valued attribute holds if it holds for one element, also
//     with ne. not (emails.type eq "work") holds if it holds for none.
//   - A complex attribute stands for its sub-attribute value: emails co "@example.com".
//   - eq null is the same as not (… pr), and ne null the same as pr.
//   - An attribute without a value differs from every value: only ne holds.
//
// Errors have the type invalidFilter.
func Bind(expr Expr, t *schema.ResourceType) (Condition, error) {
	return binder{t: t, kind: schema.InvalidFilter}.bind(expr)
}

// BindElement resolves a filter on the elements of a multi-valued attribute, as a
// [Path] has it. Errors have the type invalidFilter.
func BindElement(expr Expr, t *schema.ResourceType, list schema.Ref) (Condition, error) {
	return binder{t: t, kind: schema.InvalidFilter, list: &list}.bind(expr)
}

type binder struct {
	t    *schema.ResourceType
	kind schema.ScimType
	list *schema.Ref // the multi-valued attribute whose elements are tested, or nil
}

func (b binder) bind(expr Expr) (Condition, error) {
	switch e := expr.(type) {
	case And:
		all, err := b.each(e)
		return All(all), err
	case Or:
		anyOf, err := b.each(e)
		return Any(anyOf), err
	case Not:
		condition, err := b.bind(e.Expr)
		return None{condition}, err
	case ValuePath:
		return b.valuePath(e)
	case Present:
		ref, err := b.resolve(e.Attr)
		if err != nil {
			return nil, err
		}
		return b.present(ref), nil
	case Compare:
		return b.compare(e)
	}
	return nil, schema.Errorf(b.kind, "filter: %s is not supported", quote.Input(expr.String()))
}

func (b binder) each(operands []Expr) ([]Condition, error) {
	conditions := make([]Condition, len(operands))
	for i, operand := range operands {
		condition, err := b.bind(operand)
		if err != nil {
			return nil, err
		}
		conditions[i] = condition
	}
	return conditions, nil
}

// resolve finds an attribute of the resource, or a sub-attribute of the element.
func (b binder) resolve(attr AttrPath) (schema.Ref, error) {
	if b.list == nil {
		ref, err := b.t.Lookup(attr.URN, attr.Name, attr.Sub)
		if err != nil {
			return ref, schema.Errorf(b.kind, "filter: %s", err)
		}
		return ref, nil
	}
	ref := *b.list
	if attr.URN == "" && attr.Sub == "" {
		if ref.Sub = ref.Attr.Sub(attr.Name); ref.Sub != nil {
			return ref, nil
		}
		if ref.Attr.Type != schema.Complex && attr.Name == "value" {
			return ref, nil // the element itself
		}
	}
	return ref, schema.Errorf(b.kind, "filter: %s is not a sub-attribute of %s; /Schemas lists them", quote.Input(attr.String()), ref.Attr.Name)
}

func (b binder) valuePath(e ValuePath) (Condition, error) {
	ref, err := b.resolve(e.Attr)
	if err != nil {
		return nil, err
	}
	if b.list != nil || ref.Sub != nil || !ref.Attr.MultiValued {
		return nil, schema.Errorf(b.kind, "filter: %s has no elements to select; only multi-valued attributes, such as emails, can be followed by [", quote.Input(e.Attr.String()))
	}
	b.list = &ref
	condition, err := b.bind(e.Filter)
	return Some{ref, condition}, err
}

func (b binder) present(ref schema.Ref) Condition {
	if b.list == nil && ref.Attr.MultiValued && ref.Sub != nil {
		return Some{schema.Ref{URN: ref.URN, Attr: ref.Attr}, Has{ref}}
	}
	return Has{ref}
}

func (b binder) compare(e Compare) (Condition, error) {
	ref, err := b.resolve(e.Attr)
	if err != nil {
		return nil, err
	}
	if e.Value == nil {
		switch e.Op {
		case Eq:
			return None{b.present(ref)}, nil
		case Ne:
			return b.present(ref), nil
		}
		return nil, schema.Errorf(b.kind, "filter: null can only be compared with eq and ne, not with %s", e.Op)
	}
	if ref.Last().Type == schema.Complex {
		if ref.Sub = ref.Attr.Sub("value"); ref.Sub == nil {
			return nil, schema.Errorf(b.kind, "filter: %s is complex; compare one of its sub-attributes, as in %s.%s",
				ref.Attr.Name, ref.Attr.Name, ref.Attr.SubAttributes[0].Name)
		}
	}
	value, err := b.value(ref, e)
	if err != nil {
		return nil, err
	}
	if b.list == nil && ref.Attr.MultiValued {
		return Some{schema.Ref{URN: ref.URN, Attr: ref.Attr}, Test{ref, e.Op, value}}, nil
	}
	return Test{ref, e.Op, value}, nil
}

// value checks that the operator and the value fit the attribute's type.
func (b binder) value(ref schema.Ref, e Compare) (any, error) {
	attr := ref.Last()
	var value any
	var fits bool
	switch attr.Type {
	case schema.Boolean:
		value, fits = schema.ParseBoolean(e.Value)
	case schema.Integer, schema.Decimal:
		value, fits = schema.ParseNumber(e.Value)
	case schema.DateTime:
		s, _ := e.Value.(string)
		value, fits = schema.ParseTime(s)
	default:
		value, fits = e.Value.(string)
	}
	if !fits {
		return nil, schema.Errorf(b.kind, "filter: %s has the type %s and can't be compared with %s", ref, attr.Type, quote.Cut(literal(e.Value)))
	}
	if !allowed(attr.Type, e.Op) {
		return nil, schema.Errorf(b.kind, "filter: %s has the type %s, which the operator %s does not compare", ref, attr.Type, e.Op)
	}
	return value, nil
}

// allowed reports whether values of the type can be compared by the operator. Booleans
// and binary values have no order (RFC 7644 section 3.4.2.2).
func allowed(t schema.Type, op Op) bool {
	switch op {
	case Co, Sw, Ew:
		return t == schema.String || t == schema.Reference
	case Gt, Ge, Lt, Le:
		return t != schema.Boolean && t != schema.Binary
	}
	return true
}
