package mail_test

import (
	"strings"
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/dbtest"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/identity"
	"github.com/rosterhq/roster/internal/limits"
	"github.com/rosterhq/roster/internal/mail"
)

// A mail has the link as it is, for the recipient alone.
func TestSignInLinkIsMailed(t *testing.T) {
	t.Parallel()
	addr, message := smtpServer(t, nil)
	s, err := mail.NewSMTP("smtp://"+addr, "Roster <roster@example.com>", "https://roster.example.com/")
	if err != nil {
		t.Fatal(err)
	}
	const link = "https://roster.example.com/signin/link#xlnk-1"
	if err := s.SendSignInLink(t.Context(), "jane@example.com", "Jane", link); err != nil {
		t.Fatal(err)
	}
	text := strings.ReplaceAll(<-message, "=\r\n", "")
	for _, want := range []string{"jane@example.com", "Hello Jane", link} {
		if !strings.Contains(text, want) {
			t.Errorf("the mail lacks %q:\n%s", want, text)
		}
	}
}

// A new person's invitation has a link to sign in with for the first time, once; that of
// somebody who has an account has none.
func TestInvitationOfANewPersonSignsThemIn(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.add(t, "Jane")
	f.invite(t, f.tenant(t, "Other"), "Olivia Owner")
	p := &postman{}
	mailAll(t, f, p, limits.Mails{})
	if len(p.sent) != 2 || p.sent[1].SignIn != "" {
		t.Fatalf("mailed %+v", p.sent)
	}
	secret := p.sent[0].SignIn
	proofs := identity.New(f.Service, dbtest.Keys(), time.Now, identity.Options{})
	if _, err := proofs.UseSignInLink(t.Context(), directory.Call{}, secret, "", ""); err != nil {
		t.Fatal(err)
	}
	if _, err := proofs.UseSignInLink(t.Context(), directory.Call{}, secret, "", ""); directory.CodeOf(err) != directory.Unauthenticated {
		t.Errorf("a second time: %v", err)
	}
	addr, message := smtpServer(t, nil)
	s, err := mail.NewSMTP("smtp://"+addr, "roster@example.com", "https://roster.example.com")
	if err == nil {
		err = s.Send(t.Context(), p.sent[0])
	}
	if err != nil {
		t.Fatal(err)
	}
	if text := strings.ReplaceAll(<-message, "=\r\n", ""); !strings.Contains(text, "https://roster.example.com/signin/link#"+secret) {
		t.Errorf("the mail lacks the link:\n%s", text)
	}
}
