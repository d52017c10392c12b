package mail_test

import (
	netmail "net/mail"
	"strings"
	"testing"

	"github.com/rosterhq/roster/internal/mail"
)

// Names that a mail client could turn into a link are left out of every part of a mail.
func TestMailHasNoLinksInNames(t *testing.T) {
	for _, name := range []string{
		"https://evil.example/login", "Click www.evil.example", "evil.com", "pay at evil。com now", "ｅvil．com",
		"javascript:alert(1)", "mailto:x@evil.example", "you@evil.example", "//evil", "1.2.3.4/x", "call +1 800 123 4567", "WWW.EVIL.EXAMPLE", "evil․com",
	} {
		addr, message := smtpServer(t, nil)
		s, err := mail.NewSMTP("smtp://"+addr, "roster@example.com", "")
		if err != nil {
			t.Fatal(err)
		}
		err = s.Send(t.Context(), mail.Invitation{
			Email: "jane@example.com", Name: name, Inviter: name, Role: name, InviterEmail: "boss@acme.example", OrgID: "acme-x7q2",
		})
		if err != nil {
			t.Fatal(err)
		}
		m, err := netmail.ReadMessage(strings.NewReader(<-message))
		if err != nil {
			t.Fatal(err)
		}
		to, err := m.Header.AddressList("To")
		if err != nil || len(to) != 1 || to[0].Name != "" {
			t.Errorf("%s: mailed to %v, %v", name, to, err)
		}
		var body strings.Builder
		buf := make([]byte, 4096)
		for n, err := m.Body.Read(buf); n > 0; n, err = m.Body.Read(buf) {
			body.Write(buf[:n])
			if err != nil {
				break
			}
		}
		text := strings.ReplaceAll(body.String(), "=\r\n", "")
		if strings.Contains(text, "evil") || strings.Contains(text, "800") || strings.Contains(text, "1.2.3.4") {
			t.Errorf("%s: the mail holds\n%s", name, text)
		}
		if !strings.Contains(text, "boss@acme.example") || !strings.Contains(text, "acme-x7q2") {
			t.Errorf("%s: the mail does not say who invites where:\n%s", name, text)
		}
	}
}

// Plain names stay.
func TestMailShowsPlainNames(t *testing.T) {
	addr, message := smtpServer(t, nil)
	s, err := mail.NewSMTP("smtp://"+addr, "roster@example.com", "")
	if err != nil {
		t.Fatal(err)
	}
	err = s.Send(t.Context(), mail.Invitation{
		Email: "jane@example.com", Name: "J. R. Smith", Inviter: "Dr. Olivia O'Neil", InviterEmail: "olivia@acme.example", Role: "read-only", OrgID: "acme-x7q2",
	})
	if err != nil {
		t.Fatal(err)
	}
	text := strings.ReplaceAll(<-message, "=\r\n", "")
	for _, want := range []string{"Hello J. R. Smith", "Dr. Olivia O'Neil (olivia@acme.example) added you to the organization acme-x7q2 with the role read-only."} {
		if !strings.Contains(text, want) {
			t.Errorf("the mail lacks %q:\n%s", want, text)
		}
	}
}
