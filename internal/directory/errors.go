package directory

import (
	"errors"
	"fmt"
	"time"
)

// Code classifies an [Error]. Each protocol maps codes to its own statuses in
// one table; nothing else decides a status.
type Code string

// The codes an [Error] carries.
const (
	Invalid            Code = "invalid"                   // the input breaks a rule; Field says where
	Unauthenticated    Code = "unauthenticated"           // no token, or one that is unknown, expired or revoked
	Reauthenticate     Code = "reauthentication_required" // the session needs a fresh sign-in for this
	Forbidden          Code = "forbidden"                 // the principal lacks a permission or a rule refuses it
	NotFound           Code = "not_found"                 // not in this organization, whether or not another one has it
	Conflict           Code = "conflict"                  // conflicts with the current state
	PreconditionFailed Code = "precondition_failed"       // If-Match names another state than the current one
	KeyReused          Code = "key_reused"                // an idempotency key came again with another request
	LimitExceeded      Code = "limit_exceeded"            // more than may exist, see [Limits], or than a request may do
	RateLimited        Code = "rate_limited"              // too many requests; try again later
	Unavailable        Code = "unavailable"               // storage can't be reached; safe to try again
)

// Error is the one error type that leaves this package with a meaning. Message
// is written for the person who has to act on it and never holds a secret.
type Error struct {
	Code    Code
	Message string
	Field   string // JSON name of the offending member, if one is to blame
	Err     error  // the cause, for logs only

	RetryAfter time.Duration // for [RateLimited]: when to try again, if that is certain
}

func (e *Error) Error() string {
	if e.Field != "" {
		return e.Field + ": " + e.Message
	}
	return e.Message
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// CodeOf is the code of the first [Error] in err's chain, or "" if there is none.
func CodeOf(err error) Code {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return ""
}

// Errorf returns an [Error] of the code without a field.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// InvalidField returns an [Invalid] error that blames a member of the input.
func InvalidField(field, format string, args ...any) *Error {
	return &Error{Code: Invalid, Field: field, Message: fmt.Sprintf(format, args...)}
}

// Missing is the [NotFound] error for what does not exist and for what another
// organization has. Both get the same message, so that ids can't be probed.
func Missing(kind string) *Error {
	return Errorf(NotFound, "%s not found", kind)
}

// IgnoreNotFound returns nil for what is missing.
func IgnoreNotFound(err error) error {
	if CodeOf(err) == NotFound {
		return nil
	}
	return err
}
