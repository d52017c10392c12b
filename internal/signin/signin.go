// Package signin serves the pages on which people sign in, out, and manage what they sign
// in with: links that are used once, passkeys, and issuers of OpenID Connect. It owns the cookies and the ceremonies
// in the browser. The directory decides who may sign in, and records it.
package signin

import (
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/identity"
	"github.com/rosterhq/roster/internal/signin/oidc"
)

// Root is where the pages are served.
const Root = "/signin"

// Options are what a [SignIn] needs.
type Options struct {
	Service  *directory.Service
	Identity *identity.Proofs
	Log      *slog.Logger
	Clock    func() time.Time
	// PublicURL is where people reach the server. Without it, no links are mailed, as
	// nothing else says where they may lead, and there are no passkeys.
	PublicURL string
	// Mail mails links; nil: none are mailed.
	Mail Mail
	// Home is the path to go to after signing in.
	Home string
	// OIDC speaks with the issuers of organizations; nil: nobody signs in by them.
	OIDC *oidc.Client
}

// Issuer is an issuer of an organization, as the page offers it.
type Issuer struct{ Name, Path string }

// SignIn serves the pages.
type SignIn struct {
	o       Options
	mux     *http.ServeMux
	passkey *webauthn.WebAuthn // nil: none
	mails   chan mailRequest
	limit   *limiter
}

// New makes the pages. [SignIn.Run] must run for links to be mailed.
func New(o Options) (*SignIn, error) {
	s := &SignIn{o: o, mux: http.NewServeMux(), mails: make(chan mailRequest, maxWaitingMails), limit: newLimiter(o.Clock)}
	if o.PublicURL != "" {
		var err error
		if s.passkey, err = newPasskeys(o.PublicURL); err != nil {
			return nil, err
		}
	}
	for pattern, h := range map[string]handler{
		"GET /signin":                         (*SignIn).start,
		"GET /signin/link":                    (*SignIn).linkPage,
		"POST /signin/link":                   (*SignIn).useLink,
		"GET /signin/mail":                    (*SignIn).mailSent,
		"POST /signin/mail":                   (*SignIn).requestMail,
		"POST /signin/passkey/begin":          (*SignIn).beginPasskey,
		"POST /signin/passkey":                (*SignIn).finishPasskey,
		"GET /signin/passkeys":                (*SignIn).newPasskeyPage,
		"POST /signin/passkeys/begin":         (*SignIn).beginNewPasskey,
		"POST /signin/passkeys":               (*SignIn).finishNewPasskey,
		"POST /signin/issuers":                (*SignIn).issuers,
		"GET /signin/oidc/start":              (*SignIn).startIssuer,
		"GET /signin/oidc/callback":           (*SignIn).finishIssuer,
		"POST /signin/out":                    (*SignIn).signOut,
		"GET /signin/assets/{version}/{file}": (*SignIn).asset,
	} {
		s.mux.HandleFunc(pattern, s.handle(h))
	}
	s.mux.HandleFunc("/signin/", s.handle(func(*SignIn, *request) error { return errNoPage }))
	return s, nil
}

// maxBody is how many bytes the body of a request may have.
const maxBody = 64 << 10

const contentSecurityPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
	"connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// Serve serves a request. call is the call that it would make, without a principal.
func (s *SignIn) Serve(w http.ResponseWriter, r *http.Request, call directory.Call) {
	h := w.Header()
	h.Set("Content-Security-Policy", contentSecurityPolicy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin") // with no-referrer, a form would be posted with Origin: null
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	protection := http.NewCrossOriginProtection()
	protection.SetDenyHandler(s.handle(func(*SignIn, *request) error { return errCrossOrigin }))
	protection.Handler(s.mux).ServeHTTP(w, r.WithContext(withCall(r.Context(), call)))
}

// Principal gives the person whose session a request has, in an organization; "" for
// pages of no organization. The request comes from remoteAddr. Errors: [directory.Unauthenticated] without a session;
// [directory.Forbidden] for an organization that the person is not in.
func (s *SignIn) Principal(r *http.Request, org directory.OrgID, remoteAddr string) (*directory.Principal, error) {
	return s.o.Service.AuthenticateSession(r.Context(), s.cookie(r, sessionCookie), org, remoteAddr)
}

var (
	errNoPage      = directory.Errorf(directory.NotFound, "there is no such page")
	errCrossOrigin = directory.Errorf(directory.Forbidden, "this was sent from another site; go to the sign-in page and start there")
	errTooMany     = directory.Errorf(directory.RateLimited, "too many attempts from your address; try again in a minute")
)

// local is a path of this server to go to, or the fallback: whatever else stands there
// would lead to another site.
func local(next, fallback string) string {
	u, err := url.Parse(next)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || u.Opaque != "" ||
		!strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") || strings.ContainsAny(next, "\\\t\r\n") {
		return fallback
	}
	return next
}
