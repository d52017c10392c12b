package tlscert

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"
	"golang.org/x/time/rate"
)

// ACME has the settings of certificates from an ACME certificate authority.
type ACME struct {
	Domains []string
	// Directory is the authority's directory URL; "" is Let's Encrypt's.
	Directory string
	// Email is where the authority may write about problems; "" for nowhere.
	Email string
	// Cache is the folder that keeps certificates and the account's key. It is created
	// for the owner alone if it does not exist.
	Cache string
	// Log gets the errors of requests for a certificate.
	Log *slog.Logger
}

// Config returns the configuration of a listener that gets its certificate at the first
// handshake for one of the domains and renews it 30 days before its end, and a handler
// for port 80, which answers the authority's http-01 challenges and passes other requests
// on to next. With tls-alpn-01 challenges, the listener on port 443 is enough.
// Starting the server accepts the authority's terms of service.
func (a ACME) Config(next http.Handler) (*tls.Config, http.Handler, error) {
	if err := os.MkdirAll(a.Cache, 0o700); err != nil {
		return nil, nil, fmt.Errorf("create the folder for certificates: %w", err)
	}
	info, err := os.Stat(a.Cache)
	if err != nil {
		return nil, nil, fmt.Errorf("check the folder for certificates: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, nil, fmt.Errorf("others can read %s, which keeps private keys; run: chmod 0700 %s", a.Cache, a.Cache)
	}
	m := &autocert.Manager{
		Prompt: autocert.AcceptTOS, HostPolicy: autocert.HostWhitelist(a.Domains...), Email: a.Email,
		Cache: autocert.DirCache(a.Cache), Client: &acme.Client{DirectoryURL: a.Directory},
	}
	config := m.TLSConfig()
	config.MinVersion = tls.VersionTLS12
	logged := make(map[string]*rate.Sometimes)
	for _, domain := range a.Domains {
		logged[domain] = &rate.Sometimes{Interval: time.Minute} // a failure is tried again after that
	}
	config.GetCertificate = func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		cert, err := m.GetCertificate(hello)
		if log := logged[hello.ServerName]; err != nil && log != nil {
			log.Do(func() {
				a.Log.Error("no certificate from the certificate authority", "domain", hello.ServerName, "error", err)
			})
		}
		return cert, err
	}
	return config, m.HTTPHandler(next), nil
}

// CheckDomain refuses a name that no authority gives a certificate for.
func CheckDomain(name string) error {
	switch {
	case strings.HasPrefix(name, "*."):
		return errors.New("wildcards need a DNS challenge, which is not supported; list each name")
	case net.ParseIP(name) != nil || !strings.Contains(name, ".") || strings.ContainsAny(name, ":/@ "):
		return fmt.Errorf("%q is not a public domain name such as roster.example.com", name)
	}
	return nil
}
