package httpapi

import (
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/quote"
)

// MaxBody is how many bytes a request's body may have.
const MaxBody = 1 << 20

// MaxIdempotencyKey is how many bytes an Idempotency-Key may have.
const MaxIdempotencyKey = 255

// request is a request that was admitted to its route.
type request struct {
	*http.Request
	api  *API
	w    *exchange
	call directory.Call
	body []byte
	// params is the query: parameters that the route has, each at most once.
	params url.Values
}

// exchange is a request with its answer. All that has to be kept of one stands in
// it together, so that it is allocated at once.
type exchange struct {
	recorder
	rq     request
	fields [exchangeFields]string // of the answer's header
	used   int
}

// exchangeFields is how many header fields most answers have at most.
const exchangeFields = 6

// set sets a field of the answer's header, whose name must be as it is to be
// sent: net/http's Set allocates twice for each.
func (w *exchange) set(name, value string) {
	if w.used == exchangeFields {
		w.Header()[name] = []string{value}
		return
	}
	w.fields[w.used] = value
	w.used++
	w.Header()[name] = w.fields[w.used-1 : w.used : w.used]
}

// handler turns a request into a service call and its result into an answer.
type handler func(rq *request) (answer, error)

// serve carries a request through its route: permission, limits on what came,
// the handler, conditions, the answer.
func (a *API) serve(w *exchange, r *http.Request, e endpoint, p *directory.Principal) error {
	if err := e.op.Authorize(p); err != nil {
		return err
	}
	rq := &w.rq
	rq.Request, rq.api, rq.w = r, a, w
	rq.call.Principal, rq.call.TraceID = p, w.trace
	var err error
	if rq.params, err = parseQuery(r.URL.RawQuery, e.reads); err != nil {
		return err
	}
	if err := rq.prepare(e.method); err != nil {
		return err
	}
	ans, err := e.handle(rq)
	if err != nil {
		return err
	}
	if rq.call.DryRun != nil {
		w.Header()[headerDiff] = []string{diffHeader(rq.call.DryRun)}
	}
	ans.write(rq)
	return nil
}

// prepare reads what a method brings beyond the path: a write's body and its
// conditions.
func (rq *request) prepare(method string) error {
	if method == http.MethodGet {
		return nil
	}
	rq.call.RemoteAddr, rq.call.UserAgent = rq.api.remoteAddr(rq.Request), rq.UserAgent()
	dry, err := rq.flag(dryRun)
	if err != nil {
		return err
	}
	if dry {
		rq.call.DryRun = new(directory.AccessDiff)
	}
	if method != http.MethodDelete {
		if rq.body, err = rq.read(); err != nil {
			return err
		}
	}
	rq.precondition()
	if method == http.MethodPost {
		return rq.idempotency()
	}
	return nil
}

// read takes in the body, of which nothing may be left out.
func (rq *request) read() ([]byte, error) {
	body, err := io.ReadAll(http.MaxBytesReader(rq.w.ResponseWriter, rq.Body, MaxBody))
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return nil, directory.Errorf(codeTooLarge, "the body is larger than %d bytes", MaxBody)
	}
	if err != nil {
		return nil, &directory.Error{Code: directory.Invalid, Message: "the body could not be read", Err: err}
	}
	return body, nil
}

// decode reads the JSON body into v, which a request without one does not have.
func (rq *request) decode(v any) error {
	mediaType, params, err := mime.ParseMediaType(rq.Header.Get("Content-Type"))
	charset := params["charset"]
	if err != nil || mediaType != "application/json" || (charset != "" && !strings.EqualFold(charset, "utf-8")) {
		return directory.Errorf(codeUnsupportedMedia, "the body must be JSON and say so: Content-Type: application/json")
	}
	return decodeJSON(rq.body, v)
}

func (rq *request) idempotency() error {
	values := rq.Header.Values("Idempotency-Key")
	if len(values) == 0 {
		return nil
	}
	key := values[0]
	if len(values) > 1 || key == "" || len(key) > MaxIdempotencyKey || strings.ContainsFunc(key, notPrintable) {
		return directory.Errorf(directory.Invalid, "Idempotency-Key must be 1 to %d printable ASCII characters, once", MaxIdempotencyKey)
	}
	rq.call.IdempotencyKey = key
	h := sha256.New()
	io.WriteString(h, rq.URL.Path)                                          //nolint:errcheck // a hash takes everything
	io.WriteString(h, "?dryRun="+strconv.FormatBool(rq.call.DryRun != nil)) //nolint:errcheck // same
	for _, name := range slices.Sorted(maps.Keys(rq.params)) {
		if name != dryRun { // with its length, so that no two queries look the same
			io.WriteString(h, fmt.Sprintf("&%s=%d:%s", name, len(rq.params.Get(name)), rq.params.Get(name))) //nolint:errcheck // same
		}
	}
	h.Write(rq.body)
	rq.call.Fingerprint = h.Sum(nil)
	return nil
}

func notPrintable(r rune) bool { return r < ' ' || r > '~' }

// parseQuery reads a query string. What it says has to be understood whole: a
// misspelt dryRun must not be a real run.
func parseQuery(raw string, known []string) (url.Values, error) {
	if raw == "" {
		return nil, nil
	}
	q, err := url.ParseQuery(raw)
	if err != nil {
		return nil, directory.Errorf(directory.Invalid, "the query string is malformed")
	}
	for name, values := range q {
		switch {
		case !slices.Contains(known, name):
			return nil, directory.Errorf(directory.Invalid, "there is no query parameter %s here; there are %s", quote.Input(name), cmp.Or(strings.Join(known, ", "), "none"))
		case len(values) > 1:
			return nil, directory.InvalidField(name, "must be there once")
		case values[0] == "": // it was meant to say something, and would be taken for left out
			return nil, directory.InvalidField(name, "must not be empty; leave it out instead")
		case !utf8.ValidString(values[0]) || strings.ContainsFunc(values[0], unicode.IsControl):
			return nil, directory.InvalidField(name, "must be text without control characters")
		}
	}
	return q, nil
}

// flag reads a query parameter that is true or false.
func (rq *request) flag(name string) (bool, error) {
	if !rq.params.Has(name) {
		return false, nil
	}
	switch rq.params.Get(name) {
	case "false", "0":
		return false, nil
	case "true", "1":
		return true, nil
	default:
		return false, directory.InvalidField(name, "must be true or false")
	}
}
