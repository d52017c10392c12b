package auditlog_test

import (
	"context"
	"slices"
	"testing"

	"github.com/rosterhq/roster/internal/directory"
)

// grow appends n entries in one transaction and gives the number of the last.
func (w *world) grow(n int) (last int64) {
	w.Helper()
	err := w.DB.Write(w.Context(), func(tx directory.Tx) error {
		number, at, err := tx.LastOrgEntry(w.Org.ID)
		if err != nil {
			return err
		}
		last = number + int64(n)
		for number < last {
			number++
			e := directory.Entry{Sequence: number, At: at, OrgID: w.Org.ID, Action: "grow", Target: directory.Target{Type: "role", ID: "role_a"}}
			if err := tx.AppendEntry(e); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		w.Fatal(err)
	}
	return last
}

// An export of many batches is the log; it ends when the reader may not read any
// more, and when entries are dropped that were still to come.
func TestExportEntries(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	last := w.grow(2500)
	p, err := w.Authenticate(t.Context(), w.APIToken, "")
	if err != nil {
		t.Fatal(err)
	}
	still := func(context.Context) (*directory.Principal, error) { return p, nil }
	export := func(q directory.EntryQuery, renew directory.Renewal, each func()) (got []int64, err error) {
		err = w.ExportEntries(t.Context(), directory.Call{Principal: p}, q, renew, func(list []directory.Entry) error {
			for _, e := range list {
				got = append(got, e.Sequence)
			}
			each()
			return nil
		})
		return got, err
	}
	want := make([]int64, last)
	for i := range want {
		want[i] = int64(i) + 1
	}
	for _, limit := range []int{0, 1, 1000, 1001, 2500} {
		expected := want
		if limit > 0 {
			expected = want[:limit]
		}
		got, err := export(directory.EntryQuery{Limit: limit}, still, func() {})
		if err != nil || !slices.Equal(got, expected) {
			t.Errorf("limit %d: %d entries, %v", limit, len(got), err)
		}
		got, err = export(directory.EntryQuery{Limit: limit, NewestFirst: true}, still, func() {})
		slices.Reverse(got)
		if err != nil || !slices.Equal(got, want[len(want)-len(expected):]) {
			t.Errorf("limit %d, newest first: %d entries, %v", limit, len(got), err)
		}
	}
	got, err := export(directory.EntryQuery{Before: last + 1}, still, func() { w.grow(1) })
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("while it grows: %d entries, %v", len(got), err)
	}

	refused := directory.Errorf(directory.Unauthenticated, "revoked")
	got, err = export(directory.EntryQuery{}, func(context.Context) (*directory.Principal, error) { return nil, refused }, func() {})
	if directory.CodeOf(err) != directory.Unauthenticated || len(got) != 1000 {
		t.Errorf("revoked: %d entries, %v", len(got), err)
	}
	less := *p
	less.Capabilities.Org = 0
	_, err = export(directory.EntryQuery{}, func(context.Context) (*directory.Principal, error) { return &less, nil }, func() {})
	if directory.CodeOf(err) != directory.Forbidden {
		t.Errorf("without the capability: %v", err)
	}
	elsewhere := *p
	elsewhere.OrgID = "other"
	_, err = export(directory.EntryQuery{}, func(context.Context) (*directory.Principal, error) { return &elsewhere, nil }, func() {})
	if directory.CodeOf(err) != directory.Forbidden {
		t.Errorf("in another organization: %v", err)
	}

	_, err = export(directory.EntryQuery{}, still, func() {
		if err := w.DB.Write(t.Context(), func(tx directory.Tx) error { return tx.DropEntries(w.Org.ID, 1500) }); err != nil {
			t.Fatal(err)
		}
	})
	if directory.CodeOf(err) != directory.Unavailable {
		t.Errorf("of a log that is shortened meanwhile: %v", err)
	}
	got, err = export(directory.EntryQuery{}, still, func() {})
	if err != nil || len(got) == 0 || got[0] != 1501 {
		t.Errorf("of a log without its beginning: %d entries, %v", len(got), err)
	}
}
