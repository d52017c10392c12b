// Package directorytest sets up organizations on a real database, for tests of what
// follows the log.
package directorytest

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/audit"
	"github.com/rosterhq/roster/internal/auditlog"
	"github.com/rosterhq/roster/internal/dbtest"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/egress"
	"github.com/rosterhq/roster/internal/history"
	"github.com/rosterhq/roster/internal/identity"
	"github.com/rosterhq/roster/internal/store"
	"github.com/rosterhq/roster/internal/webhooks"
)

// World is a directory with one organization, its owner, and a clock that the test moves.
type World struct {
	testing.TB
	*directory.Service
	*webhooks.Hooks
	*auditlog.Trail
	*identity.Proofs

	DB       *store.Store
	Database string
	Org      directory.Org
	Owner    Member

	mu  sync.Mutex
	now time.Time
	txt map[string][]string // records by name
}

// Member is a user with a personal token.
type Member struct {
	directory.User
	Secret string
}

// New opens a database of its own. The clock starts off a whole microsecond, which
// storage does not keep.
func New(t testing.TB) *World {
	t.Helper()
	w := &World{TB: t, Database: Database(t), now: time.Date(2026, 3, 4, 5, 6, 7, 123456789, time.FixedZone("east", 5*3600))}
	db, err := store.Open(t.Context(), w.Database, store.Options{})
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	w.DB, w.Service = db, directory.NewService(db, dbtest.Keys(), w.Clock, directory.WithPast(history.At))
	w.Proofs = identity.New(w.Service, dbtest.Keys(), w.Clock, identity.Options{Resolver: w, CheckIssuerURL: func(string) error { return nil }})
	w.Trail = auditlog.New(w.Service, db, dbtest.Keys())
	w.Hooks = webhooks.NewHooks(w.Service, dbtest.Keys(), egress.Policy{})
	d := Must(w.Initialize(t.Context(), directory.NewDeployment{
		OrgName: "Acme", OwnerName: "Olivia Owner", OwnerEmail: "olivia@example.com",
	}))(t)
	w.Org, w.Owner = d.Org, Member{d.Owner, d.PersonalToken}
	return w
}

// Publish sets the TXT records of a name.
func (w *World) Publish(name string, values ...string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.txt == nil {
		w.txt = make(map[string][]string)
	}
	w.txt[name] = values
}

// LookupTXT returns the records that were published under a name.
func (w *World) LookupTXT(_ context.Context, name string) ([]string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.txt[name], nil
}

// Clock is the test's time.
func (w *World) Clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

// Pass moves the clock.
func (w *World) Pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

// Now sets the clock to the real time, for tests with programs that have no other.
func (w *World) Now() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = time.Now()
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

// Wants checks the code of a call's error, "" for no error.
func (w *World) Wants(what string, code directory.Code, err error) {
	w.Helper()
	if got := directory.CodeOf(err); got != code || (code == "" && err != nil) {
		w.Errorf("%s: %q (%v), want %q", what, got, err, code)
	}
}

// By starts a call by a member.
func (w *World) By(m Member) directory.Call {
	w.Helper()
	return directory.Call{Principal: Must(w.Authenticate(w.Context(), m.Secret, m.OrgID))(w)}
}

// ByOwner starts a call by the owner of the first organization.
func (w *World) ByOwner() directory.Call {
	w.Helper()
	return w.By(w.Owner)
}

// Join makes a user of the first organization with a personal token.
func (w *World) Join(name string, role directory.RoleID) Member {
	w.Helper()
	u := Must(w.CreateUser(w.Context(), w.ByOwner(), directory.NewUser{
		Name: name, Email: strings.ToLower(name) + "@example.com", Role: role,
	}))(w)
	t := Must(w.CreatePersonalTokenFor(w.Context(), u.Email, directory.NewPersonalToken{Name: "test"}))(w)
	return Member{u, t.Secret}
}

// Tenant makes another organization with an owner who is not in the first one.
func (w *World) Tenant(name string) Member {
	w.Helper()
	out := Must(w.ProvisionOrg(w.Context(), directory.Call{RemoteAddr: name}, name))(w)
	claimed := Must(w.ClaimOrg(w.Context(), directory.Call{}, directory.NewClaim{
		Claim: out.Claim, Name: name, Email: strings.ToLower(name) + "@example.net",
	}))(w)
	return Member{claimed.Owner, claimed.PersonalToken}
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
