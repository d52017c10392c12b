// Package apptest runs the real program on a temporary database for black-box
// tests, and checks every answer against the API's own description.
package apptest

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/accesstoken"
	"github.com/rosterhq/roster/internal/applications"
	"github.com/rosterhq/roster/internal/auditlog"
	"github.com/rosterhq/roster/internal/authzen"
	"github.com/rosterhq/roster/internal/credentials"
	"github.com/rosterhq/roster/internal/dbtest"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/directorytest"
	"github.com/rosterhq/roster/internal/egress"
	"github.com/rosterhq/roster/internal/forwardauth"
	"github.com/rosterhq/roster/internal/freshness"
	"github.com/rosterhq/roster/internal/history"
	"github.com/rosterhq/roster/internal/httpapi"
	"github.com/rosterhq/roster/internal/identity"
	"github.com/rosterhq/roster/internal/limits"
	"github.com/rosterhq/roster/internal/oauth"
	"github.com/rosterhq/roster/internal/onboarding"
	"github.com/rosterhq/roster/internal/protocol"
	"github.com/rosterhq/roster/internal/provisioning"
	"github.com/rosterhq/roster/internal/scim"
	"github.com/rosterhq/roster/internal/sealing"
	"github.com/rosterhq/roster/internal/store"
	"github.com/rosterhq/roster/internal/webhooks"
)

// Server is a running Roster with one organization, its owner, and a token of
// each kind.
type Server struct {
	t testing.TB

	URL           string
	Database      string // as --database takes it
	OrgID         string
	UserID        string // the owner's
	PersonalToken string // the owner's
	APIToken      string // all organization capabilities
	Store         *store.Store
	Service       *directory.Service
	Identity      *identity.Proofs
	Onboarding    *onboarding.Onboarder
	API           *httpapi.API
	Provisioner   *provisioning.Provisioner
	Sealer        *sealing.Sealer
	Webhooks      *webhooks.Deliverer // not running: [Server.Deliver]
}

// Options change what [Start] runs.
type Options struct {
	RateLimit      int // 0: off
	UnderWay       int // requests of an organization at a time; 0: any number
	Clock          func() time.Time
	AllowProvision bool
	Endpoints      *egress.Policy // nil: webhooks may lead to 127.0.0.0/8, over http
	Resolver       identity.TXTResolver
	Discover       func(context.Context, string) error // nil: every issuer is as it should be
	Log            io.Writer                           // instead of the test's log; at level debug
	AccessLog      int                                 // requests for one line of the log; 0: no lines
}

// Start runs a server inside the test's process until the test ends. Requests
// go through a real listener on 127.0.0.1.
func Start(t testing.TB) *Server { return StartWith(t, Options{RateLimit: 1_000_000}) }

// StartWith is [Start] with options.
func StartWith(t testing.TB, o Options) *Server {
	t.Helper()
	if o.Clock == nil {
		o.Clock = time.Now
	}
	database := directorytest.Database(t)
	db, err := store.Open(t.Context(), database, directorytest.StoreOptions)
	if err != nil {
		t.Fatalf("open the test database: %v", err)
	}
	service := directory.NewService(db, dbtest.Keys(), o.Clock, directory.WithPast(history.At))
	d, err := onboarding.New(service, onboarding.Options{}).Initialize(t.Context(), onboarding.NewDeployment{
		OrgName: "Acme", OwnerName: "Olivia Owner", OwnerEmail: "owner@example.com",
	})
	if err != nil {
		t.Fatalf("initialize: %v", err)
	}
	s := &Server{
		t: t, Database: database, OrgID: string(d.Org.ID), UserID: string(d.Owner.ID),
		PersonalToken: d.PersonalToken, APIToken: d.APIToken,
	}
	s.serve(o, db, service)
	return s
}

// Beside starts a second server on the same database.
func (s *Server) Beside() *Server {
	s.t.Helper()
	db, err := store.Open(s.t.Context(), s.Database, directorytest.StoreOptions)
	if err != nil {
		s.t.Fatalf("open the test database again: %v", err)
	}
	o := Options{RateLimit: 1_000_000, Clock: time.Now}
	other := *s
	other.serve(o, db, directory.NewService(db, dbtest.Keys(), o.Clock, directory.WithPast(history.At)))
	return &other
}

// serve serves a database until the test ends.
func (s *Server) serve(o Options, db *store.Store, service *directory.Service) {
	log := o.logger(s.t)
	s.Service, s.Store = service, db
	s.Identity = identity.New(service, dbtest.Keys(), o.Clock, identity.Options{Resolver: o.Resolver, Discover: o.discover})
	s.Onboarding = onboarding.New(service, onboarding.Options{OrgCreation: onboarding.OrgCreationAnybody, Mails: limits.DefaultMails()})
	s.Sealer = sealing.New(db, dbtest.Keys(), o.Clock)
	s.Webhooks = webhooks.New(webhooks.Options{
		Queue: webhooks.NewQueue(db, dbtest.Keys(), o.Clock), Endpoints: o.endpoints(), Log: log, Clock: o.Clock,
	})
	s.Provisioner = provisioning.New(service, s.Onboarding, scim.CheckExtensions)
	apps, fresh := applications.New(service), freshness.New(service, db)
	decisions := authzen.New(authzen.Access{Service: service, Apps: apps, Freshness: fresh}, "")
	tokens := oauth.New(oauth.Options{Apps: apps, Signer: accesstoken.New(dbtest.Keys(), o.Clock)})
	s.API = httpapi.New(httpapi.Options{
		Service: service, Webhooks: webhooks.NewHooks(service, dbtest.Keys(), o.endpoints()),
		Provisioner: s.Provisioner, Protocols: []protocol.API{scim.New(scim.Options{Provisioner: s.Provisioner}).API(), decisions.API(), tokens.API(), forwardauth.New(service, apps).API()},
		Pages: []httpapi.Page{
			{Pattern: authzen.ConfigurationPath, Serve: decisions.ServeConfiguration},
			{Pattern: oauth.MetadataPath, Serve: tokens.ServeMetadata},
			{Pattern: oauth.KeySetPath, Serve: tokens.ServeKeySet},
		},
		AuditLog: auditlog.New(service, db, dbtest.Keys()), Freshness: fresh, Identity: s.Identity, Onboarding: s.Onboarding, Log: log, AccessLog: o.AccessLog, RateLimit: o.RateLimit, RequestsUnderWay: o.UnderWay, Clock: o.Clock, Version: "test", AllowProvision: o.AllowProvision,
		Collectors: slices.Concat(s.Sealer.Collectors(), s.Webhooks.Collectors()),
	})
	listener := httptest.NewServer(s.API)
	s.URL = listener.URL
	background, stop := context.WithCancel(s.t.Context())
	var sealed sync.WaitGroup
	sealed.Go(func() { s.Sealer.Run(background, func(err error) { s.t.Errorf("seal: %v", err) }) })
	s.t.Cleanup(func() {
		s.API.Drain() // ends the streams
		listener.Close()
		stop()
		sealed.Wait()
		if err := db.Close(); err != nil {
			s.t.Errorf("close the test database: %v", err)
		}
	})
}

// discover reads what an issuer publishes, without leaving the machine.
func (o Options) discover(ctx context.Context, url string) error {
	if o.Discover == nil {
		return nil
	}
	return o.Discover(ctx, url)
}

// endpoints are the options' own, or let webhooks lead to this machine.
func (o Options) endpoints() egress.Policy {
	if o.Endpoints != nil {
		return *o.Endpoints
	}
	return egress.Policy{AllowHTTP: true, Allowed: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}
}

// Deliver sends webhooks all that is due.
func (s *Server) Deliver() {
	s.t.Helper()
	if err := s.Store.Settled(s.t.Context()); err != nil {
		s.t.Fatalf("settle: %v", err)
	}
	if err := s.Webhooks.Once(s.t.Context()); err != nil {
		s.t.Fatalf("deliver: %v", err)
	}
}

func (o Options) logger(t testing.TB) *slog.Logger {
	if o.Log != nil {
		return slog.New(slog.NewTextHandler(o.Log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	return slog.New(slog.NewTextHandler(testLog{t}, nil))
}

// testLog passes the server's log on to the test's.
type testLog struct{ t testing.TB }

func (l testLog) Write(p []byte) (int, error) {
	l.t.Logf("server: %s", bytes.TrimSpace(p))
	return len(p), nil
}

// User is the v2 user object.
type User struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Email string `json:"email"`
	Role  struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	} `json:"role"`
}

// CreateUser adds a user with the API token.
func (s *Server) CreateUser(name, email, role string) User {
	s.t.Helper()
	b, err := json.Marshal(map[string]string{"name": name, "email": email, "role": role})
	if err != nil {
		s.t.Fatal(err)
	}
	var u User
	s.Want(http.StatusOK, "POST", "/v2/users", Request{Token: s.APIToken, Body: string(b)}).Decode(s.t, &u)
	return u
}

// TokenOf makes a personal token for the account with an email address, as an
// operator would.
func (s *Server) TokenOf(email string) string {
	s.t.Helper()
	t, err := s.Onboarding.CreatePersonalTokenFor(s.t.Context(), email, credentials.NewPersonalToken{Name: "test"})
	if err != nil {
		s.t.Fatalf("personal token for %s: %v", email, err)
	}
	return t.Secret
}

// APITokenWith makes an API token with the owner's personal token; capabilities
// is the JSON of its capability members.
func (s *Server) APITokenWith(capabilities string) string {
	s.t.Helper()
	var made struct{ Token string }
	s.Want(http.StatusOK, "POST", "/v2/tokens", Request{
		Token: s.PersonalToken, Header: map[string]string{"X-Axiom-Org-Id": s.OrgID}, Body: `{"name":"test",` + capabilities + `}`,
	}).Decode(s.t, &made)
	return made.Token
}
