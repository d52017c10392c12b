package schema

import "fmt"

// ScimType says what kind of mistake a 400 or 409 response reports. RFC 7644 section
// 3.12 defines the values.
type ScimType string

// The kinds of mistakes that the pure packages find.
const (
	InvalidFilter ScimType = "invalidFilter"
	InvalidPath   ScimType = "invalidPath"
	InvalidSyntax ScimType = "invalidSyntax"
	InvalidValue  ScimType = "invalidValue"
	Mutability    ScimType = "mutability"
	NoTarget      ScimType = "noTarget"
)

// Error is a mistake in a request.
type Error struct {
	Type   ScimType
	Detail string // what is wrong, where, and what to do; for the client
}

func (e *Error) Error() string { return e.Detail }

// Errorf returns an [Error] with a formatted detail.
func Errorf(kind ScimType, format string, args ...any) *Error {
	return &Error{Type: kind, Detail: fmt.Sprintf(format, args...)}
}
