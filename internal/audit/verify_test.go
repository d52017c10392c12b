package audit_test

import (
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/audit"
)

func TestUntouchedLogVerifies(t *testing.T) {
	keys, _ := newKeys(t)
	l := newLog(t, keys, 1, 2, 300, 1000)
	report, err := verify(t, l.records, l.evidence(t))
	if err != nil || report.Sealed != 1000 || report.First != 1 || report.Unsealed != 0 {
		t.Fatalf("%+v, %v", report, err)
	}
	for _, since := range l.checkpoints {
		e := l.evidence(t)
		e.Since = since
		if _, err := verify(t, l.records, e); err != nil {
			t.Errorf("since: %v", err)
		}
	}
}

// Each kind of manipulation of the entries, with what proves them untouched, is
// found at the first bad entry.
func TestManipulationsAreFound(t *testing.T) {
	keys, _ := newKeys(t)
	whole := newLog(t, keys, 10, 100, 600)
	for _, test := range []struct {
		name   string
		change func([]audit.Record) []audit.Record
		first  int64
	}{
		{"a name changed", func(r []audit.Record) []audit.Record { r[41].Actor.Name = "Nobody"; return r }, 42},
		{"a role changed", func(r []audit.Record) []audit.Record {
			r[41].After = []byte(strings.Replace(string(r[41].After), `"id":"user"`, `"id":"none"`, 1))
			return r
		}, 42},
		{"a time changed", func(r []audit.Record) []audit.Record { r[41].Time.Time = r[41].Time.Add(time.Microsecond); return r }, 42},
		{"one deleted", func(r []audit.Record) []audit.Record { return slices.Delete(r, 41, 42) }, 42},
		{"one deleted and the others renumbered", func(r []audit.Record) []audit.Record {
			r = slices.Delete(r, 41, 42)
			for i := 41; i < len(r); i++ {
				r[i].Sequence--
			}
			return r
		}, 42},
		{"the first deleted", func(r []audit.Record) []audit.Record { return r[1:] }, 1},
		{"two swapped", func(r []audit.Record) []audit.Record { r[41], r[42] = r[42], r[41]; return r }, 42},
		{"two swapped with their numbers", func(r []audit.Record) []audit.Record {
			r[41], r[42] = r[42], r[41]
			r[41].Sequence, r[42].Sequence = 42, 43
			return r
		}, 42},
		{"one inserted", func(r []audit.Record) []audit.Record {
			forged := r[10]
			forged.Sequence = 43
			r = slices.Insert(r, 42, forged)
			for i := 43; i < len(r); i++ {
				r[i].Sequence++
			}
			return r
		}, 43},
		{"one repeated", func(r []audit.Record) []audit.Record { return slices.Insert(r, 42, r[41]) }, 42},
		{"cut off", func(r []audit.Record) []audit.Record { return r[:590] }, 591},
		{"everything deleted", func([]audit.Record) []audit.Record { return nil }, 1},
		{"the last changed", func(r []audit.Record) []audit.Record { r[599].Reason = "x"; return r }, 600},
		{"another organization's", func(r []audit.Record) []audit.Record { r[41].OrgID = "other"; return r }, 42},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := verify(t, test.change(slices.Clone(whole.records)), whole.evidence(t))
			if f := fault(t, err); f.Sequence != test.first {
				t.Errorf("found %v, want entry %d", f, test.first)
			}
		})
	}
}

// TestManipulationOfEntryAndLeaf checks that the checkpoints locate an entry that was
// changed together with its stored leaf.
func TestManipulationOfEntryAndLeaf(t *testing.T) {
	keys, _ := newKeys(t)
	l := newLog(t, keys, 10, 40, 45, 600)
	records := slices.Clone(l.records)
	records[41].Actor.Name = "Nobody"
	leaf, err := records[41].Leaf()
	if err != nil {
		t.Fatal(err)
	}
	records[41].Proof.Leaf = &leaf
	_, err = verify(t, records, l.evidence(t))
	if f := fault(t, err); f.Sequence != 41 || f.Last != 45 {
		t.Errorf("found %v, want entries 41 to 45", f)
	}
	// Another log with the same key, as if everything had been written anew.
	_, err = verify(t, newLog(t, keys, 600).records, l.evidence(t))
	if f := fault(t, err); f.Sequence != 1 || f.Last != 10 {
		t.Errorf("found %v, want entries 1 to 10", f)
	}
}

// TestHistoryThatWasRewritten checks that a checkpoint kept elsewhere reveals a database
// that was replaced by an older log with its older proof.
func TestHistoryThatWasRewritten(t *testing.T) {
	keys, _ := newKeys(t)
	kept := newLog(t, keys, 100, 200)
	shorter := newLog(t, keys, 50)
	other := newLog(t, keys, 150, 400)
	for name, test := range map[string]struct {
		log   *sealedLog
		since string
		first int64
	}{
		"cut back":  {shorter, kept.checkpoints[1], 51},
		"rewritten": {other, kept.checkpoints[1], 151},
		"early":     {other, kept.checkpoints[0], 1},
	} {
		e := test.log.evidence(t)
		if _, err := verify(t, test.log.records, e); err != nil {
			t.Errorf("%s: alone it is whole: %v", name, err)
		}
		e.Since = test.since
		_, err := verify(t, test.log.records, e)
		if f := fault(t, err); f.Sequence != test.first {
			t.Errorf("%s: found %v, want from entry %d on", name, f, test.first)
		}
	}
}

// Entries that retention removed are missed only if no entry tells of it.
func TestPrunedLogVerifies(t *testing.T) {
	keys, _ := newKeys(t)
	l := newLog(t, keys, 500)
	pruned := newEntry(501)
	pruned.Action, pruned.Target, pruned.RawAfter = audit.PruneAction, audit.Target{Type: "auditLog", ID: "acme-x7q2"}, []byte(`{"upTo":299}`)
	leaf, err := pruned.Finish()
	if err != nil {
		t.Fatal(err)
	}
	changed, tree, err := audit.Grow(l.tile, 500, []audit.Hash{leaf})
	if err != nil {
		t.Fatal(err)
	}
	for id, data := range changed {
		l.tiles[id] = data
	}
	signed, _ := keys.Sign("acme-x7q2", tree)
	l.checkpoints, l.records = append(l.checkpoints, signed), append(l.records, pruned.Record)
	for _, test := range []struct {
		first int64 // that is left
		wrong int64 // 0: it verifies
	}{{300, 0}, {120, 0}, {301, 300}, {501, 300}} {
		e := l.evidence(t)
		if e.First, err = audit.Inclusion(l.tile, 501, test.first); err != nil {
			t.Fatal(err)
		}
		report, err := verify(t, l.records[test.first-1:], e)
		switch {
		case test.wrong == 0 && (err != nil || report.First != test.first):
			t.Errorf("from %d on: %+v, %v", test.first, report, err)
		case test.wrong != 0:
			if f := fault(t, err); f.Sequence != test.wrong {
				t.Errorf("from %d on: found %v, want entry %d", test.first, f, test.wrong)
			}
		}
		// A kept checkpoint of what is gone now holds by the proof of consistency.
		early := newLog(t, keys, 100)
		e.Since = early.checkpoints[0]
		if _, err := verify(t, l.records[test.first-1:], e); err == nil {
			t.Error("a checkpoint of another log passes")
		}
		e.First = nil
		if _, err := verify(t, l.records[test.first-1:], e); err == nil {
			t.Error("without a proof of the first one, those before it may have been anything")
		}
	}
}

// The newest entries wait for their seal, and no others.
func TestUnsealedEntries(t *testing.T) {
	keys, _ := newKeys(t)
	l := newLog(t, keys, 10)
	late := newEntry(11)
	if _, err := late.Finish(); err != nil {
		t.Fatal(err)
	}
	l.records = append(l.records, late.Record)
	e := l.evidence(t)
	e.Now = func() time.Time { return late.Time.Add(time.Second) }
	if report, err := verify(t, l.records, e); err != nil || report.Unsealed != 1 {
		t.Errorf("a moment old: %+v, %v", report, err)
	}
	for _, now := range []time.Time{late.Time.Add(time.Minute), late.Time.Add(-time.Minute)} {
		e.Now = func() time.Time { return now }
		_, err := verify(t, l.records, e)
		if f := fault(t, err); f.Sequence != 11 {
			t.Errorf("found %v, want entry 11", f)
		}
	}
}

func TestUnreadableLog(t *testing.T) {
	keys, _ := newKeys(t)
	l := newLog(t, keys, 3)
	for _, junk := range []string{"{", `{"sequence":1,"more":2}`, `{"sequence":1,"after":[]}`, "\x00", `{"sequence":"1"}`} {
		_, err := audit.Verify(t.Context(), strings.NewReader(junk), l.evidence(t), func(int64) {})
		if f := fault(t, err); f.Sequence != 1 {
			t.Errorf("%s: found %v", junk, f)
		}
	}
}

// BenchmarkVerify tells what an entry costs who verifies a log, all processors at work.
func BenchmarkVerify(b *testing.B) {
	keys, _ := newKeys(b)
	const entries = 20_000
	l := newLog(b, keys, entries)
	log := lines(b, l.records)
	e := l.evidence(b)
	for b.Loop() {
		if _, err := log.Seek(0, io.SeekStart); err != nil {
			b.Fatal(err)
		}
		if _, err := audit.Verify(b.Context(), log, e, func(int64) {}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/entries, "ns/entry")
}
