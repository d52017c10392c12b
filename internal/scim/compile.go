package scim

import (
	"slices"
	"time"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/scim/filter"
	"github.com/rosterhq/roster/internal/scim/schema"
)

// compileFilter compiles a filter to a condition of the directory. hidden is an attribute
// that the principal may not see, and so not search for; "" for none. Errors have the type
// invalidFilter, or are [directory.Forbidden].
func compileFilter(text string, t *schema.ResourceType, hidden string) (directory.Condition, error) {
	expr, err := filter.Parse(text)
	if err != nil {
		return nil, err
	}
	bound, err := filter.Bind(expr, t)
	if err != nil {
		return nil, err
	}
	return compiler{t: t, hidden: hidden}.condition(bound)
}

// compiler compiles conditions on resources, or on the elements of a list.
type compiler struct {
	t      *schema.ResourceType
	list   *schema.Ref
	hidden string
}

// may refuses a condition on the hidden attribute, and on one that is never returned, whose
// value a search would tell.
func (c compiler) may(ref schema.Ref) error {
	if neverReturned(ref) {
		return schema.Errorf(schema.InvalidFilter, "filter: %s is never returned, so it can't be searched for", ref)
	}
	if c.hidden == "" || ref.URN != "" || ref.Attr.Name != c.hidden {
		return nil
	}
	return directory.Errorf(directory.Forbidden, "filter: searching by %s requires the capability rbac|read", c.hidden)
}

func neverReturned(ref schema.Ref) bool {
	return ref.Attr.Returned == schema.Never || ref.Last().Returned == schema.Never
}

// constant is a condition that holds for all or for none.
func constant(holds bool) directory.Condition {
	if holds {
		return directory.And{}
	}
	return directory.Or{}
}

func (c compiler) condition(cond filter.Condition) (directory.Condition, error) {
	switch cond := cond.(type) {
	case filter.All:
		all, err := c.each(cond)
		return directory.And(all), err
	case filter.Any:
		anyOf, err := c.each(cond)
		return directory.Or(anyOf), err
	case filter.None:
		condition, err := c.condition(cond.Condition)
		return directory.Not{Condition: condition}, err
	case filter.Has:
		if err := c.may(cond.Ref); err != nil {
			return nil, err
		}
		return c.has(cond)
	case filter.Some:
		if err := c.may(cond.Ref); err != nil {
			return nil, err
		}
		return c.some(cond)
	case filter.Test:
		if err := c.may(cond.Ref); err != nil {
			return nil, err
		}
		return c.test(cond)
	}
	return constant(false), nil
}

func (c compiler) each(conditions []filter.Condition) (compiled []directory.Condition, err error) {
	compiled = make([]directory.Condition, len(conditions))
	for i := range conditions {
		if compiled[i], err = c.condition(conditions[i]); err != nil {
			return nil, err
		}
	}
	return compiled, nil
}

// computed are attributes that no store keeps because they follow from others.
var computed = []string{"meta.location", "meta.version", "members.$ref", "members.display", "groups.$ref"}

func searchable(ref schema.Ref) bool {
	name := ref.String()
	return !slices.Contains(computed, name) && name != "meta.resourceType" && name != "meta" && name != "schemas"
}

func errComputed(ref schema.Ref) error {
	return schema.Errorf(schema.InvalidFilter, "filter: %s can't be searched for", ref)
}

// pathOf is the attribute's path in the directory.
func pathOf(ref schema.Ref) directory.Path {
	var path directory.Path
	if ref.URN != "" {
		path = append(path, ref.URN)
	}
	path = append(path, ref.Attr.Name)
	if ref.Sub != nil {
		path = append(path, ref.Sub.Name)
	}
	return path
}

// path is [pathOf], from the element if the condition is about one.
func (c compiler) path(ref schema.Ref) directory.Path {
	if c.list == nil {
		return pathOf(ref)
	}
	if ref.Sub == nil {
		return directory.Path{}
	}
	return directory.Path{ref.Sub.Name}
}

// alwaysThere are the attributes that every resource or element has, by type.
var alwaysThere = []string{"id", "meta", "meta.resourceType", "meta.created", "meta.lastModified", "meta.location", "meta.version", "schemas", "userName", "active"}

// fixed is the value of a sub-attribute that all elements have.
func fixed(ref schema.Ref) (string, bool) {
	switch ref.String() {
	case "members.type":
		return "User", true
	case "groups.type":
		return "direct", true
	}
	return "", false
}

func (c compiler) has(cond filter.Has) (directory.Condition, error) {
	name := cond.Ref.String()
	if c.list == nil && slices.Contains(alwaysThere, name) {
		return constant(true), nil
	}
	if _, ok := fixed(cond.Ref); ok || name == "members.$ref" || name == "groups.$ref" {
		return constant(true), nil
	}
	if name == "members.display" {
		return constant(false), nil
	}
	if c.list == nil && (name == "groups" || name == "members") {
		return directory.Some{Path: pathOf(cond.Ref)}, nil
	}
	if c.list == nil && cond.Ref.Attr.MultiValued {
		return directory.Some{Path: pathOf(cond.Ref), Where: anySub(cond.Ref.Attr, nil)}, nil
	}
	if cond.Ref.Last().Type == schema.Complex {
		return anySub(cond.Ref.Attr, c.path(cond.Ref)), nil
	}
	return directory.Present{Path: c.path(cond.Ref)}, nil
}

// anySub holds if one of the sub-attributes has a value that is not empty. If elements
// are not complex, the element itself must have one.
func anySub(attr *schema.Attribute, at directory.Path) directory.Condition {
	if attr.Type != schema.Complex {
		return directory.Present{Path: directory.Path{}}
	}
	var anyOf directory.Or
	for _, sub := range attr.SubAttributes {
		anyOf = append(anyOf, directory.Present{Path: append(slices.Clone(at), sub.Name)})
	}
	return anyOf
}

func (c compiler) some(cond filter.Some) (directory.Condition, error) {
	if cond.Ref.String() == "schemas" {
		var anyOf directory.Or
		for _, s := range c.t.Schemas() {
			switch {
			case !filter.MatchesElement(cond.Condition, s.ID):
			case s == c.t.Core:
				anyOf = append(anyOf, constant(true))
			default:
				anyOf = append(anyOf, directory.Present{Path: directory.Path{s.ID}})
			}
		}
		return anyOf, nil
	}
	inner, err := compiler{c.t, &cond.Ref, c.hidden}.condition(cond.Condition)
	return directory.Some{Path: pathOf(cond.Ref), Where: inner}, err
}

func (c compiler) test(cond filter.Test) (directory.Condition, error) {
	if cond.Op == filter.Ne {
		equal, err := c.test(filter.Test{Ref: cond.Ref, Op: filter.Eq, Value: cond.Value})
		return directory.Not{Condition: equal}, err
	}
	name, attr := cond.Ref.String(), cond.Ref.Last()
	if value, ok := fixed(cond.Ref); ok {
		return constant(filter.MatchesElement(cond, object{"type": value})), nil
	}
	if name == "meta.resourceType" {
		return constant(filter.Matches(cond, object{"meta": object{"resourceType": c.t.Name}})), nil
	}
	if slices.Contains(computed, name) {
		return nil, errComputed(cond.Ref)
	}
	compare := directory.Compare{Path: c.path(cond.Ref), Op: directory.Comparison(cond.Op), Value: cond.Value}
	switch value := cond.Value.(type) {
	case time.Time:
		return compareTime(compare, value, cond.Ref.URN == "" && cond.Ref.Attr.Name == "meta"), nil
	case string:
		if !isText(value) {
			return nil, schema.Errorf(schema.InvalidFilter, "filter: a value must be UTF-8 without the character U+0000")
		}
		// An index finds the ids of members and groups, which have one letter case.
		if id := name == "members.value" || name == "groups.value"; !id || cond.Op != filter.Eq {
			compare.CaseExact = attr.CaseExact || attr.Type == schema.Binary
			compare.Value = attr.Fold(value)
		}
		if name == "externalId" && cond.Op != filter.Eq { // it is never absent in the store
			return directory.And{directory.Present{Path: compare.Path}, compare}, nil
		}
	}
	return compare, nil
}

// compareTime compares times as resources show them, in whole milliseconds. The store
// keeps times of its own with microseconds, and others as texts.
func compareTime(compare directory.Compare, at time.Time, own bool) directory.Condition {
	whole := at.Truncate(time.Millisecond)
	between := !whole.Equal(at) // no resource shows such a time
	next := whole.Add(time.Millisecond)
	with := func(op directory.Comparison, at time.Time) directory.Condition {
		c := directory.Compare{Path: compare.Path, Op: op, Value: at}
		if !own {
			c.Value, c.CaseExact = schema.FormatTime(at), true
		}
		return c
	}
	from := with(directory.GreaterOrEqual, whole)
	after := with(directory.GreaterOrEqual, next)
	before := with(directory.Less, whole)
	until := with(directory.Less, next)
	switch compare.Op {
	case directory.Equal:
		if between {
			return constant(false)
		}
		return directory.And{from, until}
	case directory.Greater:
		return after
	case directory.GreaterOrEqual:
		if between {
			return after
		}
		return from
	case directory.Less:
		if between {
			return until
		}
		return before
	case directory.LessOrEqual:
		return until
	}
	return constant(false)
}
