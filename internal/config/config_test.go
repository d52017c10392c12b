package config

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

func TestRedact(t *testing.T) {
	t.Parallel()
	const hidden = "a URL that can't be shown"
	for in, want := range map[string]string{
		"sqlite:/var/lib/roster/roster.db":        "sqlite:/var/lib/roster/roster.db",
		"sqlite:roster.db":                        "sqlite:roster.db",
		"postgres://roster:s3cret@db1,db2:5433/d": "postgres://roster@db1,db2:5433/d",
		"postgresql://h/d?password=s3cret&user=x": "postgresql://h/d",
		"smtps://mail%40example.com:s3cret@h:465": "smtps://mail%40example.com@h:465",
		"smtp://mail@example.com:s3cret@h":        "smtp://mail%40example.com@h",
		"smtp://h?password=s3cret":                "smtp://h",
		"smtp://u:1/s3cret@h":                     hidden,
		"postgres://u:1#s3cret@h/d":               hidden,
		"u:s3cret@h:25":                           hidden,
		"postgres:roster:s3cret@h/d":              hidden,
		"host=x password=s3cret":                  hidden,
		"s3cret":                                  hidden,
		"postgres://u:s3cret@[::1/d":              hidden,
		"http://u:s3cret@h/":                      hidden,
		"mysql://s3cret@h/d":                      hidden,
	} {
		if got := Redact(in); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}

// load is what a server makes of variables and flags, given by turns.
func load(t *testing.T, env map[string]string, flags ...string) (*Config, error) {
	t.Helper()
	for name, value := range env {
		t.Setenv(name, value)
	}
	c := new(Config)
	fs := pflag.NewFlagSet("serve", pflag.ContinueOnError)
	c.AddFlags(fs)
	if err := fs.Parse(flags); err != nil {
		t.Fatal(err)
	}
	err := c.Load()
	return c, err
}

func TestLogShowsNoPassword(t *testing.T) {
	c, err := load(t, map[string]string{"ROSTER_SMTP_URL": "u:s3cret@h:25", "ROSTER_SMTP_FROM": "a@example.com", "ROSTER_DATABASE": "host=x password=s3cret"})
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("starting", "config", c)
	if strings.Contains(log.String(), "s3cret") {
		t.Error(log.String())
	}
}

func TestLoadRefuses(t *testing.T) {
	for _, c := range []struct{ variable, value, flag, says string }{
		{variable: "ROSTER_RATE_LIMIT", value: "abc", says: `ROSTER_RATE_LIMIT: "abc" is not a number`},
		{variable: "ROSTER_DRAIN_DELAY", value: "5", says: "ROSTER_DRAIN_DELAY"},
		{variable: "ROSTER_ALLOW_PROVISION", value: "yes", says: "ROSTER_ALLOW_PROVISION"},
		{variable: "ROSTER_WEBHOOK_ALLOW_HTTP", value: "on", says: "true or false"},
		{flag: "--rate-limit=-1", says: "negative"},
		{flag: "--mail-per-recipient=-1", says: "--mail-per-recipient: -1 is negative"},
		{variable: "ROSTER_MAIL_PER_ORGANIZATION", value: "many", says: "ROSTER_MAIL_PER_ORGANIZATION"},
		{flag: "--invitation-ttl=59s", says: "--invitation-ttl"},
		{flag: "--invitation-ttl=8761h", says: "--invitation-ttl"},
		{variable: "ROSTER_INVITATION_TTL", value: "7", says: "ROSTER_INVITATION_TTL"},
		{flag: "--limit=cats=5", says: "rolesPerGroup"},
		{flag: "--limit=roles=-1", says: "at least 0"},
		{variable: "ROSTER_LIMITS", value: "roles", says: `"roles": "" is not a number`},
		{flag: "--allow-org-creation=all", says: "nobody, owners or anybody"},
		{flag: "--shutdown-timeout=-5s", says: "--shutdown-timeout"},
		{flag: "--drain-delay=-5s", says: "--drain-delay"},
		{flag: "--log-level=info+3", says: "--log-level"},
		{flag: "--tls-cert=cert.pem", says: "--tls-cert and --tls-key must be set together"},
		{flag: "--http-redirect=:80", says: "--http-redirect needs"},
		{flag: "--acme-email=a@example.com", says: "need --acme-domain"},
		{flag: "--acme-domain=*.example.com", says: "wildcards"},
		{flag: "--acme-domain=localhost", says: `"localhost" is not a public domain name`},
		{flag: "--acme-domain=https://example.com", says: "not a public domain name"},
		{variable: "ROSTER_ACME_DOMAINS", value: "192.0.2.1", says: "not a public domain name"},
		{flag: "--public-url=https://x/y?z", says: "--public-url"},
		{flag: "--public-url=https://x/y#a", says: "--public-url"},
		{flag: "--public-url=https://u:s3cret@x", says: "--public-url"},
	} {
		t.Run(c.variable+c.flag, func(t *testing.T) {
			env := map[string]string{}
			if c.variable != "" {
				env[c.variable] = c.value
			}
			var flags []string
			if c.flag != "" {
				flags = append(flags, c.flag)
			}
			_, err := load(t, env, flags...)
			if err == nil || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "s3cret") {
				t.Errorf("%v, want %q", err, c.says)
			}
		})
	}
}

func TestLoadReads(t *testing.T) {
	for _, yes := range []string{"1", "TRUE", "true"} {
		c, err := load(t, map[string]string{
			"ROSTER_ALLOW_PROVISION": yes, "ROSTER_WEBHOOK_ALLOW_HTTP": yes, "ROSTER_RATE_LIMIT": "7", "ROSTER_DRAIN_DELAY": "5s",
		}, "--log-level", "INFO", "--public-url", "https://x/y")
		if err != nil || !c.AllowProvision || !c.WebhookAllowHTTP || c.RateLimit != 7 || c.DrainDelay.Seconds() != 5 {
			t.Errorf("%s: %+v, %v", yes, c, err)
		}
	}
	if c, err := load(t, map[string]string{"ROSTER_ALLOW_PROVISION": "0", "ROSTER_WEBHOOK_ALLOW_HTTP": ""}); err != nil || c.AllowProvision || c.WebhookAllowHTTP {
		t.Errorf("off: %+v, %v", c, err)
	}
}

func TestLoadReadsLimits(t *testing.T) {
	c, err := load(t, map[string]string{"ROSTER_LIMITS": "roles=5,groups=0", "ROSTER_ALLOW_ORG_CREATION": "anybody"})
	if err != nil || c.Limits.Roles != 5 || c.Limits.Groups != 0 || c.Limits.Webhooks != 20 || c.OrgCreation != "anybody" {
		t.Errorf("%+v, %v", c, err)
	}
	if c, err = load(t, nil, "--limit", "roles=7", "--limit", "users=9"); err != nil || c.Limits.Roles != 7 || c.Limits.Users != 9 || c.Limits.Groups != 2000 {
		t.Errorf("flags: %+v, %v", c, err)
	}
}

func TestHelpNamesValues(t *testing.T) {
	t.Parallel()
	fs := pflag.NewFlagSet("serve", pflag.ContinueOnError)
	new(Config).AddFlags(fs)
	if usage := fs.FlagUsages(); !strings.Contains(usage, "--rate-limit N ") || strings.Contains(usage, "Number") {
		t.Error(usage)
	}
}

// A flag goes before its variable, whatever that holds. Each name tells the other.
func TestFlagsGoBeforeVariables(t *testing.T) {
	for _, c := range []struct{ variable, flag, value string }{
		{"ROSTER_RATE_LIMIT", "rate-limit", "5"},
		{"ROSTER_DRAIN_DELAY", "drain-delay", "5s"},
		{"ROSTER_ALLOW_PROVISION", "allow-provision", "true"},
		{"ROSTER_WEBHOOK_ALLOW_HTTP", "webhook-allow-http", "true"},
	} {
		t.Run(c.variable, func(t *testing.T) {
			bad := map[string]string{c.variable: "unreadable"}
			if _, err := load(t, bad); err == nil || !strings.Contains(err.Error(), c.variable) {
				t.Errorf("without the flag: %v", err)
			}
			if _, err := load(t, bad, "--"+c.flag+"="+c.value); err != nil {
				t.Errorf("with the flag: %v", err)
			}
		})
	}
}

func TestTLSSettings(t *testing.T) {
	for _, c := range []struct {
		flags                   []string
		listen, redirect, error string
	}{
		{flags: []string{"--acme-domain=a.example.com"}, listen: ":443", redirect: ":80"},
		{flags: []string{"--acme-domain=a.example.com", "--listen=:8443", "--http-redirect=off"}, listen: ":8443"},
		{flags: []string{"--tls-cert=c", "--tls-key=k"}, listen: "127.0.0.1:8080"},
		{flags: []string{"--tls-cert=c", "--tls-key=k", "--http-redirect=:80"}, listen: "127.0.0.1:8080", redirect: ":80"},
		{flags: []string{"--tls-cert=c", "--tls-key=k", "--acme-domain=a.example.com"}, error: "exclude each other"},
		{flags: []string{"--acme-domain=a.example.com", "--acme-directory=http://x"}, error: "--acme-directory"},
		{flags: []string{"--acme-domain=a.example.com", "--http-redirect=80"}, error: `"80" is not HOST:PORT`},
	} {
		got, err := load(t, nil, c.flags...)
		switch {
		case c.error != "" && (err == nil || !strings.Contains(err.Error(), c.error)):
			t.Errorf("%q: got %v, want an error that says %s", c.flags, err, c.error)
		case c.error == "" && (err != nil || got.Listen != c.listen || got.TLS.Redirect != c.redirect):
			t.Errorf("%q: listens on %q, redirects on %q, %v; want %q and %q", c.flags, got.Listen, got.TLS.Redirect, err, c.listen, c.redirect)
		}
	}
}
