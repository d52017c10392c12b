package filter

import (
	"encoding/json"
	"strings"
)

// Expr is a parsed filter: an [And], [Or], [Not], [Compare], [Present] or [ValuePath].
// Its String method returns a filter that parses to the same Expr.
type Expr interface {
	String() string
	expr()
}

// And matches if all of its operands do. It has at least two, and none is an And.
type And []Expr

// Or matches if one of its operands does. It has at least two, and none is an Or.
type Or []Expr

// Not matches if its operand does not.
type Not struct{ Expr Expr }

// Compare compares an attribute with a value.
type Compare struct {
	Attr AttrPath
	Op   Op
	// Value is a string, a bool, a json.Number, or nil for null.
	Value any
}

// Present matches if the attribute has a value that is not empty (pr).
type Present struct{ Attr AttrPath }

// ValuePath matches if one element of a multi-valued attribute matches the filter
// (emails[type eq "work"]).
type ValuePath struct {
	Attr   AttrPath
	Filter Expr
}

// Op is a comparison operator, in lower case.
type Op string

// The comparison operators of RFC 7644 section 3.4.2.2. The operator pr is [Present].
const (
	Eq Op = "eq"
	Ne Op = "ne"
	Co Op = "co"
	Sw Op = "sw"
	Ew Op = "ew"
	Gt Op = "gt"
	Ge Op = "ge"
	Lt Op = "lt"
	Le Op = "le"
)

// AttrPath names an attribute as it was spelled: its letter case is not significant.
type AttrPath struct {
	URN  string // the schema's, or ""
	Name string
	Sub  string // the sub-attribute, or ""
}

// Path is the target of a PATCH operation (RFC 7644 section 3.5.2).
type Path struct {
	// Attr is the attribute. In the path of a whole schema extension, its Name may
	// be empty, or be the last part of the URN: a path does not show where a URN ends.
	Attr   AttrPath
	Filter Expr   // selects elements of a multi-valued attribute, or nil
	Sub    string // the sub-attribute of the selected elements, or ""
}

func (And) expr()       {}
func (Or) expr()        {}
func (Not) expr()       {}
func (Compare) expr()   {}
func (Present) expr()   {}
func (ValuePath) expr() {}

func (e And) String() string {
	operands := make([]string, len(e))
	for i, operand := range e {
		operands[i] = operand.String()
		if _, weaker := operand.(Or); weaker {
			operands[i] = "(" + operands[i] + ")"
		}
	}
	return strings.Join(operands, " and ")
}

func (e Or) String() string {
	operands := make([]string, len(e))
	for i, operand := range e {
		operands[i] = operand.String()
	}
	return strings.Join(operands, " or ")
}

func (e Not) String() string { return "not (" + e.Expr.String() + ")" }
func (e Compare) String() string {
	return e.Attr.String() + " " + string(e.Op) + " " + literal(e.Value)
}
func (e Present) String() string   { return e.Attr.String() + " pr" }
func (e ValuePath) String() string { return e.Attr.String() + "[" + e.Filter.String() + "]" }

func (a AttrPath) String() string {
	s := a.Name
	if a.URN != "" && a.Name != "" {
		s = a.URN + ":" + a.Name
	} else if a.URN != "" {
		s = a.URN
	}
	if a.Sub != "" {
		s += "." + a.Sub
	}
	return s
}

func (p Path) String() string {
	s := p.Attr.String()
	if p.Filter != nil {
		s += "[" + p.Filter.String() + "]"
	}
	if p.Sub != "" {
		s += "." + p.Sub
	}
	return s
}

// literal returns a value as JSON, without escaping what only HTML needs escaped.
func literal(value any) string {
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return "null" // no value of a Compare leads here
	}
	return strings.TrimSuffix(b.String(), "\n")
}
