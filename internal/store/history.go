package store

import (
	"fmt"
	"iter"

	"github.com/rosterhq/roster/internal/directory"
)

// NextEntries is grouped in the order of its index, so that a page of targets
// costs what there is about them, however long the log is. What it yields is
// sorted by an expression: by the column, SQLite would walk the whole log.
func (t *tx) NextEntries(org directory.OrgID, q directory.NextQuery) iter.Seq2[directory.Entry, error] {
	args := []any{org, q.Since, q.After, q.Until}
	limit := ""
	if q.Limit > 0 {
		args = append(args, q.Limit)
		limit = fmt.Sprintf(" LIMIT $%d", len(args))
	}
	return each(t, scanEntry, selectEntries+`WHERE org_id = $1 AND number IN (
			SELECT min(number) FROM entries
			WHERE org_id = $1 AND number > $2 AND target_id > $3 AND target_id <= $4
				AND outcome = '' AND (before IS NOT NULL OR after IS NOT NULL)
			GROUP BY target_id ORDER BY target_id`+limit+`)
		ORDER BY target_id || ''`, args...)
}
