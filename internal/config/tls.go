package config

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/spf13/pflag"

	"github.com/rosterhq/roster/internal/tlscert"
)

// TLS has the settings of a server that is reached over https. Without a certificate file
// and without domains, the server speaks plain HTTP.
type TLS struct {
	CertFile, KeyFile string
	Domains           []string // get a certificate by ACME
	Email             string
	Cache             string
	Directory         string // "": Let's Encrypt's
	Redirect          string // address that redirects to https; "" for none
}

// On reports whether the server speaks TLS.
func (t *TLS) On() bool { return t.CertFile != "" || len(t.Domains) > 0 }

func (t *TLS) source() string {
	switch {
	case t.CertFile != "":
		return t.CertFile
	case len(t.Domains) > 0:
		return "acme: " + strings.Join(t.Domains, ", ")
	default:
		return "off"
	}
}

// Defaults with --acme-domain.
const (
	acmeListen   = ":443"
	acmeRedirect = ":80"
)

func (c *Config) addTLSFlags(fs *pflag.FlagSet) {
	t := &c.TLS
	fs.StringVar(&t.CertFile, "tls-cert", Env("ROSTER_TLS_CERT", ""), "PEM `FILE` with the certificate chain to serve https with, read again when it changes (env ROSTER_TLS_CERT)")
	fs.StringVar(&t.KeyFile, "tls-key", Env("ROSTER_TLS_KEY", ""), "PEM `FILE` with the key of --tls-cert (env ROSTER_TLS_KEY)")
	fs.StringSliceVar(&t.Domains, "acme-domain", envList("ROSTER_ACME_DOMAINS"), "`DOMAIN` to get certificates for from Let's Encrypt, whose terms you accept by this; repeatable (env ROSTER_ACME_DOMAINS)")
	fs.StringVar(&t.Email, "acme-email", Env("ROSTER_ACME_EMAIL", ""), "`ADDRESS` where the certificate authority may report problems (env ROSTER_ACME_EMAIL)")
	fs.StringVar(&t.Cache, "acme-cache", Env("ROSTER_ACME_CACHE", "roster-acme"), "`FOLDER` that keeps certificates and their keys (env ROSTER_ACME_CACHE)")
	fs.StringVar(&t.Directory, "acme-directory", Env("ROSTER_ACME_DIRECTORY", ""), "`URL` of another certificate authority's ACME directory (env ROSTER_ACME_DIRECTORY)")
	fs.StringVar(&t.Redirect, "http-redirect", Env("ROSTER_HTTP_REDIRECT", ""), "`ADDR` that redirects http to https, or off; with --acme-domain by default "+acmeRedirect+" (env ROSTER_HTTP_REDIRECT)")
}

// loadTLS checks the settings of TLS and sets the defaults that depend on them.
func (c *Config) loadTLS() error {
	t := &c.TLS
	switch {
	case (t.CertFile == "") != (t.KeyFile == ""):
		return errors.New("--tls-cert and --tls-key must be set together; only one of them is set")
	case t.CertFile != "" && len(t.Domains) > 0:
		return errors.New("--tls-cert and --acme-domain exclude each other; set one of them")
	case len(t.Domains) == 0 && (t.Email != "" || t.Directory != ""):
		return errors.New("--acme-email and --acme-directory need --acme-domain")
	case t.Redirect != "" && t.Redirect != "off" && !t.On():
		return errors.New("--http-redirect needs --tls-cert or --acme-domain")
	}
	for _, domain := range t.Domains {
		if err := tlscert.CheckDomain(domain); err != nil {
			return fmt.Errorf("--acme-domain: %w", err)
		}
	}
	if u, err := url.Parse(t.Directory); t.Directory != "" && (err != nil || u.Scheme != "https" || u.Host == "") {
		return fmt.Errorf("--acme-directory: %q is not an https URL", t.Directory)
	}
	if len(t.Domains) > 0 {
		if !c.flags.Changed("listen") && Env("ROSTER_LISTEN", "") == "" {
			c.Listen = acmeListen
		}
		if t.Redirect == "" {
			t.Redirect = acmeRedirect
		}
	}
	if t.Redirect == "off" {
		t.Redirect = ""
	}
	return nil
}
