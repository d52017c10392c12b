package main

import (
	"log/slog"
	"time"

	"github.com/rosterhq/roster/internal/applications"
	"github.com/rosterhq/roster/internal/auditlog"
	"github.com/rosterhq/roster/internal/config"
	"github.com/rosterhq/roster/internal/console"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/httpapi"
	"github.com/rosterhq/roster/internal/identity"
	"github.com/rosterhq/roster/internal/mail"
	"github.com/rosterhq/roster/internal/members"
	"github.com/rosterhq/roster/internal/onboarding"
	"github.com/rosterhq/roster/internal/provisioning"
	"github.com/rosterhq/roster/internal/schedules"
	"github.com/rosterhq/roster/internal/signin"
	"github.com/rosterhq/roster/internal/signin/oidc"
	"github.com/rosterhq/roster/internal/userimport"
	"github.com/rosterhq/roster/internal/webhooks"
)

// newSignIn makes the pages on which people sign in. smtp may be nil.
func newSignIn(c *config.Config, s *directory.Service, proofs *identity.Proofs, smtp *mail.SMTP, issuers *oidc.Client, log *slog.Logger) (*signin.SignIn, error) {
	o := signin.Options{Service: s, Identity: proofs, Log: log, Clock: time.Now, PublicURL: c.PublicURL, Home: console.Root, OIDC: issuers}
	if smtp != nil {
		o.Mail = smtp
	}
	if c.PublicURL == "" {
		log.Info("there are no passkeys, no mailed sign-in links and no sign-in by issuers because --public-url is not set")
	}
	return signin.New(o)
}

// sitePages are what people use in a browser.
func sitePages(c *config.Config, s *directory.Service, proofs *identity.Proofs, people *onboarding.Onboarder, trail *auditlog.Trail, hooks *webhooks.Hooks, imports *userimport.Importer, roll *members.Roll, provisioner *provisioning.Provisioner, in *signin.SignIn, log *slog.Logger) []httpapi.Page {
	pages := console.New(console.Options{
		Service: s, Identity: proofs, Onboarding: people, Trail: trail, Hooks: hooks, Imports: imports, Members: roll, Apps: applications.New(s), Planner: schedules.NewPlanner(s), Provisioner: provisioner, Auth: in, Log: log, Clock: time.Now,
		SignIn: signin.Root, PublicURL: c.PublicURL,
	})
	return []httpapi.Page{
		{Pattern: console.Root, Serve: pages.Serve},
		{Pattern: signin.Root, Serve: in.Serve},
		{Pattern: signin.Root + "/", Serve: in.Serve},
	}
}
