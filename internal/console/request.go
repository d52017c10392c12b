package console

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/userimport"
)

// request is a request for a page by a person who is signed in.
type request struct {
	*http.Request
	console *Console
	w       http.ResponseWriter
	page    *page
	call    directory.Call // with the principal
	org     directory.OrgID
	form    *form // that was refused; nil if none was
}

type callKey struct{}

// callOf is the call that [Console.Serve] was given, without a principal.
func callOf(ctx context.Context) directory.Call {
	call, _ := ctx.Value(callKey{}).(directory.Call)
	return call
}

func withCall(ctx context.Context, call directory.Call) context.Context {
	return context.WithValue(ctx, callKey{}, call)
}

// handle carries a request through authentication and permission to fn.
func (c *Console) handle(p *page, fn func(*request) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, cmp.Or(p.maxBody, maxForm))
		rq := &request{Request: r, console: c, w: w, page: p, org: directory.OrgID(r.PathValue("org"))}
		rq.call = callOf(r.Context())
		err := rq.signIn()
		if err == nil && !p.open(rq.call.Principal) {
			err = p.needs[0].Authorize(rq.call.Principal)
			rq.recordRefusal(p.needs[0], err)
		}
		if err == nil {
			err = fn(rq)
		}
		if err != nil {
			rq.fail(err)
		}
	})
}

// signIn finds the person whose session the request has.
func (rq *request) signIn() error {
	p, err := rq.console.Auth.Principal(rq.Request, rq.org, rq.call.RemoteAddr)
	if err != nil {
		if directory.CodeOf(err) == directory.Forbidden {
			rq.org = "" // nothing is shown of an organization that the person is not in
			return errNoOrg
		}
		return err
	}
	rq.call.Principal = p
	if w, ok := rq.w.(interface{ ActsAs(*directory.Principal) }); ok { // for the access log
		w.ActsAs(p)
	}
	return nil
}

var errNoOrg = directory.Errorf(directory.NotFound, "there is no such organization, or you are not a member of it")

var errForm = directory.Errorf(directory.Invalid, "the form can't be read: it is damaged or too large")

// statuses maps errors to HTTP as pages have it; a code that is not in it is a bug.
var statuses = map[directory.Code]int{
	directory.Invalid:            http.StatusUnprocessableEntity,
	directory.Unauthenticated:    http.StatusUnauthorized,
	directory.Reauthenticate:     http.StatusForbidden,
	directory.Forbidden:          http.StatusForbidden,
	directory.NotFound:           http.StatusNotFound,
	directory.Conflict:           http.StatusConflict,
	directory.PreconditionFailed: http.StatusPreconditionFailed,
	directory.KeyReused:          http.StatusUnprocessableEntity,
	directory.LimitExceeded:      http.StatusForbidden,
	directory.RateLimited:        http.StatusTooManyRequests,
	directory.Unavailable:        http.StatusServiceUnavailable,
	userimport.TooLarge:          http.StatusRequestEntityTooLarge,
}

// known gives the error that a person may see. Other errors are logged with the trace id.
func (rq *request) known(err error) (*directory.Error, int) {
	if e, ok := errors.AsType[*directory.Error](err); ok {
		if status, ok := statuses[e.Code]; ok {
			return e, status
		}
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return directory.Errorf(directory.Unavailable, "the request was canceled before it was done"), http.StatusServiceUnavailable
	}
	rq.console.Log.Error("page failed", "trace", rq.call.TraceID, "method", rq.Method, "path", rq.URL.Path, "error", err)
	return directory.Errorf("internal", "something went wrong; the trace id finds it in the server's log"), http.StatusInternalServerError
}

// fail answers a request with an error page, or leads to the page that signs in.
func (rq *request) fail(err error) {
	e, status := rq.known(err)
	if e.Code == directory.Unauthenticated {
		rq.leadTo(rq.signInPath())
		return
	}
	if e.Code == directory.Unavailable {
		rq.w.Header().Set("Retry-After", "1")
	}
	if rq.Header.Get("HX-Request") != "" {
		rq.failPart(status, e)
		return
	}
	v := rq.view(map[string]any{"Status": status, "Message": sentence(e.Error()), "Trace": rq.call.TraceID})
	v.Title = errorTitles[status]
	if err := rq.write(status, "error", "layout", v); err != nil {
		rq.console.Log.Error("error page failed", "trace", rq.call.TraceID, "error", err)
		http.Error(rq.w, e.Error(), status)
	}
}

// failPart says why a part of a page can't be shown, where the page has room for that.
func (rq *request) failPart(status int, e *directory.Error) {
	h := rq.w.Header()
	h.Set("HX-Retarget", "#alert")
	h.Set("HX-Reswap", "innerHTML")
	if err := rq.write(status, "error", "alert", rq.view(sentence(e.Error()))); err != nil {
		rq.console.Log.Error("error failed", "trace", rq.call.TraceID, "error", err)
		rq.w.WriteHeader(status)
	}
}

var errorTitles = map[int]string{
	http.StatusForbidden: "Not allowed", http.StatusNotFound: "Not found", http.StatusServiceUnavailable: "Try again",
	http.StatusInternalServerError: "Something went wrong",
}

// back is the page that a request is about: its own, or for an action the page it is on.
func (rq *request) back() string {
	if rq.Method == http.MethodGet && rq.Header.Get("HX-Request") == "" {
		return rq.URL.RequestURI()
	}
	if i := strings.LastIndexByte(rq.URL.Path, '/'); i >= len(Root) {
		return rq.URL.Path[:i]
	}
	return Root
}

// leadTo sends the browser to another page, also if htmx made the request.
func (rq *request) leadTo(to string) {
	if rq.Header.Get("HX-Request") != "" {
		rq.w.Header().Set("HX-Redirect", to)
		rq.w.WriteHeader(http.StatusNoContent)
		return
	}
	rq.w.Header().Set("Location", to)
	rq.w.WriteHeader(http.StatusSeeOther)
}

// do carries out an action. If the directory refuses it, the error is shown beside the field that is
// to blame, on the page that the form is on, with what was typed.
func (rq *request) do(name string, a action) error {
	if err := rq.ParseForm(); err != nil {
		return errForm
	}
	out, err := a.do(rq)
	rq.recordRefusal(a.op, err)
	if err == nil && out.shown != nil {
		return rq.write(http.StatusOK, out.with, "layout", rq.view(out.shown))
	}
	if err == nil {
		rq.leave(out.note)
		rq.leadTo(rq.path(out.to))
		return nil
	}
	if code := directory.CodeOf(err); code == "" || code == directory.Unauthenticated || rq.page.show == nil {
		return err
	}
	var status int
	rq.form = &form{name: name, values: rq.PostForm}
	if rq.form.refusal, status = rq.known(err); rq.form.refusal.Code == directory.Reauthenticate {
		rq.form.Again = rq.signInPath()
	}
	return rq.showPage(status)
}

// showPage writes the whole page.
func (rq *request) showPage(status int) error {
	data, err := rq.page.show(rq)
	if err != nil {
		return err
	}
	return rq.write(status, rq.page.name, "layout", rq.view(data))
}

// showPart writes a part of the page.
func (rq *request) showPart(name string, read func(*request) (any, error)) error {
	if err := rq.ParseForm(); err != nil {
		return errForm
	}
	data, err := read(rq)
	if err != nil {
		return err
	}
	if data == nil {
		rq.w.WriteHeader(http.StatusNoContent)
		return nil
	}
	return rq.write(http.StatusOK, rq.page.name, name, rq.view(data))
}

// path is the path of a page of the organization, or of none.
func (rq *request) path(below string) string {
	if strings.HasPrefix(below, "/") {
		return below
	}
	if rq.org == "" {
		return Root + below
	}
	return Root + url.PathEscape(string(rq.org)) + "/" + below
}

func (rq *request) now() time.Time { return rq.console.Clock().UTC().Truncate(time.Microsecond) }

// may reports whether the person is allowed an operation. The service decides; this only
// leaves out of a page what would be refused.
func (rq *request) may(op directory.Operation) bool { return op.Authorize(rq.call.Principal) == nil }

func escape(text string) string { return url.QueryEscape(text) }
