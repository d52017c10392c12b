package httpapi

import (
	"crypto/sha256"
	_ "embed" // the claim page
	"encoding/base64"
	"net/http"
	"strings"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/httpapi/apidoc"
)

var errDraining = directory.Errorf(directory.Unavailable, "the server is shutting down")

// mountPages puts up what needs no token: health, metrics, and the API's own
// description and documentation.
func (a *API) mountPages(separateMetrics bool) {
	a.page("/healthz", func(*http.Request) ([]byte, string, error) {
		return []byte(`{"status":"ok"}` + "\n"), "application/json", nil
	})
	a.page("/readyz", func(r *http.Request) ([]byte, string, error) {
		if a.draining.Err() != nil {
			return nil, "", errDraining
		}
		if err := a.service.Ready(r.Context()); err != nil {
			return nil, "", &directory.Error{Code: directory.Unavailable, Message: "the database does not answer", Err: err}
		}
		return []byte(`{"status":"ok"}` + "\n"), "application/json", nil
	})
	a.static("/openapi.yaml", "application/yaml", apidoc.YAML)
	a.static("/openapi.json", "application/json", apidoc.JSON)
	a.static("/docs", "text/html; charset=utf-8", apidoc.HTML)
	if a.allowProvision {
		a.static("/claim", "text/html; charset=utf-8", claimPage)
	}
	if !separateMetrics {
		a.mux.HandleFunc("/metrics", a.readOnly(a.metrics.handler().ServeHTTP))
	}
	a.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		a.failPage(w, r, directory.Errorf(directory.NotFound, "there is no %s; the API is under /v2/, its documentation at /docs", r.URL.Path))
	})
}

//go:embed claim.html
var claimPage []byte

// contentSecurityPolicy allows the one script there is, by its hash.
var contentSecurityPolicy = "default-src 'none'; style-src 'unsafe-inline'; connect-src 'self'; frame-ancestors 'none'; " +
	"base-uri 'none'; form-action 'none'; script-src 'sha256-" + scriptHash(claimPage) + "'"

// scriptHash is what a browser computes of the script in a page (CSP level 3,
// section 6.7.2.1).
func scriptHash(page []byte) string {
	_, rest, _ := strings.Cut(string(page), "<script>")
	script, _, _ := strings.Cut(rest, "</script>")
	sum := sha256.Sum256([]byte(script))
	return base64.StdEncoding.EncodeToString(sum[:])
}

func (a *API) static(path, contentType string, body []byte) {
	a.page(path, func(*http.Request) ([]byte, string, error) { return body, contentType, nil })
}

// page serves GET and HEAD at a path. It may load and
// frame nothing: all it needs is in it.
func (a *API) page(path string, content func(*http.Request) (body []byte, contentType string, err error)) {
	a.mux.HandleFunc(path, a.readOnly(func(w http.ResponseWriter, r *http.Request) {
		body, contentType, err := content(r)
		if err != nil {
			a.failPage(w, r, err)
			return
		}
		h := w.Header()
		if strings.HasPrefix(contentType, "text/html") {
			h.Set("Content-Security-Policy", contentSecurityPolicy)
			h.Set("Referrer-Policy", "no-referrer")
		}
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Content-Type", contentType)
		w.Write(body) //nolint:errcheck // a client that is gone needs no answer
	}))
}

// readOnly answers other methods than GET and HEAD with 405.
func (a *API) readOnly(serve http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			a.failPage(w, r, directory.Errorf(codeMethodNotAllowed, "%s is not allowed here; allowed are GET, HEAD", r.Method))
			return
		}
		serve(w, r)
	}
}

func (a *API) failPage(w http.ResponseWriter, r *http.Request, err error) {
	a.fail(w.(*exchange), r, err) //nolint:forcetypeassert // ServeHTTP made it
}
