package storetest

import (
	"time"

	"github.com/rosterhq/roster/internal/directory"
)

// mailCount is what is counted, and since when.
type mailCount struct {
	N     int
	First time.Time
}

func countMails(s suite, org directory.OrgID, key string, after time.Time) mailCount {
	s.Helper()
	return got(s, func(tx directory.Tx) (c mailCount, err error) {
		c.N, c.First, err = tx.CountMails(org, key, after)
		return c, err
	})
}

var mailTests = []test{
	{"count by organization and by recipient", func(s suite) {
		reserve := func(position int64, org directory.OrgID, key string, after time.Duration) {
			s.write(func(tx directory.Tx) error {
				return tx.ReserveMail(directory.MailReservation{Position: position, OrgID: org, EmailKey: key, At: start.Add(after)})
			})
		}
		s.equal("none", mailCount{}, countMails(s, acme, "", time.Time{}))
		reserve(1, acme, "jane@example.com", 0)
		reserve(2, acme, "john@example.com", time.Hour)
		reserve(3, other, "jane@example.com", 2*time.Hour)
		reserve(3, acme, "jane@example.com", 3*time.Hour) // again, which counts once and as it was
		s.equal("of one", mailCount{2, start}, countMails(s, acme, "", time.Time{}))
		s.equal("to Jane", mailCount{2, start}, countMails(s, "", "jane@example.com", time.Time{}))
		s.equal("to Jane, after the first", mailCount{1, start.Add(2 * time.Hour)}, countMails(s, "", "jane@example.com", start))
		s.equal("of one to Jane", mailCount{1, start}, countMails(s, acme, "jane@example.com", time.Time{}))
		s.equal("of another to John", mailCount{}, countMails(s, other, "john@example.com", time.Time{}))
		for position, want := range map[int64]bool{1: true, 3: true, 4: false} {
			s.equal("reserved", want, got(s, func(tx directory.Tx) (bool, error) { return tx.MailReserved(position) }))
		}
		s.write(func(tx directory.Tx) error { return tx.DropMails(start.Add(time.Hour)) })
		s.equal("after the sweep", mailCount{1, start.Add(time.Hour)}, countMails(s, acme, "", time.Time{}))
	}},
	{"count what a deleted organization was mailed", func(s suite) {
		s.write(func(tx directory.Tx) error {
			return all(putOrgs(tx, acme), tx.ReserveMail(directory.MailReservation{Position: 1, OrgID: acme, EmailKey: "jane@example.com", At: start}))
		})
		s.write(func(tx directory.Tx) error { return tx.DeleteOrg(acme) })
		s.equal("to Jane", mailCount{1, start}, countMails(s, "", "jane@example.com", time.Time{}))
	}},
	{"when an invitation was mailed", func(s suite) {
		invited, member := newInvitation(acme, "jane", start.Add(time.Hour)), newUser(acme, "john")
		mailed := func(tx directory.Tx) (time.Time, error) { return tx.InvitationMailed(acme, invited.ID) }
		s.write(func(tx directory.Tx) error {
			return all(putOrgs(tx, acme), tx.CreateUser(invited, "jane"), putUsers(tx, acme, "john"))
		})
		s.equal("not yet", time.Time{}, got(s, mailed))
		for _, at := range []time.Time{start, start.Add(time.Hour)} {
			s.write(func(tx directory.Tx) error {
				return all(tx.SetInvitationMailed(acme, invited.ID, at), tx.SetInvitationMailed(other, invited.ID, start.Add(9*time.Hour)),
					tx.SetInvitationMailed(acme, member.ID, at), tx.SetInvitationMailed(acme, "usr_nobody", at))
			})
			s.equal("mailed", at, got(s, mailed))
		}
		changed := invited
		changed.Name = "Jane Roe"
		s.write(func(tx directory.Tx) error { return tx.UpdateUser(changed) })
		s.equal("kept by an update", start.Add(time.Hour), got(s, mailed))
		missing(s, "a member", func(tx directory.Tx) (time.Time, error) { return tx.InvitationMailed(acme, member.ID) })
		missing(s, "another organization's", func(tx directory.Tx) (time.Time, error) { return tx.InvitationMailed(other, invited.ID) })
	}},
}
