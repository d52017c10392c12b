package mail_test

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/credentials"
	"github.com/rosterhq/roster/internal/dbtest"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/directorytest"
	"github.com/rosterhq/roster/internal/limits"
	"github.com/rosterhq/roster/internal/mail"
	"github.com/rosterhq/roster/internal/members"
	"github.com/rosterhq/roster/internal/onboarding"
	"github.com/rosterhq/roster/internal/refusals"
	"github.com/rosterhq/roster/internal/store"
)

// fixture is a service with an owner who can add users.
type fixture struct {
	*directory.Service
	*onboarding.Onboarder
	*credentials.Keeper
	*members.Roll
	store directory.Store
	owner *directory.Principal
}

func newFixture(t *testing.T) fixture {
	t.Helper()
	db, err := store.Open(t.Context(), directorytest.Database(t), directorytest.StoreOptions)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	s := directory.NewService(db, dbtest.Keys(), time.Now)
	people := onboarding.New(s, onboarding.Options{Mails: limits.DefaultMails()})
	d, err := people.Initialize(t.Context(), onboarding.NewDeployment{
		OrgName: "Acme", OwnerName: "Olivia Owner", OwnerEmail: "owner@example.com",
	})
	if err != nil {
		t.Fatal(err)
	}
	owner, err := s.Authenticate(t.Context(), d.PersonalToken, "")
	if err != nil {
		t.Fatal(err)
	}
	return fixture{s, people, credentials.NewKeeper(s), members.NewRoll(s), db, owner}
}

func (f fixture) add(t *testing.T, name string) {
	t.Helper()
	_, err := f.CreateUser(t.Context(), directory.Call{Principal: f.owner}, members.NewUser{
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

func mailer(db directory.Store, sender mail.Sender, limits limits.Mails) *mail.Mailer {
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
		mailer(f.store, p, limits.Mails{}).Run(ctx)
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
	if _, err := f.CreateUser(t.Context(), call, members.NewUser{Name: "Jane", Email: "jane@example.com", Role: "user"}); err != nil {
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
	u, err := f.CreateUser(t.Context(), directory.Call{Principal: agent}, members.NewUser{Name: "Jane B", Email: "jane@example.com", Role: "user"})
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

// A refused create sends no mail and delays none.
func TestRefusedCreateSendsNoMail(t *testing.T) {
	f := newFixture(t)
	f.add(t, "Jane")
	refusal := directory.Errorf(directory.Forbidden, "missing permission")
	if err := refusals.New(f.Service).RecordRefusal(t.Context(), directory.Call{Principal: f.owner}, directory.OpCreateUser, directory.Target{Type: "user"}, refusal); err != nil {
		t.Fatal(err)
	}
	f.add(t, "John")
	p := &postman{want: 2}
	run(t, f, p)
	if got := names(p.sent); got != "Jane John" {
		t.Errorf("invited %s", got)
	}
}

// Users who are added while there is no SMTP server get no mail later.
func TestWithoutSenderNothingIsMailedLater(t *testing.T) {
	f := newFixture(t)
	f.add(t, "Jane")
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		mailer(f.store, nil, limits.Mails{}).Run(ctx)
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
