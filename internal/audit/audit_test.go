package audit_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"
	"pgregory.net/rapid"

	"github.com/rosterhq/roster/internal/audit"
)

// The tree is the one that the reference implementation builds.
func TestTreeIsThatOfRFC6962(t *testing.T) {
	keys, _ := newKeys(t)
	rapid.Check(t, func(rt *rapid.T) {
		sizes := rapid.SliceOfNDistinct(rapid.IntRange(1, 1200), 1, 4, rapid.ID[int]).Draw(rt, "sizes")
		slices.Sort(sizes)
		l := newLog(t, keys, sizes...)
		var stored []audit.Hash
		reader := tlog.HashReaderFunc(func(indexes []int64) ([]audit.Hash, error) {
			out := make([]audit.Hash, len(indexes))
			for i, index := range indexes {
				out[i] = stored[index]
			}
			return out, nil
		})
		for n, leaf := range l.leaves {
			more, err := tlog.StoredHashesForRecordHash(int64(n), leaf, reader)
			if err != nil {
				rt.Fatal(err)
			}
			stored = append(stored, more...)
		}
		for i, size := range sizes {
			want, err := tlog.TreeHash(int64(size), reader)
			if err != nil {
				rt.Fatal(err)
			}
			c, err := keys.Open("acme-x7q2", l.checkpoints[i])
			if err != nil || c.Hash != want || c.N != int64(size) || c.Origin != "roster.example.com/acme-x7q2" {
				rt.Fatalf("size %d: %+v, %v; want %v", size, c, err, want)
			}
		}
		last := int64(sizes[len(sizes)-1])
		head, err := audit.Head(l.tile, last)
		if err != nil {
			rt.Fatal(err)
		}
		n := rapid.Int64Range(1, last).Draw(rt, "entry")
		p, err := audit.Inclusion(l.tile, last, n)
		if err != nil || tlog.CheckRecord(p, last, head.Hash, n-1, l.leaves[n-1]) != nil {
			rt.Fatalf("inclusion of %d in %d: %v", n, last, err)
		}
		from := int64(sizes[0])
		old, _ := audit.Head(l.tile, from)
		tp, err := audit.Consistency(l.tile, from, last)
		if err != nil || tlog.CheckTree(tp, last, head.Hash, from, old.Hash) != nil {
			rt.Fatalf("consistency of %d and %d: %v", from, last, err)
		}
	})
}

// TestLeafOfWhatIsShown checks that the stored entry and the published record have the
// same leaf, and that the record has no internal data.
func TestLeafOfWhatIsShown(t *testing.T) {
	e := newEntry(7)
	leaf, err := e.Finish()
	if err != nil {
		t.Fatal(err)
	}
	line, err := e.Encode()
	if err != nil {
		t.Fatal(err)
	}
	for _, hidden := range []string{"acc_1", "acc_9", "invited", "accountId"} {
		if bytes.Contains(line, []byte(hidden)) {
			t.Errorf("%s is shown: %s", hidden, line)
		}
	}
	if again, err := e.Leaf(); err != nil || again != leaf {
		t.Errorf("the record's leaf is %v, %v; the entry's %v", again, err, leaf)
	}
	for name, change := range map[string]func(*audit.Entry){
		"account":    func(e *audit.Entry) { e.ActorAccount = "acc_8" },
		"invitation": func(e *audit.Entry) { e.RawAfter = bytes.Replace(e.RawAfter, []byte(`"invited":true,`), nil, 1) },
		"email":      func(e *audit.Entry) { e.RawAfter = bytes.Replace(e.RawAfter, []byte("jane@"), []byte("joan@"), 1) },
		"role": func(e *audit.Entry) {
			e.RawAfter = bytes.Replace(e.RawAfter, []byte(`"id":"user"`), []byte(`"id":"owner"`), 1)
		},
		"address":  func(e *audit.Entry) { e.SourceAddress = "192.0.2.2" },
		"name":     func(e *audit.Entry) { e.Actor.Name = "Other" },
		"outcome":  func(e *audit.Entry) { e.Outcome = "refused" },
		"time":     func(e *audit.Entry) { e.Time.Time = e.Time.Add(time.Microsecond) },
		"sequence": func(e *audit.Entry) { e.Sequence++ },
		"trace":    func(e *audit.Entry) { e.TraceID = "" },
	} {
		other := e
		other.Proof = audit.Proof{}
		change(&other)
		if changed, err := other.Finish(); err != nil || changed == leaf {
			t.Errorf("%s: the leaf stays the same (%v)", name, err)
		}
	}
}

// With personal data erased, and its salts, the leaf stays.
func TestErasure(t *testing.T) {
	e := newEntry(7)
	leaf, err := e.Finish()
	if err != nil {
		t.Fatal(err)
	}
	if err := e.EraseActor(); err != nil {
		t.Fatal(err)
	}
	if err := e.EraseTarget(); err != nil {
		t.Fatal(err)
	}
	again, err := e.Finish()
	if err != nil || again != leaf {
		t.Fatalf("the leaf changed: %v", err)
	}
	if shown, err := e.Leaf(); err != nil || shown != leaf {
		t.Errorf("the shown record's leaf changed: %v", err)
	}
	shown := e.Record
	shown.Proof = audit.Proof{} // its hashes are random text, in which anything may stand
	line, err := shown.Encode()
	if err != nil {
		t.Fatal(err)
	}
	for _, gone := range []string{"Jane", "jane", "CI", "192.0.2.1", "curl"} {
		if bytes.Contains(line, []byte(gone)) {
			t.Errorf("%s is still there: %s", gone, line)
		}
	}
	if !bytes.Contains(line, []byte("usr_7")) || e.Secrets.Actor != nil || e.Secrets.Target != nil {
		t.Errorf("ids are gone, or salts are not: %s", line)
	}
}

func TestKeyring(t *testing.T) {
	keys, line := newKeys(t)
	other, otherLine := newKeys(t)
	both, err := audit.ParseKeyring([]byte(otherLine + "\n" + line))
	if err != nil {
		t.Fatal(err)
	}
	leaf := audit.Hash{1}
	mac := keys.MAC("acme", 7, leaf)
	if !keys.CheckMAC("acme", 7, leaf, mac) || !both.CheckMAC("acme", 7, leaf, mac) {
		t.Error("the key's own, or an earlier key's, is refused")
	}
	if other.CheckMAC("acme", 7, leaf, mac) || keys.CheckMAC("beta", 7, leaf, mac) || keys.CheckMAC("acme", 7, audit.Hash{2}, mac) || keys.CheckMAC("acme", 8, leaf, mac) || keys.CheckMAC("acme", 7, leaf, nil) {
		t.Error("another's is taken")
	}
	signed, err := both.Sign("acme", tlog.Tree{N: 1, Hash: leaf})
	if err != nil {
		t.Fatal(err)
	}
	for name, k := range map[string]*audit.Keyring{"the new key's": other, "the old key's": keys} {
		if _, err := k.Open("acme", signed); err != nil {
			t.Errorf("%s verifier: %v", name, err)
		}
		if _, err := k.Open("beta", signed); err == nil {
			t.Errorf("%s verifier takes another log's checkpoint", name)
		}
	}
	seen := map[string]bool{}
	for _, k := range []*audit.Keyring{keys, other} {
		for _, of := range [][2]string{{"acme", "wh_1"}, {"acme", "wh_2"}, {"beta", "wh_1"}} {
			for version := range 300 {
				seen[string(k.WebhookSecrets(of[0], of[1], version)[0])] = true
			}
		}
	}
	if len(seen) != 1800 {
		t.Errorf("%d different secrets of 1800", len(seen))
	}
	for _, bad := range []string{
		"", "# nothing\n", "roster.example.com", "roster.example.com rosterkey_short", line + "\nother" + strings.TrimPrefix(line, "roster.example.com"),
		"with+plus " + strings.Fields(line)[1], strings.Fields(line)[1],
	} {
		if _, err := audit.ParseKeyring([]byte(bad)); err == nil || strings.Contains(err.Error(), strings.Fields(line)[1]) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestCheckpointsThatAreNone(t *testing.T) {
	keys, _ := newKeys(t)
	vkeys, _ := keys.VerifierKeys("acme")
	good, _ := keys.Sign("acme", tlog.Tree{N: 5, Hash: audit.Hash{1}})
	for name, bad := range map[string]string{
		"empty": "", "other size": strings.Replace(good, "\n5\n", "\n6\n", 1), "no signature": strings.SplitAfter(good, "\n\n")[0],
		"cut off": good[:len(good)-10],
	} {
		if _, err := audit.OpenCheckpoint(bad, vkeys); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	if _, err := audit.OpenCheckpoint(good, []string{"nonsense"}); err == nil || !strings.Contains(err.Error(), "verifier key") {
		t.Errorf("a key that is none: %v", err)
	}
}

func fault(t *testing.T, err error) audit.Fault {
	t.Helper()
	f, ok := errors.AsType[*audit.Fault](err)
	if !ok {
		t.Fatalf("no fault: %v", err)
	}
	return *f
}

// A leaf does not depend on how a state was written, only on what it says.
func TestLeafIsCanonical(t *testing.T) {
	leafOf := func(state string) (audit.Hash, error) {
		e := newEntry(1)
		e.Secrets = audit.Secrets{}
		e.RawAfter = []byte(state)
		return e.Finish()
	}
	want, err := leafOf(`{"a":"<ü>","b":{"c":1,"d":[2,"x"]},"email":"j","n":10}`)
	if err != nil {
		t.Fatal(err)
	}
	for _, same := range []string{
		`{"n":10,"email":"j","b":{"d":[2,"x"],"c":1},"a":"<ü>"}`,
		"{ \"a\" : \"\\u003c\\u00fc>\" , \"b\" : { \"c\" : 1.0 , \"d\" : [ 2 , \"\\u0078\" ] }, \"email\":\"\\u006a\",\"n\":1e1 }",
	} {
		if got, err := leafOf(same); err != nil || got != want {
			t.Errorf("%s: another leaf (%v)", same, err)
		}
	}
	for _, other := range []string{`{"a":"<ü>","b":{"c":1,"d":[2,"x"]},"email":"k","n":10}`, `{"a":"<ü>","b":{"c":1,"d":["x",2]},"email":"j","n":10}`} {
		if got, err := leafOf(other); err != nil || got == want {
			t.Errorf("%s: the same leaf (%v)", other, err)
		}
	}
	for _, bad := range []string{"[]", "1", "{", `{"a":1,"a":2}`, `{"a":1} x`, `{"\u0061":1}`} {
		if _, err := leafOf(bad); err == nil {
			t.Errorf("%s is taken", bad)
		}
	}
}

func BenchmarkFinish(b *testing.B) {
	e := newEntry(1)
	for b.Loop() {
		if _, err := e.Finish(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLeaf(b *testing.B) {
	e := newEntry(1)
	if _, err := e.Finish(); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := e.Leaf(); err != nil {
			b.Fatal(err)
		}
	}
}

// TestLeafOfWhatIsNoText checks that each invalid UTF-8 byte is hashed as U+FFFD.
func TestLeafOfWhatIsNoText(t *testing.T) {
	raw := newEntry(7)
	clean := raw
	raw.UserAgent, clean.UserAgent = "a\xff\xfe\xc3b", "a\uFFFD\uFFFD\uFFFDb"
	one, err := raw.Finish()
	two, err2 := clean.Finish()
	if err != nil || err2 != nil || one != two {
		t.Errorf("%x %v, %x %v", one, err, two, err2)
	}
}

func TestStateWithAMemberTwiceIsRefused(t *testing.T) {
	for state, ok := range map[string]bool{
		`{"a":"1","b":"2"}`:       true,
		`{"a":"1","b":"2","a":3}`: false,
		`{"b":{"a":1,"a":2}}`:     false,
		`{"b":[{"a":1,"a":2}]}`:   false,
		`{"a":1}{"a":1}`:          false,
		`{"b":{"a":1,"c":2}}`:     true,
	} {
		e := newEntry(1)
		e.RawAfter = []byte(state)
		if _, err := e.Finish(); (err == nil) != ok {
			t.Errorf("%s: error %v", state, err)
		}
	}
}
