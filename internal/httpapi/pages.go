package httpapi

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	_ "embed" // the claim page
	"encoding/base64"
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/httpapi/apidoc"
	"github.com/rosterhq/roster/internal/quote"
)

var errDraining = directory.Errorf(directory.Unavailable, "the server is shutting down")

// mountPages mounts the paths that need no token: health, metrics, and the API's own
// description and documentation.
func (a *API) mountPages(separateMetrics bool, home string) {
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
	a.static("/openapi.yaml", asset{"application/yaml", apidoc.YAML})
	a.static("/openapi.json", asset{"application/json", apidoc.JSON})
	a.static("/docs", asset{pageType, apidoc.Page})
	a.static("/docs/start.js", asset{scriptType, apidoc.Start})
	a.mux.HandleFunc("/docs/scalar.js", a.limited(a.readOnly(serveScalar)))
	if a.allowProvision {
		a.static("/claim", asset{pageType, claimPage})
	}
	if !separateMetrics {
		a.mux.HandleFunc("/metrics", a.limited(a.readOnly(a.metrics.handler().ServeHTTP)))
	}
	a.mux.HandleFunc("/", a.limited(func(w http.ResponseWriter, r *http.Request) {
		if home != "" && r.URL.Path == "/" && wantsPage(r) {
			http.Redirect(w, r, home, http.StatusSeeOther)
			return
		}
		a.failPage(w, r, directory.Errorf(directory.NotFound, "%s does not exist; the API is under /v2/, its documentation at /docs", quote.Cut(r.URL.Path)))
	}))
}

//go:embed claim.html
var claimPage []byte

// The media types of what is served to browsers.
const (
	pageType   = "text/html; charset=utf-8"
	scriptType = "text/javascript; charset=utf-8"
)

// contentSecurityPolicies are the policies of pages by path. The claim page is a single
// file, whose only script is allowed by its hash. The API reference sets inline styles.
var contentSecurityPolicies = map[string]string{
	"/claim": "default-src 'none'; style-src 'unsafe-inline'; connect-src 'self'; script-src 'sha256-" + scriptHash(claimPage) + "'; " + framing,
	"/docs":  "default-src 'none'; style-src 'unsafe-inline'; connect-src 'self'; script-src 'self'; img-src 'self' data:; font-src data:; " + framing,
}

const framing = "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

// scriptHash returns the hash of the script in a page as browsers compute it (CSP level 3,
// section 6.7.2.1).
func scriptHash(page []byte) string {
	_, rest, _ := strings.Cut(string(page), "<script>")
	script, _, _ := strings.Cut(rest, "</script>")
	sum := sha256.Sum256([]byte(script))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// asset is a file that is served as it is.
type asset struct {
	contentType string
	body        []byte
}

func (a *API) static(path string, file asset) {
	content := func(*http.Request) ([]byte, string, error) { return file.body, file.contentType, nil }
	a.mux.HandleFunc(path, a.limited(a.content(path, content)))
}

// limited charges each request to the address that it comes from.
func (a *API) limited(serve http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := a.chargeAddr(responseOf(w), r, 1); err != nil {
			a.failPage(w, r, err)
			return
		}
		serve(w, r)
	}
}

// page serves GET and HEAD at a path.
func (a *API) page(path string, content func(*http.Request) (body []byte, contentType string, err error)) {
	a.mux.HandleFunc(path, a.content(path, content))
}

// content serves the body that content returns, to GET and HEAD.
func (a *API) content(path string, content func(*http.Request) (body []byte, contentType string, err error)) http.HandlerFunc {
	return a.readOnly(func(w http.ResponseWriter, r *http.Request) {
		body, contentType, err := content(r)
		if err != nil {
			a.failPage(w, r, err)
			return
		}
		h := w.Header()
		if policy, ok := contentSecurityPolicies[path]; ok {
			h.Set("Content-Security-Policy", policy)
			h.Set("Referrer-Policy", "no-referrer")
		}
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Content-Type", contentType)
		_, _ = w.Write(body) // a client that is gone needs no response
	})
}

// scalarTag is the ETag of the API reference's code, which is large and seldom changes.
var scalarTag = sync.OnceValue(func() string {
	sum := sha256.Sum256(apidoc.Scalar)
	return `W/"` + base64.RawURLEncoding.EncodeToString(sum[:16]) + `"`
})

// maxScalar bounds the decompressed code, which is smaller.
const maxScalar = 64 << 20

// serveScalar serves the API reference's code, compressed unless the client can't
// decompress it.
func serveScalar(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", scriptType)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-cache")
	h.Set("Vary", "Accept-Encoding")
	h.Set("Etag", scalarTag())
	if r.Header.Get("If-None-Match") == scalarTag() {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		_, _ = w.Write(apidoc.Scalar) // a client that is gone needs no response
		return
	}
	plain, err := gzip.NewReader(bytes.NewReader(apidoc.Scalar))
	if err != nil {
		panic(err) // a test decompresses it
	}
	_, _ = io.CopyN(w, plain, maxScalar) // a client that is gone needs no response
}

// readOnly responds with 405 to methods other than GET and HEAD.
func (a *API) readOnly(serve http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			a.failPage(w, r, directory.Errorf(codeMethodNotAllowed, "%s is not allowed here; use GET or HEAD", quote.Cut(r.Method)))
			return
		}
		serve(w, r)
	}
}

func (a *API) failPage(w http.ResponseWriter, r *http.Request, err error) {
	a.fail(responseOf(w), r, err, writeError)
}
