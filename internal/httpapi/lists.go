package httpapi

import (
	"io"
	"sync"
	"time"

	"github.com/rosterhq/roster/internal/directory"
)

const (
	// maxLists bounds the bytes of cached lists. One more list may be recorded meanwhile.
	maxLists = 32 << 20
	// listPiece is the size of the pieces in which lists are stored and written.
	listPiece = 256 << 10
	// gatherFor is how long a client that reads slowly may prevent other lists from being
	// recorded.
	gatherFor = 10 * time.Second
)

// lists caches whole lists of users as they were last sent. A cached list is current if
// its ETag is. The least recently used lists are evicted first.
type lists struct {
	mu        sync.Mutex
	kept      map[listKey]*keptList
	size      int
	uses      uint64
	gathering *gatherer // nil for none
}

type listKey struct {
	org  directory.OrgID
	gzip bool
}

type keptList struct {
	tag    string
	pieces [][]byte
	size   int
	used   uint64
}

// find returns the list with this tag, or nil.
func (l *lists) find(key listKey, tag string) *keptList {
	l.mu.Lock()
	defer l.mu.Unlock()
	k := l.kept[key]
	if k == nil || k.tag != tag {
		return nil
	}
	l.uses++
	k.used = l.uses
	return k
}

// gather returns a writer to w that records what it writes. It returns nil while another
// list is recorded: one at a time bounds the memory.
func (l *lists) gather(w io.Writer, now time.Time) *gatherer {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.gathering != nil && now.Sub(l.gathering.begun) < gatherFor {
		return nil
	}
	l.gathering = &gatherer{lists: l, to: w, begun: now}
	return l.gathering
}

func (l *lists) gathers(g *gatherer) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.gathering == g
}

func (l *lists) put(key listKey, k *keptList) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if old := l.kept[key]; old != nil {
		l.size -= old.size
		delete(l.kept, key)
	}
	for l.size+k.size > maxLists {
		l.dropOldest()
	}
	if l.kept == nil {
		l.kept = make(map[listKey]*keptList)
	}
	l.uses++
	k.used = l.uses
	l.kept[key] = k
	l.size += k.size
}

func (l *lists) dropOldest() {
	var oldest listKey
	var found *keptList
	for key, k := range l.kept {
		if found == nil || k.used < found.used {
			oldest, found = key, k
		}
	}
	delete(l.kept, oldest)
	l.size -= found.size
}

// gatherer records what is written through it, up to maxLists.
type gatherer struct {
	lists  *lists
	to     io.Writer
	begun  time.Time
	list   keptList
	failed bool
}

// Write implements [io.Writer].
func (g *gatherer) Write(b []byte) (int, error) {
	n, err := g.to.Write(b)
	switch {
	case g.failed:
	case err != nil, g.list.size+len(b) > maxLists, !g.lists.gathers(g):
		g.failed, g.list.pieces = true, nil
	default:
		g.list.size += len(b)
		g.add(b)
	}
	return n, err
}

func (g *gatherer) add(b []byte) {
	for len(b) > 0 {
		last := len(g.list.pieces) - 1
		if last < 0 || len(g.list.pieces[last]) == cap(g.list.pieces[last]) {
			g.list.pieces = append(g.list.pieces, make([]byte, 0, listPiece))
			last++
		}
		piece := g.list.pieces[last]
		n := min(len(b), cap(piece)-len(piece))
		g.list.pieces[last] = append(piece, b[:n]...)
		b = b[n:]
	}
}

// done lets another list be recorded, and caches this one if it is whole.
func (g *gatherer) done(key listKey, tag string, whole bool) {
	g.lists.mu.Lock()
	if g.lists.gathering == g {
		g.lists.gathering = nil
	}
	g.lists.mu.Unlock()
	if whole && !g.failed {
		g.list.tag = tag
		g.lists.put(key, &g.list)
	}
}
