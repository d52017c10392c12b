package httpapi

import (
	"encoding/base64"
	"strconv"
	"strings"

	"github.com/rosterhq/roster/internal/directory"
)

// csvHeader names the columns of an export as CSV (RFC 4180).
const csvHeader = "sequence,time,org_id,actor_kind,actor_token_id,actor_user_id,actor_name,action,outcome,reason," +
	"target_type,target_id,target_name,before,after,trace_id,source_address,user_agent,leaf\r\n"

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
	b = strconv.AppendInt(b, r.Sequence, 10)
	for _, cell := range [...]string{
		r.Time.String(), r.OrgID, r.Actor.Kind, r.Actor.TokenID, r.Actor.UserID, r.Actor.Name, r.Action, outcome, r.Reason,
		r.Target.Type, r.Target.ID, r.Target.Name, string(r.Before), string(r.After), r.TraceID, r.SourceAddress, r.UserAgent,
	} {
		b = appendCell(append(b, ','), cell)
	}
	// Base64 may begin with a plus, and is no name that somebody chose: as it is.
	b = append(append(b, ','), leaf...)
	return append(b, '\r', '\n'), nil
}

// appendCell appends a cell that no spreadsheet takes for a formula
// (owasp.org/www-community/attacks/CSV_Injection).
func appendCell(b []byte, s string) []byte {
	formula := s != "" && strings.IndexByte("=+-@\t\r", s[0]) >= 0
	if !strings.ContainsAny(s, "\",\r\n") {
		if formula {
			b = append(b, '\'')
		}
		return append(b, s...)
	}
	b = append(b, '"')
	if formula {
		b = append(b, '\'')
	}
	for i := range len(s) {
		if s[i] == '"' {
			b = append(b, '"')
		}
		b = append(b, s[i])
	}
	return append(b, '"')
}
