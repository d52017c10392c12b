package directory

import (
	"context"
	"time"
)

// Limits on what is read of a log at once. They bound memory, whatever the size and
// number of the entries.
const (
	maxEntries    = 1000
	MaxEntryBytes = 4 << 20
	// exportBytes is about how much is read at once for who writes it on.
	exportBytes = 1 << 20
)

// Span is a span of an organization's log, by sequences: greater than the one, less
// than the other.
type Span struct{ After, Before int64 }

// LogSpan is the span of the principal's organization's log from a time to
// another, which is not part of it: nil for its beginning, and for what is its
// end now. Permission auditLog|read.
func (s *Service) LogSpan(ctx context.Context, call Call, from, to *time.Time) (Span, error) {
	return Read(ctx, s, call, OpListEntries, func(tx Tx) (span Span, err error) {
		org := call.Principal.OrgID
		last, _, err := tx.LastOrgEntry(org)
		if err != nil {
			return Span{}, err
		}
		span.Before = last + 1
		if to != nil {
			if span.Before, err = SequenceSince(tx, org, last, *to); err != nil {
				return Span{}, err
			}
		}
		if from != nil {
			first, err := SequenceSince(tx, org, last, *from)
			span.After = first - 1
			return span, err
		}
		return span, nil
	})
}

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

// ListEntries gives a part of the audit log of the principal's organization, from
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

// errShortened is for a log of which retention drops entries that were still to be read.
var errShortened = Errorf(Unavailable, "entries were dropped from the log while it was read; start again")

// ExportEntries hands the entries of the audit log of the principal's organization
// that q asks for to fn, batch by batch, in q's order; q.Limit 0 is no limit.
// Nothing of the store is held while fn works, so that fn may take its time; what
// is appended meanwhile is left out if q.Before says so. renew gives the principal
// as it is now, before each further batch. fn must not keep its batch; its first error is
// the end.
//
// Permission auditLog|read. Errors: [Unavailable] where entries are dropped meanwhile.
func (s *Service) ExportEntries(ctx context.Context, call Call, q EntryQuery, renew Renewal, fn func([]Entry) error) error {
	org, left, limited := call.Principal.OrgID, q.Limit, q.Limit > 0
	var list []Entry // of a batch; the next takes its place
	for more, begun := true, false; more && (!limited || left > 0); begun = true {
		if begun {
			if err := renew.Check(ctx, org, OpListEntries); err != nil {
				return err
			}
		}
		q.Limit = maxEntries
		if limited {
			q.Limit = min(left, maxEntries)
		}
		_, err := Read(ctx, s, call, OpListEntries, func(tx Tx) (_ struct{}, err error) {
			if begun && !q.NewestFirst {
				if err := notShortened(tx, org, q.After); err != nil {
					return struct{}{}, err
				}
			}
			list, more, err = ReadEntries(tx, list[:0], org, q, exportBytes)
			return struct{}{}, err
		})
		if err != nil || len(list) == 0 {
			return err
		}
		if err := fn(list); err != nil {
			return err
		}
		left -= len(list)
		if last := list[len(list)-1].Sequence; q.NewestFirst {
			q.Before = last
		} else {
			q.After = last
		}
	}
	return nil
}

// notShortened refuses to go on after a sequence if retention has dropped the next
// one. One that is missing otherwise is for who verifies the log to find.
func notShortened(tx Tx, org OrgID, sequence int64) error {
	first, err := FirstSequence(tx, org)
	if err == nil && first > sequence+1 {
		err = errShortened
	}
	return err
}

// Renewal gives a principal as it is now, or says that there is none any more.
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
		return errNotYours
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
	limit := min(max(q.Limit, 1), maxEntries)
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
