package mail_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rosterhq/roster/internal/dbtest"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/directorytest"
	"github.com/rosterhq/roster/internal/mail"
	"github.com/rosterhq/roster/internal/store"
)

// fixture is a service with an owner who can add users.
type fixture struct {
	*directory.Service
	store directory.Store
	owner *directory.Principal
}

func newFixture(t *testing.T) fixture {
	t.Helper()
	db, err := store.Open(t.Context(), directorytest.Database(t), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	s := directory.NewService(db, dbtest.Keys(), time.Now)
	d, err := s.Initialize(t.Context(), directory.NewDeployment{
		OrgName: "Acme", OwnerName: "Olivia Owner", OwnerEmail: "owner@example.com",
	})
	if err != nil {
		t.Fatal(err)
	}
	owner, err := s.Authenticate(t.Context(), d.PersonalToken, "")
	if err != nil {
		t.Fatal(err)
	}
	return fixture{s, db, owner}
}

func (f fixture) add(t *testing.T, name string) {
	t.Helper()
	_, err := f.CreateUser(t.Context(), directory.Call{Principal: f.owner}, directory.NewUser{
		Name: name, Email: strings.ToLower(name) + "@example.com", Role: "user",
	})
	if err != nil {
		t.Fatal(err)
	}
}

// cursor is how far mail has come.
func (f fixture) cursor(t *testing.T) (seq int64) {
	t.Helper()
	err := f.store.Read(t.Context(), func(tx directory.Tx) (err error) {
		seq, err = tx.Cursor("mail")
		return err
	})
	if err != nil && directory.CodeOf(err) != directory.NotFound {
		t.Fatal(err)
	}
	return seq
}

// postman records the mails it gets and fails as configured.
type postman struct {
	mu   sync.Mutex
	sent []mail.Invitation
	fail func(n int) error
	n    int
	all  chan struct{} // closed when want have been sent
	want int

	refuse func(mail.Invitation) error
}

func (p *postman) Send(_ context.Context, inv mail.Invitation) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.n++
	if p.fail != nil {
		if err := p.fail(p.n); err != nil {
			return err
		}
	}
	if p.refuse != nil {
		if err := p.refuse(inv); err != nil {
			return err
		}
	}
	p.sent = append(p.sent, inv)
	if len(p.sent) == p.want {
		close(p.all)
	}
	return nil
}

func mailer(db directory.Store, sender mail.Sender, limits directory.MailLimits) *mail.Mailer {
	return mail.New(mail.Options{Store: db, Sender: sender, Limits: limits, Log: slog.New(slog.DiscardHandler), Clock: time.Now})
}

// run runs a mailer until the postman has what he wants.
func run(t *testing.T, f fixture, p *postman) {
	t.Helper()
	p.all = make(chan struct{})
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		mailer(f.store, p, directory.MailLimits{}).Run(ctx)
	}()
	select {
	case <-p.all:
	case <-time.After(2 * time.Minute):
		t.Errorf("%d of %d invitations were delivered", len(p.sent), p.want)
	}
	stop()
	<-done
}

func names(sent []mail.Invitation) string {
	var all []string
	for _, inv := range sent {
		all = append(all, inv.Name)
	}
	return strings.Join(all, " ")
}

// Each user who is added gets one mail, in order, which names who added them. The owner
// whom the operator made gets none.
func TestEachInvitationIsMailedOnce(t *testing.T) {
	f := newFixture(t)
	f.add(t, "Jane")
	f.add(t, "John")
	p := &postman{want: 2}
	run(t, f, p)
	if got := names(p.sent); got != "Jane John" {
		t.Errorf("invited %s", got)
	}
	if inv := p.sent[0]; inv.Inviter != "Olivia Owner" || inv.Role != "user" || inv.Email != "jane@example.com" {
		t.Errorf("invitation %+v", inv)
	}

	// Another run goes on where this one ended.
	f.add(t, "Jill")
	p = &postman{want: 1}
	run(t, f, p)
	if got := names(p.sent); got != "Jill" {
		t.Errorf("invited %s, want only who came since", got)
	}
}

// An invitation is mailed whoever sent it, and mailed again when it is resent.
func TestMailsInvitationsAgain(t *testing.T) {
	f := newFixture(t)
	call := directory.Call{Principal: f.owner}
	if _, err := f.CreateUser(t.Context(), call, directory.NewUser{Name: "Jane", Email: "jane@example.com", Role: "user"}); err != nil {
		t.Fatal(err)
	}
	beta, err := f.ProvisionOrg(t.Context(), directory.Call{}, "Beta")
	if err != nil {
		t.Fatal(err)
	}
	agent, err := f.Authenticate(t.Context(), beta.APIToken, "")
	if err != nil {
		t.Fatal(err)
	}
	u, err := f.CreateUser(t.Context(), directory.Call{Principal: agent}, directory.NewUser{Name: "Jane B", Email: "jane@example.com", Role: "user"})
	if err != nil || !u.Invited {
		t.Fatal(u, err)
	}
	if _, err := f.ResendInvitation(t.Context(), directory.Call{Principal: agent}, u.ID); err != nil {
		t.Fatal(err)
	}
	post := &postman{want: 3}
	run(t, f, post)
	if got := names(post.sent); got != "Jane Jane B Jane B" || !post.sent[2].Pending || post.sent[0].InviterEmail != "owner@example.com" {
		t.Errorf("mailed %+v", post.sent)
	}
}

// An address that is refused for good does not hold up the others.
func TestGivesUpOnRejected(t *testing.T) {
	f := newFixture(t)
	f.add(t, "Jane")
	f.add(t, "John")
	p := &postman{want: 1, fail: func(n int) error {
		if n == 1 {
			return fmt.Errorf("no such mailbox: %w", mail.ErrRejected)
		}
		return nil
	}}
	run(t, f, p)
	if got := names(p.sent); got != "John" {
		t.Errorf("invited %s", got)
	}
}

// A refused create sends no mail and delays none.
func TestRefusedCreateSendsNoMail(t *testing.T) {
	f := newFixture(t)
	f.add(t, "Jane")
	refusal := directory.Errorf(directory.Forbidden, "missing permission")
	if err := f.RecordRefusal(t.Context(), directory.Call{Principal: f.owner}, directory.OpCreateUser, directory.Target{Type: "user"}, refusal); err != nil {
		t.Fatal(err)
	}
	f.add(t, "John")
	p := &postman{want: 2}
	run(t, f, p)
	if got := names(p.sent); got != "Jane John" {
		t.Errorf("invited %s", got)
	}
}

// fakeLog is a store that holds a log and how far it was followed; time and waiting
// are the test's.
type fakeLog struct {
	directory.Store
	cursors map[string]int64
	entries []directory.Entry
}

type fakeTx struct {
	directory.Tx
	log *fakeLog
}

func (l *fakeLog) Observe(directory.Observer) {}
func (l *fakeLog) Changed() <-chan struct{}   { return nil }

func (l *fakeLog) Lead(ctx context.Context, _ string, fn func(context.Context) error) error {
	return fn(ctx)
}

func (l *fakeLog) Read(_ context.Context, fn func(directory.Tx) error) error {
	return fn(fakeTx{log: l})
}

func (l *fakeLog) Write(_ context.Context, fn func(directory.Tx) error) error {
	return fn(fakeTx{log: l})
}

func (tx fakeTx) Lock(directory.Lock) error { return nil }

// User is the one that an entry tells of.
func (tx fakeTx) User(_ directory.OrgID, id directory.UserID) (u directory.User, err error) {
	for _, e := range tx.log.entries {
		if e.Target.ID == string(id) {
			err = json.Unmarshal(e.After, &u)
			return u, err
		}
	}
	return u, directory.Errorf(directory.NotFound, "no such user")
}

func (tx fakeTx) MailReserved(int64) (bool, error)            { return false, nil }
func (tx fakeTx) ReserveMail(directory.MailReservation) error { return nil }
func (tx fakeTx) CountMails(directory.OrgID, string, time.Time) (int, time.Time, error) {
	return 0, time.Time{}, nil
}

func (tx fakeTx) Account(directory.AccountID) (directory.Account, error) {
	return directory.Account{}, nil
}
func (tx fakeTx) CreateSignInLink(directory.SignInLink) error { return nil }

func (tx fakeTx) SetInvitationMailed(directory.OrgID, directory.UserID, time.Time) error { return nil }

func (tx fakeTx) Cursor(follower string) (int64, error) {
	seq, ok := tx.log.cursors[follower]
	if !ok {
		return 0, directory.Errorf(directory.NotFound, "no such cursor")
	}
	return seq, nil
}

func (tx fakeTx) SetCursor(follower string, seq int64) error {
	if tx.log.cursors == nil {
		tx.log.cursors = make(map[string]int64)
	}
	tx.log.cursors[follower] = seq
	return nil
}

func (tx fakeTx) Entries(after int64, _ int) ([]directory.Entry, error) {
	var rest []directory.Entry
	for _, e := range tx.log.entries {
		if e.Position > after {
			rest = append(rest, e)
		}
	}
	return rest, nil
}

// A server that can't be reached is tried again, for a day and no longer.
func TestRetriesForADay(t *testing.T) {
	for _, c := range []struct {
		name  string
		up    time.Duration // from when on mail can be delivered
		wants int
	}{
		{"comes back", time.Hour, 1},
		{"stays away", 48 * time.Hour, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				log := &fakeLog{entries: []directory.Entry{invited(1, "jane")}}
				p := &postman{want: 1, all: make(chan struct{}), fail: func(int) error {
					if time.Since(start) < c.up {
						return errors.New("connection refused")
					}
					return nil
				}}
				ctx, stop := context.WithTimeout(t.Context(), 72*time.Hour)
				defer stop()
				mailer(log, p, directory.MailLimits{}).Run(ctx)
				if len(p.sent) != c.wants || log.cursors["mail"] != 1 {
					t.Errorf("delivered %d, at entry %d; want %d and 1", len(p.sent), log.cursors["mail"], c.wants)
				}
			})
		})
	}
}

// invited is an entry that asks for an invitation.
func invited(seq int64, name string) directory.Entry {
	return directory.Entry{
		Position: seq, At: time.Now(), OrgID: "acme", Action: directory.OpCreateUser.Name,
		Target: directory.Target{Type: "user", ID: "usr_" + name},
		After:  fmt.Appendf(nil, `{"id":"usr_%s","email":"%[1]s@example.com","name":"%[1]s","accountId":"acc_%d"}`, name, seq),
		Actor:  directory.Actor{Kind: directory.ActorAPIToken},
	}
}

// An unreadable entry makes no mail lost or sent twice.
func TestUnreadableEntry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bad := invited(2, "?")
		bad.After = []byte(`{`)
		log := &fakeLog{entries: []directory.Entry{invited(1, "jane"), bad, invited(3, "john")}}
		p := &postman{all: make(chan struct{})}
		ctx, stop := context.WithTimeout(t.Context(), time.Hour)
		defer stop()
		mailer(log, p, directory.MailLimits{}).Run(ctx)
		if got := names(p.sent); got != "jane john" || log.cursors["mail"] != 3 {
			t.Errorf("invited %s, at entry %d", got, log.cursors["mail"])
		}
	})
}

// A deferred mail is sent later, also by a server that was started meanwhile. It delays
// no other mail, and none is sent twice.
func TestOneWaitsAlone(t *testing.T) {
	f := newFixture(t)
	for _, name := range []string{"Ann", "Slow", "Zoe"} {
		f.add(t, name)
	}
	slow := func(inv mail.Invitation) error {
		if inv.Name == "Slow" {
			return fmt.Errorf("450 try again later: %w", mail.ErrNotYet)
		}
		return nil
	}
	p := &postman{want: 2, refuse: slow}
	run(t, f, p)
	if got := names(p.sent); got != "Ann Zoe" {
		t.Errorf("invited %s", got)
	}
	f.add(t, "Jill")
	p = &postman{want: 1, refuse: slow}
	run(t, f, p)
	if got := names(p.sent); got != "Jill" {
		t.Errorf("invited %s while one waits", got)
	}
	p = &postman{want: 1}
	run(t, f, p)
	if got := names(p.sent); got != "Slow" {
		t.Errorf("invited %s in the end", got)
	}
}

// A deferred mail is retried for a day, less and less often.
func TestDeferredMailIsRetriedForADay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &fakeLog{entries: []directory.Entry{invited(1, "slow"), invited(2, "jane")}}
		tries := 0
		p := &postman{refuse: func(inv mail.Invitation) error {
			if inv.Name != "slow" {
				return nil
			}
			tries++
			return mail.ErrNotYet
		}}
		ctx, stop := context.WithTimeout(t.Context(), 72*time.Hour)
		defer stop()
		mailer(log, p, directory.MailLimits{}).Run(ctx)
		if got := names(p.sent); got != "jane" || tries < 40 || tries > 70 {
			t.Errorf("invited %s, tried the other %d times", got, tries)
		}
		for name, seq := range log.cursors {
			if name != "mail" && seq != 0 {
				t.Errorf("entry %d still waits", seq)
			}
		}
	})
}

// Users who are added while there is no SMTP server get no mail later.
func TestWithoutSenderNothingIsMailedLater(t *testing.T) {
	f := newFixture(t)
	f.add(t, "Jane")
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		mailer(f.store, nil, directory.MailLimits{}).Run(ctx)
	}()
	for deadline := time.Now().Add(2 * time.Minute); f.cursor(t) == 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the cursor does not move on")
		}
	}
	f.add(t, "John")
	stop()
	<-done
	f.add(t, "Jill")
	p := &postman{want: 1}
	run(t, f, p)
	if got := names(p.sent); got != "Jill" {
		t.Errorf("invited %s, want only who came since", got)
	}
}
