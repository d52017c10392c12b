package storetest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/directory"
)

// notes is an observer that writes down what it is told; what comes twice, once.
// Entries differ in their actions.
type notes struct {
	mu      sync.Mutex
	entries []directory.Entry
	changes int
}

func (n *notes) observer() directory.Observer {
	return directory.Observer{
		Committed: func(entries []directory.Entry) {
			n.mu.Lock()
			defer n.mu.Unlock()
			for _, e := range entries {
				e.Position = 0 // known by some engines only
				if !slices.ContainsFunc(n.entries, func(had directory.Entry) bool { return had.Action == e.Action }) {
					n.entries = append(n.entries, e)
				}
			}
		},
		Changed: func() {
			n.mu.Lock()
			defer n.mu.Unlock()
			n.changes++
		},
	}
}

func (n *notes) actions() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	var actions []string
	for _, e := range n.entries {
		actions = append(actions, e.Action)
	}
	return actions
}

// heard counts what it was told.
func (n *notes) heard() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.changes + len(n.entries)
}

var observerTests = []test{
	{"is told of a commit before its writer is", func(s suite) {
		var told notes
		s.db.Observe(told.observer())
		e := newEntry(acme, "first")
		e.Sequence = 1
		s.write(func(tx directory.Tx) error { return appendEntry(tx, e) })
		s.equal("told when the write is answered", []directory.Entry{e}, told.entries)
		s.write(func(tx directory.Tx) error {
			return appendEntries(tx, newEntry(other, "second"), newEntry(acme, "third"))
		})
		s.equal("in order", []string{"first", "second", "third"}, told.actions())
	}},
	{"sees the commit that it is told of", func(s suite) {
		var seen sync.Map // it may be told from elsewhere, too
		s.db.Observe(directory.Observer{
			Committed: func([]directory.Entry) {
				list, err := readEntries(s)
				for _, e := range list {
					seen.Store(e.Action, true)
				}
				if err != nil {
					s.Errorf("read: %v", err)
				}
			},
			Changed: func() {},
		})
		for _, action := range ids[string]("%d", 20) {
			s.write(func(tx directory.Tx) error { return appendEntry(tx, newEntry(acme, action)) })
			if _, ok := seen.Load(action); !ok {
				s.Errorf("told of %s before it could be read", action)
			}
		}
	}},
	{"is not told of what was undone", func(s suite) {
		var told notes
		s.db.Observe(told.observer())
		s.together(9, func(i int) {
			_ = catch(func() {
				_ = s.db.Write(s.Context(), func(tx directory.Tx) error {
					if err := appendEntry(tx, newEntry(acme, fmt.Sprint([]string{"kept", "refused", "panicked"}[i%3], i))); err != nil {
						return err
					}
					switch i % 3 {
					case 1:
						return errOwn
					case 2:
						panic("no")
					}
					return nil
				})
			})
		})
		s.equal("told of", []string{"kept0", "kept3", "kept6"}, slices.Sorted(slices.Values(told.actions())))
	}},
	{"is in touch while the database answers", func(s suite) {
		var told notes
		s.db.Observe(told.observer())
		// Also when nothing is written for longer than it may go without asking.
		for range 2 {
			for begun := time.Now(); !s.db.InTouch(); time.Sleep(10 * time.Millisecond) {
				if time.Since(begun) > 2*time.Minute {
					s.Fatal("out of touch though nothing keeps it from asking")
				}
			}
			time.Sleep(1200 * time.Millisecond)
		}
	}},
}

// readEntries reads what acme's log has. An observer may be told once more while
// its test ends, until the store is closed: the test's own context is over by then.
func readEntries(s suite) (list []directory.Entry, err error) {
	err = s.db.Read(context.WithoutCancel(s.Context()), func(tx directory.Tx) (err error) {
		list, err = collect(tx.OrgEntries(acme, directory.EntryQuery{}))
		return err
	})
	return list, err
}

// observedFromAnother is rule 4 across processes: what another store wrote is
// heard of within a second, and a store that does not hear knows it.
func observedFromAnother(t *testing.T, open func() directory.Store) {
	one, two := opened(t, open), opened(t, open)
	var told notes
	two.db.Observe(told.observer())
	two.write(func(tx directory.Tx) error { return putOrgs(tx, acme) }) // it is in touch from here on
	for i := range 5 {
		before := told.heard()
		one.write(func(tx directory.Tx) error { return appendEntry(tx, newEntry(acme, fmt.Sprint(i))) })
		written := time.Now()
		for told.heard() == before {
			// Either it has heard, or it does not trust what it remembers.
			if late := time.Since(written); late > time.Second && two.db.InTouch() && told.heard() == before {
				t.Fatalf("in touch, and after %s it has not heard", late)
			}
			if time.Since(written) > 2*time.Minute {
				t.Fatal("never heard")
			}
			time.Sleep(time.Millisecond)
		}
	}
}
