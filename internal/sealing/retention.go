package sealing

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rosterhq/roster/internal/audit"
	"github.com/rosterhq/roster/internal/auditlog"
	"github.com/rosterhq/roster/internal/directory"
)

// Prune removes the entries that their organizations have kept long enough. Only
// sealed entries go; their hashes stay, so that the rest can still be proven. Audit
// entry pruneAuditLog in each log that was pruned, by the system.
func (s *Sealer) Prune(ctx context.Context) error {
	var all map[directory.OrgID]int
	err := s.store.Read(ctx, func(tx directory.Tx) (err error) {
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

func (s *Sealer) prune(ctx context.Context, org directory.OrgID, before time.Time) error {
	for {
		more := false
		err := s.store.Write(ctx, func(tx directory.Tx) error {
			if err := tx.Lock(directory.LockOrg(org)); err != nil {
				return err
			}
			first, err := auditlog.FirstSequence(tx, org)
			if err != nil || first == 0 {
				return err
			}
			sealed, err := tx.Checkpoint(org, 0)
			if err != nil {
				return directory.IgnoreNotFound(err)
			}
			last, _, err := tx.LastOrgEntry(org)
			if err != nil {
				return err
			}
			upTo, err := directory.SequenceSince(tx, org, last, before)
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

func (s *Sealer) pruneUpTo(tx directory.Tx, org directory.OrgID, upTo int64) error {
	if err := tx.DropEntries(org, upTo); err != nil {
		return err
	}
	e := directory.Entry{
		At: s.now(), OrgID: org, Actor: directory.Actor{Kind: directory.ActorSystem, Name: "retention"},
		Action: audit.PruneAction, Target: auditlog.Target(org),
	}
	return directory.Record(tx, s.keys, e, nil, audit.Pruned{UpTo: upTo})
}
