package directory

import "context"

// MaxRetentionDays is the longest time that a log can be told to be kept, short of
// for ever.
const MaxRetentionDays = 36500

// GetRetention says how long the organization keeps the entries of its log.
// Permission auditLog|read.
func (s *Service) GetRetention(ctx context.Context, call Call) (Retention, error) {
	return Read(ctx, s, call, OpGetRetention, func(tx Tx) (Retention, error) {
		return retentionOf(tx, call.Principal.OrgID)
	})
}

// Retention is how long an organization keeps the entries of its log.
type Retention struct {
	Days int `json:"days"` // 0: for ever
}

func retentionOf(tx Tx, org OrgID) (Retention, error) {
	days, err := tx.Retention(org)
	return Retention{days}, ignore(NotFound, err)
}

// SetRetention changes how long the organization keeps the entries of its log. What
// is older goes within the hour, and can't be brought back.
//
// Needs an owner's personal token. Audit entry updateAuditRetention. Errors: [Invalid].
func (s *Service) SetRetention(ctx context.Context, call Call, r Retention) (Retention, error) {
	if r.Days < 0 || r.Days > MaxRetentionDays {
		return r, InvalidField("days", "must be from 1 to %d, or null for ever", MaxRetentionDays)
	}
	return Write(ctx, s, call, OpUpdateRetention, func(c *Change) (Retention, error) {
		org := c.actor.OrgID
		if !c.actor.IsOwner() {
			return r, Errorf(Forbidden, "only an owner, with a personal token, can change how long the log is kept")
		}
		before, err := retentionOf(c, org)
		if err != nil {
			return r, err
		}
		if err := c.Check(before); err != nil {
			return r, err
		}
		if err := c.Tx.SetRetention(org, r.Days); err != nil {
			return r, err
		}
		return r, c.Record(AuditLogTarget(org), before, r)
	})
}

// AuditLogTarget is an organization's log as the target of an entry.
func AuditLogTarget(org OrgID) Target {
	return Target{Type: "auditLog", ID: string(org), Name: "audit log"}
}

// FirstSequence returns the sequence of the first entry that an organization's log
// still has; 0 if it has none.
func FirstSequence(tx Tx, org OrgID) (sequence int64, err error) {
	leaves, err := tx.Leaves(org, 0, 1)
	if err != nil || len(leaves) == 0 {
		return 0, err
	}
	return leaves[0].Sequence, nil
}

// ignore makes nothing of an error of a code.
func ignore(code Code, err error) error {
	if CodeOf(err) == code {
		return nil
	}
	return err
}
