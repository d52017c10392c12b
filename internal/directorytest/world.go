// Package directorytest sets up organizations on a real database, for tests of what
// follows the log.
package directorytest

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/access"
	"github.com/rosterhq/roster/internal/applications"
	"github.com/rosterhq/roster/internal/audit"
	"github.com/rosterhq/roster/internal/auditlog"
	"github.com/rosterhq/roster/internal/credentials"
	"github.com/rosterhq/roster/internal/dbtest"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/egress"
	"github.com/rosterhq/roster/internal/freshness"
	"github.com/rosterhq/roster/internal/history"
	"github.com/rosterhq/roster/internal/identity"
	"github.com/rosterhq/roster/internal/limits"
	"github.com/rosterhq/roster/internal/members"
	"github.com/rosterhq/roster/internal/onboarding"
	"github.com/rosterhq/roster/internal/orgs"
	"github.com/rosterhq/roster/internal/refusals"
	"github.com/rosterhq/roster/internal/roles"
	"github.com/rosterhq/roster/internal/schedules"
	"github.com/rosterhq/roster/internal/store"
	"github.com/rosterhq/roster/internal/webhooks"
)

// World is a directory with one organization, its owner, and a clock that the test moves.
type World struct {
	testing.TB
	*directory.Service
	*webhooks.Hooks
	*applications.Apps
	*auditlog.Trail
	*freshness.Tracker
	*identity.Proofs
	*onboarding.Onboarder
	*schedules.Planner
	*credentials.Keeper
	*orgs.Registry
	*refusals.Recorder
	*access.Explainer
	*roles.Catalog
	*members.Roll

	DB       *store.Store
	Database string
	// Identity are the options of Proofs from the next Configure on.
	Identity identity.Options
	// Onboarding are the options of the Onboarder from the next Configure on.
	Onboarding onboarding.Options

	Org      directory.Org
	Owner    Member
	APIToken string // has all of the organization's capabilities

	clock *clock
	names *names
}

// Member is a user with a personal token.
type Member struct {
	directory.User
	Secret string
}

type clock struct {
	mu  sync.Mutex
	now time.Time
}

type names struct {
	mu  sync.Mutex
	txt map[string][]string
}

func (n *names) copy() *names {
	n.mu.Lock()
	defer n.mu.Unlock()
	txt := make(map[string][]string, len(n.txt))
	maps.Copy(txt, n.txt)
	return &names{txt: txt}
}

// New opens a database of its own. The clock starts off a whole microsecond, which
// storage does not keep. The options are those of the directory.
func New(t testing.TB, options ...directory.Option) *World {
	t.Helper()
	w := &World{
		TB: t, Database: Database(t), Identity: identity.Options{CheckIssuerURL: func(string) error { return nil }},
		Onboarding: onboarding.Options{OrgCreation: onboarding.OrgCreationAnybody, Mails: limits.DefaultMails()},
		names:      &names{txt: make(map[string][]string)},
		clock:      &clock{now: time.Date(2026, 3, 4, 5, 6, 7, 123456789, time.FixedZone("east", 5*3600))},
	}
	w.Identity.Resolver = w
	w.open(options)
	d := Must(w.Initialize(t.Context(), onboarding.NewDeployment{
		OrgName: "Acme", OwnerName: "Olivia Owner", OwnerEmail: "olivia@example.com",
	}))(t)
	w.Org, w.Owner, w.APIToken = d.Org, Member{d.Owner, d.PersonalToken}, d.APIToken
	return w
}

// Beside is another process on the world's database.
func (w *World) Beside(options ...directory.Option) *World {
	w.Helper()
	other := *w
	other.open(options)
	return &other
}

// Copy is the world on a copy of its database, for another test. The world's store must be
// closed before. The options are those of the directory.
func (w *World) Copy(t testing.TB, options ...directory.Option) *World {
	t.Helper()
	other := *w
	other.TB, other.Database = t, dbtest.Copy(t, w.Database)
	other.clock, other.names = &clock{now: w.Clock()}, w.names.copy()
	if w.Identity.Resolver == w {
		other.Identity.Resolver = &other
	}
	other.open(options)
	return &other
}

func (w *World) open(options []directory.Option) {
	w.Helper()
	db, err := store.Open(w.Context(), w.Database, StoreOptions)
	if err != nil {
		w.Fatalf("open: %v", err)
	}
	w.Cleanup(func() {
		if err := db.Close(); err != nil {
			w.Errorf("close: %v", err)
		}
	})
	w.DB = db
	w.Configure(options...)
}

// Configure replaces the services by others, with options, on the same database.
func (w *World) Configure(options ...directory.Option) {
	w.Service = directory.NewService(w.DB, dbtest.Keys(), w.Clock, append([]directory.Option{directory.WithPast(history.At)}, options...)...)
	w.Proofs = identity.New(w.Service, dbtest.Keys(), w.Clock, w.Identity)
	w.Onboarder = onboarding.New(w.Service, w.Onboarding)
	w.Planner = schedules.NewPlanner(w.Service)
	w.Keeper = credentials.NewKeeper(w.Service)
	w.Registry = orgs.New(w.Service)
	w.Recorder = refusals.New(w.Service)
	w.Explainer = access.NewExplainer(w.Service)
	w.Catalog = roles.NewCatalog(w.Service)
	w.Roll = members.NewRoll(w.Service)
	w.Trail = auditlog.New(w.Service, w.DB, dbtest.Keys())
	w.Tracker = freshness.New(w.Service, w.DB)
	w.Apps = applications.New(w.Service)
	w.Hooks = webhooks.NewHooks(w.Service, dbtest.Keys(), egress.Policy{})
}

// CheckLog compares the state that the log leads to with the stored one.
func (w *World) CheckLog(ctx context.Context, org directory.OrgID) error {
	return history.Check(ctx, w.DB, org)
}

// Publish sets the TXT records of a name.
func (w *World) Publish(name string, values ...string) {
	w.names.mu.Lock()
	defer w.names.mu.Unlock()
	w.names.txt[name] = values
}

// LookupTXT returns the records that were published under a name.
func (w *World) LookupTXT(_ context.Context, name string) ([]string, error) {
	w.names.mu.Lock()
	defer w.names.mu.Unlock()
	return w.names.txt[name], nil
}

// Clock is the test's time.
func (w *World) Clock() time.Time {
	w.clock.mu.Lock()
	defer w.clock.mu.Unlock()
	return w.clock.now
}

// Pass moves the clock.
func (w *World) Pass(d time.Duration) {
	w.clock.mu.Lock()
	defer w.clock.mu.Unlock()
	w.clock.now = w.clock.now.Add(d)
}

// Now sets the clock to the real time, for tests with programs that have no other.
func (w *World) Now() {
	w.clock.mu.Lock()
	defer w.clock.mu.Unlock()
	w.clock.now = time.Now()
}

// Must returns the result of a call that has to succeed.
func Must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatalf("unexpected error: %v", err)
		}
		return v
	}
}

// Settle waits until all entries there are can be read.
func (w *World) Settle() {
	w.Helper()
	if err := w.DB.Settled(w.Context()); err != nil {
		w.Fatal(err)
	}
}

// Since lists the entries of all organizations after a position.
func (w *World) Since(position int64) (list []directory.Entry) {
	w.Helper()
	w.Settle()
	w.Wants("read the log", "", w.DB.Read(w.Context(), func(tx directory.Tx) (err error) {
		list, err = tx.Entries(position, 10_000)
		return err
	}))
	return list
}

// LastEntry is the position of the newest entry.
func (w *World) LastEntry() (position int64) {
	w.Helper()
	w.Wants("read the log", "", w.DB.Read(w.Context(), func(tx directory.Tx) (err error) {
		position, err = tx.LastEntry()
		return err
	}))
	return position
}

// EntriesOf returns the whole log of an organization.
func (w *World) EntriesOf(org directory.OrgID) (all []directory.Entry) {
	w.Helper()
	w.Settle()
	w.Wants("read the log", "", w.DB.Read(w.Context(), func(tx directory.Tx) error {
		all = nil
		for e, err := range tx.OrgEntries(org, directory.EntryQuery{}) {
			if err != nil {
				return err
			}
			all = append(all, e)
		}
		return nil
	}))
	return all
}

// Hook makes a webhook in the first organization.
func (w *World) Hook(in webhooks.NewWebhook) directory.Webhook {
	w.Helper()
	return Must(w.CreateWebhook(w.Context(), w.ByOwner(), in))(w).Webhook
}

// Waiting lists the actions of the entries that wait for a webhook, in order.
func (w *World) Waiting(id directory.WebhookID) string {
	w.Helper()
	list, _, err := w.ListDeliveries(w.Context(), w.ByOwner(), id, directory.DeliveryQuery{State: directory.DeliveryPending, Limit: 5000})
	if err != nil {
		w.Fatal(err)
	}
	var actions []string
	for _, d := range slices.Backward(list) {
		actions = append(actions, d.Action)
	}
	return strings.Join(actions, " ")
}

// Export reads an organization's log as it is shown.
func (w *World) Export(org directory.OrgID) []byte {
	w.Helper()
	return Export(w, w.DB, org)
}

// Export reads an organization's log as it is shown.
func Export(t testing.TB, db directory.Store, org directory.OrgID) []byte {
	t.Helper()
	var lines bytes.Buffer
	err := db.Read(t.Context(), func(tx directory.Tx) error {
		for e, err := range tx.OrgEntries(org, directory.EntryQuery{}) {
			if err != nil {
				return err
			}
			r, _, err := e.Record()
			if err != nil {
				return err
			}
			if leaf := e.Leaf; leaf != nil {
				h := audit.Hash(leaf)
				r.Proof.Leaf = &h
			}
			line, err := r.Encode()
			if err != nil {
				return err
			}
			lines.Write(append(line, '\n'))
		}
		return nil
	})
	if err != nil {
		t.Fatalf("export: %v", err)
	}
	return lines.Bytes()
}

// Evidence is what a verifier asks the server for.
func Evidence(t testing.TB, s *auditlog.Trail, call directory.Call) (e audit.Evidence) {
	t.Helper()
	e.Keys = Must(s.AuditKeys(t.Context(), call))(t)
	e.Checkpoint = Must(s.GetCheckpoint(t.Context(), call, 0))(t).Note
	for _, c := range Must(s.ListCheckpoints(t.Context(), call, 0, 1000))(t) {
		e.Earlier = append(e.Earlier, c.Note)
	}
	return e
}

// Same is an error if two texts differ.
func Same(got, want string) error {
	if got == want {
		return nil
	}
	return fmt.Errorf("%q, want %q", got, want)
}
