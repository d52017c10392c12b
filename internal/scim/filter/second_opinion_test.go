package filter_test

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rosterhq/roster/internal/scim/filter"
	scim2 "github.com/scim2/filter-parser/v2"
	"pgregory.net/rapid"
)

// secondOpinion compares what Parse makes of a text with what scim2/filter-parser does.
func secondOpinion(t rapid.TB, text string) {
	ours, err := filter.Parse(text)
	theirs, theirErr := scim2.ParseFilterNumber([]byte(text))
	if (err == nil) != (theirErr == nil) {
		if !explained(text, err) {
			t.Errorf("%q: %v, but scim2/filter-parser: %v", text, err, theirErr)
		}
		return
	}
	if err != nil {
		return
	}
	converted, ok := convert(theirs)
	if !ok {
		t.Errorf("%q: filter-parser returns %T", text, theirs)
		return
	}
	sameNumber := cmp.Comparer(func(a, b json.Number) bool { return strings.EqualFold(string(a), string(b)) }) // it writes 0E0 as 0e0
	if diff := cmp.Diff(converted, ours, sameNumber); diff != "" {
		t.Errorf("%q: filter-parser's tree differs: %s", text, diff)
	}
}

// differences are the deliberate ones. Each says why Parse decides otherwise. What Parse
// accepts and filter-parser rejects is recognized by the text, the reverse by the error.
var differences = []struct {
	accepts bool
	when    *regexp.Regexp
	why     string
}{
	{true, regexp.MustCompile(`^ | $`), "spaces around a filter are harmless, and a hand-written URL may have them"},
	{true, regexp.MustCompile(`\[.*(\(|\)|(?i)( and | or |not).*( and | or ))`), "RFC 7644's valFilter nests like a filter; filter-parser supports two comparisons at most"},
	{true, regexp.MustCompile(`\\u[0-9A-Fa-f]*[a-f]`), "JSON's escapes may have small letters"},
	{true, regexp.MustCompile(`(?i)urn:\S*([_~%!$&'*+,;=@/]|::)`), "RFC 8141 allows these in a URN, and Okta's URNs have underscores"},
	{false, regexp.MustCompile(`expected an attribute, .*found "[^ ]*:`), "only URNs identify schemas: a:b is a typing error"},
	{false, regexp.MustCompile(`U\+0000`), "no attribute contains U+0000, and PostgreSQL can't compare it"},
	{false, regexp.MustCompile(`expected an operator .*found "\["`), "RFC 7644's valuePath has no space before the bracket"},
	{false, regexp.MustCompile(`expected and, or, or ']' to close|expected a JSON value: .*found ".*(and|or)"`), "filter-parser does not require spaces around and, or in brackets; RFC 7644 does"},
	{false, regexp.MustCompile(`expected a JSON value: .*found "-?[0-9]`), "a number that does not fit a float64 has no order"},
	{false, regexp.MustCompile(`at most`), "filters are limited"},
}

// explained reports whether Parse's decision differs on purpose.
func explained(text string, err error) bool {
	if err != nil {
		text = err.Error()
	}
	for _, difference := range differences {
		if difference.accepts == (err == nil) && difference.when.MatchString(text) {
			return true
		}
	}
	return false
}

// convert returns filter-parser's tree as ours. Ours has no And in an And.
func convert(expr scim2.Expression) (filter.Expr, bool) {
	switch e := expr.(type) {
	case *scim2.LogicalExpression:
		left, ok := convert(e.Left)
		right, also := convert(e.Right)
		if e.Operator == scim2.AND {
			return append(operands[filter.And](left), operands[filter.And](right)...), ok && also
		}
		return append(operands[filter.Or](left), operands[filter.Or](right)...), ok && also
	case *scim2.NotExpression:
		operand, ok := convert(e.Expression)
		return filter.Not{Expr: operand}, ok
	case *scim2.ValuePath:
		inner, ok := convert(e.ValueFilter)
		return filter.ValuePath{Attr: convertPath(e.AttributePath), Filter: inner}, ok
	case *scim2.AttributeExpression:
		attr := convertPath(e.AttributePath)
		if e.Operator == scim2.PR {
			return filter.Present{Attr: attr}, true
		}
		value := e.CompareValue
		if s, ok := value.(string); ok {
			// It returns strings as they are in the text.
			if json.Unmarshal([]byte(`"`+s+`"`), &s) != nil {
				return nil, false
			}
			value = s
		}
		return filter.Compare{Attr: attr, Op: filter.Op(e.Operator), Value: value}, true
	}
	return nil, false
}

func operands[E filter.And | filter.Or](expr filter.Expr) E {
	if same, ok := any(expr).(E); ok {
		return same
	}
	return E{expr}
}

func convertPath(p scim2.AttributePath) filter.AttrPath {
	return filter.AttrPath{URN: strings.TrimSuffix(p.URI(), ":"), Name: p.AttributeName, Sub: p.SubAttributeName()}
}

// text draws a filter with random spaces and letter case.
func text(t *rapid.T, depth int, inside bool) string {
	space := func() string { return strings.Repeat(" ", rapid.IntRange(1, 2).Draw(t, "spaces")) }
	maybe := func() string { return strings.Repeat(" ", rapid.IntRange(0, 1).Draw(t, "space")) }
	word := func(s string) string {
		if rapid.Bool().Draw(t, "upper") {
			return strings.ToUpper(s)
		}
		return s
	}
	most := 5
	if depth == 0 {
		most = 1
	}
	switch rapid.IntRange(0, most).Draw(t, "kind") {
	case 2:
		return text(t, depth-1, inside) + space() + word("and") + space() + text(t, depth-1, inside)
	case 3:
		return text(t, depth-1, inside) + space() + word("or") + space() + text(t, depth-1, inside)
	case 4:
		return rapid.SampledFrom([]string{"", "not", "not ", "NOT"}).Draw(t, "not") + "(" + maybe() + text(t, depth-1, inside) + maybe() + ")"
	case 5:
		if !inside {
			return "emails[" + maybe() + text(t, depth-1, true) + maybe() + "]"
		}
	}
	attr := rapid.SampledFrom([]string{"userName", "name.givenName", "members.$ref", "not", "and", "x-1_y", "urn:ietf:params:scim:schemas:core:2.0:User:name.familyName"}).Draw(t, "attr")
	op := rapid.SampledFrom([]string{"eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le", "pr"}).Draw(t, "op")
	if op == "pr" {
		return attr + space() + word(op)
	}
	value := rapid.SampledFrom([]string{`""`, `"x"`, `"a b"`, `"\""`, `"\\"`, `"\u00E9)"`, `"and ]"`, "true", "FALSE", "null", "0", "-1", "1.50", "2e3", "01", "1."}).Draw(t, "value")
	return attr + space() + word(op) + space() + value
}

// Parse accepts what scim2/filter-parser accepts, and understands it the same way, but
// for the deliberate differences.
func TestParseAgreesWithFilterParser(t *testing.T) {
	for _, example := range examples {
		secondOpinion(t, example.text)
	}
	rapid.Check(t, func(t *rapid.T) { secondOpinion(t, text(t, 3, false)) })
}

// The same for filters with a typing error.
func TestParseRejectsWhatFilterParserRejects(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := text(t, 2, false)
		at := rapid.IntRange(0, len(s)-1).Draw(t, "at")
		insert := rapid.SampledFrom([]string{"", " ", `"`, "(", ")", "[", "]", ".", ":", `\`, "x", "1", "é"}).Draw(t, "insert")
		secondOpinion(t, s[:at]+insert+s[at+rapid.IntRange(0, 1).Draw(t, "delete"):])
	})
}

// Every kind of deliberate difference occurs.
func TestDifferencesFromFilterParserExist(t *testing.T) {
	for i, text := range []string{
		` a pr `, `a[(b pr)]`, `a eq "\u00e9"`, `urn:okta:acme_1:1.0:a pr`,
		`a:b pr`, `a eq "\u0000"`, `a [b pr]`, `a[b eq "x"and c eq 2]`, `a eq 1e999`, strings.Repeat("a pr or ", filter.MaxComparisons) + "a pr",
	} {
		_, err := filter.Parse(text)
		_, theirErr := scim2.ParseFilterNumber([]byte(text))
		decided := text
		if err != nil {
			decided = err.Error()
		}
		if (err == nil) == (theirErr == nil) || (err == nil) != differences[i].accepts || !differences[i].when.MatchString(decided) {
			t.Errorf("%.40s: %v, and %v of filter-parser: not the difference that %s", text, err, theirErr, differences[i].why)
		}
	}
}

// Parsing never panics, and String returns a filter that parses to the same tree.
func FuzzParse(f *testing.F) {
	for _, example := range examples {
		f.Add(example.text)
	}
	f.Add(`not (a pr and (b.c eq "x\u00e9\n" or urn:a:1.0:b le -1.5e3)) or e[not (f ne null)]`)
	f.Fuzz(func(t *testing.T, text string) {
		expr, err := filter.Parse(text)
		if err != nil {
			if expr != nil {
				t.Errorf("%q: an error and a filter", text)
			}
			return
		}
		again, err := filter.Parse(expr.String())
		if diff := cmp.Diff(expr, again); err != nil || diff != "" {
			t.Errorf("%q became %q: %v\n%s", text, expr, err, diff)
		}
		secondOpinion(t, text)
	})
}

// The same for paths. A bound filter evaluates without a panic.
func FuzzParsePath(f *testing.F) {
	f.Add(`emails[type eq "work" and not (primary eq true)].value`)
	f.Add(`urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value`)
	f.Add(`urn:okta:acme:1.0`)
	users := userType(f)
	var resource map[string]any
	if err := json.Unmarshal([]byte(jensen), &resource); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		path, err := filter.ParsePath(text)
		if err != nil {
			return
		}
		again, err := filter.ParsePath(path.String())
		if diff := cmp.Diff(path, again); err != nil || diff != "" {
			t.Errorf("%q became %q: %v\n%s", text, path, err, diff)
		}
		ref, err := users.LookupTarget(path.Attr.URN, path.Attr.Name, path.Attr.Sub)
		if err != nil || path.Filter == nil || ref.Attr == nil || !ref.Attr.MultiValued {
			return
		}
		if condition, err := filter.BindElement(path.Filter, users, ref); err == nil {
			elements, _ := ref.Get(resource).([]any)
			for _, element := range elements {
				whole := filter.ValuePath{Attr: path.Attr, Filter: path.Filter}
				bound, err := filter.Bind(whole, users)
				if err != nil {
					t.Fatalf("%q binds to the elements alone: %v", text, err)
				}
				if filter.MatchesElement(condition, element) && !filter.Matches(bound, resource) {
					t.Errorf("%q: matches an element and not the resource", text)
				}
			}
		}
	})
}
