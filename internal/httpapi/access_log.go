package httpapi

import (
	"context"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/rosterhq/roster/internal/directory"
)

// accessLog writes a line for every nth request, and for each that failed in the server.
// A line has the route's pattern instead of the path, so that it holds nothing that a
// client sent, and never a token.
type accessLog struct {
	log   *slog.Logger
	every uint64 // 0: no lines
	count atomic.Uint64
}

// wants reports whether the response belongs in the log. Health checks and scrapes do not
// as long as they succeed.
func (l *accessLog) wants(w *response, r *http.Request) bool {
	if l.every == 0 || !l.log.Enabled(r.Context(), slog.LevelInfo) {
		return false
	}
	if w.status >= http.StatusInternalServerError {
		return true
	}
	switch r.Pattern {
	case "/healthz", "/readyz", "/metrics":
		return false
	}
	return l.count.Add(1)%l.every == 0
}

// write logs the response to a request that came from an address.
func (l *accessLog) write(w *response, r *http.Request, address string, elapsed time.Duration) {
	route := r.Pattern
	if w.route != nil {
		route = w.route.pattern
	}
	if route == "" || route == "/" {
		route = "other"
	}
	attrs := [9]slog.Attr{
		slog.String("method", knownMethod(r.Method)), slog.String("route", route), slog.Int("status", w.status),
		slog.Float64("seconds", elapsed.Seconds()), slog.String("address", address), slog.String("trace", w.trace),
	}
	n := 6
	if p := w.principal; p != nil {
		attrs[n] = slog.String("principal", principalID(p))
		n++
		if p.OrgID != "" {
			attrs[n] = slog.String("organization", string(p.OrgID))
			n++
		}
	}
	l.log.LogAttrs(context.WithoutCancel(r.Context()), slog.LevelInfo, "request", attrs[:n]...)
}

// principalID returns the id of a principal's token or, of a person, of the account.
func principalID(p *directory.Principal) string {
	if p.AccountID != "" {
		return string(p.AccountID)
	}
	return string(p.TokenID)
}

// knownMethod returns a method that a route may have; a client can send any text.
func knownMethod(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return method
	}
	return "other"
}
