package directory

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rosterhq/roster/internal/audit"
)

// MaxRetentionDays is the longest time that a log can be told to be kept, short of
// for ever.
const MaxRetentionDays = 36500

// GetRetention says how long the organisation keeps the entries of its log.
// Permission auditLog|read.
func (s *Service) GetRetention(ctx context.Context, call Call) (Retention, error) {
	return read(ctx, s, call, OpGetRetention, func(tx Tx) (Retention, error) {
		return retentionOf(tx, call.Principal.OrgID)
	})
}

// Retention is how long an organisation keeps the entries of its log.
type Retention struct {
	Days int `json:"days"` // 0: for ever
}

func retentionOf(tx Tx, org OrgID) (Retention, error) {
	days, err := tx.Retention(org)
	return Retention{days}, ignore(NotFound, err)
}

// SetRetention changes how long the organisation keeps the entries of its log. What
// is older goes within the hour, and can't be brought back.
//
// Needs an owner's personal token. Audit entry updateAuditRetention. Errors: [Invalid].
func (s *Service) SetRetention(ctx context.Context, call Call, r Retention) (Retention, error) {
	if r.Days < 0 || r.Days > MaxRetentionDays {
		return r, InvalidField("days", "must be from 1 to %d, or null for ever", MaxRetentionDays)
	}
	return write(ctx, s, call, OpUpdateRetention, func(c *change) (Retention, error) {
		org := c.actor.OrgID
		if !c.actor.isOwner() {
			return r, Errorf(Forbidden, "only an owner, with a personal token, can change how long the log is kept")
		}
		before, err := retentionOf(c, org)
		if err != nil {
			return r, err
		}
		if err := c.check(before); err != nil {
			return r, err
		}
		if err := c.Tx.SetRetention(org, r.Days); err != nil {
			return r, err
		}
		return r, c.record(logOf(org), before, r)
	})
}

func logOf(org OrgID) Target { return Target{Type: "auditLog", ID: string(org), Name: "audit log"} }

// Prune removes the entries that their organisations have kept long enough. Only
// what is sealed goes; its hashes stay, so what is left can still be proven. Each
// log gets an entry that tells of it, by the system.
func (s *Service) Prune(ctx context.Context) error {
	var all map[OrgID]int
	err := s.store.Read(ctx, func(tx Tx) (err error) {
		all, err = tx.Retentions()
		return err
	})
	for org, days := range all {
		if pruneErr := s.prune(ctx, org, s.now().AddDate(0, 0, -days)); pruneErr != nil {
			err = errors.Join(err, fmt.Errorf("prune the log of %s: %w", org, pruneErr))
		}
	}
	return err
}

// pruneBatch bounds how many entries one transaction removes.
const pruneBatch = 5000

func (s *Service) prune(ctx context.Context, org OrgID, before time.Time) error {
	for {
		more := false
		err := s.store.Write(ctx, func(tx Tx) error {
			if err := tx.Lock(LockOrg(org)); err != nil {
				return err
			}
			first, err := firstSequence(tx, org)
			if err != nil || first == 0 {
				return err
			}
			sealed, err := tx.Checkpoint(org, 0)
			if err != nil {
				return ignore(NotFound, err)
			}
			last, _, err := tx.LastOrgEntry(org)
			if err != nil {
				return err
			}
			upTo, err := sequenceSince(tx, org, last, before)
			if err != nil {
				return err
			}
			// The last sealed entry stays: a log is never empty.
			upTo = min(upTo-1, sealed.Size-1)
			if more = upTo > first+pruneBatch; more {
				upTo = first + pruneBatch
			}
			if upTo < first {
				return nil
			}
			return s.pruneUpTo(tx, org, upTo)
		})
		if err != nil || !more {
			return err
		}
	}
}

func (s *Service) pruneUpTo(tx Tx, org OrgID, upTo int64) error {
	if err := tx.DropEntries(org, upTo); err != nil {
		return err
	}
	after, err := entryJSON(audit.Pruned{UpTo: upTo})
	if err != nil {
		return err
	}
	return appendEntry(tx, s.keys, Entry{
		At: s.now(), OrgID: org, Actor: Actor{Kind: ActorSystem, Name: "retention"},
		Action: audit.PruneAction, Target: logOf(org), After: after,
	})
}

// firstSequence is the sequence of an organisation's first entry; 0 if there is none.
func firstSequence(tx Tx, org OrgID) (sequence int64, err error) {
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
