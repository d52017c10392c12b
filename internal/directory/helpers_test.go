package directory_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rosterhq/roster/internal/auditlog"
	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/dbtest"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/directorytest"
	"github.com/rosterhq/roster/internal/egress"
	"github.com/rosterhq/roster/internal/history"
	"github.com/rosterhq/roster/internal/identity"
	"github.com/rosterhq/roster/internal/store"
	"github.com/rosterhq/roster/internal/webhooks"
)

// world is a directory on a real database with one organization, its owner, and
// a clock that the test moves.
type world struct {
	testing.TB
	*directory.Service
	*webhooks.Hooks
	*auditlog.Trail
	*identity.Proofs

	db       *store.Store
	database string
	clock    *clock
	resolver identity.TXTResolver // nil: none

	org      directory.Org
	owner    member
	apiToken string // has all organization capabilities
}

// member is a user with a personal token.
type member struct {
	directory.User
	secret string
}

type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// pass moves the clock.
func (w *world) pass(d time.Duration) {
	w.clock.mu.Lock()
	defer w.clock.mu.Unlock()
	w.clock.now = w.clock.now.Add(d)
}

// newWorld opens a database of its own. The clock starts off a whole
// microsecond: what the service keeps must not.
func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{
		TB: t, database: directorytest.Database(t),
		clock: &clock{now: time.Date(2026, 3, 4, 5, 6, 7, 123456789, time.FixedZone("east", 5*3600))},
	}
	w.open()
	d, err := w.Initialize(t.Context(), directory.NewDeployment{
		OrgName: "Acme", OwnerName: "Olivia Owner", OwnerEmail: "olivia@example.com",
	})
	if err != nil {
		t.Fatalf("initialize: %v", err)
	}
	w.org, w.owner, w.apiToken = d.Org, member{d.Owner, d.PersonalToken}, d.APIToken
	return w
}

// configure puts a service with other options over the same database.
func (w *world) configure(options ...directory.Option) {
	options = append(options, directory.WithPast(history.InBatches(3)))
	w.Service = directory.NewService(w.db, dbtest.Keys(), w.clock.Now, options...)
	w.Trail = auditlog.New(w.Service, w.db, dbtest.Keys())
	w.Hooks = webhooks.NewHooks(w.Service, dbtest.Keys(), egress.Policy{})
	w.Proofs = identity.New(w.Service, dbtest.Keys(), w.clock.Now, identity.Options{Resolver: w.resolver})
}

// CheckLog compares the state that the log leads to with the stored one.
func (w *world) CheckLog(ctx context.Context, org directory.OrgID) error {
	return history.Check(ctx, w.db, org)
}

func (w *world) open() {
	w.Helper()
	db, err := store.Open(w.Context(), w.database, store.Options{})
	if err != nil {
		w.Fatalf("open: %v", err)
	}
	w.Cleanup(func() {
		if err := db.Close(); err != nil {
			w.Errorf("close: %v", err)
		}
	})
	w.db = db
	w.configure(directory.WithOrgCreation(directory.OrgCreationAnybody))
}

// nodes are w and another process on its database, for requests to race on both.
func (w *world) nodes() [2]*world {
	w.Helper()
	other := *w
	other.open()
	return [2]*world{w, &other}
}

// as starts a call by whoever has the token; org is what the request names.
func (w *world) as(secret string, org directory.OrgID) directory.Call {
	w.Helper()
	p, err := w.Authenticate(w.Context(), secret, org)
	if err != nil {
		w.Fatalf("authenticate: %v", err)
	}
	return directory.Call{Principal: p}
}

func (w *world) by(m member) directory.Call {
	w.Helper()
	return w.as(m.secret, m.OrgID)
}

func (w *world) byOwner() directory.Call {
	w.Helper()
	return w.by(w.owner)
}

// join makes a user of the first organization with a personal token.
func (w *world) join(name string, role directory.RoleID) member {
	w.Helper()
	u := must(w.CreateUser(w.Context(), w.byOwner(), directory.NewUser{
		Name: name, Email: strings.ToLower(name) + "@example.com", Role: role,
	}))(w)
	return w.withToken(u)
}

// withToken gives a user's account another token.
func (w *world) withToken(u directory.User) member {
	w.Helper()
	t := must(w.CreatePersonalTokenFor(w.Context(), u.Email, directory.NewPersonalToken{Name: "test"}))(w)
	return member{u, t.Secret}
}

// tenant makes another organization with an owner who is not in the first one.
func (w *world) tenant(name string) member {
	w.Helper()
	out := must(w.ProvisionOrg(w.Context(), directory.Call{RemoteAddr: name}, name))(w)
	claimed := must(w.ClaimOrg(w.Context(), directory.Call{}, directory.NewClaim{
		Claim: out.Claim, Name: name, Email: strings.ToLower(name) + "@example.net",
	}))(w)
	return w.withToken(claimed.Owner) // which verifies the address
}

// invite adds the account of m to the first organization and gives the user it has there.
func (w *world) invite(m member, role directory.RoleID) directory.User {
	w.Helper()
	return must(w.CreateUser(w.Context(), w.byOwner(), directory.NewUser{Name: "Invited " + m.Name, Email: m.Email, Role: role}))(w)
}

// role makes a custom role in the first organization.
func (w *world) role(name string, capabilities ...string) directory.Role {
	w.Helper()
	return must(w.CreateRole(w.Context(), w.byOwner(), directory.NewRole{Name: name, Capabilities: caps(w, capabilities...)}))(w)
}

// group makes a group in the first organization.
func (w *world) group(name string, members []directory.UserID, roles ...directory.RoleID) directory.Group {
	w.Helper()
	return must(w.CreateGroup(w.Context(), w.byOwner(), directory.NewGroup{Name: name, Members: &members, Roles: &roles}))(w)
}

// token makes an API token in the first organization.
func (w *world) token(capabilities ...string) directory.IssuedAPIToken {
	w.Helper()
	return must(w.CreateAPIToken(w.Context(), w.byOwner(), directory.NewAPIToken{
		Name: "token", Capabilities: caps(w, capabilities...),
	}))(w)
}

// user reads a user of the first organization as it is now.
func (w *world) user(id directory.UserID) directory.User {
	w.Helper()
	return must(w.GetUser(w.Context(), w.byOwner(), id))(w)
}

// must gives the result of a call that has to succeed.
func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatalf("unexpected error: %v", err)
		}
		return v
	}
}

// wants checks a call's outcome: the code of its error, "" for none.
func (w *world) wants(what string, code directory.Code, err error) {
	w.Helper()
	if got := outcome(err); got != code {
		w.Errorf("%s: %q (%v), want %q", what, got, err, code)
	}
}

// outcome is an error's code. An error without one is a fault of the program,
// whatever was asked, so it is equal to no code.
func outcome(err error) directory.Code {
	if code := directory.CodeOf(err); err == nil || code != "" {
		return code
	}
	return "fault: " + directory.Code(err.Error())
}

// refused checks that a call fails with the code, blames the field if one is
// given, and leaves the database exactly as it was.
func (w *world) refused(what string, code directory.Code, field string, try func() error) {
	w.Helper()
	before := w.tables()
	err := try()
	w.wants(what, code, err)
	if field != "" {
		if e, ok := err.(*directory.Error); !ok || e.Field != field { //nolint:errorlint // as it is answered
			w.Errorf("%s: %v does not blame %q", what, err, field)
		}
	}
	w.unchanged(what, before)
}

// unchanged compares the database with what it was.
func (w *world) unchanged(what string, before map[string][]string) {
	w.Helper()
	if diff := cmp.Diff(before, w.tables()); diff != "" {
		w.Errorf("%s: the database has changed (-before +after):\n%s", what, diff)
	}
}

// tables reads every row of every table, past the store.
func (w *world) tables() map[string][]string {
	w.Helper()
	return dbtest.Tables(w, w.database)
}

// settle waits until all there is in the log can be read.
func (w *world) settle() {
	w.Helper()
	if err := w.db.Settled(w.Context()); err != nil {
		w.Fatal(err)
	}
}

// since lists the audit entries after a position.
func (w *world) since(position int64) (list []directory.Entry) {
	w.Helper()
	w.settle()
	err := w.db.Read(w.Context(), func(tx directory.Tx) (err error) {
		list, err = tx.Entries(position, 10_000)
		return err
	})
	if err != nil {
		w.Fatal(err)
	}
	return list
}

// lastEntry is the position of the newest audit entry.
func (w *world) lastEntry() (seq int64) {
	w.Helper()
	err := w.db.Read(w.Context(), func(tx directory.Tx) (err error) {
		seq, err = tx.LastEntry()
		return err
	})
	if err != nil {
		w.Fatal(err)
	}
	return seq
}

// caps reads capabilities as people write them: "users|create",
// "dataset:logs:query|read", "view:*:share|read".
func caps(t testing.TB, names ...string) authz.Set {
	t.Helper()
	var s authz.Set
	for _, name := range names {
		one, err := parseCap(name)
		if err != nil {
			t.Fatal(err)
		}
		s = s.Union(one)
	}
	return s
}

func parseCap(name string) (s authz.Set, err error) {
	scope, on, pair := "", "", name
	if parts := strings.SplitN(name, ":", 3); len(parts) == 3 {
		scope, on, pair = parts[0], parts[1], parts[2]
	}
	resource, action, _ := strings.Cut(pair, "|")
	wire := map[string][]string{resource: {action}}
	switch scope {
	case "":
		return authz.Wire{Org: wire}.Parse()
	case "dataset":
		return authz.Wire{Datasets: map[string]map[string][]string{on: wire}}.Parse()
	default:
		return authz.Wire{Views: map[string]map[string][]string{on: wire}}.Parse()
	}
}

// listed collects a list of users.
type listed struct {
	version string
	changed bool
	users   []directory.User
}

func (l *listed) Begin(version string) error {
	l.version = version
	return nil
}

func (l *listed) Changed() { l.changed = true }

func (l *listed) User(u directory.User) error {
	l.users = append(l.users, u)
	return nil
}

func (l *listed) Flush() error { return nil }

func (l *listed) ids() []directory.UserID {
	ids := []directory.UserID{}
	for _, u := range l.users {
		ids = append(ids, u.ID)
	}
	return ids
}

// networks parses networks that the test spells right.
func networks(t testing.TB, list ...string) directory.Networks {
	t.Helper()
	return must(directory.ParseNetworks(list))(t)
}
