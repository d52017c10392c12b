package store

import (
	"time"

	"github.com/rosterhq/roster/internal/directory"
)

// NoteActivity selects the membership, because it may be gone by the time that its activity
// is stored.
func (t *tx) NoteActivity(org directory.OrgID, account directory.AccountID, at time.Time) error {
	return t.exec(`UPDATE users SET active_at = $1 WHERE account_id = $2 AND org_id = $3 AND active_at < $1
		AND (active_at < $4 OR active_at <= created_at)`, micros(at), account, org, micros(at.Add(-directory.ActivityStored)))
}

func (t *tx) Activity(org directory.OrgID, ids []directory.UserID) (map[directory.UserID]time.Time, error) {
	in, args := inList(ids, org)
	active := make(map[directory.UserID]time.Time, len(ids))
	if len(ids) == 0 {
		return active, nil
	}
	type row struct {
		id directory.UserID
		at int64
	}
	rows, err := list(t, func(s scanner) (r row, err error) {
		err = s.Scan((*string)(&r.id), &r.at)
		return r, err
	}, `SELECT id, active_at FROM users WHERE org_id = $1 AND active_at > created_at AND id IN `+in, args...)
	for _, r := range rows {
		active[r.id] = fromMicros(r.at)
	}
	return active, err
}

// selectInactive reads the users in the order of an index.
const selectInactive = userColumns + `, u.active_at FROM users u LEFT JOIN roles r ON r.org_id = u.org_id AND r.id = u.role_id
	WHERE u.org_id = $1 AND u.active_at < $2 AND (u.active_at, u.id) > ($3, $4) ORDER BY u.active_at, u.id LIMIT $5`

func (t *tx) InactiveUsers(org directory.OrgID, since time.Time, after directory.ActivityCursor, limit int) ([]directory.InactiveUser, error) {
	return list(t, scanInactive, selectInactive, org, micros(since), after.At, after.ID, limit)
}

func scanInactive(row scanner) (u directory.InactiveUser, err error) {
	u.User, err = scanUser(withColumn{row, &u.Since})
	return u, err
}

// withColumn is a row whose last column goes to a place of its own.
type withColumn struct {
	scanner
	last any
}

func (r withColumn) Scan(to ...any) error { return r.scanner.Scan(append(to, r.last)...) }
