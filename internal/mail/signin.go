package mail

import (
	"context"
	"fmt"
	"net/mail"

	gomail "github.com/wneessen/go-mail"
)

// SendSignInLink mails a link that signs its recipient in.
func (s *SMTP) SendSignInLink(ctx context.Context, email, name, link string) error {
	m, err := s.message(email, name)
	if err != nil {
		return err
	}
	m.Subject("Your link to sign in to Roster")
	greeting := "Hello"
	if name := plainName(name); name != "" {
		greeting += " " + name
	}
	m.SetBodyString(gomail.TypeTextPlain, fmt.Sprintf(`%s,

this link signs you in. It works once, for ten minutes, in the browser in which you asked for it:

%s

If you did not ask for it, you need not do anything: nobody can use it without this mail.
`, greeting, link))
	return s.deliver(ctx, m)
}

// message begins a mail. Errors: [ErrRejected].
func (s *SMTP) message(email, name string) (*gomail.Msg, error) {
	m := gomail.NewMsg()
	to, err := mail.ParseAddress(email)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRejected, err)
	}
	if err := m.From(s.from); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRejected, err)
	}
	to.Name = plainName(name) // apart from the address: AddToFormat takes quotes in it for its own
	m.AddToMailAddress(to)
	m.SetDate()
	m.SetMessageID()
	m.SetUserAgent("Roster")
	return m, nil
}

// deliver sends a mail.
func (s *SMTP) deliver(ctx context.Context, m *gomail.Msg) error {
	err := s.client.DialAndSendWithContext(ctx, m)
	if m.IsDelivered() {
		return nil // what fails after that, such as a goodbye, is no reason to send it again
	}
	return classify(err)
}
