// Package filter parses the filters and paths of SCIM (RFC 7644 sections 3.4.2.2 and
// 3.5.2), binds them to a schema, and evaluates them.
//
// [Parse] and [ParsePath] know the grammar only. [Bind] resolves the names by a
// resource type, checks that each comparison fits the attribute's type, and returns a
// [Condition]. A store compiles the Condition to a query, and [Matches] evaluates it.
package filter

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/rosterhq/roster/internal/quote"
	"github.com/rosterhq/roster/internal/scim/schema"
)

// Limits on a filter or path, so that parsing and evaluating it is bounded.
const (
	MaxBytes       = 8192
	MaxDepth       = 16  // nested groups, negations and value paths
	MaxComparisons = 100 // also counts pr
)

// Parse parses a filter. Errors have the type invalidFilter.
func Parse(text string) (result Expr, err error) {
	p := parser{text: text, kind: schema.InvalidFilter, what: "filter"}
	defer p.recover(&err)
	p.start()
	expr := p.or()
	p.spaces()
	if p.pos < len(p.text) {
		p.fail(p.pos, "expected and, or, or the end of the filter, found %s", p.found())
	}
	return expr, nil
}

// ParsePath parses the path of a PATCH operation. Errors have the type invalidPath.
func ParsePath(text string) (path Path, err error) {
	p := parser{text: text, kind: schema.InvalidPath, what: "path"}
	defer p.recover(&err)
	p.start()
	path.Attr = p.attr(true)
	if p.next() == '[' {
		if path.Attr.Name == "" {
			p.fail(p.pos, "a filter selects elements of an attribute, and %s names a schema", quote.Input(path.Attr.URN))
		}
		path.Filter = p.brackets()
		if p.next() == '.' {
			p.pos++
			start := p.pos
			if path.Sub = p.word(); !isName(path.Sub) {
				p.fail(start, "expected a sub-attribute after the dot, as in emails[type eq \"work\"].value")
			}
		}
	}
	p.spaces()
	if p.pos < len(p.text) {
		p.fail(p.pos, "expected the end of the path, found %s", p.found())
	}
	return path, nil
}

// parser is a recursive descent parser. It leaves by a panic with a *schema.Error, which
// recover returns.
type parser struct {
	text        string
	pos         int
	kind        schema.ScimType
	what        string
	depth       int
	comparisons int
	inside      bool // in the brackets of a value path
}

func (p *parser) recover(err *error) {
	switch e := recover().(type) {
	case nil:
	case *schema.Error:
		*err = e
	default:
		panic(e)
	}
}

// fail reports a mistake at a byte offset. Messages count characters, from 1.
func (p *parser) fail(at int, format string, args ...any) {
	panic(schema.Errorf(p.kind, "%s: at character %d: %s", p.what,
		utf8.RuneCountInString(p.text[:at])+1, fmt.Sprintf(format, args...)))
}

func (p *parser) start() {
	if len(p.text) > MaxBytes {
		panic(schema.Errorf(p.kind, "%s: has %d bytes; at most %d are allowed", p.what, len(p.text), MaxBytes))
	}
	for i, r := range p.text {
		if r == utf8.RuneError {
			if _, size := utf8.DecodeRuneInString(p.text[i:]); size == 1 {
				p.fail(i, "the text must be valid UTF-8")
			}
		}
	}
	p.spaces()
	if p.pos == len(p.text) {
		panic(schema.Errorf(p.kind, "%s: must not be empty", p.what))
	}
}

func (p *parser) or() Expr {
	operands := flattened[Or](nil, p.and())
	for p.connective("or") {
		operands = flattened(operands, p.and())
	}
	if len(operands) == 1 {
		return operands[0]
	}
	return operands
}

func (p *parser) and() Expr {
	operands := flattened[And](nil, p.operand())
	for p.connective("and") {
		operands = flattened(operands, p.operand())
	}
	if len(operands) == 1 {
		return operands[0]
	}
	return operands
}

// flattened appends an operand, or those of an operand of the same kind.
func flattened[E And | Or](operands E, operand Expr) E {
	if same, ok := any(operand).(E); ok {
		return append(operands, same...)
	}
	return append(operands, operand)
}

// connective skips the word if it comes next, between spaces.
func (p *parser) connective(word string) bool {
	start := p.pos
	if p.spaces() && strings.EqualFold(p.word(), word) && p.spaces() {
		return true
	}
	p.pos = start
	return false
}

// operand parses a group, a negation, a value path, a comparison or a presence test.
func (p *parser) operand() Expr {
	if p.next() == '(' {
		return p.group()
	}
	start := p.pos
	if strings.EqualFold(p.word(), "not") {
		p.spaces()
		if p.next() == '(' {
			return Not{p.group()}
		}
	}
	p.pos = start
	attr := p.attr(false)
	if p.next() == '[' {
		if p.inside {
			p.fail(p.pos, "a value path can't contain another one")
		}
		return ValuePath{attr, p.brackets()}
	}
	if p.comparisons++; p.comparisons > MaxComparisons {
		p.fail(start, "at most %d comparisons are allowed", MaxComparisons)
	}
	if !p.spaces() {
		p.fail(p.pos, "expected a space and an operator (%s) after %s, found %s", operators, quote.Input(attr.String()), p.found())
	}
	start = p.pos
	switch op := Op(strings.ToLower(p.word())); op {
	case "pr":
		return Present{attr}
	case Eq, Ne, Co, Sw, Ew, Gt, Ge, Lt, Le:
		if !p.spaces() || p.pos == len(p.text) {
			p.fail(p.pos, "expected a space and a value after %s, found %s", op, p.found())
		}
		return Compare{attr, op, p.value()}
	}
	p.pos = start
	p.fail(start, "expected an operator (%s) after %s, found %s", operators, quote.Input(attr.String()), p.found())
	return nil
}

const operators = "eq, ne, co, sw, ew, gt, ge, lt, le, pr"

func (p *parser) group() Expr { return p.nested(')') }

func (p *parser) brackets() Expr {
	p.inside = true
	defer func() { p.inside = false }()
	return p.nested(']')
}

// nested parses a filter between the character that comes next and the closing one.
func (p *parser) nested(closing byte) Expr {
	opened := p.pos
	if p.depth++; p.depth > MaxDepth {
		p.fail(p.pos, "parentheses and brackets may be nested %d deep at most", MaxDepth)
	}
	p.pos++
	p.spaces()
	expr := p.or()
	p.spaces()
	if p.next() != closing {
		p.fail(p.pos, "expected and, or, or %q to close the %q at character %d, found %s", closing, p.text[opened],
			utf8.RuneCountInString(p.text[:opened])+1, p.found())
	}
	p.pos++
	p.depth--
	return expr
}
