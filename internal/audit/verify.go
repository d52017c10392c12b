package audit

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"golang.org/x/mod/sumdb/tlog"
)

// Evidence is the data that a log is verified against.
type Evidence struct {
	Keys       []string // verifier keys; any of them will do
	Checkpoint string   // the newest, signed
	// Earlier are signed checkpoints of smaller sizes: with them, what is wrong is
	// found more closely.
	Earlier []string
	// First proves that the first record given is in the tree, where those before
	// it are gone.
	First tlog.RecordProof
	// Since is a checkpoint that was kept from an earlier time, and SinceProof that
	// the log goes on from it, needed where its entries are gone. "" for none.
	Since      string
	SinceProof tlog.TreeProof
	// Now, unless nil, tells the time while the records are read: all but the
	// newest must be sealed by then.
	Now func() time.Time
}

// sealGrace is how long an entry may wait to be sealed.
const sealGrace = 10 * time.Second

// Fault is the first inconsistency of a log.
type Fault struct {
	Sequence int64 // of the first entry that is not as it was written
	Last     int64 // of the last that it may be instead; the same if it is certain
	Problem  string
}

func (f *Fault) Error() string {
	if f.Last > f.Sequence {
		return fmt.Sprintf("entries %d to %d: %s", f.Sequence, f.Last, f.Problem)
	}
	return fmt.Sprintf("entry %d: %s", f.Sequence, f.Problem)
}

// Report says what was verified.
type Report struct {
	Origin     string `json:"origin"`
	First      int64  `json:"first"`    // the first entry there is; those before it have been removed by retention
	Sealed     int64  `json:"sealed"`   // the last entry that the checkpoint covers
	Unsealed   int64  `json:"unsealed"` // entries after it
	Erased     int64  `json:"erased"`   // entries whose personal data is erased
	Checkpoint string `json:"checkpoint"`
}

// Verify reads a log, one line of JSON per record, and checks it against the evidence. It
// calls progress with the number of records read. The error is a [*Fault] if the log was
// changed; any other error means that it could not be verified.
func Verify(ctx context.Context, log io.Reader, e Evidence, progress func(int64)) (Report, error) {
	v, err := newVerifier(e)
	if err != nil {
		return Report{}, err
	}
	n := int64(0)
	for batch := range parse(ctx, log) {
		for i := range batch.records {
			if err := v.record(&batch.records[i], batch.leaves[i]); err != nil {
				return Report{}, err
			}
		}
		if batch.err != nil {
			return Report{}, v.unreadable(batch.err)
		}
		n += int64(len(batch.records))
		progress(n)
	}
	if ctx.Err() != nil {
		return Report{}, ctx.Err()
	}
	return v.finish()
}

// verifier builds the tree again from the records.
type verifier struct {
	evidence Evidence
	head     Checkpoint
	marks    []mark // in the order of their sizes; the head last
	since    *Checkpoint
	report   Report

	tree     []subtree // whole subtrees from the left, each smaller than the one before
	next     int64     // the sequence number that is to come
	good     int64     // up to here the tree was found to be right
	excused  int64     // up to here entries may be gone: others tell of their removal
	lastTime time.Time
	begun    time.Time
}

// mark is a checkpoint to be compared on the way.
type mark struct {
	Checkpoint
	problem string // what it means if it is another
}

func newVerifier(e Evidence) (*verifier, error) {
	v := &verifier{evidence: e, next: 1}
	if e.Now != nil {
		v.begun = e.Now()
	}
	var err error
	if v.head, err = OpenCheckpoint(e.Checkpoint, e.Keys); err != nil {
		return nil, err
	}
	v.report = Report{Origin: v.head.Origin, Sealed: v.head.N, Checkpoint: e.Checkpoint}
	for _, signed := range e.Earlier {
		c, err := v.open(signed)
		if err != nil {
			return nil, err
		}
		if c.N > 0 && c.N < v.head.N {
			v.marks = append(v.marks, mark{c, "one of them was changed, and so was its proof"})
		}
	}
	v.marks = append(v.marks, mark{v.head, "one of them was changed, and so was its proof"})
	if e.Since != "" {
		c, err := v.open(e.Since)
		if err != nil {
			return nil, fmt.Errorf("the earlier checkpoint: %w", err)
		}
		if c.N > v.head.N {
			return nil, &Fault{v.head.N + 1, c.N, "missing, but an earlier checkpoint covers them"}
		}
		v.since = &c
		v.marks = append(v.marks, mark{c, "one of them has changed since the earlier checkpoint was signed"})
	}
	slices.SortStableFunc(v.marks, func(a, b mark) int { return int(min(1, max(-1, a.N-b.N))) })
	return v, nil
}

func (v *verifier) open(signed string) (Checkpoint, error) {
	c, err := OpenCheckpoint(signed, v.evidence.Keys)
	if err == nil && c.Origin != v.head.Origin {
		err = fmt.Errorf("the checkpoint is for %q, not for %q", c.Origin, v.head.Origin)
	}
	return c, err
}

// record takes the next record and its leaf.
func (v *verifier) record(r *Record, leaf Hash) error {
	if v.report.First == 0 {
		if err := v.begin(r, leaf); err != nil {
			return err
		}
	}
	switch {
	case r.Sequence > v.next:
		return &Fault{v.next, r.Sequence - 1, "missing"}
	case r.Sequence < v.next:
		return &Fault{r.Sequence, r.Sequence, "duplicate or out of order"}
	case !strings.HasSuffix(v.head.Origin, "/"+r.OrgID):
		return &Fault{r.Sequence, r.Sequence, "belongs to another organization"}
	case r.Proof.Leaf != nil && *r.Proof.Leaf != leaf:
		return &Fault{r.Sequence, r.Sequence, "was changed"}
	case r.Time.Before(v.lastTime):
		return &Fault{r.Sequence, r.Sequence, "is dated before the previous entry"}
	}
	v.lastTime = r.Time.Time
	v.next++
	if r.Proof.ActorHash != nil || r.Proof.TargetHash != nil {
		v.report.Erased++
	}
	if r.Sequence > v.head.N {
		return v.unsealed(r)
	}
	v.push(leaf)
	v.excuse(r)
	return v.compare(r.Sequence)
}

// unsealed is a record that the checkpoint does not cover: only of the newest
// that can be right.
func (v *verifier) unsealed(r *Record) error {
	v.report.Unsealed++
	if now := v.evidence.Now; now != nil && (v.begun.Sub(r.Time.Time) > sealGrace || r.Time.Sub(now()) > sealGrace) {
		return &Fault{r.Sequence, r.Sequence, "was not sealed in time: either Roster did not write it, or the server no longer seals"}
	}
	return nil
}

// begin takes the first record, which need not be the log's first.
func (v *verifier) begin(r *Record, leaf Hash) error {
	v.report.First = r.Sequence
	if r.Sequence <= 1 {
		return nil
	}
	if r.Sequence > v.head.N {
		return &Fault{1, v.head.N, "missing"}
	}
	if r.Proof.Leaf != nil && *r.Proof.Leaf != leaf {
		return &Fault{r.Sequence, r.Sequence, "was changed"}
	}
	if err := tlog.CheckRecord(v.evidence.First, v.head.N, v.head.Hash, r.Sequence-1, leaf); err != nil {
		return &Fault{1, r.Sequence, "the entries before the first are missing, and no proof covers them"}
	}
	v.tree = leftOf(v.evidence.First, v.head.N, r.Sequence-1)
	v.next, v.good = r.Sequence, r.Sequence-1
	v.marks = slices.DeleteFunc(v.marks, func(m mark) bool { return m.N < r.Sequence })
	if v.since != nil && v.since.N < r.Sequence {
		if err := tlog.CheckTree(v.evidence.SinceProof, v.head.N, v.head.Hash, v.since.N, v.since.Hash); err != nil {
			return &Fault{1, v.since.N, "one of them has changed since the earlier checkpoint was signed"}
		}
	}
	return nil
}

// PruneAction is the action of the entry that tells of entries removed by
// retention, and Pruned what its after says.
const PruneAction = "pruneAuditLog"

// Pruned says up to which entry the log was pruned.
type Pruned struct {
	UpTo int64 `json:"upTo"`
}

// excuse notes what an entry says of the removal of others.
func (v *verifier) excuse(r *Record) {
	var p Pruned
	if r.Action == PruneAction && r.Outcome == "" && json.Unmarshal(r.After, &p) == nil && p.UpTo < r.Sequence {
		v.excused = max(v.excused, p.UpTo)
	}
}

// unreadable blames what can't be read.
func (v *verifier) unreadable(err error) error {
	return &Fault{v.next, v.next, fmt.Sprintf("can't be read: %v", err)}
}

func (v *verifier) finish() (Report, error) {
	if v.next <= v.head.N {
		return Report{}, &Fault{v.next, v.head.N, "missing"}
	}
	if v.report.First > v.excused+1 {
		return Report{}, &Fault{v.excused + 1, v.report.First - 1, "missing, and no entry records that retention removed them"}
	}
	return v.report, nil
}
