package mail

import (
	"context"
	"time"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/identity"
	"github.com/rosterhq/roster/internal/limits"
	"github.com/rosterhq/roster/internal/text"
)

// reserve makes the invitation of an entry and counts it against the caps, or returns the
// reason not to send it. It works in one transaction, which the mailing processes run one
// at a time. A retry of an entry keeps its reservation.
func (m *Mailer) reserve(ctx context.Context, e directory.Entry, added directory.User) (inv Invitation, refused outcome, err error) {
	err = m.feed.Store.Write(ctx, func(tx directory.Tx) (err error) {
		if err := tx.Lock(directory.LockFollower(follower)); err != nil {
			return err
		}
		u, awaits, err := awaitsMail(tx, added, m.clock().UTC())
		if err != nil {
			return err
		}
		if !awaits {
			refused = void
			return nil
		}
		inv = Invitation{Email: u.Email, Name: u.Name, Role: u.Role.Name, Inviter: e.Actor.Name, OrgID: e.OrgID, Pending: u.Invited}
		if inv.InviterEmail, err = inviterEmail(tx, e); err != nil {
			return err
		}
		if refused, err = m.underCaps(tx, e, text.FoldKey(u.Email)); err != nil || refused != "" {
			return err
		}
		inv.SignIn, err = identity.WelcomeLink(tx, u, m.clock().UTC())
		return err
	})
	return inv, refused, err
}

// underCaps reserves the mail to a recipient, or returns the cap that is reached.
func (m *Mailer) underCaps(tx directory.Tx, e directory.Entry, key string) (refused outcome, err error) {
	if there, err := tx.MailReserved(e.Position); err != nil || there {
		return "", err
	}
	now := m.clock().UTC()
	since := now.Add(-limits.MailWindow)
	if n, _, err := tx.CountMails("", key, since); err != nil || reached(n, m.limits.PerRecipient) {
		return recipientCap, err
	}
	if n, _, err := tx.CountMails(e.OrgID, "", since); err != nil || reached(n, m.limits.PerOrganization) {
		return organizationCap, err
	}
	return "", tx.ReserveMail(directory.MailReservation{Position: e.Position, OrgID: e.OrgID, EmailKey: key, At: now})
}

// reached reports whether a count is at its limit. 0 is no limit.
func reached(n, limit int) bool { return limit > 0 && n >= limit }

// inviterEmail returns the address of the person who acted, or "" if they no longer exist.
func inviterEmail(tx directory.Tx, e directory.Entry) (string, error) {
	if e.Actor.UserID == "" {
		return "", nil
	}
	u, err := tx.User(e.OrgID, e.Actor.UserID)
	if directory.CodeOf(err) == directory.NotFound {
		return "", nil
	}
	return u.Email, err
}

// Sweep deletes the reservations that no longer count.
func (m *Mailer) Sweep(ctx context.Context) error {
	before := m.clock().UTC().Add(-limits.MailWindow)
	return m.feed.Store.Write(ctx, func(tx directory.Tx) error { return tx.DropMails(before) })
}

// awaitsMail returns the user whom an entry added or invited, as they are now, and whether
// there is still something to tell them: they are a member since, or their invitation can be
// accepted.
func awaitsMail(tx directory.Tx, added directory.User, now time.Time) (directory.User, bool, error) {
	u, err := tx.User(added.OrgID, added.ID)
	if directory.CodeOf(err) == directory.NotFound {
		return directory.User{}, false, nil
	}
	if err != nil || u.Invited != added.Invited || !u.Invited {
		return u, u.Invited == added.Invited, err
	}
	if u.Suspended || u.InvitationExpired(now) {
		return u, false, nil
	}
	valid, err := directory.MayStillGive(tx, u, now)
	return u, valid, err
}
