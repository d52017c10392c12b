package sealing

import (
	"context"
	"fmt"
	"time"

	"github.com/rosterhq/roster/internal/auditlog"
	"github.com/rosterhq/roster/internal/directory"
)

// acceptance is the state in an entry acceptAuditEntries.
type acceptance struct {
	From int64 `json:"from"`
	To   int64 `json:"to"`
}

// Accept takes the entries of a log that are not sealed yet as they are, so that the
// log can be sealed again after it was edited by hand: they are numbered without gaps,
// given times that don't go back, and authenticated anew. Sealed entries stay as they
// are. It is for the operator. Audit entries: acceptAuditEntries, with the sequences
// that were accepted, and updateWebhook for each webhook that is sent entries from
// another sequence on than before. Errors: [directory.NotFound] for a log without
// entries; [directory.Conflict] if all its entries would be sealed anyway; an
// [*audit.Fault] if what is sealed is not as it was, for which only a backup helps.
func (s *Sealer) Accept(ctx context.Context, org directory.OrgID) (from, to int64, err error) {
	err = s.store.Write(ctx, func(tx directory.Tx) error {
		if err := tx.Lock(directory.LockOrg(org)); err != nil {
			return err
		}
		last, _, err := tx.LastOrgEntry(org)
		if err != nil {
			return err
		}
		if last == 0 {
			return directory.Errorf(directory.NotFound, "organization not found")
		}
		size, err := s.sealedSize(tx, org)
		if err != nil {
			return err
		}
		if _, err := s.grow(tx, org); err == nil {
			return directory.Errorf(directory.Conflict, "nothing is wrong with the entries after %d: they are sealed by themselves", size)
		}
		var all []directory.Entry
		for e, err := range tx.OrgEntries(org, directory.EntryQuery{After: size}) {
			if err != nil {
				return err
			}
			all = append(all, e)
		}
		hooks, err := lockWebhooks(tx, org)
		if err != nil {
			return err
		}
		if err := s.acceptAll(tx, org, size, all); err != nil {
			return err
		}
		from, to = size+1, size+int64(len(all))
		if err := s.record(tx, directory.OpAcceptEntries, org, auditlog.Target(org), nil, acceptance{from, to}); err != nil {
			return err
		}
		return s.resumeWebhooks(tx, hooks, size, all)
	})
	return from, to, err
}

// record appends an entry by the operator.
func (s *Sealer) record(tx directory.Tx, op directory.Operation, org directory.OrgID, target directory.Target, before, after any) error {
	e := directory.Entry{At: s.now(), OrgID: org, Actor: directory.OperatorActor, Action: op.Name, Target: target}
	return directory.Record(tx, s.keys, e, before, after)
}

// acceptAll accepts entries as those that follow what is sealed. It moves times that
// go back: no verifier takes a log with such times.
func (s *Sealer) acceptAll(tx directory.Tx, org directory.OrgID, sealed int64, all []directory.Entry) error {
	if err := tx.DropLostDeliveries(org, sealed); err != nil {
		return err
	}
	var latest time.Time
	if last, err := auditlog.EntryAt(tx, org, sealed); err != nil {
		return err
	} else if last != nil {
		latest = last.At
	}
	for i, e := range all {
		if e.At.Before(latest) {
			e.At = latest
		}
		latest = e.At
		if err := s.accept(tx, e, sealed+int64(i)+1); err != nil {
			return err
		}
	}
	return nil
}

// accept gives an entry a sequence and authenticates it there.
func (s *Sealer) accept(tx directory.Tx, e directory.Entry, sequence int64) error {
	was := e.Sequence
	e.Sequence = sequence
	_, leaf, err := e.Record()
	if err != nil {
		return fmt.Errorf("entry %d: %w", was, err)
	}
	e.Leaf, e.MAC = leaf[:], s.keys.MAC(string(e.OrgID), sequence, leaf)
	return tx.RenumberEntry(was, e)
}

// lockWebhooks locks the queues of an organization's webhooks. The organization is
// locked already.
func lockWebhooks(tx directory.Tx, org directory.OrgID) ([]directory.Webhook, error) {
	hooks, err := tx.Webhooks(org)
	if err != nil {
		return nil, err
	}
	for _, w := range hooks {
		if err := tx.Lock(directory.LockWebhook(org, w.ID)); err != nil {
			return nil, err
		}
	}
	return hooks, nil
}

// resumeWebhooks moves the sequences from which webhooks are sent entries to where
// the same entries are now: from a sequence that the log has yet to reach, a webhook
// would be sent nothing until then. was are the entries after the sealed ones with
// the sequences they had.
func (s *Sealer) resumeWebhooks(tx directory.Tx, hooks []directory.Webhook, sealed int64, was []directory.Entry) error {
	for _, before := range hooks {
		w := before
		w.After = min(w.After, sealed)
		for _, e := range was {
			if e.Sequence <= before.After {
				w.After++
			}
		}
		if w.After == before.After {
			continue
		}
		if err := tx.UpdateWebhook(w); err != nil {
			return err
		}
		if err := s.record(tx, directory.OpUpdateWebhook, w.OrgID, w.Target(), before, w); err != nil {
			return err
		}
	}
	return nil
}
