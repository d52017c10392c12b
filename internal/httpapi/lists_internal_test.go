package httpapi

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/directory"
)

func gathered(t *testing.T, l *lists, org directory.OrgID, tag string, size int) {
	t.Helper()
	g := l.gather(io.Discard, time.Time{})
	if g == nil {
		t.Fatal("another list is being gathered")
	}
	for range size / 1000 {
		if _, err := g.Write(bytes.Repeat([]byte(tag), 1000/len(tag))); err != nil {
			t.Fatal(err)
		}
	}
	g.done(listKey{org: org}, tag, true)
}

func TestLists(t *testing.T) {
	var l lists
	gathered(t, &l, "acme", "v1", listPiece*3)
	k := l.find(listKey{org: "acme"}, "v1")
	if k == nil || k.size != listPiece*3/1000*1000 || !bytes.HasPrefix(bytes.Join(k.pieces, nil), []byte("v1v1")) || len(bytes.Join(k.pieces, nil)) != k.size {
		t.Fatalf("what was gathered is not kept: %v", k)
	}
	for what, k := range map[string]*keptList{
		"another version": l.find(listKey{org: "acme"}, "v2"), "another organization": l.find(listKey{org: "else"}, "v1"),
		"another coding": l.find(listKey{org: "acme", gzip: true}, "v1"),
	} {
		if k != nil {
			t.Errorf("%s has it too", what)
		}
	}
	gathered(t, &l, "acme", "v2", 1000)
	if l.find(listKey{org: "acme"}, "v1") != nil || l.size != 1000 {
		t.Errorf("a new version leaves the old one: %d bytes", l.size)
	}
}

// Lists that were used last stay, within the bound.
func TestListsMakeRoom(t *testing.T) {
	var l lists
	for _, org := range []directory.OrgID{"a", "b", "c"} {
		gathered(t, &l, org, "v", maxLists*3/10)
	}
	l.find(listKey{org: "a"}, "v")
	gathered(t, &l, "d", "v", maxLists*3/10)
	for org, want := range map[directory.OrgID]bool{"a": true, "b": false, "c": true, "d": true} {
		if got := l.find(listKey{org: org}, "v") != nil; got != want {
			t.Errorf("%s is kept: %v", org, got)
		}
	}
	gathered(t, &l, "e", "v", maxLists+1000)
	if l.find(listKey{org: "e"}, "v") != nil || l.size > maxLists {
		t.Errorf("a list longer than may be is kept; %d bytes", l.size)
	}
}

// An incomplete list is not kept. One list is gathered at a time, unless its client
// reads slowly.
func TestListsGather(t *testing.T) {
	var l lists
	begun := time.Unix(1, 0)
	g := l.gather(brokenWriter{}, begun)
	if l.gather(io.Discard, begun.Add(gatherFor-1)) != nil {
		t.Error("two lists are gathered at once")
	}
	if _, err := g.Write([]byte("x")); err == nil {
		t.Error("a failure to write is not told")
	}
	g.done(listKey{org: "acme"}, "v", true)
	slow := l.gather(io.Discard, begun)
	next := l.gather(io.Discard, begun.Add(gatherFor))
	if next == nil {
		t.Fatal("a slow client keeps others from being gathered")
	}
	_, _ = slow.Write([]byte("x")) // to nowhere
	slow.done(listKey{org: "acme"}, "v", true)
	_, _ = next.Write([]byte("y"))
	next.done(listKey{org: "acme"}, "w", false)
	if len(l.kept) != 0 {
		t.Errorf("kept: %v", l.kept)
	}
	if l.gather(io.Discard, begun) == nil {
		t.Error("nothing can be gathered any more")
	}
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errors.New("broken") }
