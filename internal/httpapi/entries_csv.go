package httpapi

import (
	"encoding/base64"
	"strconv"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/spreadsheet"
)

// csvHeader names the columns of an export as CSV.
var csvHeader = spreadsheet.AppendRow(nil, "sequence", "time", "org_id", "actor_kind", "actor_token_id", "actor_user_id", "actor_name",
	"action", "outcome", "reason", "target_type", "target_id", "target_name", "before", "after", "trace_id", "source_address", "user_agent", "leaf")

// appendEntryRow appends the row of an entry. States are JSON in one cell.
func appendEntryRow(b []byte, e *directory.Entry) ([]byte, error) {
	r, err := e.Shown()
	if err != nil {
		return b, err
	}
	outcome := "done"
	if r.Outcome != "" {
		outcome = r.Outcome
	}
	leaf := ""
	if r.Proof.Leaf != nil {
		leaf = base64.StdEncoding.EncodeToString(r.Proof.Leaf[:])
	}
	b = append(strconv.AppendInt(append(b, '"'), r.Sequence, 10), '"')
	for _, cell := range [...]string{
		r.Time.String(), r.OrgID, r.Actor.Kind, r.Actor.TokenID, r.Actor.UserID, r.Actor.Name, r.Action, outcome, r.Reason,
		r.Target.Type, r.Target.ID, r.Target.Name, string(r.Before), string(r.After), r.TraceID, r.SourceAddress, r.UserAgent,
	} {
		b = spreadsheet.AppendCell(append(b, ','), cell)
	}
	// Base64 may begin with a plus, but a hash can't be chosen to be a formula. It is
	// written without an apostrophe, which would break it.
	b = append(append(b, `,"`...), leaf...)
	return append(b, "\"\r\n"...), nil
}
