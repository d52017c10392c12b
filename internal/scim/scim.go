// Package scim serves SCIM 2.0 (RFC 7643, RFC 7644, RFC 9865) under /scim/v2/. It turns
// requests into calls of [provisioning.Provisioner] and results into resources, and has
// no rules of its own. Its subpackages hold what needs no I/O: schemas, filters, patches.
package scim

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"strings"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/protocol"
	"github.com/rosterhq/roster/internal/provisioning"
	"github.com/rosterhq/roster/internal/quote"
)

// Root is the path below which everything is.
const Root = "/scim/v2"

// Limits of the protocol, as /ServiceProviderConfig shows them.
const (
	MaxBody         = 1 << 20
	MaxBulkBody     = 4 << 20
	MaxBulk         = 1000 // operations
	MaxPage         = directory.MaxProfilePage
	MaxGroupPage    = 50 // groups with their members
	DefaultPage     = 100
	searchCost      = 5
	maxBulkFailures = MaxBulk
)

// Options are what a [Server] needs.
type Options struct {
	Provisioner *provisioning.Provisioner
	// PublicURL is the URL of the server in links. If it is empty, links have the host of
	// the request.
	PublicURL string
}

// Server serves SCIM.
type Server struct {
	provisioner *provisioning.Provisioner
	publicURL   string
	types       typeCache
}

// New returns a server.
func New(o Options) *Server {
	return &Server{provisioner: o.Provisioner, publicURL: o.PublicURL}
}

// API is the table of routes.
func (s *Server) API() protocol.API {
	api := protocol.API{Prefix: Root + "/", Fail: fail}
	for _, rt := range routes {
		api.Routes = append(api.Routes, protocol.Route{
			Method: rt.method, Pattern: Root + rt.path, Op: rt.op, Cost: rt.cost, Long: rt.long, Serve: s.serve(rt),
		})
	}
	return api
}

// route is an operation with its method and path.
type route struct {
	method string
	path   string
	op     directory.Operation
	handle func(*request) (*response, error)
	cost   func(url.Values) int
	long   func(url.Values) bool
}

// routes is the table of SCIM.
var routes = []route{
	{"GET", "/ServiceProviderConfig", directory.OpGetProvisioningSchemas, getConfig, nil, nil},
	{"GET", "/ResourceTypes", directory.OpGetProvisioningSchemas, listResourceTypes, nil, nil},
	{"GET", "/ResourceTypes/{id}", directory.OpGetProvisioningSchemas, getResourceType, nil, nil},
	{"GET", "/Schemas", directory.OpGetProvisioningSchemas, listSchemas, nil, nil},
	{"GET", "/Schemas/{id}", directory.OpGetProvisioningSchemas, getSchema, nil, nil},

	{"GET", "/Users", directory.OpListUsers, listUsers, listCost, isSearch},
	{"POST", "/Users", directory.OpCreateUser, createUser, nil, nil},
	{"POST", "/Users/.search", directory.OpListUsers, searchUsers, always(searchCost), alwaysLong},
	{"GET", "/Users/{id}", directory.OpGetUser, getUser, nil, nil},
	{"PUT", "/Users/{id}", directory.OpUpdateUserProfile, replaceUser, nil, nil},
	{"PATCH", "/Users/{id}", directory.OpUpdateUserProfile, patchUser, nil, nil},
	{"DELETE", "/Users/{id}", directory.OpRemoveUser, deleteUser, nil, nil},

	{"GET", "/Groups", directory.OpListGroups, listGroups, listCost, isSearch},
	{"POST", "/Groups", directory.OpCreateGroup, createGroup, nil, nil},
	{"POST", "/Groups/.search", directory.OpListGroups, searchGroups, always(searchCost), alwaysLong},
	{"GET", "/Groups/{id}", directory.OpGetGroup, getGroup, nil, nil},
	{"PUT", "/Groups/{id}", directory.OpUpdateGroup, replaceGroup, nil, nil},
	{"PATCH", "/Groups/{id}", directory.OpUpdateGroup, patchGroup, nil, nil},
	{"DELETE", "/Groups/{id}", directory.OpDeleteGroup, deleteGroup, nil, nil},

	{"GET", "/Me", directory.OpGetOwnProfile, getMe, nil, nil},
	{"PUT", "/Me", directory.OpGetOwnProfile, noMe, nil, nil},
	{"POST", "/Me", directory.OpGetOwnProfile, noMe, nil, nil},
	{"PATCH", "/Me", directory.OpGetOwnProfile, noMe, nil, nil},
	{"DELETE", "/Me", directory.OpGetOwnProfile, noMe, nil, nil},
}

func init() { // bulk carries out the other routes of the table
	routes = append(routes, route{"POST", "/Bulk", directory.OpBulkProvision, bulk, nil, alwaysLong})
}

func always(cost int) func(url.Values) int { return func(url.Values) int { return cost } }

func alwaysLong(url.Values) bool { return true }

// request is a request at its route, or an operation of a bulk request.
type request struct {
	ctx    context.Context
	server *Server
	protocol.Request
	base       string // the URL of [Root]
	id         string // in the path
	query      url.Values
	body       map[string]any
	raw        []byte
	conditions conditions
	uri        string // of the request, "" for an operation of a bulk request
}

// response is what a request leads to.
type response struct {
	status   int
	location string
	tag      string
	body     any // nil: none; []byte: JSON
}

// serve is the route's handler.
func (s *Server) serve(rt route) func(http.ResponseWriter, *http.Request, protocol.Request) error {
	return func(w http.ResponseWriter, r *http.Request, p protocol.Request) error {
		rq := &request{ctx: r.Context(), server: s, Request: p, base: protocol.Base(s.publicURL, r) + Root, id: r.PathValue("id"), uri: r.URL.RequestURI(), conditions: conditionsOf(r.Header)}
		query, err := url.ParseQuery(r.URL.RawQuery)
		if err != nil {
			return directory.Errorf(directory.Invalid, "the query string is malformed")
		}
		if query.Has("dryRun") {
			return directory.InvalidField("dryRun", "SCIM has no dry runs, and the request would change something; use the v2 API")
		}
		rq.query = query
		if rt.path != "/Bulk" {
			if err := rq.checkID(); err != nil {
				return err
			}
		}
		if rt.method == http.MethodPost || rt.method == http.MethodPut || rt.method == http.MethodPatch {
			limit := int64(MaxBody)
			if rt.path == "/Bulk" {
				limit = MaxBulkBody
			}
			if err := rq.read(w, r, limit); err != nil {
				return err
			}
		}
		answer, err := rt.handle(rq)
		if err != nil {
			return coded(err)
		}
		return answer.send(w, r)
	}
}

// maxID bounds ids in paths. No object has a longer one.
const maxID = 100

// checkID answers ids that nothing can have as those that nothing has.
func (rq *request) checkID() error {
	if rq.id != "" && !isID(rq.id) && !strings.HasPrefix(rq.id, "urn:") {
		return directory.Errorf(directory.NotFound, "%s not found", quote.Input(rq.id))
	}
	return nil
}

func isID(id string) bool {
	return id != "" && len(id) <= maxID && !strings.ContainsFunc(id, func(r rune) bool { return r <= ' ' || r >= 0x7f })
}

// withBody is the request with another body, as an operation of a bulk request has it.
func (rq *request) withBody(id string, body map[string]any, c conditions) *request {
	sub := *rq
	sub.id, sub.body, sub.raw, sub.conditions, sub.query = id, maps.Clone(body), nil, c, url.Values{}
	return &sub
}
