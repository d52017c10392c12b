// Package config reads and checks the settings of a server: flags, then environment
// variables, then defaults.
package config

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"os"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/rosterhq/roster/internal/limits"
	"github.com/rosterhq/roster/internal/onboarding"
)

// Version is the program's version; the build sets it.
var Version = ""

// ProgramVersion returns [Version], or the module's version if the build did not set one.
func ProgramVersion() string {
	if Version != "" {
		return Version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "devel"
}

// DefaultDatabase is the database of every command that opens one.
const DefaultDatabase = "sqlite:roster.db"

// DefaultMetricsListen is reachable only from the same machine.
const DefaultMetricsListen = "127.0.0.1:9095"

// Config has the settings of `roster serve`.
type Config struct {
	Database         string
	KeyFile          string // empty: beside an SQLite file
	Listen           string
	MetricsListen    string // empty: metrics are not served
	RateLimit        int    // requests a minute for each account, organization and address; 0: any number
	RequestsUnderWay int    // of an organization at a time; 0: any number
	LogFormat        string // text or json; empty: text on a terminal
	AccessLog        int    // requests for one line of the log; 0: no lines
	LogLevel         slog.Level
	TrustedProxies   []netip.Prefix
	ShutdownTimeout  time.Duration
	DrainDelay       time.Duration // between the failure of /readyz and the last new request
	PublicURL        string
	AllowProvision   bool
	DNSResolver      string // host and port; empty: the system's
	Limits           limits.Limits
	OrgCreation      onboarding.OrgCreation
	SMTPURL          string // holds a password
	SMTPFrom         string
	InvitationTTL    time.Duration
	MailLimits       limits.Mails
	// WebhookAllowHTTP and WebhookNetworks allow webhook targets that are forbidden by default.
	WebhookAllowHTTP bool
	WebhookNetworks  []netip.Prefix
	TLS              TLS
	Backups          Backups

	limits   []string
	proxies  []string
	networks []string
	level    string
	flags    *pflag.FlagSet
	unread   map[string]error // the errors of environment variables, by flag
}

// AddDatabaseFlag adds --database alone, for commands that only open it.
func AddDatabaseFlag(fs *pflag.FlagSet, database *string) {
	fs.StringVar(database, "database", Env("ROSTER_DATABASE", DefaultDatabase), "database `URL`: sqlite:PATH or postgres://USER:PASSWORD@HOST/DATABASE (env ROSTER_DATABASE)")
	fs.Lookup("database").DefValue = DefaultDatabase // the environment's value may hold a password
}

// AddKeyFlag adds --key-file, for commands that write into the audit log.
func AddKeyFlag(fs *pflag.FlagSet, file *string) {
	fs.StringVar(file, "key-file", Env("ROSTER_KEY_FILE", ""), "`FILE` with the key that seals the audit log; by default beside an SQLite database, created on first use (env ROSTER_KEY_FILE)")
}

// AddFlags adds a flag for each member; the environment gives the defaults.
func (c *Config) AddFlags(fs *pflag.FlagSet) {
	c.flags, c.unread = fs, make(map[string]error)
	AddDatabaseFlag(fs, &c.Database)
	AddKeyFlag(fs, &c.KeyFile)
	fs.StringVar(&c.Listen, "listen", Env("ROSTER_LISTEN", "127.0.0.1:8080"), "`ADDR` to serve the API on (env ROSTER_LISTEN)")
	fs.StringVar(&c.MetricsListen, "metrics-listen", Env("ROSTER_METRICS_LISTEN", DefaultMetricsListen), "`ADDR` to serve /metrics on, which may be that of --listen, or off (env ROSTER_METRICS_LISTEN)")
	fs.IntVar(&c.RateLimit, "rate-limit", env(c, "ROSTER_RATE_LIMIT", 6000, strconv.Atoi, "a number"), "at most `N` requests a minute for each account, organization's API tokens, and address without a token, 0 for any number (env ROSTER_RATE_LIMIT)")
	fs.StringSliceVar(&c.limits, "limit", envList("ROSTER_LIMITS"), "`NAME=NUMBER` to limit what an organization or account may have, 0 for any number; repeatable (env ROSTER_LIMITS=roles=500,groups=0)")
	fs.StringVar((*string)(&c.OrgCreation), "allow-org-creation", Env("ROSTER_ALLOW_ORG_CREATION", string(onboarding.OrgCreationOwners)), "which accounts may create organizations: nobody, owners (of at least one) or anybody (env ROSTER_ALLOW_ORG_CREATION)")
	fs.IntVar(&c.RequestsUnderWay, "requests-under-way", env(c, "ROSTER_REQUESTS_UNDER_WAY", 128, strconv.Atoi, "a number"), "at most `N` concurrent requests per organization, 0 for any number (env ROSTER_REQUESTS_UNDER_WAY)")
	fs.StringVar(&c.LogFormat, "log-format", Env("ROSTER_LOG_FORMAT", ""), "text or json; by default text on a terminal (env ROSTER_LOG_FORMAT)")
	fs.StringVar(&c.level, "log-level", Env("ROSTER_LOG_LEVEL", "info"), "debug, info, warn or error (env ROSTER_LOG_LEVEL)")
	fs.IntVar(&c.AccessLog, "access-log", env(c, "ROSTER_ACCESS_LOG", 1, strconv.Atoi, "a number"), "log one of `N` requests, and each that fails in the server; 0 for none (env ROSTER_ACCESS_LOG)")
	fs.StringSliceVar(&c.proxies, "trusted-proxies", envList("ROSTER_TRUSTED_PROXIES"), "`CIDR`s of proxies whose X-Forwarded-For is trusted (env ROSTER_TRUSTED_PROXIES)")
	fs.DurationVar(&c.ShutdownTimeout, "shutdown-timeout", 15*time.Second, "how long to wait for requests in progress when the server stops")
	fs.DurationVar(&c.DrainDelay, "drain-delay", env(c, "ROSTER_DRAIN_DELAY", 0, time.ParseDuration, "a duration, as in 5s"), "how long to accept requests after /readyz starts to fail, so that load balancers notice (env ROSTER_DRAIN_DELAY)")
	fs.StringVar(&c.PublicURL, "public-url", Env("ROSTER_PUBLIC_URL", ""), "`URL` at which people reach the server, for mails and claim links (env ROSTER_PUBLIC_URL)")
	fs.StringVar(&c.DNSResolver, "dns-resolver", Env("ROSTER_DNS_RESOLVER", ""), "`HOST:PORT` of the name server that verifies domains; by default the system's (env ROSTER_DNS_RESOLVER)")
	fs.BoolVar(&c.AllowProvision, "allow-provision", env(c, "ROSTER_ALLOW_PROVISION", false, strconv.ParseBool, "true or false"), "let anybody create temporary organizations (env ROSTER_ALLOW_PROVISION=true)")
	fs.BoolVar(&c.WebhookAllowHTTP, "webhook-allow-http", env(c, "ROSTER_WEBHOOK_ALLOW_HTTP", false, strconv.ParseBool, "true or false"), "let webhooks have http URLs (env ROSTER_WEBHOOK_ALLOW_HTTP=true)")
	fs.StringSliceVar(&c.networks, "webhook-allow-networks", envList("ROSTER_WEBHOOK_ALLOW_NETWORKS"), "`CIDR`s of private networks that webhooks may reach (env ROSTER_WEBHOOK_ALLOW_NETWORKS)")
	fs.DurationVar(&c.InvitationTTL, "invitation-ttl", env(c, "ROSTER_INVITATION_TTL", 7*24*time.Hour, time.ParseDuration, "a duration, as in 168h"), "how long an invitation can be accepted (env ROSTER_INVITATION_TTL)")
	mails := limits.DefaultMails()
	fs.IntVar(&c.MailLimits.PerRecipient, "mail-per-recipient", env(c, "ROSTER_MAIL_PER_RECIPIENT", mails.PerRecipient, strconv.Atoi, "a number"), "at most `N` mails to a recipient within 24 hours, 0 for any number (env ROSTER_MAIL_PER_RECIPIENT)")
	fs.IntVar(&c.MailLimits.PerOrganization, "mail-per-organization", env(c, "ROSTER_MAIL_PER_ORGANIZATION", mails.PerOrganization, strconv.Atoi, "a number"), "at most `N` mails of an organization within 24 hours, 0 for any number (env ROSTER_MAIL_PER_ORGANIZATION)")
	c.addTLSFlags(fs)
	c.addBackupFlags(fs)
	fs.StringVar(&c.SMTPFrom, "smtp-from", Env("ROSTER_SMTP_FROM", ""), "sender of invitations (env ROSTER_SMTP_FROM)")
}

// Load reads the secrets, which must not be flags because the process list would show
// them, and checks all settings. Errors name the flag or variable.
func (c *Config) Load() error {
	c.SMTPURL = os.Getenv("ROSTER_SMTP_URL")
	for flag, err := range c.unread {
		if !c.flags.Changed(flag) { // the flag overrides the variable
			return err
		}
	}
	// UnmarshalText also accepts offsets such as info+3, which are not documented.
	err := c.LogLevel.UnmarshalText([]byte(c.level))
	if err != nil || !slices.Contains([]string{"debug", "info", "warn", "error"}, strings.ToLower(c.level)) {
		return fmt.Errorf("--log-level: %q is not debug, info, warn or error", c.level)
	}
	if c.LogFormat != "" && c.LogFormat != "text" && c.LogFormat != "json" {
		return fmt.Errorf("--log-format: %q is not text or json", c.LogFormat)
	}
	if c.MetricsListen == "off" {
		c.MetricsListen = ""
	}
	if err := c.loadTLS(); err != nil {
		return err
	}
	if err := c.checkBackups(); err != nil {
		return err
	}
	for flag, addr := range map[string]string{"--listen": c.Listen, "--metrics-listen": c.MetricsListen, "--http-redirect": c.TLS.Redirect} {
		if _, _, err := net.SplitHostPort(addr); addr != "" && err != nil {
			return fmt.Errorf("%s: %q is not HOST:PORT", flag, addr)
		}
	}
	for flag, d := range map[string]time.Duration{"--drain-delay": c.DrainDelay, "--shutdown-timeout": c.ShutdownTimeout} {
		if d < 0 {
			return fmt.Errorf("%s: %s is negative", flag, d)
		}
	}
	if c.InvitationTTL < time.Minute || c.InvitationTTL > 365*24*time.Hour {
		return fmt.Errorf("--invitation-ttl: %s is not between 1m and 8760h", c.InvitationTTL)
	}
	if c.AccessLog < 0 {
		return fmt.Errorf("--access-log: %d is negative; use 0 to log no requests", c.AccessLog)
	}
	for flag, n := range map[string]int{
		"--rate-limit": c.RateLimit, "--requests-under-way": c.RequestsUnderWay,
		"--mail-per-recipient": c.MailLimits.PerRecipient, "--mail-per-organization": c.MailLimits.PerOrganization,
	} {
		if n < 0 {
			return fmt.Errorf("%s: %d is negative; use 0 for any number", flag, n)
		}
	}
	c.Limits = limits.Default()
	if err := c.Limits.Set(c.limits); err != nil {
		return fmt.Errorf("--limit or ROSTER_LIMITS: %w", err)
	}
	if !c.OrgCreation.Valid() {
		return fmt.Errorf("--allow-org-creation: %q is not nobody, owners or anybody", c.OrgCreation)
	}
	if c.TrustedProxies, err = parseNetworks("--trusted-proxies", c.proxies); err != nil {
		return err
	}
	if c.WebhookNetworks, err = parseNetworks("--webhook-allow-networks", c.networks); err != nil {
		return err
	}
	if c.PublicURL == "" && len(c.TLS.Domains) > 0 {
		c.PublicURL = "https://" + c.TLS.Domains[0]
	}
	if c.PublicURL != "" && !isBase(c.PublicURL) {
		return errors.New("--public-url: must be an http or https URL without user, query and fragment, such as https://roster.example.com")
	}
	if _, _, err := net.SplitHostPort(c.DNSResolver); err != nil && c.DNSResolver != "" {
		return fmt.Errorf("--dns-resolver: %q is not HOST:PORT, as in 192.0.2.53:53", c.DNSResolver)
	}
	if (c.SMTPURL == "") != (c.SMTPFrom == "") {
		return fmt.Errorf("ROSTER_SMTP_URL and --smtp-from must be set together; only one of them is set")
	}
	return nil
}

// isBase reports whether appending a path to a URL makes a link.
func isBase(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && u.User == nil && !strings.ContainsAny(s, "?#")
}

func parseNetworks(flag string, cidrs []string) (list []netip.Prefix, err error) {
	for _, cidr := range cidrs {
		p, err := netip.ParsePrefix(strings.TrimSpace(cidr))
		if err != nil {
			return nil, fmt.Errorf("%s: %q is not a CIDR, as in 10.0.0.0/8", flag, cidr)
		}
		list = append(list, p.Masked())
	}
	return list, nil
}

// LogValue implements [slog.LogValuer]: everything but passwords.
func (c *Config) LogValue() slog.Value {
	smtp := "off"
	if c.SMTPURL != "" {
		smtp = Redact(c.SMTPURL)
	}
	return slog.GroupValue(
		slog.String("database", Redact(c.Database)), slog.String("listen", c.Listen), slog.String("metrics", c.MetricsListen), slog.String("tls", c.TLS.source()),
		slog.Int("accessLog", c.AccessLog), slog.Int("rateLimit", c.RateLimit), slog.Int("requestsUnderWay", c.RequestsUnderWay), slog.String("publicURL", c.PublicURL), slog.Bool("provision", c.AllowProvision),
		slog.Any("limits", c.limits), slog.String("orgCreation", string(c.OrgCreation)),
		slog.String("smtp", smtp), slog.Any("trustedProxies", c.TrustedProxies),
		slog.Bool("webhookHTTP", c.WebhookAllowHTTP), slog.Any("webhookNetworks", c.WebhookNetworks),
	)
}

// Redact returns a database's or mail server's URL without its secrets: a password may
// stand before the host or in the query. If the parts can't be told apart, Redact returns
// a placeholder.
func Redact(raw string) string {
	const hidden = "a URL that can't be shown"
	if strings.HasPrefix(raw, "sqlite:") {
		return raw
	}
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || !slices.Contains([]string{"postgres", "postgresql", "smtp", "smtps"}, u.Scheme) {
		return hidden
	}
	_, rest, _ := strings.Cut(raw, "://")
	if i := strings.IndexAny(rest, "/?#"); i >= 0 && strings.Contains(rest[i:], "@") {
		return hidden // one of them is in the password, so the host was cut short
	}
	shown := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}
	if u.User != nil {
		shown.User = url.User(u.User.Username())
	}
	return shown.String()
}

// Env returns an environment variable, or a default if it is not set.
func Env(name, otherwise string) string {
	if v := os.Getenv(name); v != "" {
		return v
	}
	return otherwise
}

// env is like [Env] for values that are not strings. [Config.Load] returns the error of a
// value that does not parse, unless the flag overrides it (--rate-limit for
// ROSTER_RATE_LIMIT).
func env[T any](c *Config, name string, otherwise T, parse func(string) (T, error), form string) T {
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	v, err := parse(text)
	if err != nil {
		flag := strings.ReplaceAll(strings.ToLower(strings.TrimPrefix(name, "ROSTER_")), "_", "-")
		c.unread[flag] = fmt.Errorf("%s: %q is not %s", name, text, form)
		return otherwise
	}
	return v
}

func envList(name string) []string {
	if v := os.Getenv(name); v != "" {
		return strings.Split(v, ",")
	}
	return nil
}
