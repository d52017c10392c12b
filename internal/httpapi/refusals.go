package httpapi

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/rosterhq/roster/internal/directory"
)

// refusalTimeout bounds how long a refused request waits to be written down.
const refusalTimeout = 10 * time.Second

// targets says what a path's first part is about.
var targets = map[string]string{
	"users": "user", "user": "user", "tokens": "apiToken", "rbac": "role", "orgs": "organization", "audit": "auditLog",
	"events": "auditLog", "webhooks": "webhook",
}

// refused writes what was refused to somebody who is known into the audit log. The
// answer stays what it is, whatever becomes of that.
func (a *API) refused(w *exchange, r *http.Request, e endpoint, p *directory.Principal, refusal error) {
	// The client may be gone by now; that it was here is to be known all the same.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), refusalTimeout)
	defer cancel()
	call := directory.Call{Principal: p, TraceID: w.trace, RemoteAddr: a.remoteAddr(r), UserAgent: r.UserAgent()}
	var err error
	if token, ok := errors.AsType[*directory.RefusedToken](refusal); ok {
		err = a.service.RecordSignIn(ctx, call, token)
	} else if p != nil && e.op.Name != "" {
		err = a.service.RecordRefusal(ctx, call, e.op, targetOf(e.pattern, r), refusal)
	}
	if err != nil {
		a.log.Warn("a refusal could not be written into the audit log", "trace", w.trace, "error", err)
	}
}

func targetOf(pattern string, r *http.Request) directory.Target {
	parts := strings.Split(strings.TrimPrefix(pattern, "/v2/"), "/")
	t := directory.Target{Type: targets[parts[0]], ID: r.PathValue("id")}
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
