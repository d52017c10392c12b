package forwardauth

import (
	"errors"
	"net/http"
	"strings"

	"github.com/rosterhq/roster/internal/applications"
	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/directory"
)

// Headers by which proxies say which request they ask about: its path with the query, and its
// method. nginx has to be configured to send the first pair; Caddy and Traefik send the other.
var requestHeaders = [][2]string{{"X-Original-URI", "X-Original-Method"}, {"X-Forwarded-Uri", "X-Forwarded-Method"}}

// required lists the capabilities that a request takes. It takes all that are named in any
// place, because proxies forward headers of their clients, and some the query too: a client
// can add a demand, and replace none.
func required(r *http.Request, app directory.Application) ([]authz.AppGrant, error) {
	inHeader, inQuery := r.Header.Values(headerRequire), r.URL.Query()["require"]
	// A path after the prefix is the client's, and so is the query then. A proxy that appends
	// the path asks for / without one, so the query never stands in for a table.
	byProxy := r.URL.EscapedPath() == Prefix && len(inQuery) > 0
	var all []authz.AppGrant
	for _, text := range append(inHeader, inQuery...) {
		want, err := applications.ParseCapability(app.ID, text)
		if err != nil || !app.Defines(want) {
			return nil, directory.Errorf(directory.Forbidden, "require must name a capability that %s defines, as in invoice|read", app.ID)
		}
		all = append(all, want)
	}
	switch {
	case len(app.Paths) > 0:
		byTable, err := inTable(r, app)
		return append(all, byTable...), err
	case !byProxy && len(inHeader) == 0:
		return nil, directory.Errorf(directory.Forbidden, "require must name a capability that %s defines, as in invoice|read, "+
			"or the application needs a table of paths", app.ID)
	}
	return all, nil
}

// inTable lists the capabilities that the request takes by the application's table of paths.
func inTable(r *http.Request, app directory.Application) ([]authz.AppGrant, error) {
	requests, err := about(r)
	if err != nil {
		return nil, directory.Errorf(directory.Forbidden, "%s", err.Error())
	}
	var all []authz.AppGrant
	for _, q := range requests {
		want, err := applications.RequiredFor(app, q.method, q.target)
		if err != nil {
			return nil, directory.Errorf(directory.Forbidden, "%s", err.Error())
		}
		all = append(all, want)
	}
	return all, nil
}

// question is a request that a proxy asks about.
type question struct{ method, target string }

var (
	errNoRequest = errors.New("the proxy must say which request it asks about, by X-Original-URI and X-Original-Method, " +
		"by X-Forwarded-Uri and X-Forwarded-Method, or by appending its path")
	errUnclear = errors.New("the headers do not say clearly which request is asked about")
)

// about lists what the proxy says that it asks about, in all places where proxies do. Usually
// there is one; if a client adds another, the table must allow both.
func about(r *http.Request) (all []question, err error) {
	if path := r.URL.EscapedPath(); path != Prefix {
		all = append(all, question{r.Method, "/" + strings.TrimPrefix(path, Prefix)})
	}
	for _, names := range requestHeaders {
		target, method := r.Header.Values(names[0]), r.Header.Values(names[1])
		switch {
		case len(target) == 0 && len(method) == 0:
		case len(target) != 1 || len(method) != 1:
			return nil, errUnclear
		default:
			all = append(all, question{method[0], target[0]})
		}
	}
	if len(all) == 0 {
		return nil, errNoRequest
	}
	return all, nil
}
