// Package protocol describes an API that is served beside v2, such as SCIM. The package
// httpapi serves it: its requests get a trace id, are authenticated, charged and counted,
// take turns, and have their refusals recorded, as those of v2 do.
package protocol

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/rosterhq/roster/internal/directory"
)

// API is a protocol's table of routes.
type API struct {
	// Prefix is the path that all routes begin with. It ends with a slash. Other paths
	// below it require a token before the response is 404. A route whose pattern is the
	// prefix is for all of them.
	Prefix string
	Routes []Route
	// Fail responds with an error, which has a code.
	Fail func(http.ResponseWriter, *directory.Error)
}

// Route is an operation with its method and path. The principal has the permission of the
// operation when Serve is called.
type Route struct {
	Method  string
	Pattern string // of [http.ServeMux], without a method
	Op      directory.Operation
	// Serve responds, or returns an error before it has sent anything.
	Serve func(http.ResponseWriter, *http.Request, Request) error
	// Cost is what a request takes from the rate limit, depending on the query; nil: 1.
	Cost func(url.Values) int
	// Long reports whether a request computes for long. Such requests take turns. If it is
	// nil, none does.
	Long func(url.Values) bool
	// Decides is set for a route that answers by what principals may do. It waits for the
	// writes that the Roster-Consistency header of a request names. The responses of other
	// routes have the header if the request has written something.
	Decides bool
}

// Request is what a route needs of the server.
type Request struct {
	Call directory.Call
	// Charge takes more from the rate limit than the route costs. Errors:
	// [directory.RateLimited].
	Charge func(cost int) error
	// Refused records that a part of the request was refused to the principal, if err is
	// such a refusal.
	Refused func(op directory.Operation, target directory.Target, err error)
}

// Base is the URL of the server in links, without a slash at the end: publicURL, or if that
// is empty, the one that a request was sent to.
func Base(publicURL string, r *http.Request) string {
	if publicURL != "" {
		return strings.TrimSuffix(publicURL, "/")
	}
	if r.TLS != nil || strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https") {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

// Codes of errors that concern a request and not what it asks for.
const (
	MethodNotAllowed directory.Code = "method_not_allowed"
	TooLarge         directory.Code = "too_large"
	UnsupportedMedia directory.Code = "unsupported_media_type"
	Internal         directory.Code = "internal"
)

// Statuses maps the codes of errors to HTTP statuses, in every protocol.
var Statuses = map[directory.Code]int{
	directory.Invalid:            http.StatusBadRequest,
	directory.Unauthenticated:    http.StatusUnauthorized,
	directory.Forbidden:          http.StatusForbidden,
	directory.Reauthenticate:     http.StatusForbidden,
	directory.NotFound:           http.StatusNotFound,
	directory.Conflict:           http.StatusConflict,
	directory.PreconditionFailed: http.StatusPreconditionFailed,
	directory.KeyReused:          http.StatusUnprocessableEntity,
	directory.LimitExceeded:      http.StatusForbidden,
	directory.RateLimited:        http.StatusTooManyRequests,
	directory.Unavailable:        http.StatusServiceUnavailable,
	MethodNotAllowed:             http.StatusMethodNotAllowed,
	TooLarge:                     http.StatusRequestEntityTooLarge,
	UnsupportedMedia:             http.StatusUnsupportedMediaType,
	Internal:                     http.StatusInternalServerError,
}
