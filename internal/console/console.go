// Package console serves the web console: pages for people who manage an organization
// in a browser. A page reads and changes the directory through operations alone, those of
// [directory.Service] and of packages beside it, as the person who is signed in, so that
// every rule holds here as it does in the API. Signing people in is behind [Auth].
package console

import (
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/rosterhq/roster/internal/access"
	"github.com/rosterhq/roster/internal/applications"
	"github.com/rosterhq/roster/internal/auditlog"
	"github.com/rosterhq/roster/internal/credentials"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/identity"
	"github.com/rosterhq/roster/internal/members"
	"github.com/rosterhq/roster/internal/onboarding"
	"github.com/rosterhq/roster/internal/orgs"
	"github.com/rosterhq/roster/internal/provisioning"
	"github.com/rosterhq/roster/internal/refusals"
	"github.com/rosterhq/roster/internal/roles"
	"github.com/rosterhq/roster/internal/schedules"
	"github.com/rosterhq/roster/internal/turns"
	"github.com/rosterhq/roster/internal/userimport"
	"github.com/rosterhq/roster/internal/webhooks"
)

// Root is where the console is served. The organization's id comes next in a path.
const Root = "/console/"

// Options are what a [Console] needs.
type Options struct {
	Service     *directory.Service
	Trail       *auditlog.Trail
	Hooks       *webhooks.Hooks
	Identity    *identity.Proofs
	Onboarding  *onboarding.Onboarder
	Imports     *userimport.Importer
	Members     *members.Roll
	Apps        *applications.Apps
	Planner     *schedules.Planner
	Provisioner *provisioning.Provisioner
	Auth        Auth
	Log         *slog.Logger
	Clock       func() time.Time
	// SignIn is the path of the page that signs people in, which gets the path to come back
	// to in the parameter next. The other pages for signing in and out are below it.
	SignIn string
	// PublicURL is where people reach the server; "" for wherever they did.
	PublicURL string
}

// Console is the web console.
type Console struct {
	Options
	tokens   *credentials.Keeper
	orgs     *orgs.Registry
	refusals *refusals.Recorder
	access   *access.Explainer
	catalog  *roles.Catalog
	pages    []page
	mux      *http.ServeMux
	uploads  *turns.Places[directory.OrgID] // for lists of users that are held in memory
}

// contentSecurityPolicy lets a page load scripts, styles and data from this server
// alone. Nothing inline runs, so text that gets into a page as markup can't do anything.
const contentSecurityPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
	"connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// New makes the console.
func New(o Options) *Console {
	c := &Console{Options: o, tokens: credentials.NewKeeper(o.Service), orgs: orgs.New(o.Service), refusals: refusals.New(o.Service), access: access.NewExplainer(o.Service), catalog: roles.NewCatalog(o.Service), pages: pages, mux: http.NewServeMux(), uploads: turns.NewPlaces(uploads, func(directory.OrgID) int { return 1 })}
	for i := range pages {
		c.mount(&pages[i])
	}
	c.mux.HandleFunc("GET "+Root+"{org}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", Root+url.PathEscape(r.PathValue("org"))+"/")
		w.WriteHeader(http.StatusSeeOther)
	})
	c.mux.Handle(Root, c.handle(&page{}, func(*request) error { return errNoPage }))
	return c
}

// maxForm is how many bytes a submitted form may have.
const maxForm = 1 << 20

// Serve serves a request. call is the call that it would make, without a principal.
func (c *Console) Serve(w http.ResponseWriter, r *http.Request, call directory.Call) {
	h := w.Header()
	h.Set("Content-Security-Policy", contentSecurityPolicy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin") // with no-referrer, a form would be posted with Origin: null
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-store") // pages are not kept for who uses the browser next; assets are, see serveAsset
	if file, ok := strings.CutPrefix(r.URL.Path, assetRoot); ok {
		serveAsset(w, r, file)
		return
	}
	protection := http.NewCrossOriginProtection()
	protection.SetDenyHandler(c.handle(&page{}, func(*request) error { return errCrossOrigin }))
	protection.Handler(c.mux).ServeHTTP(w, r.WithContext(withCall(r.Context(), call)))
}

var (
	errNoPage      = directory.Errorf(directory.NotFound, "there is no such page")
	errCrossOrigin = directory.Errorf(directory.Forbidden, "this form was sent from another site; open the console and send it from there")
)
