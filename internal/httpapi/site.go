package httpapi

import (
	"net/http"
	"strings"

	"github.com/rosterhq/roster/internal/directory"
)

// Page is a part of the site for browsers that another package serves, such as the
// console. Requests get a trace id, are counted, and are charged to the address that
// they come from, as those of the API are.
type Page struct {
	// Pattern is a pattern of [http.ServeMux] without a method.
	Pattern string
	// Serve serves a request. Its call has no principal. The writer has a method
	// ActsAs(*directory.Principal), which a page calls when it has found out who makes the
	// request, so that the access log says it.
	Serve func(w http.ResponseWriter, r *http.Request, call directory.Call)
}

// mountSite mounts the pages of other packages.
func (a *API) mountSite(pages []Page) {
	for _, p := range pages {
		metrics := a.metrics.route("", p.Pattern)
		a.mux.HandleFunc(p.Pattern, a.limited(func(w http.ResponseWriter, r *http.Request) {
			rec := responseOf(w)
			rec.route = metrics
			p.Serve(w, r, directory.Call{TraceID: rec.trace, RemoteAddr: a.remoteAddr(r), UserAgent: r.UserAgent()})
		}))
	}
}

// ActsAs notes who makes the request of a page.
func (w *response) ActsAs(p *directory.Principal) { w.principal = p }

// wantsPage reports whether a request accepts HTML, as those of browsers do.
func wantsPage(r *http.Request) bool {
	return r.Method == http.MethodGet && strings.Contains(r.Header.Get("Accept"), "text/html")
}
