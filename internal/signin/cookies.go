package signin

import (
	"net/http"
	"strings"
	"time"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/identity"
)

// The cookies: of the session; of the browser that asked for a link; and of a ceremony
// that is under way.
const (
	sessionCookie  = "roster_session"
	browserCookie  = "roster_browser"
	ceremonyCookie = "roster_ceremony"
	issuerCookie   = "roster_issuer" // of a browser that is at an issuer
)

// secure reports whether people reach the server over https. Then cookies have the prefix
// __Host-, so that neither http nor another host of the domain can set them.
func (s *SignIn) secure(r *http.Request) bool {
	return r.TLS != nil || strings.HasPrefix(s.o.PublicURL, "https://")
}

func (s *SignIn) cookieName(r *http.Request, name string) string {
	if s.secure(r) {
		return "__Host-" + name
	}
	return name
}

// SignedIn gives a browser its session, for ways to sign in that are elsewhere.
func (s *SignIn) SignedIn(w http.ResponseWriter, r *http.Request, session identity.IssuedSession) {
	s.signedIn(&request{r, w, directory.Call{}}, session)
}

// Session is the value of the session that a browser has, "" for none.
func (s *SignIn) Session(r *http.Request) string { return s.cookie(r, sessionCookie) }

// cookie is the value of a cookie, "" for none.
func (s *SignIn) cookie(r *http.Request, name string) string {
	c, err := r.Cookie(s.cookieName(r, name))
	if err != nil {
		return ""
	}
	return c.Value
}

// setCookie sets a cookie for a time; zero deletes it.
func (s *SignIn) setCookie(rq *request, name, value string, life time.Duration) {
	c := &http.Cookie{ //nolint:gosec // Secure depends on how people reach the server
		Name: s.cookieName(rq.Request, name), Value: value, Path: "/", HttpOnly: true, Secure: s.secure(rq.Request),
		SameSite: http.SameSiteLaxMode, MaxAge: int(life.Seconds()),
	}
	if life == 0 {
		c.MaxAge = -1
	}
	http.SetCookie(rq.w, c)
}
