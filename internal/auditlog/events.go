package auditlog

import (
	"context"

	"github.com/rosterhq/roster/internal/directory"
)

const (
	// eventBatch is how many entries an event stream gets at a time, and eventBytes
	// about how much is read for it under one check of its permission.
	eventBatch = 100
	eventBytes = 64 << 10
)

// Events is a batch of an organization's log for an event stream.
type Events struct {
	Entries []directory.Entry
	UpTo    int64 // sequence up to which the log was read; Entries may end before it
	End     int64 // sequence of the log's last entry
	More    bool  // there are more entries already
}

// ReadEvents returns the next entries of the log of the principal's organization
// that q asks for. q.After is the last sequence that the stream has, or -1 to begin
// at the log's end; q.Limit is not used. Entries that retention has dropped are left out.
//
// Permission auditLog|read.
func (l *Trail) ReadEvents(ctx context.Context, call directory.Call, q directory.EntryQuery) (Events, error) {
	return directory.Read(ctx, l.directory, call, directory.OpStreamEvents, func(tx directory.Tx) (out Events, err error) {
		org := call.Principal.OrgID
		last, _, err := tx.LastOrgEntry(org)
		if err != nil {
			return out, err
		}
		if q.After < 0 {
			q.After = last
		}
		out.UpTo, out.End = max(q.After, last), last
		if q.After == last {
			return out, nil
		}
		q.Limit = eventBatch
		out.Entries, out.More, err = ReadEntries(tx, nil, org, q, eventBytes)
		if out.More {
			out.UpTo = out.Entries[len(out.Entries)-1].Sequence
		}
		return out, err
	})
}
