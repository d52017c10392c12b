package console

import (
	"net/http"
	"strings"

	"github.com/rosterhq/roster/internal/directory"
)

// Auth resolves the session of a browser.
type Auth interface {
	// Principal gives the person whose session a request has, in an organization; "" is
	// for pages of no organization. remoteAddr is the address that the request comes from,
	// also behind a proxy. Errors: [directory.Unauthenticated] without a session,
	// [directory.Forbidden] for an organization that the person is not in.
	Principal(r *http.Request, org directory.OrgID, remoteAddr string) (*directory.Principal, error)
}

// signInLinkPath is the page below [Options.SignIn] that takes links.
const signInLinkPath = "/link"

// signInPath is the page that signs in and comes back.
func (rq *request) signInPath() string { return rq.console.SignIn + "?next=" + escape(rq.back()) }

// linkURL is where a sign-in link leads. Its secret is behind the #, which browsers send to
// nobody.
func (rq *request) linkURL(secret string) string {
	return rq.base() + rq.console.SignIn + signInLinkPath + "#" + secret
}

// base is the URL at which others reach the server, without a slash at the end.
func (rq *request) base() string {
	base := rq.console.PublicURL
	if base == "" {
		base = "http://" + rq.Host
		if rq.TLS != nil {
			base = "https://" + rq.Host
		}
	}
	return strings.TrimSuffix(base, "/")
}

// secure reports whether people reach the server over https.
func (rq *request) secure() bool {
	return rq.TLS != nil || strings.HasPrefix(rq.console.PublicURL, "https://")
}
