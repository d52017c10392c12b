package auditlog

import (
	"context"
	"time"

	"github.com/rosterhq/roster/internal/directory"
)

// exportBytes is about how much [Trail.ExportEntries] reads at once.
const exportBytes = 1 << 20

// Span is a part of an organization's log: the entries with sequences between After and
// Before, without both.
type Span struct{ After, Before int64 }

// LogSpan returns the span of the log of the principal's organization from a time to
// before another. nil stands for its beginning, and for its present end. Permission auditLog|read.
func (l *Trail) LogSpan(ctx context.Context, call directory.Call, from, to *time.Time) (Span, error) {
	return directory.Read(ctx, l.directory, call, directory.OpListEntries, func(tx directory.Tx) (span Span, err error) {
		org := call.Principal.OrgID
		last, _, err := tx.LastOrgEntry(org)
		if err != nil {
			return Span{}, err
		}
		span.Before = last + 1
		if to != nil {
			if span.Before, err = directory.SequenceSince(tx, org, last, *to); err != nil {
				return Span{}, err
			}
		}
		if from != nil {
			first, err := directory.SequenceSince(tx, org, last, *from)
			span.After = first - 1
			return span, err
		}
		return span, nil
	})
}

// errShortened is the error if retention drops entries that were still to be read.
var errShortened = directory.Errorf(directory.Unavailable, "entries were dropped from the log while it was read; start again")

// ExportEntries passes the entries of the log of the principal's organization that match
// q to fn, batch by batch, in q's order. A q.Limit of 0 is no limit. The store is released
// while fn runs, so that fn may take its time. Entries that are appended meanwhile are left
// out if q.Before is set. renew returns the principal as it is now, and is called before
// each further batch. fn must not keep its batch. Its first error ends the export.
//
// Permission auditLog|read. Errors: [directory.Unavailable] if entries are dropped meanwhile.
func (l *Trail) ExportEntries(ctx context.Context, call directory.Call, q directory.EntryQuery, renew directory.Renewal, fn func([]directory.Entry) error) error {
	org, left, limited := call.Principal.OrgID, q.Limit, q.Limit > 0
	var list []directory.Entry // of a batch; the next takes its place
	for more, begun := true, false; more && (!limited || left > 0); begun = true {
		if begun {
			if err := renew.Check(ctx, org, directory.OpListEntries); err != nil {
				return err
			}
		}
		q.Limit = MaxEntries
		if limited {
			q.Limit = min(left, MaxEntries)
		}
		_, err := directory.Read(ctx, l.directory, call, directory.OpListEntries, func(tx directory.Tx) (_ struct{}, err error) {
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

// notShortened fails if retention has dropped the entry after a sequence. Verification
// of the log finds entries that are missing for another reason.
func notShortened(tx directory.Tx, org directory.OrgID, sequence int64) error {
	first, err := FirstSequence(tx, org)
	if err == nil && first > sequence+1 {
		err = errShortened
	}
	return err
}
