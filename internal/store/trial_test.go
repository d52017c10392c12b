package store

import (
	"errors"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/directory"
)

// A trial is undone alone: the writes of other tenants that share its transaction
// run once and are kept.
func TestTrialsDoNotRepeatOtherWrites(t *testing.T) {
	t.Parallel()
	db := openFile(t, filepath.Join(t.TempDir(), "roster.db"))
	release := held(t, db)
	tried := errors.New("tried")
	var writing sync.WaitGroup
	var runs, trials int // only the writer's goroutine changes them
	create := func(tx directory.Tx, id string) error {
		return tx.CreateOrg(directory.Org{ID: directory.OrgID(id), Name: id, CreatedAt: time.Unix(1, 0)})
	}
	waiting := func(n int) { waitFor(t, "all wait", func() bool { return db.writer.waiting() == n }) }
	writing.Go(func() {
		err := db.Write(as(t.Context(), "neighbor"), func(tx directory.Tx) error {
			runs++
			return create(tx, "kept")
		})
		if err != nil {
			t.Errorf("the neighbor: %v", err)
		}
	})
	waiting(1)
	for n := range 3 {
		writing.Go(func() {
			err := db.Write(directory.ForTrial(as(t.Context(), "a")), func(tx directory.Tx) error {
				trials++
				return errors.Join(create(tx, "tried"), tried)
			})
			if !errors.Is(err, tried) {
				t.Errorf("a trial: %v", err)
			}
		})
		waiting(n + 2)
	}
	release()
	writing.Wait()
	if runs != 1 || trials != 3 {
		t.Errorf("the neighbor's write ran %d times and 3 trials %d times, want 1 and 3", runs, trials)
	}
	err := db.Read(t.Context(), func(tx directory.Tx) error {
		n, err := tx.CountOrgs()
		if err == nil && n != 1 {
			t.Errorf("%d organizations, want the neighbor's alone", n)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
