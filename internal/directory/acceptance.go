package directory

import (
	"context"
	"fmt"
	"time"
)

// acceptance is what the log says of entries that the operator took as they were.
type acceptance struct {
	From int64 `json:"from"`
	To   int64 `json:"to"`
}

// AcceptEntries takes the entries of a log that are not sealed yet as they are, so
// that it can be sealed again after somebody wrote into it, or out of it, by hand:
// they are numbered without gaps, in an order of time, and authenticated anew. What is sealed already is
// left alone. It is for the operator, and leaves an entry, acceptAuditEntries, that
// tells which ones were taken so, and one for each webhook, updateWebhook, that is to be
// sent what comes after another number than before. Errors: [NotFound] for a log without entries;
// [Conflict] if all there are would be sealed anyway; an [*audit.Fault] if what is
// sealed is not as it was, for which only a backup helps.
func (s *Service) AcceptEntries(ctx context.Context, org OrgID) (from, to int64, err error) {
	err = s.store.Write(ctx, func(tx Tx) error {
		c := s.operate(tx).as(OpAcceptEntries)
		if err := c.lockOrg(org); err != nil {
			return err
		}
		last, _, err := tx.LastOrgEntry(org)
		if err != nil {
			return err
		}
		if last == 0 {
			return notFound("organization")
		}
		size, err := s.sealedSize(tx, org)
		if err != nil {
			return err
		}
		if _, err := s.grow(tx, org); err == nil {
			return Errorf(Conflict, "nothing is wrong with the entries after %d: they are sealed by themselves", size)
		}
		var all []Entry
		for e, err := range tx.OrgEntries(org, EntryQuery{After: size}) {
			if err != nil {
				return err
			}
			all = append(all, e)
		}
		hooks, err := c.lockWebhooks(org)
		if err != nil {
			return err
		}
		if err := s.acceptAll(tx, org, size, all); err != nil {
			return err
		}
		from, to = size+1, size+int64(len(all))
		if err := c.recordIn(org, logOf(org), nil, acceptance{from, to}); err != nil {
			return err
		}
		return c.as(OpUpdateWebhook).resumeWebhooks(hooks, size, all)
	})
	return from, to, err
}

// acceptAll accepts entries as those that follow what is sealed. Their times don't go
// back, whatever was written: no verifier takes a log in which they do.
func (s *Service) acceptAll(tx Tx, org OrgID, sealed int64, all []Entry) error {
	if err := tx.DropLostDeliveries(org, sealed); err != nil {
		return err
	}
	var latest time.Time
	if last, err := entryOf(tx, org, sealed); err != nil {
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

// accept gives an entry a number and authenticates it there.
func (s *Service) accept(tx Tx, e Entry, number int64) error {
	was := e.Sequence
	e.Sequence = number
	_, leaf, err := e.Record()
	if err != nil {
		return fmt.Errorf("entry %d: %w", was, err)
	}
	e.Leaf, e.MAC = leaf[:], s.keys.MAC(string(e.OrgID), number, leaf)
	return tx.RenumberEntry(was, e)
}

// lockWebhooks locks all that is queued for an organisation, which is locked itself.
func (c *change) lockWebhooks(org OrgID) ([]Webhook, error) {
	hooks, err := c.Webhooks(org)
	if err != nil {
		return nil, err
	}
	for _, w := range hooks {
		if err := c.Lock(LockWebhook(org, w.ID)); err != nil {
			return nil, err
		}
	}
	return hooks, nil
}

// resumeWebhooks has webhooks count from what is now the last entry that they were not
// to be sent: from a number that the log has yet to come to, they would be sent nothing
// until it has. was are the entries after the sealed ones, numbered as they were.
func (c *change) resumeWebhooks(hooks []Webhook, sealed int64, was []Entry) error {
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
		if err := c.Tx.UpdateWebhook(w); err != nil {
			return err
		}
		if err := c.recordIn(w.OrgID, w.target(), before, w); err != nil {
			return err
		}
	}
	return nil
}
