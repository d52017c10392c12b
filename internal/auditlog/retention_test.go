package auditlog_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/auditlog"
	"github.com/rosterhq/roster/internal/dbtest"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/directorytest"
)

// Entries older than the retention go, and the rest can still be proven.
func TestRetention(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.SealedHistory(6)
	early := directorytest.Evidence(w, w.Trail, w.ByOwner())
	w.Pass(40 * 24 * time.Hour)
	w.Refused("too long", directory.Invalid, "days", func() error {
		_, err := w.SetRetention(t.Context(), w.ByOwner(), directory.Retention{Days: auditlog.MaxRetentionDays + 1})
		return err
	})
	admin := w.Join("Admin", "admin")
	w.Refused("by an admin", directory.Forbidden, "", func() error {
		_, err := w.SetRetention(t.Context(), w.By(admin), directory.Retention{Days: 1})
		return err
	})
	w.Wants("prune what is kept for ever", "", w.Sealer().Prune(t.Context()))
	if r, err := w.Verify(early); err != nil || r.First != 1 {
		t.Fatalf("%+v, %v", r, err)
	}
	_ = must(w.SetRetention(t.Context(), w.ByOwner(), directory.Retention{Days: 30}))(t)
	w.Seal()
	w.Wants("prune", "", w.Sealer().Prune(t.Context()))
	w.Wants("prune again", "", w.Sealer().Prune(t.Context()))
	w.Seal()
	e := directorytest.Evidence(w, w.Trail, w.ByOwner())
	first := int64(0)
	w.Wants("read", "", w.DB.Read(t.Context(), func(tx directory.Tx) error {
		for entry, err := range tx.OrgEntries(w.Org.ID, directory.EntryQuery{Limit: 1}) {
			if err != nil {
				return err
			}
			first = entry.Sequence
			if age := w.Clock().Sub(entry.At); age > 30*24*time.Hour {
				t.Errorf("entry %d is %v old", entry.Sequence, age)
			}
		}
		return nil
	}))
	e.First = must(w.ProveInclusion(t.Context(), w.ByOwner(), first, 0))(t).Proof
	report, err := w.Verify(e)
	if err != nil || report.First != first || first < 10 {
		t.Errorf("%+v, %v", report, err)
	}
	// A checkpoint of what is gone still holds.
	e.Since = early.Checkpoint
	e.SinceProof = must(w.ProveConsistency(t.Context(), w.ByOwner(), first-4, 0))(t).Proof
	if _, err := w.Verify(e); err == nil {
		t.Error("a proof of another size passes")
	}
	size := must(w.ListCheckpoints(t.Context(), w.ByOwner(), 0, 1000))(t)
	for _, c := range size {
		if c.Note == early.Checkpoint {
			e.SinceProof = must(w.ProveConsistency(t.Context(), w.ByOwner(), c.Size, 0))(t).Proof
		}
	}
	if _, err := w.Verify(e); err != nil {
		t.Errorf("since before the pruning: %v", err)
	}
	// One more by hand is one too many.
	dbtest.Exec(t, w.Database, "DELETE FROM entries WHERE org_id = '"+string(w.Org.ID)+"' AND sequence = "+strconv.FormatInt(first, 10))
	e.First = must(w.ProveInclusion(t.Context(), w.ByOwner(), first+1, 0))(t).Proof
	if _, err := w.Verify(e); err == nil {
		t.Error("one more is missing and nobody says so")
	}
}
