package tlscert

import (
	"net"
	"net/http"
	"net/url"
	"strings"
)

// Strict adds Strict-Transport-Security for a year to the answers of a server that is
// reached over TLS (RFC 6797). Subdomains are not included: they may be other services.
func Strict(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header()["Strict-Transport-Security"] = []string{"max-age=31536000"}
		next.ServeHTTP(w, r)
	})
}

// Redirect sends each request to the same path over https on a port. A request with a
// token is refused with 403 instead: the token was sent without encryption, which a
// redirect would hide from its owner.
func Redirect(port string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", "close")
		if r.Header.Get("Authorization") != "" {
			http.Error(w, "this token was sent without encryption: revoke it, and use https", http.StatusForbidden)
			return
		}
		host := (&url.URL{Host: r.Host}).Hostname()
		if host == "" {
			http.Error(w, "use https", http.StatusBadRequest)
			return
		}
		target := url.URL{Scheme: "https", Host: joinPort(host, port), Path: r.URL.Path, RawPath: r.URL.RawPath, RawQuery: r.URL.RawQuery}
		http.Redirect(w, r, target.String(), http.StatusPermanentRedirect)
	})
}

// joinPort leaves out the port that https has anyway.
func joinPort(host, port string) string {
	if port != "443" {
		return net.JoinHostPort(host, port)
	}
	if strings.Contains(host, ":") {
		return "[" + host + "]"
	}
	return host
}
