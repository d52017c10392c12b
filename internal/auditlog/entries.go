package auditlog

import (
	"context"

	"github.com/rosterhq/roster/internal/audit"
	"github.com/rosterhq/roster/internal/directory"
)

// MaxEntries and MaxEntryBytes limit what is read of a log at once, and with it the
// memory of a request.
const (
	MaxEntries    = 1000
	MaxEntryBytes = 4 << 20
)

// ListEntries returns a part of the audit log of the principal's organization, from
// where q says on: as many entries as q.Limit says, fewer if they are large, or
// of the log is no more. more tells whether there is more. q.Limit is 1 to 1000.
//
// Permission auditLog|read.
func (l *Trail) ListEntries(ctx context.Context, call directory.Call, q directory.EntryQuery) (list []directory.Entry, more bool, err error) {
	_, err = directory.Read(ctx, l.directory, call, directory.OpListEntries, func(tx directory.Tx) (struct{}, error) {
		list, more, err = ReadEntries(tx, nil, call.Principal.OrgID, q, MaxEntryBytes)
		return struct{}{}, err
	})
	return list, more, err
}

// ReadEntries appends entries to list until it has q.Limit of them or about so many bytes,
// and reports whether there are more.
func ReadEntries(tx directory.Tx, list []directory.Entry, org directory.OrgID, q directory.EntryQuery, most int) (_ []directory.Entry, more bool, err error) {
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
		size += sizeOf(&e)
	}
	return list, false, nil
}

// sizeOf is about how much memory an entry takes.
func sizeOf(e *directory.Entry) int {
	return 512 + len(e.Before) + len(e.After) + len(e.UserAgent) + len(e.Reason)
}

// EntryAt finds an entry by its sequence; nil for one that retention has dropped.
func EntryAt(tx directory.Tx, org directory.OrgID, sequence int64) (found *directory.Entry, err error) {
	for e, err := range tx.OrgEntries(org, directory.EntryQuery{After: sequence - 1, Before: sequence + 1, Limit: 1}) {
		if err != nil {
			return nil, err
		}
		found = &e
	}
	return found, nil
}

// FirstSequence returns the sequence of the first entry that an organization's log
// still has; 0 if it has none.
func FirstSequence(tx directory.Tx, org directory.OrgID) (sequence int64, err error) {
	leaves, err := tx.Leaves(org, 0, 1)
	if err != nil || len(leaves) == 0 {
		return 0, err
	}
	return leaves[0].Sequence, nil
}

// Tiles reads the tiles of an organization's tree.
func Tiles(tx directory.Tx, org directory.OrgID) audit.Tiles {
	return func(id audit.TileID) ([]byte, error) { return tx.Tile(org, id) }
}

// Target is an organization's log as the target of an entry.
func Target(org directory.OrgID) directory.Target {
	return directory.Target{Type: "auditLog", ID: string(org), Name: "audit log"}
}
