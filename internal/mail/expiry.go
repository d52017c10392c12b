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

// Expiry tells the maker of an API token that it expires soon.
type Expiry struct {
	Email, Name string
	OrgID       directory.OrgID
	TokenID     directory.TokenID
	Token       string // its name
	ExpiresAt   time.Time
}

// ExpirySender is a [Sender] that delivers mails about expiring tokens too.
type ExpirySender interface {
	SendExpiry(ctx context.Context, x Expiry) error
}

// deliverExpiry mails the maker of a token that it expires, unless they have left or were
// mailed as often as allowed. It reports whether that is done.
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
	var t directory.APITokenRecord
	if err := json.Unmarshal(e.After, &t); err != nil {
		return x, "", fmt.Errorf("read entry %d: %w", e.Position, err)
	}
	err = m.feed.Store.Write(ctx, func(tx directory.Tx) (err error) {
		if err := tx.Lock(directory.LockFollower(follower)); err != nil {
			return err
		}
		now, err := tx.APIToken(e.OrgID, t.ID)
		if err == nil && !now.ExpiresAt.Equal(t.ExpiresAt) {
			refused = void
			return nil
		}
		var u directory.User
		if err == nil {
			u, err = tx.User(e.OrgID, t.MakerID)
		}
		if directory.CodeOf(err) == directory.NotFound || (err == nil && u.Status() != directory.Active) {
			refused = void
			return nil
		}
		if err != nil {
			return err
		}
		x = Expiry{Email: u.Email, Name: u.Name, OrgID: e.OrgID, TokenID: t.ID, Token: t.Name, ExpiresAt: t.ExpiresAt}
		refused, err = m.underCaps(tx, e, text.FoldKey(u.Email))
		return err
	})
	return x, refused, err
}

// SendExpiry implements [ExpirySender].
func (s *SMTP) SendExpiry(ctx context.Context, x Expiry) error {
	m, err := s.message(x.Email, x.Name)
	if err != nil {
		return err
	}
	m.Subject("An API token of " + string(x.OrgID) + " expires soon")
	m.SetBodyString(gomail.TypeTextPlain, expiryText(x))
	return s.deliver(ctx, m)
}

func expiryText(x Expiry) string {
	greeting := "Hello"
	if name := plainName(x.Name); name != "" {
		greeting += " " + name
	}
	token := string(x.TokenID)
	if name := plainName(x.Token); name != "" {
		token = name + " (" + token + ")"
	}
	return fmt.Sprintf(`%s,

the API token %s of the organization %s, which you made, expires on
%s. What uses it is refused from then on.

To replace it, and let the old one go on for a day:

    roster tokens regenerate %s --grace 24h --org %s
`, greeting, token, x.OrgID, x.ExpiresAt.UTC().Format("2 January 2006 at 15:04 MST"), x.TokenID, x.OrgID)
}
