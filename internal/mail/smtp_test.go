package mail_test

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	netmail "net/mail"
	"strings"
	"testing"

	"github.com/rosterhq/roster/internal/mail"
)

// answers are what an SMTP server says to commands, "" to hang up.
type answers map[string]string

// smtpServer speaks as much SMTP (RFC 5321) as a delivery needs, answers as told,
// and gives the message it got.
func smtpServer(t *testing.T, told answers) (addr string, message <-chan string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	got := make(chan string, 1)
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		in := bufio.NewReader(conn)
		say := func(line string) { _, _ = fmt.Fprintf(conn, "%s\r\n", line) }
		say("220 test")
		for {
			line, err := in.ReadString('\n')
			if err != nil {
				return
			}
			verb := strings.ToUpper(strings.Fields(line + " x")[0])
			if answer, ok := told[verb]; ok {
				if answer == "" {
					return
				}
				say(answer)
				continue
			}
			switch verb {
			case "EHLO":
				say("250-test")
				say("250 8BITMIME")
			case "DATA":
				say("354 go on")
				var text strings.Builder
				for line != ".\r\n" {
					if line, err = in.ReadString('\n'); err != nil {
						return
					}
					text.WriteString(line)
				}
				got <- text.String()
				say("250 ok")
			case "QUIT":
				say("221 bye")
				return
			default:
				say("250 ok")
			}
		}
	}()
	return l.Addr().String(), got
}

func TestSMTPSendsAnInvitation(t *testing.T) {
	addr, message := smtpServer(t, nil)
	s, err := mail.NewSMTP("smtp://"+addr, "Roster <roster@example.com>", "https://roster.example.com/")
	if err != nil {
		t.Fatal(err)
	}
	err = s.Send(t.Context(), mail.Invitation{
		Email: "jane@example.com", Name: "Jäne \"J\" Doe", Role: "user", Inviter: "Olivia Owner", OrgID: "acme-x7q2", Pending: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	text := strings.ReplaceAll(<-message, "=\r\n", "") // quoted-printable's soft breaks
	for _, want := range []string{
		"jane@example.com", "Subject: You were added to acme-x7q2", "roster invitations accept acme-x7q2",
		"https://roster.example.com/docs", "Olivia Owner added you",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the mail lacks %q:\n%s", want, text)
		}
	}
}

// A name can't change where its mail goes.
func TestNamesDontChangeTheRecipient(t *testing.T) {
	for _, name := range []string{
		`Dwayne "The Rock" Johnson`, `back\slash`, `end\`, `x" <victim@example.org>`, `x" <victim@example.org> ("`, `a, b@example.org`, "Jäne \"J\"", strings.Repeat("ä", 200),
	} {
		addr, message := smtpServer(t, nil)
		s, err := mail.NewSMTP("smtp://"+addr, "roster@example.com", "")
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Send(t.Context(), mail.Invitation{Email: "jane@example.com", Name: name}); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		m, err := netmail.ReadMessage(strings.NewReader(<-message))
		if err != nil {
			t.Fatal(err)
		}
		to, err := m.Header.AddressList("To")
		if err != nil || len(to) != 1 || to[0].Address != "jane@example.com" ||
			(to[0].Name != name && !strings.Contains(name, "@")) { // an address in a name could become a link
			t.Errorf("%s: mailed to %v, %v", name, to, err)
		}
	}
}

// A mail that the server accepted counts as delivered, however the connection ends.
func TestAcceptedMailIsDeliveredIfTheServerHangsUp(t *testing.T) {
	for _, command := range []string{"RSET", "QUIT"} {
		addr, message := smtpServer(t, answers{command: ""})
		s, err := mail.NewSMTP("smtp://"+addr, "roster@example.com", "")
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Send(t.Context(), mail.Invitation{Email: "jane@example.com", Name: "Jane"}); err != nil || len(message) != 1 {
			t.Errorf("at %s: %v", command, err)
		}
	}
}

func TestSMTPRejected(t *testing.T) {
	addr, _ := smtpServer(t, answers{"RCPT": "550 no such mailbox"})
	s, err := mail.NewSMTP("smtp://"+addr, "roster@example.com", "")
	if err != nil {
		t.Fatal(err)
	}
	err = s.Send(t.Context(), mail.Invitation{Email: "jane@example.com", Name: "Jane"})
	if !errors.Is(err, mail.ErrRejected) {
		t.Errorf("got %v, want it to be rejected for good", err)
	}
	addr, _ = smtpServer(t, answers{"RCPT": "451 try again later"})
	if s, err = mail.NewSMTP("smtp://"+addr, "roster@example.com", ""); err != nil {
		t.Fatal(err)
	}
	if err = s.Send(t.Context(), mail.Invitation{Email: "jane@example.com", Name: "Jane"}); !errors.Is(err, mail.ErrNotYet) || errors.Is(err, mail.ErrRejected) {
		t.Errorf("got %v, want an error that may pass", err)
	}
}

// A temporary error of one mail or recipient is distinguished from one of the server.
func TestTemporaryErrorsOfOneMailOrOfTheServer(t *testing.T) {
	for _, c := range []struct {
		told answers
		one  bool
	}{
		{answers{"RCPT": "450 4.1.2 recipient's domain not found"}, true},
		{answers{"RCPT": ""}, true},
		{answers{"DATA": "451 greylisted"}, true},
		{answers{"DATA": ""}, true},
		{answers{"MAIL": "451 out of order"}, false},
		{answers{"MAIL": ""}, false},
		{answers{"EHLO": "421 too busy", "HELO": "421 too busy"}, false},
	} {
		addr, _ := smtpServer(t, c.told)
		s, err := mail.NewSMTP("smtp://"+addr, "roster@example.com", "")
		if err != nil {
			t.Fatal(err)
		}
		err = s.Send(t.Context(), mail.Invitation{Email: "jane@example.com", Name: "Jane"})
		if err == nil || errors.Is(err, mail.ErrRejected) || errors.Is(err, mail.ErrNotYet) != c.one {
			t.Errorf("%v: got %v", c.told, err)
		}
	}
}

func TestNewSMTPRefuses(t *testing.T) {
	for _, c := range []struct{ url, from string }{
		{"", "roster@example.com"},
		{"http://mail.example.com", "roster@example.com"},
		{"smtp://", "roster@example.com"},
		{"smtp://user:hunter2@mail.example.com:nope", "roster@example.com"},
		{"smtp://user:hunter2@mail.example.com", "not an address"},
	} {
		_, err := mail.NewSMTP(c.url, c.from, "")
		if err == nil {
			t.Errorf("NewSMTP(%q, %q) accepted", c.url, c.from)
		} else if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("the error tells the password: %v", err)
		}
	}
}
