package sealing_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/audit"
	"github.com/rosterhq/roster/internal/dbtest"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/directorytest"
	"github.com/rosterhq/roster/internal/sealing"
)

// world has a sealer for its logs.
type world struct {
	*directorytest.World
	sealer *sealing.Sealer
}

func newWorld(t testing.TB) *world {
	w := directorytest.New(t)
	return &world{w, sealing.New(w.DB, dbtest.Keys(), w.Clock)}
}

// seal seals everything there is and returns what could not be sealed.
func (w *world) seal() (failures []error) {
	w.Helper()
	w.Settle()
	_ = directorytest.Must(w.sealer.Once(w.Context(), func(err error) { failures = append(failures, err) }))(w)
	return failures
}

// evidence is what a verifier asks the server for.
func (w *world) evidence() audit.Evidence {
	w.Helper()
	return directorytest.Evidence(w, w.Trail, w.ByOwner())
}

func (w *world) verify(e audit.Evidence) (audit.Report, error) {
	w.Helper()
	return audit.Verify(w.Context(), bytes.NewReader(w.Export(w.Org.ID)), e, func(int64) {})
}

// history writes some entries, sealed a few at a time.
func (w *world) history(n int) {
	w.Helper()
	for i := range n {
		w.Join(fmt.Sprintf("User%d", i), "user")
		if i%3 == 0 {
			if failures := w.seal(); len(failures) > 0 {
				w.Fatal(failures)
			}
		}
	}
	w.seal()
}

func TestSealedLogVerifies(t *testing.T) {
	w := newWorld(t)
	rival := w.Tenant("Rival")
	w.history(10)
	e := w.evidence()
	report, err := w.verify(e)
	if err != nil || report.First != 1 || report.Unsealed != 0 || report.Sealed < 20 {
		t.Fatalf("%+v, %v", report, err)
	}
	if n := directorytest.Must(w.sealer.Once(t.Context(), nil))(t); n != 0 {
		t.Errorf("%d organizations were sealed again", n)
	}
	// Every other organization has a log of its own.
	theirs := directorytest.Must(w.GetCheckpoint(t.Context(), w.By(rival), 0))(t)
	if !strings.Contains(theirs.Note, "/"+string(rival.OrgID)+"\n") || theirs.Size > 8 {
		t.Errorf("the rival's checkpoint: %+v", theirs)
	}
	for number := int64(1); number <= report.Sealed; number++ {
		p := directorytest.Must(w.ProveInclusion(t.Context(), w.ByOwner(), number, 0))(t)
		if p.Size != report.Sealed {
			t.Errorf("the proof is for size %d", p.Size)
		}
	}
	_, err = w.ProveInclusion(t.Context(), w.ByOwner(), report.Sealed+1, 0)
	w.Wants("an entry that is not there", directory.Invalid, err)
	_, err = w.ProveConsistency(t.Context(), w.ByOwner(), 1, 1<<40)
	w.Wants("a size that was not signed", directory.NotFound, err)
	// A deleted organization begins a log anew.
	w.Wants("delete", "", w.DeleteOrg(t.Context(), rival.OrgID))
	if failures := w.seal(); len(failures) > 0 {
		t.Error(failures)
	}
}

// Every change by hand in the database is found at the first entry that it concerns, in
// sealed entries and in those at the end that are not sealed yet.
func TestTamperingIsFound(t *testing.T) {
	for _, test := range []struct {
		name string
		sql  string // %[1]d is an entry in the middle
		at   int64  // relative to it
	}{
		{"changed action", "UPDATE entries SET action = 'createRole' WHERE org_id = '%[2]s' AND sequence = %[1]d", 0},
		{"changed actor", `UPDATE entries SET actor = '{"kind":"apiToken","name":"Nobody"}' WHERE org_id = '%[2]s' AND sequence = %[1]d`, 0},
		{"changed time", "UPDATE entries SET at = at + 1 WHERE org_id = '%[2]s' AND sequence = %[1]d", 0},
		{"changed address", "UPDATE entries SET remote_addr = '203.0.113.9' WHERE org_id = '%[2]s' AND sequence = %[1]d", 0},
		{"changed state", "UPDATE entries SET after = replace(after, 'user', 'owner') WHERE org_id = '%[2]s' AND sequence = %[1]d", 0},
		{"changed account", "UPDATE entries SET after = replace(after, 'acc_', 'acx_') WHERE org_id = '%[2]s' AND sequence = %[1]d", 0},
		{"made a refusal", "UPDATE entries SET outcome = 'refused' WHERE org_id = '%[2]s' AND sequence = %[1]d", 0},
		{"deleted", "DELETE FROM entries WHERE org_id = '%[2]s' AND sequence = %[1]d", 0},
		{"deleted up to there", "DELETE FROM entries WHERE org_id = '%[2]s' AND sequence <= %[1]d", -100},
		{"truncated from there", "DELETE FROM entries WHERE org_id = '%[2]s' AND sequence >= %[1]d", 0},
		{"swapped", "UPDATE entries SET sequence = -sequence WHERE org_id = '%[2]s' AND sequence IN (%[1]d, %[1]d + 1);" +
			"UPDATE entries SET sequence = 2 * %[1]d + 1 + sequence WHERE org_id = '%[2]s' AND sequence < 0", 0},
		{"inserted", "UPDATE entries SET sequence = -sequence - 1 WHERE org_id = '%[2]s' AND sequence >= %[1]d;" +
			"UPDATE entries SET sequence = -sequence WHERE org_id = '%[2]s' AND sequence < 0;" + copyOf("%[1]d - 1", "%[1]d"), 0},
		{"erased without its hash", "UPDATE entries SET target_name = '' WHERE org_id = '%[2]s' AND sequence = %[1]d", 0},
		{"cut the checkpoints back", "DELETE FROM audit_checkpoints WHERE org_id = '%[2]s' AND size >= %[1]d", 1},
		{"emptied", "DELETE FROM entries WHERE org_id = '%[2]s'", -100},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			w.history(10)
			kept := w.evidence()
			size := directorytest.Must(w.GetCheckpoint(t.Context(), w.ByOwner(), 0))(t).Size
			middle := size / 2 &^ 1 // makes a user
			if test.name == "cut the checkpoints back" {
				middle = size
			}
			for statement := range strings.SplitSeq(fmt.Sprintf(test.sql, middle, w.Org.ID), ";") {
				dbtest.Exec(t, w.Database, statement)
			}
			w.Wants("read", "", w.DB.Ping(t.Context()))
			want := max(1, middle+test.at)
			if test.name == "cut the checkpoints back" {
				e := w.evidence()
				e.Since = kept.Checkpoint
				_, err := w.verify(e)
				f, ok := errors.AsType[*audit.Fault](err)
				if !ok || f.Sequence > middle {
					t.Errorf("found %v, want entries up to %d gone", err, middle)
				}
				return
			}
			_, err := w.verify(kept)
			f, ok := errors.AsType[*audit.Fault](err)
			if !ok || f.Sequence != want {
				t.Errorf("found %v, want entry %d", err, want)
			}
		})
	}
}

// copyOf writes an entry's copy under another number.
func copyOf(from, to string) string {
	const columns = "at, org_id, actor, action, target_type, target_id, target_name, before, after, trace_id, remote_addr, user_agent, actor_id, outcome, reason, salts, erased, leaf, mac"
	return "INSERT INTO entries (sequence, " + columns + ") SELECT " + to + ", " + columns + " FROM entries WHERE org_id = '%[2]s' AND sequence = " + from
}

// TestForgedEntriesAreNotSealed checks that entries forged at the end of the log are not
// sealed, even if the true end was not sealed yet.
func TestForgedEntriesAreNotSealed(t *testing.T) {
	for name, statement := range map[string]string{
		"copied":                copyOf("%[1]d", "%[1]d + 1"),
		"without authenticator": copyOf("%[1]d", "%[1]d + 1") + "; UPDATE entries SET mac = NULL WHERE org_id = '%[2]s' AND sequence = %[1]d + 1",
		"behind a gap":          copyOf("%[1]d", "%[1]d + 2"),
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.history(3)
			e := w.evidence()
			sealed := directorytest.Must(w.GetCheckpoint(t.Context(), w.ByOwner(), 0))(t).Size
			for part := range strings.SplitSeq(fmt.Sprintf(statement, sealed, w.Org.ID), ";") {
				dbtest.Exec(t, w.Database, part)
			}
			failures := w.seal()
			if len(failures) != 1 {
				t.Fatalf("sealed without a word: %v", failures)
			}
			if f, ok := errors.AsType[*audit.Fault](failures[0]); !ok || f.Sequence != sealed+1 {
				t.Errorf("the sealer says %v, want entry %d", failures[0], sealed+1)
			}
			e.Now = func() time.Time { return w.Clock().Add(time.Minute) }
			_, err := w.verify(e)
			if f, ok := errors.AsType[*audit.Fault](err); !ok || f.Sequence != sealed+1 {
				t.Errorf("verify says %v, want entry %d", err, sealed+1)
			}
			// Entries written in the meantime wait until the operator accepts them all.
			w.Join("Meanwhile", "user")
			if failures := w.seal(); len(failures) != 1 || w.sealer.Faulty() != 1 {
				t.Fatalf("sealed without a word: %v", failures)
			}
			from, to, err := w.sealer.Accept(t.Context(), w.Org.ID)
			if err != nil || from != sealed+1 || to != sealed+3 {
				t.Fatalf("accepted %d to %d: %v", from, to, err)
			}
			if failures := w.seal(); len(failures) > 0 || w.sealer.Faulty() != 0 {
				t.Errorf("not sealed: %v", failures)
			}
			if report, err := w.verify(w.evidence()); err != nil || report.Sealed != to+1 {
				t.Errorf("%+v, %v", report, err)
			}
			_, _, err = w.sealer.Accept(t.Context(), w.Org.ID)
			w.Wants("accept again", directory.Conflict, err)
		})
	}
}

// Entries are accepted in an order of time: what a hand wrote with a time that goes
// back would be sealed, and no verifier would ever take the log again.
func TestAcceptedEntriesAreInOrderOfTime(t *testing.T) {
	w := newWorld(t)
	w.history(3)
	w.seal()
	sealed := directorytest.Must(w.GetCheckpoint(t.Context(), w.ByOwner(), 0))(t).Size
	w.Pass(time.Hour)
	dbtest.Exec(t, w.Database, fmt.Sprintf(copyOf("%[1]d", "%[1]d + 1"), sealed, w.Org.ID))
	dbtest.Exec(t, w.Database, fmt.Sprintf(copyOf("%[1]d", "%[1]d + 2"), sealed, w.Org.ID))
	// One before what is sealed, and one after what comes next.
	dbtest.Exec(t, w.Database, fmt.Sprintf("UPDATE entries SET at = at - 5000000 WHERE org_id = '%s' AND sequence = %d", w.Org.ID, sealed+1))
	dbtest.Exec(t, w.Database, fmt.Sprintf("UPDATE entries SET at = at + 7200000000 WHERE org_id = '%s' AND sequence = %d", w.Org.ID, sealed+2))
	dbtest.Exec(t, w.Database, fmt.Sprintf(copyOf("%[1]d", "%[1]d + 3"), sealed, w.Org.ID))
	w.seal()
	from, to, err := w.sealer.Accept(t.Context(), w.Org.ID)
	if err != nil || from != sealed+1 || to != sealed+3 {
		t.Fatalf("accepted %d to %d: %v", from, to, err)
	}
	if failures := w.seal(); len(failures) > 0 {
		t.Errorf("not sealed: %v", failures)
	}
	if report, err := w.verify(w.evidence()); err != nil || report.Sealed != to+1 {
		t.Errorf("%+v, %v", report, err)
	}
}

// The sealer does not sign on top of a tree that is not the one it signed.
func TestSealerTrustsNoTile(t *testing.T) {
	for name, statement := range map[string]string{
		"tile":       "UPDATE audit_tiles SET hashes = zeroblob(length(hashes)) WHERE org_id = '%s'",
		"checkpoint": "UPDATE audit_checkpoints SET note = replace(note, 'roster', 'raster') WHERE org_id = '%s'",
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.history(3)
			if strings.HasPrefix(w.Database, "postgres") {
				statement = strings.Replace(statement, "zeroblob(length(hashes))", "decode(repeat('00', length(hashes)), 'hex')", 1)
			}
			dbtest.Exec(t, w.Database, fmt.Sprintf(statement, w.Org.ID))
			w.Join("Late", "user")
			if failures := w.seal(); len(failures) != 1 || w.sealer.Faulty() != 1 {
				t.Errorf("sealed on: %v, %d faulty", failures, w.sealer.Faulty())
			}
		})
	}
}
