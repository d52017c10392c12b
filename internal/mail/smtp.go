package mail

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"
)

// SMTP sends invitations by mail.
type SMTP struct {
	client    *gomail.Client
	from      string
	publicURL string
}

// NewSMTP makes a sender of a URL smtp://user:password@host:port (STARTTLS where
// the server offers it) or smtps:// (TLS from the start). Errors never hold the
// password. publicURL, where people reach this server, may be empty.
func NewSMTP(smtpURL, from, publicURL string) (*SMTP, error) {
	u, err := url.Parse(smtpURL)
	if err != nil || u.Hostname() == "" || (u.Scheme != "smtp" && u.Scheme != "smtps") {
		return nil, errors.New("the SMTP URL must be smtp://user:password@host:port or smtps://…")
	}
	options := []gomail.Option{gomail.WithTimeout(30 * time.Second), gomail.WithTLSPortPolicy(gomail.TLSOpportunistic)}
	if u.Scheme == "smtps" {
		options = append(options, gomail.WithSSLPort(false))
	}
	if u.Port() != "" {
		port, err := strconv.Atoi(u.Port())
		if err != nil {
			return nil, fmt.Errorf("the SMTP URL has no usable port: %q", u.Port())
		}
		options = append(options, gomail.WithPort(port))
	}
	if password, ok := u.User.Password(); ok {
		options = append(options, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover),
			gomail.WithUsername(u.User.Username()), gomail.WithPassword(password))
	}
	client, err := gomail.NewClient(u.Hostname(), options...)
	if err != nil {
		return nil, fmt.Errorf("SMTP: %w", err)
	}
	if err := gomail.NewMsg().From(from); err != nil {
		return nil, fmt.Errorf("the sender's address %q: %w", from, err)
	}
	return &SMTP{client: client, from: from, publicURL: strings.TrimSuffix(publicURL, "/")}, nil
}

// Send implements [Sender].
func (s *SMTP) Send(ctx context.Context, inv Invitation) error {
	m, err := s.message(inv.Email, inv.Name)
	if err != nil {
		return err
	}
	m.Subject("You were added to " + string(inv.OrgID))
	m.SetBodyString(gomail.TypeTextPlain, s.text(inv))
	return s.deliver(ctx, m)
}

// classify tells what is wrong with one mail from what is wrong with the server:
// who has taken the sender has begun to look at the rest. A connection that ends
// after that may end with each try of this mail, and of no other.
func classify(err error) error {
	e, ok := errors.AsType[*gomail.SendError](err)
	if !ok {
		return err
	}
	if !e.IsTemp() && e.ErrorCode() >= 500 {
		return fmt.Errorf("%w: %w", ErrRejected, err)
	}
	switch e.Reason {
	case gomail.ErrSMTPRcptTo, gomail.ErrSMTPData, gomail.ErrWriteContent, gomail.ErrSMTPDataClose:
		return fmt.Errorf("%w: %w", ErrNotYet, err)
	default:
		return err
	}
}

// inviterText names the inviter by name and address, as far as a mail may show them.
func inviterText(inv Invitation) string {
	name, address := plainName(inv.Inviter), plainAddress(inv.InviterEmail)
	switch {
	case name == "" && address == "":
		return "Somebody whose name can't be shown"
	case name == "":
		return address
	case address == "":
		return name
	default:
		return name + " (" + address + ")"
	}
}

func roleText(role string) string {
	if role = plainName(role); role == "" {
		return "a role whose name can't be shown"
	}
	return "the role " + role
}

func (s *SMTP) text(inv Invitation) string {
	var b strings.Builder
	b.WriteString("Hello")
	if name := plainName(inv.Name); name != "" {
		b.WriteString(" " + name)
	}
	fmt.Fprintf(&b, ",\n\n%s added you to the organization %s with %s.\n", inviterText(inv), inv.OrgID, roleText(inv.Role))
	switch {
	case inv.Pending:
		fmt.Fprintf(&b, "\nYou have an account already, so nothing happens before you accept:\n\n    roster invitations accept %s\n", inv.OrgID)
	case inv.SignIn != "" && s.publicURL != "":
		fmt.Fprintf(&b, "\nThis link signs you in for the first time. It works once, for seven days:\n\n%s/signin/link#%s\n", s.publicURL, inv.SignIn)
	default:
		b.WriteString("\nTo act there you need a personal token; ask whoever added you, or the operator of the server.\n")
	}
	if s.publicURL != "" {
		fmt.Fprintf(&b, "\nThe server is %s, its documentation %s/docs\n", s.publicURL, s.publicURL)
	}
	return b.String()
}
