package httpapi

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/rosterhq/roster/internal/directory"
)

// refusalTimeout bounds how long the response to a refused request waits for its audit
// entry.
const refusalTimeout = 10 * time.Second

// targets maps the first part of a path to the type of its objects.
var targets = map[string]string{
	"users": "user", "user": "user", "tokens": "apiToken", "rbac": "role", "orgs": "organization", "audit": "auditLog",
	"events": "auditLog", "webhooks": "webhook", "domains": "domain", "groups": "group",
}

// recordRefusal adds a rejected request of an authenticated principal to the audit log. If
// that fails, the response stays the same.
func (rq *request) recordRefusal(op directory.Operation, target directory.Target, refusal error) {
	// The client may have disconnected, but its request belongs in the log.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(rq.Context()), refusalTimeout)
	defer cancel()
	a, p := rq.api, rq.call.Principal
	call := directory.Call{Principal: p, TraceID: rq.w.trace, RemoteAddr: a.remoteAddr(rq.Request), UserAgent: rq.UserAgent()}
	var err error
	if token, ok := errors.AsType[*directory.RefusedToken](refusal); ok {
		err = a.service.RecordRefusedToken(ctx, call, token)
	} else if p != nil && op.Name != "" {
		err = a.service.RecordRefusal(ctx, call, op, target, refusal)
	}
	if err != nil {
		a.log.Warn("a refusal could not be written to the audit log", "trace", rq.w.trace, "error", err)
	}
}

// target returns what a request at the endpoint is about.
func (e endpoint) target(r *http.Request) directory.Target {
	parts := strings.Split(strings.TrimPrefix(e.pattern, e.prefix), "/")
	t := directory.Target{Type: targets[strings.ToLower(parts[0])], ID: r.PathValue("id")}
	switch {
	case parts[0] == "rbac" && len(parts) > 1 && parts[1] == "groups":
		t.Type = "group"
	case len(parts) > 1 && parts[0] == "user" && parts[1] == "tokens":
		t.Type = "personalToken"
	}
	if org := r.PathValue("orgId"); org != "" {
		t = directory.Target{Type: "organization", ID: org}
	}
	return t
}
