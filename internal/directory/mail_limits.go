package directory

import (
	"time"

	"github.com/rosterhq/roster/internal/text"
)

// MailWindow is the time over which [MailLimits] count.
const MailWindow = 24 * time.Hour

// MailLimits bound the mails within a [MailWindow]; 0 stands for any number.
type MailLimits struct {
	PerRecipient    int // from all organizations
	PerOrganization int
}

// DefaultMailLimits are the limits of a server that is not configured otherwise.
func DefaultMailLimits() MailLimits { return MailLimits{PerRecipient: 5, PerOrganization: 200} }

// WithMailLimits sets the limits at which an invitation can't be resent, instead of
// [DefaultMailLimits].
func WithMailLimits(l MailLimits) Option { return func(s *Service) { s.mailLimits = l } }

// mayMailAgain refuses to mail u at a limit. Mails from other organizations to the same
// recipient don't count here: the answer would show that there are any. The mailer
// counts them, and mails nothing beyond the limit. Errors: [RateLimited].
func (c *Change) mayMailAgain(u User, limits MailLimits) error {
	since := c.now.Add(-MailWindow)
	n, first, err := c.CountMails(u.OrgID, text.FoldKey(u.Email), since)
	if err != nil {
		return err
	}
	if limits.PerRecipient > 0 && n >= limits.PerRecipient {
		return mailLimited("this address was mailed %d times", n, "mail-per-recipient", first.Sub(since))
	}
	if n, first, err = c.CountMails(u.OrgID, "", since); err != nil {
		return err
	}
	if limits.PerOrganization > 0 && n >= limits.PerOrganization {
		return mailLimited("%d invitations of this organization were mailed", n, "mail-per-organization", first.Sub(since))
	}
	return nil
}

func mailLimited(what string, n int, flag string, wait time.Duration) *Error {
	e := Errorf(RateLimited, what+" within 24 hours, which is the limit %s; try again in %s", n, flag, wait.Round(time.Minute))
	e.RetryAfter = wait
	return e
}

// AwaitsMail returns the user whom an entry added or invited, as they are now, and
// whether there is still something to tell them: they are a member since, or their
// invitation can be accepted.
func AwaitsMail(tx Tx, added User, now time.Time) (User, bool, error) {
	u, err := tx.User(added.OrgID, added.ID)
	if CodeOf(err) == NotFound {
		return User{}, false, nil
	}
	if err != nil || u.Invited != added.Invited || !u.Invited {
		return u, u.Invited == added.Invited, err
	}
	if u.Suspended || expired(u.ExpiresAt, now) {
		return u, false, nil
	}
	valid, err := mayStillGive(tx, u, now)
	return u, valid, err
}

// MailKey is the key under which mails to an address are counted.
func MailKey(email string) string { return text.FoldKey(email) }
