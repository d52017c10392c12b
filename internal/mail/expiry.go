package mail

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	gomail "github.com/wneessen/go-mail"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/text"
)

// Expiry tells the maker of an API token, or the person of a personal token, that it
// expires soon.
type Expiry struct {
	Email, Name string
	Personal    bool // the token belongs to the person, and OrgID is one of their organizations
	OrgID       directory.OrgID
	TokenID     directory.TokenID
	Token       string // its name
	ExpiresAt   time.Time
}

// ExpirySender is a [Sender] that delivers mails about expiring tokens too.
type ExpirySender interface {
	SendExpiry(ctx context.Context, x Expiry) error
}

// deliverExpiry mails the maker of an API token, or the person of a personal token, that it
// expires, unless they have left or were mailed as often as allowed. It reports whether that
// is done.
func (m *Mailer) deliverExpiry(ctx context.Context, log *slog.Logger, e directory.Entry) (done bool, err error) {
	sender, ok := m.sender.(ExpirySender)
	if !ok {
		return true, nil
	}
	x, refused, err := m.reserveExpiry(ctx, e)
	if err != nil {
		return false, err
	}
	if refused != "" {
		m.metrics.count(refused)
		return true, nil
	}
	return m.settle(ctx, log, "mail about an expiring token", e, sender.SendExpiry(ctx, x))
}

// reserveExpiry makes the mail of an entry and counts it against the caps, or returns the
// reason not to send it.
func (m *Mailer) reserveExpiry(ctx context.Context, e directory.Entry) (x Expiry, refused outcome, err error) {
	err = m.feed.Store.Write(ctx, func(tx directory.Tx) (err error) {
		if err := tx.Lock(directory.LockFollower(follower)); err != nil {
			return err
		}
		var ok bool
		if e.Target.Type == (directory.PersonalTokenRecord{}).Target().Type {
			x, ok, err = personalExpiry(tx, e)
		} else {
			x, ok, err = apiTokenExpiry(tx, e)
		}
		if directory.CodeOf(err) == directory.NotFound || (err == nil && !ok) {
			refused = void
			return nil
		}
		if err == nil {
			refused, err = m.underCaps(tx, e, text.FoldKey(x.Email))
		}
		return err
	})
	return x, refused, err
}

// apiTokenExpiry is the mail to the maker of an API token. ok is false if the token no longer
// ends when the entry says, or its maker is not active. Errors: [directory.NotFound] if one
// of them is gone.
func apiTokenExpiry(tx directory.Tx, e directory.Entry) (x Expiry, ok bool, err error) {
	var t directory.APITokenRecord
	if err := json.Unmarshal(e.After, &t); err != nil {
		return x, false, fmt.Errorf("read entry %d: %w", e.Position, err)
	}
	now, err := tx.APIToken(e.OrgID, t.ID)
	if err != nil || !now.ExpiresAt.Equal(t.ExpiresAt) {
		return x, false, err
	}
	u, err := tx.User(e.OrgID, t.MakerID)
	x = Expiry{Email: u.Email, Name: u.Name, OrgID: e.OrgID, TokenID: t.ID, Token: t.Name, ExpiresAt: t.ExpiresAt}
	return x, u.Status() == directory.Active, err
}

// personalExpiry is the mail to the person of a personal token. The token has an entry in
// each organization that it acts in, and the one in the first of them is mailed. ok and
// errors are as for an API token.
func personalExpiry(tx directory.Tx, e directory.Entry) (x Expiry, ok bool, err error) {
	var t directory.PersonalTokenRecord
	if err := json.Unmarshal(e.After, &t); err != nil {
		return x, false, fmt.Errorf("read entry %d: %w", e.Position, err)
	}
	now, err := tx.PersonalToken(t.AccountID, t.ID)
	if err != nil || !now.ExpiresAt.Equal(t.ExpiresAt) {
		return x, false, err
	}
	orgs, err := directory.ActsIn(tx, now)
	if err != nil || len(orgs) == 0 || orgs[0] != e.OrgID {
		return x, false, err
	}
	u, err := tx.AccountUser(e.OrgID, t.AccountID)
	return Expiry{Email: u.Email, Name: u.Name, Personal: true, OrgID: e.OrgID, TokenID: t.ID, Token: t.Name, ExpiresAt: t.ExpiresAt}, true, err
}

// SendExpiry implements [ExpirySender].
func (s *SMTP) SendExpiry(ctx context.Context, x Expiry) error {
	m, err := s.message(x.Email, x.Name)
	if err != nil {
		return err
	}
	m.Subject("An API token of " + string(x.OrgID) + " expires soon")
	if x.Personal {
		m.Subject("One of your personal tokens expires soon")
	}
	m.SetBodyString(gomail.TypeTextPlain, expiryText(x))
	return s.deliver(ctx, m)
}

const expiryLayout = "2 January 2006 at 15:04 MST"

func expiryText(x Expiry) string {
	greeting := "Hello"
	if name := plainName(x.Name); name != "" {
		greeting += " " + name
	}
	token := string(x.TokenID)
	if name := plainName(x.Token); name != "" {
		token = name + " (" + token + ")"
	}
	if x.Personal {
		return fmt.Sprintf(`%s,

your personal token %s expires on
%s. Requests with it are refused from then on.

To make another one:

    roster personal-tokens create --name NAME --expires-in 90d
`, greeting, token, x.ExpiresAt.UTC().Format(expiryLayout))
	}
	return fmt.Sprintf(`%s,

the API token %s of the organization %s, which you made, expires on
%s. Requests with it are refused from then on.

To replace it, and let the old one go on for a day:

    roster tokens regenerate %s --grace 24h --org %s
`, greeting, token, x.OrgID, x.ExpiresAt.UTC().Format(expiryLayout), x.TokenID, x.OrgID)
}
