package store

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/rosterhq/roster/internal/directory"
)

// jsonDialect writes what differs between engines in conditions on JSON. doc is a
// document that document made; paths and texts are parameters.
type jsonDialect interface {
	document(text string) string
	// email is the document of a user without a stored profile.
	email(key string) string
	// path is the value of the parameter for a path.
	path(directory.Path) string
	// text and number are NULL if the value is of another type.
	text(doc, path string) string
	number(doc, path string) string
	bool(doc, path string, want bool) string
	present(doc, path string) string
	// sortable is a value as text, NULL if it has none.
	sortable(doc, path string) string
	// elements is a table of an array's elements, doc, and their positions, key.
	elements(doc, path, as string) string
	contains(text, part string) string
}

// field is what a path leads to. Texts have two forms: folded, and exact.
type field struct {
	kind   fieldKind
	folded string // an expression; of JSON, the document
	exact  string
	path   directory.Path // of JSON, within the document
	// equal and starts are conditions that use an index, with a parameter in place of %[1]s,
	// and of %[2]s for the end of the range. They compare the folded form unless always.
	equal, starts string
	always        bool
}

type fieldKind int

const (
	textField fieldKind = iota
	timeField
	boolField
	jsonField
)

// resource is a kind of object that conditions select.
type resource struct {
	attribute func(path directory.Path) field
	// some is the table of an attribute's elements, and their attributes.
	some map[string]elements
	// grams says that the rows u are users, whose texts can be found by their grams.
	grams bool
}

// elements are the rows that an attribute with several values has in other tables.
type elements struct {
	from      string // up to the condition on an element
	attribute func(path directory.Path) (field, bool)
	equal     string // a condition that an element with a value exists, by an index
	// text is the condition that a text of an element compares, in any letter case, with
	// {column} in place of the comparison of each column. The text is the attribute column.
	text, column string
}

// compiler writes a condition with the parameters of its statement. The first parameter
// is the organization.
type compiler struct {
	dialect jsonDialect
	of      resource
	args    []any
	within  bool // the condition is about an element
}

func (c *compiler) bind(v any) string {
	c.args = append(c.args, v)
	return fmt.Sprintf("$%d", len(c.args))
}

// keeping is how a statement begins: by default not to be kept, because there are as many
// as conditions and orders. There are few that find one value by an index.
func (c *compiler) keeping(q directory.ProfileQuery) string {
	if len(q.OrderBy) > 0 {
		return keepOut
	}
	switch cond := q.Where.(type) {
	case nil:
		return ""
	case directory.Compare:
		if a := c.of.attribute(cond.Path); cond.Op == directory.Equal && a.equal != "" && (a.always || !cond.CaseExact) {
			return ""
		}
	case directory.Some:
		if _, ok := equalValue(cond.Where); ok && len(cond.Path) == 1 && c.of.some[cond.Path[0]].equal != "" {
			return ""
		}
	}
	return keepOut
}

const never = "1 = 0"

func (c *compiler) condition(cond directory.Condition) string {
	switch cond := cond.(type) {
	case nil:
		return "1 = 1"
	case directory.And:
		return c.joined(cond, " AND ", "1 = 1")
	case directory.Or:
		return c.joined(cond, " OR ", never)
	case directory.Not:
		return "NOT (" + c.condition(cond.Condition) + ")"
	case directory.Compare:
		return c.compare(c.of.attribute(cond.Path), cond)
	case directory.Present:
		return c.present(c.of.attribute(cond.Path))
	case directory.Some:
		return c.someElement(cond)
	default:
		return never
	}
}

func (c *compiler) joined(all []directory.Condition, operator, none string) string {
	if len(all) == 0 {
		return none
	}
	parts := make([]string, len(all))
	for i := range all {
		parts[i] = "(" + c.condition(all[i]) + ")"
	}
	return strings.Join(parts, operator)
}

// certain makes a condition that may be NULL false instead, so that NOT reverses it.
func certain(condition string) string { return "COALESCE(" + condition + ", 1 = 0)" }

func (c *compiler) compare(a field, cond directory.Compare) string {
	switch a.kind {
	case textField:
		want, ok := cond.Value.(string)
		if !ok {
			return never
		}
		if indexed := c.indexed(a, cond, want); indexed != "" {
			return indexed
		}
		text := a.folded
		if cond.CaseExact {
			text = a.exact
		}
		return certain(c.compareText(text, cond.Op, want))
	case timeField:
		want, ok := cond.Value.(time.Time)
		if !ok {
			return never
		}
		return c.order(a.exact, cond.Op, micros(want))
	case boolField:
		want, ok := cond.Value.(bool)
		if !ok || cond.Op != directory.Equal {
			return never
		}
		if want {
			return a.exact
		}
		return "NOT (" + a.exact + ")"
	default:
		return certain(c.compareJSON(a, cond))
	}
}

// indexed is a comparison that an index answers, "" for others.
func (c *compiler) indexed(a field, cond directory.Compare, want string) string {
	switch {
	case cond.CaseExact && !a.always:
		return ""
	case cond.Op == directory.Equal && a.equal != "":
		return fmt.Sprintf(a.equal, c.bind(want))
	case cond.Op == directory.StartsWith && a.starts != "" && want != "":
		return fmt.Sprintf(a.starts, c.bind(want), c.bind(want+"\U0010FFFF"))
	}
	return ""
}

func (c *compiler) compareText(text string, op directory.Comparison, want string) string {
	switch op {
	case directory.Contains:
		return c.dialect.contains(text, c.bind(want))
	case directory.StartsWith:
		p := c.bind(want)
		return fmt.Sprintf("substr(%s, 1, length(%s)) = %s", text, p, p)
	case directory.EndsWith:
		p := c.bind(want)
		return fmt.Sprintf("length(%[1]s) >= length(%[2]s) AND substr(%[1]s, length(%[1]s) - length(%[2]s) + 1) = %[2]s", text, p)
	default:
		return c.order(text, op, want)
	}
}

var orders = map[directory.Comparison]string{
	directory.Equal: "=", directory.Greater: ">", directory.GreaterOrEqual: ">=", directory.Less: "<", directory.LessOrEqual: "<=",
}

func (c *compiler) order(value string, op directory.Comparison, want any) string {
	operator, ok := orders[op]
	if !ok {
		return never
	}
	return value + " " + operator + " " + c.bind(want)
}

func (c *compiler) compareJSON(a field, cond directory.Compare) string {
	doc := a.folded
	if cond.CaseExact {
		doc = a.exact
	}
	path := c.bind(c.dialect.path(a.path))
	switch want := cond.Value.(type) {
	case string:
		return c.compareText("("+c.dialect.text(doc, path)+")", cond.Op, want)
	case bool:
		if cond.Op != directory.Equal {
			return never
		}
		return c.dialect.bool(doc, path, want)
	case int64:
		return c.order("("+c.dialect.number(doc, path)+")", cond.Op, float64(want))
	case float64:
		return c.order("("+c.dialect.number(doc, path)+")", cond.Op, want)
	case json.Number:
		n, err := want.Float64()
		if err != nil {
			return never
		}
		return c.order("("+c.dialect.number(doc, path)+")", cond.Op, n)
	case time.Time:
		return c.compareText("("+c.dialect.text(doc, path)+")", cond.Op, want.UTC().Format(time.RFC3339Nano))
	default:
		return never
	}
}

func (c *compiler) present(a field) string {
	switch a.kind {
	case textField:
		return certain(a.exact + " <> ''")
	case jsonField:
		return certain(c.dialect.present(a.exact, c.bind(c.dialect.path(a.path))))
	default:
		return "1 = 1"
	}
}

// jsonElements is followed by the elements of a JSON array.
const jsonElements = `SELECT 1 FROM `

var columnIn = regexp.MustCompile(`\{[a-z_.]+\}`)

// someElement selects by the elements of an attribute: rows of a table, or JSON.
func (c *compiler) someElement(some directory.Some) string {
	if c.within || len(some.Path) == 0 {
		return never
	}
	e, inTable := c.of.some[some.Path[0]]
	if inTable && len(some.Path) == 1 && e.equal != "" {
		if want, ok := equalValue(some.Where); ok {
			return fmt.Sprintf(e.equal, c.bind(want))
		}
	}
	if cond, ok := some.Where.(directory.Compare); ok && inTable && e.text != "" && len(some.Path) == 1 && !cond.CaseExact &&
		len(cond.Path) == 1 && cond.Path[0] == e.column {
		if want, ok := cond.Value.(string); ok {
			return certain(columnIn.ReplaceAllStringFunc(e.text, func(column string) string {
				return "(" + c.compareText(strings.Trim(column, "{}"), cond.Op, want) + ")"
			}))
		}
	}
	inner := &compiler{dialect: c.dialect, args: c.args, within: true}
	var from string
	if inTable && len(some.Path) == 1 && e.from != "" {
		from = e.from
		inner.of.attribute = func(path directory.Path) field {
			if a, ok := e.attribute(path); ok {
				return a
			}
			return field{kind: textField, folded: "''", exact: "''"}
		}
	} else {
		a := c.of.attribute(some.Path)
		if a.kind != jsonField {
			return never
		}
		path := inner.bind(c.dialect.path(a.path))
		from = jsonElements + c.dialect.elements(a.folded, path, "f") + ` JOIN ` + c.dialect.elements(a.exact, path, "x") + ` ON x.key = f.key WHERE `
		inner.of.attribute = func(path directory.Path) field {
			return field{kind: jsonField, folded: "f.doc", exact: "x.doc", path: path}
		}
	}
	where := inner.condition(some.Where)
	c.args = inner.args
	return "EXISTS (" + from + "(" + where + "))"
}

// equalValue is the text that a condition on an element wants its value to be, in any
// letter case.
func equalValue(cond directory.Condition) (string, bool) {
	compare, ok := cond.(directory.Compare)
	if !ok || compare.Op != directory.Equal || compare.CaseExact || len(compare.Path) != 1 || compare.Path[0] != "value" {
		return "", false
	}
	want, ok := compare.Value.(string)
	return want, ok
}
