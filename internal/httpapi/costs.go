package httpapi

import (
	"net/http"
	"net/url"
)

// cost is what a request takes from its rate limit: base, or more if the query asks for
// more. It is charged before anything is done.
type cost struct {
	base  int                    // 0: 1
	query func(q url.Values) int // nil: base
	// long reports whether a request computes for long before it responds, so that it
	// takes turns with others; nil: it never does.
	long func(q url.Values) bool
}

// always is for routes whose requests all compute for long.
func always(url.Values) bool { return true }

// searched reports whether a page of a list is searched for or is of the past.
func searched(q url.Values) bool { return q.Has("limit") && (q.Has("q") || q.Has("at")) }

// isLong reports whether a request computes for long: as its route says, or because it
// is a dry run.
func (c cost) isLong(method string, q url.Values) bool {
	return (c.long != nil && c.long(q)) || (method != http.MethodGet && q.Has(dryRun))
}

// dryRunCost is the cost of a dry run, which compares the access of everybody affected.
const dryRunCost = 5

// of returns the cost of a request.
func (c cost) of(method string, q url.Values) int {
	n := max(1, c.base)
	if c.query != nil {
		n = max(n, c.query(q))
	}
	if method != http.MethodGet && q.Has(dryRun) {
		n = max(n, dryRunCost)
	}
	return n
}

// asOfCost is the cost of a question about the past.
func asOfCost(q url.Values) int {
	if q.Has("at") {
		return 20
	}
	return 0
}

// listCost is the cost of a list of users: a page costs one, and so does an address,
// unless text is searched for.
func listCost(q url.Values) int {
	switch {
	case q.Has("at"):
		return 20
	case (q.Has("limit") || q.Has("email")) && !q.Has("q"):
		return 1
	default:
		return 5
	}
}

// entriesCost is the cost of an export of the audit log.
func entriesCost(q url.Values) int {
	if q.Has("format") {
		return 20
	}
	return 0
}

// costs has the routes that cost more than one; docs/guide/operations.md lists
// them.
var costs = map[string]cost{
	"GET /v2/users":                 {query: listCost, long: searched},
	"GET /v2/users/{id}/access":     {base: 5, query: asOfCost, long: always},
	"GET /v2/user/access":           {base: 5, long: always},
	"GET /v2/user/tokens":           {base: 2},
	"GET /v2/tokens":                {base: 2},
	"GET /v2/limits":                {base: 2},
	"GET /v2/rbac/roles":            {base: 2},
	"GET /v2/rbac/groups":           {base: 2},
	"GET /v2/audit":                 {base: 2, query: entriesCost},
	"GET /v2/events":                {base: 5},
	"POST /v2/audit/erasures":       {base: 20, long: always},
	"POST /v2/webhooks/{id}/test":   {base: 5},
	"POST /v2/webhooks/{id}/replay": {base: 20},
	"POST /v2/orgs":                 {base: 5},
	"POST /v2/orgs/provision":       {base: 20},
}
