package auditlog

import (
	"context"

	"github.com/rosterhq/roster/internal/directory"
)

// MaxRetentionDays is the longest retention other than forever.
const MaxRetentionDays = 36500

// GetRetention returns how long the organization keeps the entries of its log.
// Permission auditLog|read.
func (l *Trail) GetRetention(ctx context.Context, call directory.Call) (directory.Retention, error) {
	return directory.Read(ctx, l.directory, call, directory.OpGetRetention, func(tx directory.Tx) (directory.Retention, error) {
		return retentionOf(tx, call.Principal.OrgID)
	})
}

func retentionOf(tx directory.Tx, org directory.OrgID) (directory.Retention, error) {
	days, err := tx.Retention(org)
	if directory.CodeOf(err) == directory.NotFound {
		err = nil
	}
	return directory.Retention{Days: days}, err
}

// SetRetention changes how long the organization keeps the entries of its log. Older
// entries are dropped within the hour, and can't be restored.
//
// Needs an owner's personal token. Audit entry updateAuditRetention. Errors: [directory.Invalid].
func (l *Trail) SetRetention(ctx context.Context, call directory.Call, r directory.Retention) (directory.Retention, error) {
	if r.Days < 0 || r.Days > MaxRetentionDays {
		return r, directory.InvalidField("days", "must be from 1 to %d, or null for ever", MaxRetentionDays)
	}
	return directory.Write(ctx, l.directory, call, directory.OpUpdateRetention, func(c *directory.Change) (directory.Retention, error) {
		org := c.Actor().OrgID
		if !c.Actor().IsOwner() {
			return r, directory.Errorf(directory.Forbidden, "only an owner, with a personal token, can change how long the log is kept")
		}
		before, err := retentionOf(c, org)
		if err != nil {
			return r, err
		}
		if err := c.Check(before); err != nil {
			return r, err
		}
		if err := c.SetRetention(org, r.Days); err != nil {
			return r, err
		}
		return r, c.Record(Target(org), before, r)
	})
}
