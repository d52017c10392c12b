package httpapi

import (
	"bytes"
	"errors"
	"io"
	"reflect"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/quote"
)

// encode writes the wire format of v, ending with a newline. Equal values are equal
// bytes, because members of maps are sorted.
func encode[Wire any](v Wire) ([]byte, error) {
	b, err := json.Marshal(v, json.Deterministic(true))
	return append(b, '\n'), err
}

// appendString appends s as a JSON string. Bytes that are not UTF-8, which requests can't
// have, are replaced.
func appendString(b []byte, s string) []byte {
	b, _ = jsontext.AppendQuote(b, s)
	return b
}

// confidential is implemented by wire types that show a secret, such as a token's
// value. No cache may store such a response.
type confidential interface{ confidential() }

// wireTime is a time in the wire format. The zero time is null.
type wireTime struct{ time.Time }

// MarshalJSON writes RFC 3339 in UTC, to the microsecond.
func (t wireTime) MarshalJSON() ([]byte, error) {
	if t.IsZero() {
		return []byte("null"), nil
	}
	return t.UTC().AppendFormat(nil, `"2006-01-02T15:04:05.999999Z07:00"`), nil
}

var errTime = errors.New("must be a date and time as in 2030-01-31T12:00:00Z")

// UnmarshalJSON reads RFC 3339 or null. Go clients send their zero time,
// 0001-01-01T00:00:00Z, for a time that was never set. It is read as none. Every
// other early time is a time in the past.
func (t *wireTime) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		t.Time = time.Time{}
		return nil
	}
	if t.Time.UnmarshalJSON(b) != nil {
		return errTime
	}
	return nil
}

// strict rejects unknown members. The package's defaults are strict otherwise (RFC 7493):
// names are case-sensitive and unique, text is UTF-8, nothing follows the value, and
// nesting is bounded.
var strict = json.RejectUnknownMembers(true)

// decodeJSON reads a request's body into v. Errors: [directory.Invalid] with the problem
// and the field.
func decodeJSON(body []byte, v any) error {
	if kind := jsontext.Value(body).Kind(); kind != jsontext.KindInvalid && kind != jsontext.KindBeginObject {
		return directory.Errorf(directory.Invalid, "the body must be a JSON object")
	}
	err := json.Unmarshal(body, v, strict)
	if err == nil {
		return withoutNUL(body)
	}
	if len(strings.TrimSpace(string(body))) == 0 {
		return directory.Errorf(directory.Invalid, "the body is empty; it must be a JSON object")
	}
	if e, ok := errors.AsType[*directory.Error](err); ok {
		return e
	}
	bad := &directory.Error{Code: directory.Invalid, Err: err}
	semantic, ok := errors.AsType[*json.SemanticError](err)
	if !ok {
		bad.Message = "the body is not valid JSON: " + syntaxProblem(err)
		return bad
	}
	bad.Field = fieldName(semantic.JSONPointer)
	switch {
	case errors.Is(err, json.ErrUnknownName):
		bad.Message = "is not a member of this object"
	case errors.Is(err, errTime):
		bad.Message = errTime.Error()
	case errors.Is(err, authz.ErrTypeWire):
		bad.Message = authz.ErrTypeWire.Error()
	case semantic.JSONKind == jsontext.KindNumber && isInteger(semantic.GoType):
		bad.Message = "must be a whole number"
	case semantic.JSONKind != 0 && semantic.JSONKind != jsontext.KindInvalid:
		bad.Message = "has the wrong type: " + kindName(semantic.JSONKind)
	default:
		bad.Message = "has an invalid value"
	}
	return bad
}

func isInteger(t reflect.Type) bool {
	return t != nil && reflect.Int <= t.Kind() && t.Kind() <= reflect.Int64
}

// withoutNUL rejects text with U+0000, which PostgreSQL can't store.
func withoutNUL(body []byte) error {
	if !bytes.Contains(body, []byte(`\u0000`)) {
		return nil
	}
	d := jsontext.NewDecoder(bytes.NewReader(body))
	for {
		token, err := d.ReadToken()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if token.Kind() == jsontext.KindString && strings.ContainsRune(token.String(), 0) {
			return directory.InvalidField(fieldName(d.StackPointer()), "must not have the control character U+0000")
		}
	}
}

// given is a required member that may be null.
type given[T any] struct {
	value *T
	there bool
}

// UnmarshalJSONFrom implements [json.UnmarshalerFrom]. It is called only if the member is
// present.
func (g *given[T]) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	g.there = true
	return json.UnmarshalDecode(d, &g.value)
}

// syntaxProblem returns the library's description of an error, without the library's name
// and Go types.
func syntaxProblem(err error) string {
	syntactic, ok := errors.AsType[*jsontext.SyntacticError](err)
	if !ok {
		return "it ends too early"
	}
	bare := *syntactic // without the pointer, which may be very long
	bare.JSONPointer = ""
	text := strings.TrimPrefix(bare.Error(), "jsontext: ")
	if strings.Contains(text, "max depth") {
		return "it is nested too deeply"
	}
	if errors.Is(err, jsontext.ErrDuplicateName) {
		return "the member " + fieldName(syntactic.JSONPointer) + " is given twice"
	}
	return text
}

// fieldName writes a JSON pointer as the v2 API writes names: "/role/id" is "role.id".
func fieldName(p jsontext.Pointer) string {
	var parts []string
	for token := range p.Tokens() {
		parts = append(parts, token)
	}
	return quote.Cut(strings.Join(parts, "."))
}

func kindName(k jsontext.Kind) string {
	switch k {
	case 'n':
		return "null"
	case 't', 'f':
		return "a boolean"
	case '"':
		return "a string"
	case '0':
		return "a number"
	case '{':
		return "an object"
	case '[':
		return "an array"
	default:
		return "something else"
	}
}
