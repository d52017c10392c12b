package client

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
)

// Error is an error answer of the server. If Status is 0, the server could not be
// reached. Its text never contains the client's token.
type Error struct {
	Status  int
	Code    string
	Message string
	Field   string // the request's member that the error is about
	TraceID string // names the request in the server's log

	cause error
}

func (e *Error) Error() string { return e.Message }

// Unwrap returns the cause if the server could not be reached.
func (e *Error) Unwrap() error { return e.cause }

// kind is the type of the errors that [errors.Is] matches with an [Error].
type kind string

func (k kind) Error() string { return string(k) }

// Errors that [errors.Is] matches with an [Error]. ErrInvalid is an invalid request
// (400, 405, 413, 415, 422). ErrUnavailable is a server that is unreachable, failed, or
// can't answer now (5xx).
const (
	ErrInvalid            kind = "invalid"
	ErrUnauthenticated    kind = "unauthenticated"
	ErrForbidden          kind = "forbidden"
	ErrNotFound           kind = "not found"
	ErrConflict           kind = "conflict"
	ErrPreconditionFailed kind = "precondition failed"
	ErrRateLimited        kind = "rate limited"
	ErrUnavailable        kind = "unavailable"
)

// Is compares kinds, so that errors.Is(err, ErrNotFound) works.
func (e *Error) Is(target error) bool {
	k, ok := target.(kind)
	return ok && k == e.kind()
}

func (e *Error) kind() kind {
	switch e.Status {
	case http.StatusBadRequest, http.StatusMethodNotAllowed, http.StatusRequestEntityTooLarge,
		http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity:
		return ErrInvalid
	case http.StatusUnauthorized:
		return ErrUnauthenticated
	case http.StatusForbidden:
		return ErrForbidden
	case http.StatusNotFound:
		return ErrNotFound
	case http.StatusConflict:
		return ErrConflict
	case http.StatusPreconditionFailed:
		return ErrPreconditionFailed
	case http.StatusTooManyRequests:
		return ErrRateLimited
	}
	if e.Status == 0 || e.Status >= 500 {
		return ErrUnavailable
	}
	return ""
}

// maxError bounds how many bytes of an error response are read.
const maxError = 64 << 10

func (c *Client) errorOf(resp *http.Response) *Error {
	e := &Error{Status: resp.StatusCode, TraceID: resp.Header.Get("X-Axiom-Trace-Id")}
	var body struct{ Code, Message, Field string }
	b, _ := io.ReadAll(io.LimitReader(resp.Body, maxError))
	if json.Unmarshal(b, &body) != nil || body.Message == "" {
		body.Message = "the server answered " + resp.Status // a proxy, perhaps
	}
	e.Code, e.Field = body.Code, body.Field
	e.Message = strings.ReplaceAll(body.Message, c.token, "[token]")
	return e
}
