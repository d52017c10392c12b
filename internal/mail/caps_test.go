package mail_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/limits"
	"github.com/rosterhq/roster/internal/mail"
	"github.com/rosterhq/roster/internal/members"
	"github.com/rosterhq/roster/internal/onboarding"
	"github.com/rosterhq/roster/internal/text"
)

// tenant makes another organization and returns its API token's principal.
func (f fixture) tenant(t *testing.T, name string) *directory.Principal {
	t.Helper()
	org, err := f.ProvisionOrg(t.Context(), directory.Call{RemoteAddr: name}, name)
	if err != nil {
		t.Fatal(err)
	}
	agent, err := f.Authenticate(t.Context(), org.APIToken, "")
	if err != nil {
		t.Fatal(err)
	}
	return agent
}

// invite invites the owner, who has an account, to the principal's organization.
func (f fixture) invite(t *testing.T, by *directory.Principal, name string) directory.User {
	t.Helper()
	u, err := f.CreateUser(t.Context(), directory.Call{Principal: by}, members.NewUser{Name: name, Email: "owner@example.com", Role: "user"})
	if err != nil || !u.Invited {
		t.Fatal(u, err)
	}
	return u
}

func (f fixture) invitations(t *testing.T, by *directory.Principal) []onboarding.Invitation {
	t.Helper()
	list, err := f.ListOrgInvitations(t.Context(), directory.Call{Principal: by}, onboarding.InvitationQuery{Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// mailAll runs a mailer until it has read the whole log.
func mailAll(t *testing.T, f fixture, p mail.Sender, limits limits.Mails) *mail.Mailer {
	t.Helper()
	var last int64
	if err := f.store.Read(t.Context(), func(tx directory.Tx) (err error) {
		last, err = tx.LastEntry()
		return err
	}); err != nil {
		t.Fatal(err)
	}
	m := mailer(f.store, p, limits)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		m.Run(ctx)
	}()
	for deadline := time.Now().Add(2 * time.Minute); f.cursor(t) < last; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the mailer does not move on")
		}
	}
	stop()
	<-done
	return m
}

// outcomes counts what a mailer did.
func outcomes(t *testing.T, m *mail.Mailer) map[string]float64 {
	t.Helper()
	got := make(map[string]float64)
	reg := prometheus.NewPedanticRegistry()
	reg.MustRegister(m.Collectors()...)
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			if n := metric.GetCounter().GetValue(); n > 0 {
				got[metric.GetLabel()[0].GetValue()] = n
			}
		}
	}
	return got
}

// Organizations together mail an address no more often than allowed. Those whose
// invitation was not mailed can see that.
func TestRecipientCap(t *testing.T) {
	f := newFixture(t)
	var mailed int
	tenants := make([]*directory.Principal, 4)
	for i := range tenants {
		tenants[i] = f.tenant(t, fmt.Sprint("Tenant ", i))
		f.invite(t, tenants[i], fmt.Sprint("Name ", i))
	}
	f.add(t, "Jane") // another recipient
	p := &postman{}
	m := mailAll(t, f, p, limits.Mails{PerRecipient: 3, PerOrganization: 100})
	if got := names(p.sent); got != "Name 0 Name 1 Name 2 Jane" {
		t.Errorf("mailed %s", got)
	}
	for _, by := range tenants {
		if !f.invitations(t, by)[0].Mailed.IsZero() {
			mailed++
		}
	}
	if mailed != 3 {
		t.Errorf("%d invitations show as mailed, want 3", mailed)
	}
	if got := outcomes(t, m); got["sent"] != 4 || got["recipient_cap"] != 1 || len(got) != 2 {
		t.Errorf("counted %v", got)
	}
}

// An organization has no more mailed than allowed, and others are not affected.
func TestOrganizationCap(t *testing.T) {
	f := newFixture(t)
	busy := f.tenant(t, "Busy")
	for i := range 5 {
		_, err := f.CreateUser(t.Context(), directory.Call{Principal: busy}, members.NewUser{
			Name: fmt.Sprint("B", i), Email: fmt.Sprintf("b%d@example.com", i), Role: "user",
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	f.add(t, "Jane")
	p := &postman{}
	m := mailAll(t, f, p, limits.Mails{PerRecipient: 100, PerOrganization: 2})
	if got := names(p.sent); got != "B0 B1 Jane" {
		t.Errorf("mailed %s", got)
	}
	if got := outcomes(t, m); got["sent"] != 3 || got["organization_cap"] != 3 {
		t.Errorf("counted %v", got)
	}
}

// A mail that is tried again counts once, and still counts for another process.
func TestRetriedMailCountsOnce(t *testing.T) {
	f := newFixture(t)
	f.add(t, "Slow")
	most := limits.Mails{PerRecipient: 1, PerOrganization: 1}
	tries := 0
	deferred := &postman{refuse: func(mail.Invitation) error {
		tries++
		return mail.ErrNotYet
	}}
	mailAll(t, f, deferred, most)
	p := &postman{want: 1, all: make(chan struct{})}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	go mailer(f.store, p, most).Run(ctx)
	select {
	case <-p.all:
	case <-time.After(2 * time.Minute):
		t.Fatal("not mailed when it was tried again")
	}
	if tries == 0 || names(p.sent) != "Slow" {
		t.Errorf("%d tries, then mailed %s", tries, names(p.sent))
	}
}

// An invitation that is not open any more is not mailed, nor is a user who was removed.
func TestVoidInvitationsAreNotMailed(t *testing.T) {
	f := newFixture(t)
	agents := []*directory.Principal{f.tenant(t, "Revokes"), f.tenant(t, "Accepted"), f.tenant(t, "Open")}
	revoked, accepted := f.invite(t, agents[0], "Revoked"), f.invite(t, agents[1], "Accepted")
	f.invite(t, agents[2], "Open")
	f.add(t, "Removed")
	var removed directory.User
	err := f.store.Read(t.Context(), func(tx directory.Tx) (err error) {
		removed, err = tx.UserByEmail(f.owner.OrgID, text.FoldKey("removed@example.com"))
		return err
	})
	if err == nil {
		err = f.RevokeInvitation(t.Context(), directory.Call{Principal: agents[0]}, revoked.ID)
	}
	if err == nil {
		_, err = f.AcceptInvitation(t.Context(), directory.Call{Principal: f.owner}, accepted.OrgID)
	}
	if err == nil {
		err = f.RemoveUser(t.Context(), directory.Call{Principal: f.owner}, removed.ID)
	}
	if err != nil {
		t.Fatal(err)
	}
	p := &postman{}
	m := mailAll(t, f, p, limits.Mails{})
	if got := names(p.sent); got != "Open" {
		t.Errorf("mailed %s", got)
	}
	if got := outcomes(t, m); got["void"] != 3 {
		t.Errorf("counted %v", got)
	}
}

// At a cap, an invitation can't be resent: nothing changes, and the error says when to
// try again. Mails by other organizations to the address do not show.
func TestResendAtTheCap(t *testing.T) {
	f := newFixture(t)
	most := limits.Mails{PerRecipient: 3, PerOrganization: 100}
	one, two := f.tenant(t, "One"), f.tenant(t, "Two")
	u := f.invite(t, one, "U")
	call := directory.Call{Principal: one}
	s := onboarding.New(f.Service, onboarding.Options{Mails: most})
	for range 2 {
		if _, err := s.ResendInvitation(t.Context(), call, u.ID); err != nil {
			t.Fatal(err)
		}
	}
	p := &postman{}
	mailAll(t, f, p, most)
	if len(p.sent) != 3 {
		t.Fatalf("mailed %d times", len(p.sent))
	}
	before := f.invitations(t, one)[0]
	_, err := s.ResendInvitation(t.Context(), call, u.ID)
	var e *directory.Error
	if !errors.As(err, &e) || e.Code != directory.RateLimited || e.RetryAfter < 23*time.Hour || e.RetryAfter > 24*time.Hour ||
		!strings.Contains(e.Message, "mail-per-recipient") {
		t.Errorf("at the recipient's cap: %v", err)
	}
	if after := f.invitations(t, one)[0]; after != before {
		t.Errorf("changed to %+v from %+v", after, before)
	}
	v := f.invite(t, two, "V")
	if _, err := s.ResendInvitation(t.Context(), directory.Call{Principal: two}, v.ID); err != nil {
		t.Errorf("another organization learns of the mails: %v", err)
	}
	s = onboarding.New(f.Service, onboarding.Options{Mails: limits.Mails{PerOrganization: 3}})
	_, err = s.ResendInvitation(t.Context(), call, u.ID)
	if directory.CodeOf(err) != directory.RateLimited || !strings.Contains(err.Error(), "mail-per-organization") {
		t.Errorf("at the organization's cap: %v", err)
	}
}

// The sweep deletes the reservations that are older than a day, and no others.
func TestSweepDropsReservationsOlderThanADay(t *testing.T) {
	f := newFixture(t)
	now := time.Now().UTC()
	const key = "jane@example.com"
	err := f.store.Write(t.Context(), func(tx directory.Tx) error {
		return errors.Join(
			tx.ReserveMail(directory.MailReservation{Position: 1, OrgID: "gone", EmailKey: key, At: now.Add(-25 * time.Hour)}),
			tx.ReserveMail(directory.MailReservation{Position: 2, OrgID: "gone", EmailKey: key, At: now.Add(-23 * time.Hour)}))
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := mailer(f.store, nil, limits.Mails{}).Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	err = f.store.Read(t.Context(), func(tx directory.Tx) error {
		n, _, err := tx.CountMails("", key, time.Time{})
		if n != 1 {
			t.Errorf("%d reservations are left, want 1", n)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
