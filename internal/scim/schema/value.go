package schema

import (
	"encoding/base64"
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/rosterhq/roster/internal/quote"
	"github.com/rosterhq/roster/internal/text"
)

// maxInteger is the largest integer that every JSON implementation holds exactly (RFC
// 8259 section 6).
const maxInteger = 1<<53 - 1

// simple decodes a value that is not complex.
func (a *Attribute) simple(path string, value any) (any, error) {
	s, isString := value.(string)
	if isString && strings.ContainsRune(s, 0) {
		return nil, Errorf(InvalidValue, "%s: contains the character U+0000; leave it out", path)
	}
	if isString && !utf8.ValidString(s) {
		return nil, Errorf(InvalidValue, "%s: must be valid UTF-8", path)
	}
	switch a.Type {
	case Boolean:
		if b, ok := ParseBoolean(value); ok {
			return b, nil
		}
		return nil, Errorf(InvalidValue, "%s: must be true or false, not %s", path, kindOf(value))
	case Integer, Decimal:
		f, ok := ParseNumber(value)
		if !ok {
			return nil, Errorf(InvalidValue, "%s: must be a number, not %s", path, kindOf(value))
		}
		if a.Type == Integer && (f != math.Trunc(f) || math.Abs(f) > maxInteger) {
			return nil, Errorf(InvalidValue, "%s: must be an integer between -(2^53 - 1) and 2^53 - 1", path)
		}
		return f, nil
	}
	if !isString {
		return nil, Errorf(InvalidValue, "%s: must be a string, not %s", path, kindOf(value))
	}
	switch a.Type {
	case DateTime:
		at, ok := ParseTime(s)
		if !ok {
			return nil, Errorf(InvalidValue, "%s: %s is not a date and time, as in 2008-01-23T04:56:22Z", path, quote.Input(s))
		}
		return FormatTime(at), nil
	case Binary:
		if !isBase64(s) {
			return nil, Errorf(InvalidValue, "%s: must be base64", path)
		}
	case String, Reference:
		return a.canonical(path, s)
	}
	return s, nil
}

// canonical returns the spelling that a schema with closed values has for a value.
func (a *Attribute) canonical(path, s string) (any, error) {
	if !a.closed || len(a.CanonicalValues) == 0 {
		return s, nil
	}
	for _, canonical := range a.CanonicalValues {
		if a.Fold(canonical) == a.Fold(s) {
			return canonical, nil
		}
	}
	return nil, Errorf(InvalidValue, "%s: %s is not one of its canonical values; use one of %s",
		path, quote.Input(s), quote.Cut(strings.Join(a.CanonicalValues, ", ")))
}

// Fold returns the same text for all values of a string attribute that are equal by its
// caseExact.
func (a *Attribute) Fold(s string) string {
	if a.CaseExact || a.Type == Binary || a.Type == DateTime {
		return s
	}
	return text.FoldKey(s)
}

// ParseBoolean accepts a boolean, and "true" and "false" in any letter case.
func ParseBoolean(value any) (result, ok bool) {
	switch v := value.(type) {
	case bool:
		return v, true
	case string:
		return strings.EqualFold(v, "true"), strings.EqualFold(v, "true") || strings.EqualFold(v, "false")
	}
	return false, false
}

// ParseNumber accepts a number, and a string with a number as JSON has it.
func ParseNumber(value any) (float64, bool) {
	var literal string
	switch v := value.(type) {
	case float64:
		return v, !math.IsInf(v, 0) && !math.IsNaN(v)
	case json.Number:
		literal = v.String()
	case string:
		literal = v
	}
	f, err := strconv.ParseFloat(literal, 64)
	return f, err == nil && json.Valid([]byte(literal))
}

// ParseTime accepts xsd:dateTime with a date and a time (RFC 7643 section 2.3.5). A time
// without a zone is in UTC.
func ParseTime(s string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05"} {
		if at, err := time.Parse(layout, s); err == nil {
			at = at.UTC()
			return at, at.Year() >= 1 && at.Year() <= 9999
		}
	}
	return time.Time{}, false
}

// FormatTime returns the form that a time has in a resource: UTC with milliseconds. As
// texts, such times sort by time.
func FormatTime(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05.000Z") }

func isBase64(s string) bool {
	for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding, base64.RawStdEncoding, base64.RawURLEncoding} {
		if _, err := encoding.DecodeString(s); err == nil {
			return true
		}
	}
	return false
}

// kindOf names the kind of a JSON value, for a message.
func kindOf(value any) string {
	switch value.(type) {
	case nil:
		return "null"
	case string:
		return "a string"
	case bool:
		return "a boolean"
	case float64, json.Number:
		return "a number"
	case []any:
		return "a list"
	}
	return "an object"
}
