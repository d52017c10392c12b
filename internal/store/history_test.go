package store

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/rosterhq/roster/internal/directory"
)

// NextEntries seeks to the next target and to its first entry since, instead of
// walking all entries about the targets in its range.
func TestNextEntriesSkipsFromTargetToTarget(t *testing.T) {
	t.Parallel()
	db := openFile(t, filepath.Join(t.TempDir(), "roster.db"))
	var queries []string
	err := db.Read(t.Context(), func(view directory.Tx) error {
		recorder := &recordingSession{session: view.(*tx).db}
		drain((&tx{ctx: t.Context(), db: recorder}).NextEntries("o", directory.NextQuery{Type: "user", Since: 1, After: "usr_", Until: "usr_~", Limit: 1}))
		queries = recorder.queries
		return nil
	})
	if err != nil || len(queries) != 1 {
		t.Fatalf("%d queries: %v", len(queries), err)
	}
	plan := strings.Join(planOf(t, db.read, queries[0]), "\n")
	for _, seek := range []string{
		"SEARCH entries USING COVERING INDEX entries_target (org_id=? AND target_id>? AND target_id<?)",
		"SEARCH entries USING INDEX entries_target (org_id=? AND target_id=? AND sequence>?)",
	} {
		if !strings.Contains(plan, seek) {
			t.Errorf("the plan lacks %q:\n%s", seek, plan)
		}
	}
	// Neither a sort of the entries nor a set of all targets comes before the limit.
	if strings.Contains(plan, "MATERIALIZE") || strings.Count(plan, "USE TEMP B-TREE") > 1 {
		t.Errorf("the limit does not end the walk:\n%s", plan)
	}
}
