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
// tells which ones were taken so. Errors: [NotFound] for a log without entries;
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
		if err := s.acceptAll(tx, org, size, all); err != nil {
			return err
		}
		from, to = size+1, size+int64(len(all))
		return c.recordIn(org, logOf(org), nil, acceptance{from, to})
	})
	return from, to, err
}

// acceptAll accepts entries as those that follow what is sealed. Their times don't go
// back, whatever was written: no verifier takes a log in which they do.
func (s *Service) acceptAll(tx Tx, org OrgID, sealed int64, all []Entry) error {
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
	was := e.Number
	e.Number = number
	_, leaf, err := e.Record()
	if err != nil {
		return fmt.Errorf("entry %d: %w", was, err)
	}
	e.Leaf, e.MAC = leaf[:], s.keys.MAC(string(e.OrgID), number, leaf)
	return tx.RenumberEntry(was, e)
}
