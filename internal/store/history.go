package store

import (
	"fmt"
	"iter"

	"github.com/rosterhq/roster/internal/directory"
)

// NextEntries steps through the index from one target to the next, and finds the first
// entry of each. It reads little per target, however many entries the target has. The
// recursion yields targets in order, one at a time, and a limit ends it. The result is
// ordered by an expression, because SQLite would scan the whole log to order by the
// column.
func (t *tx) NextEntries(org directory.OrgID, q directory.NextQuery) iter.Seq2[directory.Entry, error] {
	args := []any{org, q.Since, q.After, q.Until, q.Type}
	limit := ""
	if q.Limit > 0 {
		args = append(args, q.Limit)
		limit = fmt.Sprintf(" LIMIT $%d", len(args))
	}
	return each(t, scanEntry, `WITH RECURSIVE targets (id) AS NOT MATERIALIZED (
			SELECT (SELECT target_id FROM entries WHERE org_id = $1 AND target_id > $3 AND target_id <= $4
				ORDER BY target_id LIMIT 1)
			UNION ALL
			SELECT (SELECT target_id FROM entries WHERE org_id = $1 AND target_id > targets.id AND target_id <= $4
				ORDER BY target_id LIMIT 1)
			FROM targets WHERE targets.id IS NOT NULL
		), firsts (sequence) AS (
			SELECT first FROM (
				SELECT (SELECT sequence FROM entries WHERE org_id = $1 AND target_id = targets.id AND sequence > $2
					AND target_type = $5 AND outcome = '' AND (before IS NOT NULL OR after IS NOT NULL)
					ORDER BY target_id, sequence LIMIT 1) AS first
				FROM targets WHERE targets.id IS NOT NULL
			) AS found WHERE first IS NOT NULL`+limit+`
		) `+selectEntries+`WHERE org_id = $1 AND sequence IN (SELECT sequence FROM firsts)
		ORDER BY target_id || ''`, args...)
}

func (t *tx) EntriesAbout(org directory.OrgID, q directory.NextQuery) iter.Seq2[directory.Entry, error] {
	return each(t, scanEntry, selectEntries+`WHERE org_id = $1 AND target_id > $3 AND target_id <= $4 AND sequence > $2
			AND target_type = $5 AND outcome = '' AND (before IS NOT NULL OR after IS NOT NULL)
		ORDER BY target_id, sequence`, org, q.Since, q.After, q.Until, q.Type)
}
