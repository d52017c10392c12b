package client

import (
	"encoding/json"
	"io"
	"net/http"
)

// Error is an answer that refuses, or, with the status 0, a server that could
// not be reached. It never holds a token.
type Error struct {
	Status  int
	Code    string
	Message string
	Field   string // the member of the request that is to blame
	TraceID string // names the request in the server's log

	cause error
}

func (e *Error) Error() string { return e.Message }

// Unwrap gives what kept the server from being reached.
func (e *Error) Unwrap() error { return e.cause }

// Is compares statuses, so that errors.Is(err, ErrNotFound) works.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Message == "" && t.Status == e.Status
}

// What errors.Is can ask an [Error] for.
var (
	ErrUnreachable        = &Error{Status: 0}
	ErrInvalid            = &Error{Status: http.StatusBadRequest}
	ErrUnauthenticated    = &Error{Status: http.StatusUnauthorized}
	ErrForbidden          = &Error{Status: http.StatusForbidden}
	ErrNotFound           = &Error{Status: http.StatusNotFound}
	ErrConflict           = &Error{Status: http.StatusConflict}
	ErrPreconditionFailed = &Error{Status: http.StatusPreconditionFailed}
	ErrRateLimited        = &Error{Status: http.StatusTooManyRequests}
	ErrUnavailable        = &Error{Status: http.StatusServiceUnavailable}
)

func errorOf(resp *http.Response) *Error {
	e := &Error{Status: resp.StatusCode, TraceID: resp.Header.Get("X-Axiom-Trace-Id")}
	body, _ := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	if json.Unmarshal(body, e) != nil || e.Message == "" {
		e.Message = resp.Status
	}
	e.Status = resp.StatusCode
	return e
}
