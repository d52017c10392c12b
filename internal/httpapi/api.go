// Package httpapi serves the directory over HTTP: the v2 API, its description and
// documentation, and the health and metrics endpoints. It converts requests to calls of
// [directory.Service] and results to responses, and has no rules of its own.
package httpapi

import (
	"context"
	"log/slog"
	"math"
	"net/http"
	"net/netip"
	"path"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/rosterhq/roster/internal/access"
	"github.com/rosterhq/roster/internal/applications"
	"github.com/rosterhq/roster/internal/auditlog"
	"github.com/rosterhq/roster/internal/credentials"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/freshness"
	"github.com/rosterhq/roster/internal/identity"
	"github.com/rosterhq/roster/internal/members"
	"github.com/rosterhq/roster/internal/onboarding"
	"github.com/rosterhq/roster/internal/orgs"
	"github.com/rosterhq/roster/internal/protocol"
	"github.com/rosterhq/roster/internal/provisioning"
	"github.com/rosterhq/roster/internal/refusals"
	"github.com/rosterhq/roster/internal/roles"
	"github.com/rosterhq/roster/internal/schedules"
	"github.com/rosterhq/roster/internal/turns"
	"github.com/rosterhq/roster/internal/userimport"
	"github.com/rosterhq/roster/internal/webhooks"
)

// Options are what an [API] needs.
type Options struct {
	Service    *directory.Service
	Webhooks   *webhooks.Hooks
	AuditLog   *auditlog.Trail
	Freshness  *freshness.Tracker
	Identity   *identity.Proofs
	Onboarding *onboarding.Onboarder
	// Provisioner has the operations of directories, of which the API serves what people do.
	Provisioner *provisioning.Provisioner
	// Imports imports users. The console has the same one, so that an organization has one
	// import at a time. nil: one of the API's own.
	Imports *userimport.Importer
	// Members has the operations on users, and a cache for lists of them. The console has the
	// same one. nil: one of the API's own.
	Members *members.Roll
	Log     *slog.Logger
	// RateLimit is how many requests a principal may make in a minute. 0 is no limit.
	RateLimit int
	// RequestsUnderWay is how many requests an organization may have under way at a
	// time; 0: any number.
	RequestsUnderWay int
	// AccessLog is how many requests the log has one line for, at the level info: 1 for a
	// line for each, 0 for none. Requests that fail in the server have a line anyway, unless
	// it is 0.
	AccessLog int
	Clock     func() time.Time
	// TrustedProxies are the peers whose X-Forwarded-For header is used.
	TrustedProxies []netip.Prefix
	Version        string
	// PublicURL is the URL of the server in links. If it is empty, links have the host of
	// the request.
	PublicURL string
	// AllowProvision lets anybody create temporary organizations.
	AllowProvision bool
	// Pages are the parts of the site that other packages serve.
	Pages []Page
	// Protocols are served beside v2.
	Protocols []protocol.API
	// Home is the path that browsers are redirected to from /; "" for none.
	Home string
	// SeparateMetrics leaves /metrics out, because another listener serves it.
	SeparateMetrics bool
	// Collectors are served with the API's own metrics.
	Collectors []prometheus.Collector
}

// API is the HTTP handler of a server.
type API struct {
	service     service
	provisioner *provisioning.Provisioner
	log         *slog.Logger
	access      accessLog
	limits      *limiter
	lists       lists
	clock       func() time.Time
	proxies     []netip.Prefix
	metrics     *metrics
	mux         *http.ServeMux
	unknown     http.HandlerFunc // answers paths that don't exist
	draining    context.Context  // is done when event streams have to end
	drain       context.CancelFunc

	requests     *turns.Places[limitKey] // of each tenant
	maxRequests  int
	long         *turns.Places[limitKey] // of requests that compute for long
	streams      *turns.Places[limitKey] // of events, of each principal
	watches      *turns.Places[limitKey] // of applications, of each
	imports      *userimport.Importer
	chunkTimeout time.Duration // how long a client may take for a chunk of a body
	heartbeat    time.Duration // how often an idle stream sends a comment

	publicURL      string
	allowProvision bool
}

// New builds the handler.
func New(o Options) *API {
	a := &API{
		service: service{o.Service, o.Webhooks, o.AuditLog, o.Freshness, o.Identity, o.Onboarding, applications.New(o.Service), schedules.NewPlanner(o.Service), credentials.NewKeeper(o.Service), orgs.New(o.Service), refusals.New(o.Service), access.NewExplainer(o.Service), roles.NewCatalog(o.Service), o.Members}, provisioner: o.Provisioner, log: o.Log, clock: o.Clock, proxies: o.TrustedProxies,
		publicURL: strings.TrimSuffix(o.PublicURL, "/"), allowProvision: o.AllowProvision,
		limits: newLimiter(o.RateLimit), requests: newPlaces(o.RequestsUnderWay), maxRequests: o.RequestsUnderWay, long: newLongPlaces(), streams: newPlaces(maxStreams), watches: newPlaces(maxWatches), imports: o.Imports, mux: http.NewServeMux(), chunkTimeout: chunkTimeout, heartbeat: heartbeat,
	}
	if a.imports == nil {
		a.imports = userimport.New(o.Service)
	}
	if a.service.Roll == nil {
		a.service.Roll = members.NewRoll(o.Service)
	}
	a.access.log, a.access.every = o.Log, uint64(max(o.AccessLog, 0))
	a.draining, a.drain = context.WithCancel(context.Background())
	a.metrics = newMetrics(o.Version, a.expiring)
	a.metrics.registry.MustRegister(o.Collectors...)
	a.metrics.registry.MustRegister(newLimitCollector(a.service, o.Log, o.Clock), newTotalsCollector(a.service, o.Log, o.Clock))
	a.mountV2()
	for _, p := range o.Protocols {
		a.mountProtocol(p)
	}
	a.mountPages(o.SeparateMetrics, o.Home)
	a.mountSite(o.Pages)
	return a
}

// scrapeTimeout bounds the queries of a metrics scrape.
const scrapeTimeout = 5 * time.Second

// expiring counts expiring tokens for the metrics. It returns NaN if that fails.
func (a *API) expiring(within time.Duration) float64 {
	ctx, cancel := context.WithTimeout(context.Background(), scrapeTimeout)
	defer cancel()
	n, err := a.service.CountExpiring(ctx, within)
	if err != nil {
		a.log.Warn("expiring tokens could not be counted", "error", err)
		return math.NaN()
	}
	return float64(n)
}

// Drain makes /readyz respond with 503, so that load balancers send no more requests.
// Requests are still served, except event streams, which end so that their clients
// reconnect to another server.
func (a *API) Drain() { a.drain() }

// Metrics serves the Prometheus metrics alone.
func (a *API) Metrics() http.Handler { return a.metrics.handler() }

// ServeHTTP serves a request by its route. It sets the trace id, recovers panics, counts
// the request and logs it.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	rec := &response{ResponseWriter: w, trace: newTraceID(), came: a.clock()}
	rec.set(headerTrace, rec.trace)
	if id, ok := r.Header[headerRequestID]; ok && len(id[0]) <= maxRequestID {
		rec.Header()[headerRequestID] = id[:1]
	}
	defer func() {
		if p := recover(); p != nil {
			a.panicked(rec, r, p)
		}
		elapsed := a.clock().Sub(rec.came)
		a.metrics.observe(rec, elapsed)
		if a.access.wants(rec, r) {
			a.access.write(rec, r, a.remoteAddr(r), elapsed)
		}
	}()
	if unclean(r.URL.Path) {
		a.unknown(rec, r)
		return
	}
	a.mux.ServeHTTP(rec, r)
}

// unclean reports whether the mux would respond to a path with a redirect of its own, in
// HTML and without authentication.
func unclean(p string) bool {
	if p == "/v2" || strings.HasPrefix(p, "//") {
		return true
	}
	if !strings.Contains(p, "//") && !strings.Contains(p, "/.") {
		return false
	}
	clean := path.Clean(p)
	return clean != p && clean+"/" != p
}

// response is the response to a request, with what is counted and logged about it.
type response struct {
	http.ResponseWriter
	trace     string
	came      time.Time // when the request did
	route     *routeMetrics
	principal *directory.Principal // nil: unknown
	streams   bool                 // events: its duration is no latency
	status    int                  // 0: nothing is sent yet
	written   *directory.Written   // what the header of a success says; nil: nothing

	fields [8]string // values of the header's fields, in one allocation (ADR 15)
	used   int
}

// set sets a field of the header, whose name is sent as it is.
func (w *response) set(name, value string) {
	if w.used == len(w.fields) {
		w.Header()[name] = []string{value}
		return
	}
	w.fields[w.used] = value
	w.used++
	w.Header()[name] = w.fields[w.used-1 : w.used : w.used]
}

// responseOf returns the response that [API.ServeHTTP] gives to every handler.
func responseOf(w http.ResponseWriter) *response {
	return w.(*response)
}

// WriteHeader implements [http.ResponseWriter].
func (w *response) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
		w.sayWritten()
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write implements [http.ResponseWriter].
func (w *response) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
		w.sayWritten()
	}
	return w.ResponseWriter.Write(b) //nolint:gosec // JSON is no page
}

// Unwrap lets http.ResponseController reach the connection.
func (w *response) Unwrap() http.ResponseWriter { return w.ResponseWriter }
