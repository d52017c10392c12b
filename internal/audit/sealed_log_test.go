package audit_test

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/audit"
)

var start = time.Date(2026, 3, 4, 5, 6, 7, 123456000, time.UTC)

func newKeys(t testing.TB) (*audit.Keyring, string) {
	t.Helper()
	line, err := audit.GenerateKey("roster.example.com")
	if err != nil {
		t.Fatal(err)
	}
	keys, err := audit.ParseKeyring([]byte("# a comment\n\n" + line + "\n"))
	if err != nil {
		t.Fatal(err)
	}
	return keys, line
}

func newEntry(n int) audit.Entry {
	return audit.Entry{
		Record: audit.Record{
			Sequence: int64(n), Time: audit.Time{Time: start.Add(time.Duration(n) * time.Millisecond)}, OrgID: "acme-x7q2",
			Actor:  audit.Actor{Kind: "apiToken", TokenID: "tok_a", Name: "CI"},
			Action: "createUser", Target: audit.Target{Type: "user", ID: fmt.Sprintf("usr_%d", n), Name: "Jane Doe"},
			TraceID: "0af7651916cd43dd8448eb211c80319c", SourceAddress: "192.0.2.1", UserAgent: "curl/8",
		},
		RawAfter: fmt.Appendf(nil, `{"id":"usr_%d","orgId":"acme-x7q2","accountId":"acc_1","email":"jane@example.com","name":"Jane Doe",`+
			`"role":{"name":"user","id":"user"},"invited":true,"createdAt":"2026-03-04T05:06:07Z"}`, n),
		ActorAccount: "acc_9", Secrets: audit.NewSecrets(),
	}
}

// sealedLog is a log with its tree and checkpoints at some sizes.
type sealedLog struct {
	keys        *audit.Keyring
	records     []audit.Record
	leaves      []audit.Hash
	tiles       map[audit.TileID][]byte
	checkpoints []string
}

func (l *sealedLog) tile(id audit.TileID) ([]byte, error) { return l.tiles[id], nil }

func newLog(t testing.TB, keys *audit.Keyring, sizes ...int) *sealedLog {
	t.Helper()
	l := &sealedLog{keys: keys, tiles: make(map[audit.TileID][]byte)}
	for _, size := range sizes {
		from := len(l.records)
		for n := from + 1; n <= size; n++ {
			e := newEntry(n)
			leaf, err := e.Finish()
			if err != nil {
				t.Fatal(err)
			}
			e.Proof.Leaf = &leaf
			l.records, l.leaves = append(l.records, e.Record), append(l.leaves, leaf)
		}
		changed, tree, err := audit.Grow(l.tile, int64(from), l.leaves[from:])
		if err != nil {
			t.Fatal(err)
		}
		for id, data := range changed {
			l.tiles[id] = data
		}
		signed, err := keys.Sign("acme-x7q2", tree)
		if err != nil {
			t.Fatal(err)
		}
		l.checkpoints = append(l.checkpoints, signed)
	}
	return l
}

func (l *sealedLog) evidence(t testing.TB) audit.Evidence {
	t.Helper()
	vkeys, err := l.keys.VerifierKeys("acme-x7q2")
	if err != nil {
		t.Fatal(err)
	}
	last := len(l.checkpoints) - 1
	return audit.Evidence{Keys: vkeys, Checkpoint: l.checkpoints[last], Earlier: l.checkpoints[:last]}
}

func lines(t testing.TB, records []audit.Record) *bytes.Reader {
	t.Helper()
	var b bytes.Buffer
	for _, r := range records {
		line, err := r.Encode()
		if err != nil {
			t.Fatal(err)
		}
		b.Write(append(line, '\n'))
	}
	return bytes.NewReader(b.Bytes())
}

func verify(t testing.TB, records []audit.Record, e audit.Evidence) (audit.Report, error) {
	t.Helper()
	return audit.Verify(t.Context(), lines(t, records), e, func(int64) {})
}
