package httpapi

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"net/http"
	"runtime/debug"
	"strconv"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/protocol"
)

// Codes of errors that concern a request and not what it asks for.
const (
	codeMethodNotAllowed = protocol.MethodNotAllowed
	codeTooLarge         = protocol.TooLarge
	codeUnsupportedMedia = protocol.UnsupportedMedia
	codeInternal         = protocol.Internal
)

var errInternal = directory.Errorf(codeInternal, "internal error; find it in the server's log by the trace id")

// errorWriter sends an error in the form of a protocol.
type errorWriter func(http.ResponseWriter, *directory.Error)

// writeError sends an error in the form of v2.
func writeError(w http.ResponseWriter, e *directory.Error) {
	writeJSON(responseOf(w), protocol.Statuses[e.Code], errorJSON(e))
}

// fail responds with an error. An error without a code is logged here, with the trace id,
// and the client gets only the trace id.
func (a *API) fail(w *response, r *http.Request, err error, write errorWriter) {
	e, known := errors.AsType[*directory.Error](err)
	switch {
	case known:
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		// The client has disconnected or the server is shutting down.
		e = directory.Errorf(directory.Unavailable, "the request was canceled before it was done")
	default:
		a.log.LogAttrs(r.Context(), slog.LevelError, "request failed",
			slog.String("trace", w.trace), slog.String("method", r.Method), slog.String("path", r.URL.Path), slog.Any("error", err))
		e = errInternal
	}
	h := w.Header()
	switch e.Code {
	case directory.Unauthenticated:
		// Without credentials in the request there is no error code (RFC 6750 section 3.1).
		if r.Header.Get("Authorization") == "" {
			h.Set("WWW-Authenticate", `Bearer realm="roster"`)
		} else {
			h.Set("WWW-Authenticate", `Bearer realm="roster", error="invalid_token"`)
		}
	case directory.Unavailable:
		h.Set("Retry-After", "1")
	case directory.RateLimited:
		if e.RetryAfter > 0 {
			h.Set("Retry-After", strconv.Itoa(int(math.Ceil(e.RetryAfter.Seconds()))))
		}
	}
	write(w, e)
}

func errorJSON(e *directory.Error) []byte {
	b := append(make([]byte, 0, 128), `{"code":`...)
	b = appendString(b, string(e.Code))
	b = append(b, `,"message":`...)
	b = appendString(b, e.Error())
	if e.Field != "" {
		b = append(b, `,"field":`...)
		b = appendString(b, e.Field)
	}
	return append(b, '}', '\n')
}

// panicked responds after a handler's panic. If the response has begun already, it cuts
// the connection.
func (a *API) panicked(w *response, r *http.Request, p any) {
	if err, ok := p.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		panic(p)
	}
	a.log.Error("panic", "trace", w.trace, "method", r.Method, "path", r.URL.Path, "panic", p, "stack", string(debug.Stack()))
	if w.status != 0 {
		panic(http.ErrAbortHandler)
	}
	writeJSON(w, http.StatusInternalServerError, errorJSON(errInternal))
}
