package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"os/signal"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/mattn/go-isatty"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/cobra"

	"github.com/rosterhq/roster/internal/auditlog"
	"github.com/rosterhq/roster/internal/backups"
	"github.com/rosterhq/roster/internal/cli"
	"github.com/rosterhq/roster/internal/config"
	"github.com/rosterhq/roster/internal/console"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/dnsresolve"
	"github.com/rosterhq/roster/internal/egress"
	"github.com/rosterhq/roster/internal/freshness"
	"github.com/rosterhq/roster/internal/history"
	"github.com/rosterhq/roster/internal/httpapi"
	"github.com/rosterhq/roster/internal/identity"
	"github.com/rosterhq/roster/internal/mail"
	"github.com/rosterhq/roster/internal/members"
	"github.com/rosterhq/roster/internal/onboarding"
	"github.com/rosterhq/roster/internal/provisioning"
	"github.com/rosterhq/roster/internal/schedules"
	"github.com/rosterhq/roster/internal/scim"
	"github.com/rosterhq/roster/internal/sealing"
	"github.com/rosterhq/roster/internal/signin/oidc"
	"github.com/rosterhq/roster/internal/store"
	"github.com/rosterhq/roster/internal/tracing"
	"github.com/rosterhq/roster/internal/userimport"
	"github.com/rosterhq/roster/internal/webhooks"
)

func serveCommand() *cobra.Command {
	var c config.Config
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run the server",
		Long: `Run the server on a database made by "roster init" or, with --allow-provision, on a new
one. The server upgrades the schema first. On SIGINT or SIGTERM it stops accepting
requests, finishes those in progress, and exits with 0. A second signal ends it at once.

Settings that hold a password are read only from the environment:
  ROSTER_SMTP_URL   smtp://user:password@host:port, or smtps://…, to mail invitations`,
		Example: `  roster serve
  roster serve --database sqlite:/var/lib/roster/roster.db --listen 127.0.0.1:8080
  roster serve --metrics-listen off --rate-limit 0`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := c.Load(); err != nil {
				return cli.Usage(err)
			}
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			context.AfterFunc(ctx, stop) // the next signal ends the program at once
			return serve(ctx, &c, newLog(&c, cmd.ErrOrStderr()))
		},
	}
	c.AddFlags(cmd.Flags())
	// An empty value turns off what an environment variable turns on.
	cli.MayBeEmpty(cmd.Flags(), "http-redirect", "metrics-listen", "log-format", "public-url", "smtp-from")
	return cmd
}

func newLog(c *config.Config, w io.Writer) *slog.Logger {
	o := &slog.HandlerOptions{Level: c.LogLevel}
	if c.LogFormat == "json" || (c.LogFormat == "" && !isTerminal(w)) {
		return slog.New(slog.NewJSONHandler(w, o))
	}
	return slog.New(slog.NewTextHandler(w, o))
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && isatty.IsTerminal(f.Fd())
}

// serve runs the server until ctx ends, then waits for the requests in progress.
func serve(ctx context.Context, c *config.Config, log *slog.Logger) (err error) {
	log.Info("starting", "version", config.ProgramVersion(), "config", c)
	traces, err := tracing.Start(ctx, config.ProgramVersion(), log)
	if err != nil {
		return err
	}
	defer traces.Stop()
	// A database without organizations is useful only if anybody may create one.
	db, err := store.Open(ctx, c.Database, store.Options{Tracer: traces.Tracer(), MustExist: !c.AllowProvision})
	if err != nil {
		return hintAtInit(c.Database, err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	keys, err := place{c.Database, c.KeyFile}.loadKeys(ctx, db, func(file string) {
		log.Warn("created the key that seals the audit log; keep a copy apart from the database's backups", "file", file)
	})
	if err != nil {
		return err
	}
	endpoints := egress.Policy{AllowHTTP: c.WebhookAllowHTTP, Allowed: c.WebhookNetworks}
	service := directory.NewService(db, keys, time.Now, directory.WithPast(history.At),
		directory.WithLimits(c.Limits), directory.WithInvitationTTL(c.InvitationTTL))
	issuers := oidc.New(endpoints, time.Now)
	proofs := identity.New(service, keys, time.Now, identity.Options{
		Resolver: dnsresolve.New(c.DNSResolver), CheckIssuerURL: endpoints.CheckURL, Discover: issuers.CheckIssuer,
	})
	people := onboarding.New(service, onboarding.Options{OrgCreation: c.OrgCreation, Mails: c.MailLimits})
	smtp, sender, err := mailSender(c, log)
	if err != nil {
		return err
	}
	in, err := newSignIn(c, service, proofs, smtp, issuers, log)
	if err != nil {
		return err
	}
	var background sync.WaitGroup
	defer background.Wait()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	sealer := sealing.New(db, keys, time.Now)
	queue := webhooks.NewQueue(db, keys, time.Now)
	deliverer := webhooks.New(webhooks.Options{Queue: queue, Endpoints: endpoints, Log: log, Clock: time.Now})
	mailer := mail.New(mail.Options{Store: db, Sender: sender, Limits: c.MailLimits, Log: log, Clock: time.Now})
	background.Go(func() {
		maintenance{service, people, sealer, queue, mailer}.run(ctx, func(err error) { log.Error("maintenance failed", "error", err) })
	})
	background.Go(func() {
		sealer.Run(ctx, func(err error) { log.Error("sealing the audit log failed", "error", err) })
	})
	background.Go(func() { mailer.Run(ctx) })
	background.Go(func() {
		schedules.New(db, service).Run(ctx, func(err error) { log.Error("carrying out schedules failed", "error", err) })
	})
	saved, err := startBackups(ctx, c, &background, log)
	if err != nil {
		return err
	}
	background.Go(func() { in.Run(ctx) })
	background.Go(func() { deliverer.Run(ctx) })

	trail, hooks := auditlog.New(service, db, keys), webhooks.NewHooks(service, keys, endpoints)
	imports, roll, provisioner := userimport.New(service), members.NewRoll(service), provisioning.New(service, people, scim.CheckExtensions)
	fresh := freshness.New(service, db)
	forApps := newForApps(c, service, fresh, keys)
	api := httpapi.New(httpapi.Options{
		Service: service, Webhooks: hooks, AuditLog: trail, Freshness: fresh, Identity: proofs, Onboarding: people, Imports: imports, Members: roll, Provisioner: provisioner,
		Protocols: append(forApps.protocols(), scim.New(scim.Options{Provisioner: provisioner, PublicURL: c.PublicURL}).API()),
		Pages:     append(forApps.pages(), sitePages(c, service, proofs, people, trail, hooks, imports, roll, provisioner, in, log)...), Home: console.Root, Log: log, AccessLog: c.AccessLog, RateLimit: c.RateLimit, RequestsUnderWay: c.RequestsUnderWay, Clock: time.Now, TrustedProxies: c.TrustedProxies,
		Version: config.ProgramVersion(), SeparateMetrics: c.MetricsListen != c.Listen, PublicURL: c.PublicURL, AllowProvision: c.AllowProvision,
		Collectors: slices.Concat(db.Collectors(), sealer.Collectors(), deliverer.Collectors(), mailer.Collectors(), saved),
	})
	servers, err := apiListeners(c, traces.Handler(api), log)
	if err != nil {
		return err
	}
	if c.MetricsListen != "" && c.MetricsListen != c.Listen {
		servers = append(servers, &listener{name: "metrics", addr: c.MetricsListen, handler: api.Metrics()})
	}
	return run(ctx, servers, func() { drain(api, c.DrainDelay, log) }, c.ShutdownTimeout, log)
}

// startBackups backs the database up until ctx ends, if that is configured, and returns
// the metrics of it.
func startBackups(ctx context.Context, c *config.Config, background *sync.WaitGroup, log *slog.Logger) ([]prometheus.Collector, error) {
	if c.Backups.Dir == "" {
		return nil, nil
	}
	schedule, err := backups.Start(backups.Schedule{
		Dir: c.Backups.Dir, Every: c.Backups.Every, Keep: c.Backups.Keep, Log: log, Clock: time.Now,
		Backup: func(ctx context.Context, file string) error { return store.Backup(ctx, c.Database, file) },
	})
	if err != nil {
		return nil, err
	}
	background.Go(func() { schedule.Run(ctx) })
	return schedule.Collectors(), nil
}

// hintAtInit adds to the error for a missing database file how to create it. The server
// does not create one itself: with an empty database it would reject every token.
func hintAtInit(database string, err error) error {
	if strings.HasPrefix(database, "sqlite:") && errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w; check the path, or create a database with `roster init`", err)
	}
	return err
}

// drain makes /readyz fail, and waits for load balancers to notice it.
func drain(api *httpapi.API, delay time.Duration, log *slog.Logger) {
	api.Drain()
	if delay > 0 {
		log.Info("draining", "delay", delay)
		time.Sleep(delay)
	}
}

// mailSender makes what sends mail; the sender is nil without a mail server.
func mailSender(c *config.Config, log *slog.Logger) (*mail.SMTP, mail.Sender, error) {
	if c.SMTPURL == "" {
		log.Info("invitations are not mailed because ROSTER_SMTP_URL is not set")
		return nil, nil, nil // running without a sender is allowed
	}
	smtp, err := mail.NewSMTP(c.SMTPURL, c.SMTPFrom, c.PublicURL)
	return smtp, smtp, err
}
