package signin

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/rosterhq/roster/internal/directory"
)

// request is a request that is being served.
type request struct {
	*http.Request
	w    http.ResponseWriter
	call directory.Call
}

// actsAs says for the access log who makes the request; nil is nobody.
func (rq *request) actsAs(p *directory.Principal) {
	if w, ok := rq.w.(interface{ ActsAs(*directory.Principal) }); ok && p != nil {
		w.ActsAs(p)
	}
}

// handler serves a request, or returns an error before it has sent anything.
type handler func(*SignIn, *request) error

type callKey struct{}

func withCall(ctx context.Context, call directory.Call) context.Context {
	return context.WithValue(ctx, callKey{}, call)
}

// handle limits what an address may try, and shows errors.
func (s *SignIn) handle(h handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		call, _ := r.Context().Value(callKey{}).(directory.Call)
		rq := &request{r, w, call}
		err := error(errTooMany)
		if r.Method != http.MethodPost || s.limit.allow(call.RemoteAddr) {
			err = h(s, rq)
		}
		if err != nil {
			s.fail(rq, err)
		}
	}
}

// statuses are those of the errors that these pages show.
var statuses = map[directory.Code]int{
	directory.Invalid:         http.StatusBadRequest,
	directory.Unauthenticated: http.StatusUnauthorized,
	directory.Reauthenticate:  http.StatusForbidden,
	directory.Forbidden:       http.StatusForbidden,
	directory.NotFound:        http.StatusNotFound,
	directory.Conflict:        http.StatusConflict,
	directory.LimitExceeded:   http.StatusForbidden,
	directory.RateLimited:     http.StatusTooManyRequests,
	directory.Unavailable:     http.StatusServiceUnavailable,
}

// fail shows an error as a page, or as JSON to the script. An error without a code is logged,
// with the trace id, and not shown.
func (s *SignIn) fail(rq *request, err error) {
	e, ok := errors.AsType[*directory.Error](err)
	if !ok {
		if rq.Context().Err() == nil {
			s.o.Log.Error("sign-in failed", "trace", rq.call.TraceID, "method", rq.Method, "path", rq.URL.Path, "error", err)
		}
		e = directory.Errorf("internal", "internal error; the trace id %s finds it in the server's log", rq.call.TraceID)
	}
	status := statuses[e.Code]
	if status == 0 {
		status = http.StatusInternalServerError
	}
	if rq.Header.Get("Accept") == "application/json" {
		rq.reply(status, map[string]string{"code": string(e.Code), "message": e.Error()})
		return
	}
	s.show(rq, status, "error", page{Title: "Sign in", Error: e.Error()})
}

func (rq *request) reply(status int, v any) {
	rq.w.Header().Set("Content-Type", "application/json")
	rq.w.WriteHeader(status)
	_ = json.NewEncoder(rq.w).Encode(v) // a client that is gone needs no response
}

func (rq *request) leadTo(path string) error {
	http.Redirect(rq.w, rq.Request, path, http.StatusSeeOther)
	return nil
}
