package directory

import (
	"context"
	"time"

	"github.com/rosterhq/roster/internal/audit"
)

// MaxEntries and MaxEntryBytes limit what is read of a log at once, and with it the
// memory of a request.
const (
	MaxEntries    = 1000
	MaxEntryBytes = 4 << 20
)

// SequenceSince is the sequence of the first entry at a time or later, the one after
// last if there is none. As times never go back within a log, halving finds it.
func SequenceSince(tx Tx, org OrgID, last int64, at time.Time) (int64, error) {
	low, high := int64(1), last+1
	for low < high {
		middle := low + (high-low)/2
		earlier := false
		// Retention may have dropped this entry; the next one will do.
		for e, err := range tx.OrgEntries(org, EntryQuery{After: middle - 1, Limit: 1}) {
			if err != nil {
				return 0, err
			}
			earlier = e.At.Before(at)
		}
		if earlier {
			low = middle + 1
		} else {
			high = middle
		}
	}
	return low, nil
}

// ListEntries returns a part of the audit log of the principal's organization, from
// where q says on: as many entries as q.Limit says, fewer if they are large, or
// of the log is no more. more tells whether there is more. q.Limit is 1 to 1000.
//
// Permission auditLog|read.
func (s *Service) ListEntries(ctx context.Context, call Call, q EntryQuery) (list []Entry, more bool, err error) {
	_, err = Read(ctx, s, call, OpListEntries, func(tx Tx) (struct{}, error) {
		list, more, err = ReadEntries(tx, nil, call.Principal.OrgID, q, MaxEntryBytes)
		return struct{}{}, err
	})
	return list, more, err
}

// Renewal returns a principal as it is now, or an error if it has ended.
type Renewal func(context.Context) (*Principal, error)

// renewPatience is how long a renewal may take: a store that does not answer tells
// nobody that they still may.
const renewPatience = 500 * time.Millisecond

// Check reports whether the principal still acts in the organization and may do op.
func (r Renewal) Check(ctx context.Context, org OrgID, op Operation) error {
	ctx, cancel := context.WithTimeout(ctx, renewPatience)
	defer cancel()
	p, err := r(ctx)
	if err != nil {
		return err
	}
	if p.OrgID != org {
		return ErrNotYours
	}
	return op.Authorize(p)
}

// EntryAt finds an entry by its sequence; nil for one that retention has dropped.
func EntryAt(tx Tx, org OrgID, sequence int64) (found *Entry, err error) {
	for e, err := range tx.OrgEntries(org, EntryQuery{After: sequence - 1, Before: sequence + 1, Limit: 1}) {
		if err != nil {
			return nil, err
		}
		found = &e
	}
	return found, nil
}

// ReadEntries appends entries to list until it has q.Limit of them or about so many bytes,
// and reports whether there are more.
func ReadEntries(tx Tx, list []Entry, org OrgID, q EntryQuery, most int) (_ []Entry, more bool, err error) {
	limit := min(max(q.Limit, 1), MaxEntries)
	q.Limit = limit + 1
	size := 0
	for e, err := range tx.OrgEntries(org, q) {
		if err != nil {
			return nil, false, err
		}
		if len(list) == limit || size >= most {
			return list, true, nil
		}
		list = append(list, e)
		size += e.size()
	}
	return list, false, nil
}

// size is about how much memory an entry takes.
func (e *Entry) size() int {
	return 512 + len(e.Before) + len(e.After) + len(e.UserAgent) + len(e.Reason)
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

// Tiles reads the tiles of an organization's tree.
func Tiles(tx Tx, org OrgID) audit.Tiles {
	return func(id audit.TileID) ([]byte, error) { return tx.Tile(org, id) }
}

// Retention is how long an organization keeps the entries of its log.
type Retention struct {
	Days int `json:"days"` // 0: for ever
}

// AuditLogTarget is an organization's log as the target of an entry.
func AuditLogTarget(org OrgID) Target {
	return Target{Type: "auditLog", ID: string(org), Name: "audit log"}
}
