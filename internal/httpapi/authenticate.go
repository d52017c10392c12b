package httpapi

import (
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/networks"
	"github.com/rosterhq/roster/internal/protocol"
)

// Header names as the v2 API writes them. They are set on the header map
// directly: net/http's canonical form would spell the last four otherwise.
const (
	headerTrace     = "X-Axiom-Trace-Id"
	headerOrg       = "X-Axiom-Org-Id"
	headerScope     = "X-RateLimit-Scope"
	headerLimit     = "X-RateLimit-Limit"
	headerRemaining = "X-RateLimit-Remaining"
	headerReset     = "X-RateLimit-Reset"
)

// headerRequestID is a client's own name for a request, in net/http's canonical form. It is
// sent back, if it is not too long.
const (
	headerRequestID = "X-Request-Id"
	maxRequestID    = 256
)

// newTraceID returns 128 random bits, without a system call.
func newTraceID() string {
	b := binary.NativeEndian.AppendUint64(make([]byte, 0, 16), rand.Uint64()) //nolint:gosec // it has to be unique, not secret
	b = binary.NativeEndian.AppendUint64(b, rand.Uint64())                    //nolint:gosec // same
	return hex.EncodeToString(b)
}

// authenticate finds the principal of a request and charges the request to it. A request
// without a valid token is charged to the address that it came from. A public operation
// accepts a request without a token, which then has no principal.
func (rq *request) authenticate(e endpoint) (err error) {
	rq.call.Principal, err = rq.api.principal(rq.Request)
	if e.op.Need.Public && rq.Header.Get("Authorization") == "" {
		err = nil
	}
	cost := e.cost.of(e.method, rq.params)
	if p := rq.call.Principal; p != nil {
		rq.w.principal = p
		return rq.api.limits.charge(rq.w, chargedTo(p), cost)
	}
	if limited := rq.api.chargeAddr(rq.w, rq.Request, cost); limited != nil {
		return limited
	}
	return err
}

// chargeAddr charges a request to the address that it came from.
func (a *API) chargeAddr(w *response, r *http.Request, cost int) error {
	return a.limits.charge(w, limitKey{scope: scopeAnonymous, id: networks.Source(a.remoteAddr(r))}, cost)
}

// chargedTo returns the key that a principal's requests are charged to: the account of a
// personal token, the organization of an API token or an application, or an application of
// the deployment.
func chargedTo(p *directory.Principal) limitKey {
	if p.Kind == directory.PersonalToken {
		return limitKey{scope: scopeUser, id: string(p.AccountID)}
	}
	if p.App != "" && p.OrgID == "" {
		return limitKey{scope: scopeOrganization, id: "app:" + string(p.App)}
	}
	return limitKey{scope: scopeOrganization, id: string(p.OrgID)}
}

// principal returns the principal of a request's token.
func (a *API) principal(r *http.Request) (*directory.Principal, error) {
	secret, err := protocol.Bearer(r.Header)
	if err != nil {
		return nil, err
	}
	return a.service.AuthenticateFrom(r.Context(), secret, directory.OrgID(r.Header.Get(headerOrg)), a.remoteAddr(r))
}

// remoteAddr returns the address that a request came from: the peer's, or, behind trusted
// proxies, the last one in X-Forwarded-For that is not a trusted proxy.
func (a *API) remoteAddr(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	if len(a.proxies) == 0 || !a.trusted(host) {
		return host
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, hop := range slices.Backward(hops) {
		hop = strings.TrimSpace(hop)
		if addr, err := netip.ParseAddr(hop); err != nil || addr.Zone() != "" { // a zone may be any text
			return host
		}
		if host = hop; !a.trusted(hop) {
			return hop
		}
	}
	return host
}

func (a *API) trusted(host string) bool {
	addr, err := netip.ParseAddr(host)
	return err == nil && slices.ContainsFunc(a.proxies, func(p netip.Prefix) bool { return p.Contains(addr.Unmap()) })
}
