package main

import (
	"time"

	"github.com/rosterhq/roster/internal/accesstoken"
	"github.com/rosterhq/roster/internal/applications"
	"github.com/rosterhq/roster/internal/audit"
	"github.com/rosterhq/roster/internal/authzen"
	"github.com/rosterhq/roster/internal/config"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/forwardauth"
	"github.com/rosterhq/roster/internal/freshness"
	"github.com/rosterhq/roster/internal/httpapi"
	"github.com/rosterhq/roster/internal/oauth"
	"github.com/rosterhq/roster/internal/protocol"
)

// forApps are the protocols that applications and their proxies ask in.
type forApps struct {
	decisions *authzen.Server
	tokens    *oauth.Server
	proxies   *forwardauth.Server
}

func newForApps(c *config.Config, s *directory.Service, fresh *freshness.Tracker, keys *audit.Keyring) forApps {
	apps := applications.New(s)
	return forApps{
		decisions: authzen.New(authzen.Access{Service: s, Apps: apps, Freshness: fresh}, c.PublicURL),
		tokens:    oauth.New(oauth.Options{Apps: apps, Signer: accesstoken.New(keys, time.Now), PublicURL: c.PublicURL}),
		proxies:   forwardauth.New(s, apps),
	}
}

func (f forApps) protocols() []protocol.API {
	return []protocol.API{f.decisions.API(), f.tokens.API(), f.proxies.API()}
}

// pages are how programs find the protocols, without a credential.
func (f forApps) pages() []httpapi.Page {
	return []httpapi.Page{
		{Pattern: authzen.ConfigurationPath, Serve: f.decisions.ServeConfiguration},
		{Pattern: oauth.MetadataPath, Serve: f.tokens.ServeMetadata},
		{Pattern: oauth.KeySetPath, Serve: f.tokens.ServeKeySet},
	}
}
