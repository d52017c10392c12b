package auditlog_test

import (
	"slices"
	"testing"

	"github.com/rosterhq/roster/internal/directory"
)

// Pages of large entries are short, and none is left out.
func TestListEntriesBoundsItsMemory(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	all := w.EntriesOf(w.Org.ID)
	last := all[len(all)-1].Sequence
	p, err := w.Authenticate(t.Context(), w.APIToken, "")
	if err != nil {
		t.Fatal(err)
	}
	large := `{"name":"` + string(slices.Repeat([]byte("x"), 1<<20)) + `"}`
	err = w.DB.Write(t.Context(), func(tx directory.Tx) error {
		for n := range int64(10) {
			e := directory.Entry{Sequence: last + 1 + n, At: w.Clock(), OrgID: w.Org.ID, Action: "grow", After: []byte(large)}
			if err := tx.AppendEntry(e); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	q, pages := directory.EntryQuery{Limit: 1000}, 0
	for more := true; more; pages++ {
		var list []directory.Entry
		if list, more, err = w.ListEntries(t.Context(), directory.Call{Principal: p}, q); err != nil || len(list) == 0 {
			t.Fatal(len(list), err)
		}
		for _, e := range list {
			if e.Sequence != q.After+1 {
				t.Errorf("after %d comes %d", q.After, e.Sequence)
			}
			q.After = e.Sequence
		}
	}
	if q.After != last+10 || pages < 3 {
		t.Errorf("%d pages up to %d, want some up to %d", pages, q.After, last+10)
	}
}
