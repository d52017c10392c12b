package mail_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/credentials"
	"github.com/rosterhq/roster/internal/dbtest"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/directorytest"
	"github.com/rosterhq/roster/internal/expiry"
	"github.com/rosterhq/roster/internal/limits"
	"github.com/rosterhq/roster/internal/mail"
	"github.com/rosterhq/roster/internal/onboarding"
)

// expiryPostman is a postman that mails about expiring tokens, too.
type expiryPostman struct {
	*postman
	told   []string
	reject bool
}

func (p *expiryPostman) SendExpiry(_ context.Context, x mail.Expiry) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.reject {
		return errors.Join(mail.ErrRejected, errors.New("no such mailbox"))
	}
	p.told = append(p.told, x.Email+" "+x.Token)
	return nil
}

// The maker of a token is mailed that it expires, within the limits on mail, and only
// while they are there and the token still expires then.
func TestMakersAreMailedAboutExpiringTokens(t *testing.T) {
	f := newFixture(t)
	day := 24 * time.Hour
	call := directory.Call{Principal: f.owner}
	soon := time.Now().Add(20 * day)
	for _, name := range []string{"first", "deleted", "second", "third"} {
		directorytest.Must(f.CreateAPIToken(t.Context(), call, credentials.NewAPIToken{Name: name, ExpiresAt: soon}))(t)
	}
	later := directory.NewService(f.store, dbtest.Keys(), func() time.Time { return time.Now().Add(10 * day) })
	if err := expiry.Announce(t.Context(), later); err != nil {
		t.Fatal(err)
	}
	for _, k := range directorytest.Must(f.ListAPITokens(t.Context(), call))(t) {
		if k.Name == "deleted" {
			if err := f.DeleteAPIToken(t.Context(), call, k.ID); err != nil {
				t.Fatal(err)
			}
		}
	}
	sender := &expiryPostman{postman: &postman{}}
	mailAll(t, f, sender, limits.Mails{PerRecipient: 2})
	if got := strings.Join(sender.told, ", "); len(sender.told) != 2 || strings.Count(got, "owner@example.com ") != 2 || strings.Contains(got, "deleted") {
		t.Errorf("told %s", got)
	}
}

func TestRejectedMailAboutAnExpiringTokenIsGivenUp(t *testing.T) {
	f := newFixture(t)
	token := credentials.NewAPIToken{Name: "first", ExpiresAt: time.Now().Add(20 * 24 * time.Hour)}
	directorytest.Must(f.CreateAPIToken(t.Context(), directory.Call{Principal: f.owner}, token))(t)
	later := directory.NewService(f.store, dbtest.Keys(), func() time.Time { return time.Now().Add(10 * 24 * time.Hour) })
	if err := expiry.Announce(t.Context(), later); err != nil {
		t.Fatal(err)
	}
	f.add(t, "Jane")
	sender := &expiryPostman{postman: &postman{}, reject: true}
	mailAll(t, f, sender, limits.Mails{})
	if names(sender.sent) != "Jane" {
		t.Errorf("after a rejected mail, invitations went to %q", names(sender.sent))
	}
}

// The person of a personal token is mailed once, in however many organizations it acts.
func TestPeopleAreMailedOnceAboutTheirExpiringTokens(t *testing.T) {
	f := newFixture(t)
	day := 24 * time.Hour
	call := directory.Call{Principal: f.owner}
	for range 2 {
		directorytest.Must(onboarding.New(f.Service, onboarding.Options{}).CreateOrg(t.Context(), call, "Elsewhere"))(t)
	}
	for _, name := range []string{"laptop", "deleted"} {
		directorytest.Must(f.CreatePersonalToken(t.Context(), call, credentials.NewPersonalToken{Name: name, ExpiresAt: time.Now().Add(20 * day)}))(t)
	}
	later := directory.NewService(f.store, dbtest.Keys(), func() time.Time { return time.Now().Add(10 * day) })
	if err := expiry.Announce(t.Context(), later); err != nil {
		t.Fatal(err)
	}
	for _, k := range directorytest.Must(f.ListPersonalTokens(t.Context(), call))(t) {
		if k.Name == "deleted" {
			if err := f.DeletePersonalToken(t.Context(), call, k.ID); err != nil {
				t.Fatal(err)
			}
		}
	}
	sender := &expiryPostman{postman: &postman{}}
	mailAll(t, f, sender, limits.Mails{})
	if got := strings.Join(sender.told, ", "); got != "owner@example.com laptop" {
		t.Errorf("told %q", got)
	}
}
