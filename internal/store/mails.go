package store

import (
	"time"

	"github.com/rosterhq/roster/internal/directory"
)

type mailCount struct {
	n     int
	first int64
}

func scanMailCount(row scanner) (c mailCount, err error) {
	err = row.Scan(&c.n, &c.first)
	return c, err
}

const countMails = `SELECT count(*), CAST(COALESCE(min(reserved_at), 0) AS BIGINT) FROM mails `

func (t *tx) CountMails(org directory.OrgID, key string, after time.Time) (n int, first time.Time, err error) {
	var c mailCount
	switch {
	case key == "":
		c, err = one(t, "count", scanMailCount, countMails+`WHERE org_id = $1 AND reserved_at > $2`, org, micros(after))
	case org == "":
		c, err = one(t, "count", scanMailCount, countMails+`WHERE email_key = $1 AND reserved_at > $2`, key, micros(after))
	default:
		c, err = one(t, "count", scanMailCount, countMails+`WHERE org_id = $1 AND email_key = $2 AND reserved_at > $3`, org, key, micros(after))
	}
	return c.n, fromMicros(c.first), err
}

func (t *tx) MailReserved(position int64) (bool, error) {
	n, err := one(t, "count", scanValue[int], `SELECT count(*) FROM mails WHERE position = $1`, position)
	return n > 0, err
}

func (t *tx) ReserveMail(r directory.MailReservation) error {
	return t.exec(`INSERT INTO mails (position, org_id, email_key, reserved_at) VALUES ($1, $2, $3, $4) ON CONFLICT (position) DO NOTHING`,
		r.Position, r.OrgID, r.EmailKey, micros(r.At))
}

func (t *tx) DropMails(before time.Time) error {
	return t.exec(`DELETE FROM mails WHERE reserved_at < $1`, micros(before))
}

func (t *tx) SetInvitationMailed(org directory.OrgID, id directory.UserID, at time.Time) error {
	return t.exec(`UPDATE users SET mailed_at = $1 WHERE org_id = $2 AND id = $3 AND account_id IS NULL`, micros(at), org, id)
}

func (t *tx) InvitationMailed(org directory.OrgID, id directory.UserID) (time.Time, error) {
	us, err := one(t, "invitation", scanValue[int64], `SELECT mailed_at FROM users WHERE org_id = $1 AND id = $2 AND account_id IS NULL`, org, id)
	return fromMicros(us), err
}
