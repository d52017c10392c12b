// Package forwardauth answers reverse proxies that ask, before they forward a request,
// whether to: nginx (auth_request), Caddy (forward_auth), Traefik (forwardAuth), Envoy
// (ext_authz over HTTP) and the like.
package forwardauth

import (
	"errors"
	"net"
	"net/http"

	"github.com/rosterhq/roster/internal/applications"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/protocol"
)

// Prefix is the path that proxies ask. Those that append the path of the request, as Envoy
// does, may.
const Prefix = "/forward-auth/"

// Headers of the question, which the proxy sets, and of the answer, which it forwards.
const (
	// Application has the credential of the application that the proxy protects.
	headerApplication = "Roster-Application"
	// Require is the capability that the request takes, as in invoice|read, where the query
	// parameter require can't be set. If both are given, the request takes both.
	headerRequire = "Roster-Require"
	headerOrg     = "X-Axiom-Org-Id"

	headerUser         = "X-Roster-User"
	headerOrganization = "X-Roster-Organization"
	headerCapabilities = "X-Roster-Capabilities"
)

// maxCapabilities is how long the list of capabilities in the answer may be, in bytes:
// proxies limit headers to 4 or 8 KiB. A longer one is left out.
const maxCapabilities = 2 << 10

// Server answers proxies.
type Server struct {
	service *directory.Service
	apps    *applications.Apps
}

// New returns a server.
func New(service *directory.Service, apps *applications.Apps) *Server { return &Server{service, apps} }

// API is the table of routes. Proxies ask with the method of the request or with GET.
func (s *Server) API() protocol.API {
	api := protocol.API{Prefix: Prefix, Fail: fail}
	for _, method := range []string{
		http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions,
	} {
		api.Routes = append(api.Routes, protocol.Route{
			Method: method, Pattern: Prefix, Op: directory.OpForwardAuth, Serve: s.serve, Decides: true,
		})
	}
	return api
}

// serve answers 200 if the token of a request holds the capabilities that it takes, 401
// without a valid token, and 403 without a capability.
func (s *Server) serve(w http.ResponseWriter, r *http.Request, p protocol.Request) error {
	app, err := s.application(r, p)
	if err != nil {
		return err
	}
	want, err := required(r, app)
	if err != nil {
		return err
	}
	secret, err := protocol.Bearer(r.Header)
	if err != nil {
		return err
	}
	token, err := s.apps.Present(r.Context(), app, secret, directory.OrgID(r.Header.Get(headerOrg)), clientAddr(r, p))
	if directory.CodeOf(err) == directory.NotFound {
		return directory.Errorf(directory.Unauthenticated, "the token is unknown, expired or revoked")
	}
	if err != nil {
		return err
	}
	for _, one := range want {
		if !token.Held.Allows(one) {
			return directory.Errorf(directory.Forbidden, "missing permission %s", one)
		}
	}
	h := w.Header()
	h.Set(headerUser, token.Subject())
	h.Set(headerOrganization, string(token.Principal.OrgID))
	if list := applications.Scope(token.Held); len(list) <= maxCapabilities {
		h.Set(headerCapabilities, list)
	}
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusOK)
	return nil
}

// clientAddr is the address that the request came to the proxy from, "" if that is unknown:
// a peer that is no trusted proxy asks about others, so that its own address says nothing.
func clientAddr(r *http.Request, p protocol.Request) string {
	if peer, _, err := net.SplitHostPort(r.RemoteAddr); err != nil || p.Call.RemoteAddr == peer {
		return ""
	}
	return p.Call.RemoteAddr
}

// errApplication blames the configuration of the proxy, and is no 401, which proxies pass on.
var errApplication = directory.Errorf(directory.Forbidden, headerApplication+" must have the credential of an application (xaap-…)")

// application returns the application whose credential the proxy sent.
func (s *Server) application(r *http.Request, p protocol.Request) (directory.Application, error) {
	who, err := s.service.AuthenticateFrom(r.Context(), r.Header.Get(headerApplication), "", p.Call.RemoteAddr)
	if _, ok := errors.AsType[*directory.Error](err); ok || (err == nil && who.Kind != directory.AppClient) {
		return directory.Application{}, errApplication
	}
	if err != nil {
		return directory.Application{}, err
	}
	return s.apps.Application(r.Context(), who)
}

// fail responds with an error as text, which proxies may show.
func fail(w http.ResponseWriter, e *directory.Error) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(protocol.Statuses[e.Code])
	_, _ = w.Write([]byte(e.Error() + "\n")) // a client that is gone gets no answer
}
