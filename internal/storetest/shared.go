package storetest

import (
	"fmt"
	"sync"
	"testing"

	"github.com/rosterhq/roster/internal/directory"
)

// RunShared holds stores against what they promise when several, in as many
// processes, have the same database open. open gives a way to open one new
// database again and again; the suite closes what it opened.
func RunShared(t *testing.T, open func(t *testing.T) (again func() directory.Store)) {
	for _, test := range []struct {
		name string
		run  func(*testing.T, func() directory.Store)
	}{
		{"reopening keeps everything", reopened},
		{"writing at once", writingAtOnce},
		{"one sees what the other wrote", seenByAnother},
		{"one hears that the other wrote", observedFromAnother},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, open(t)) })
	}
}

// opened is closed when the test ends.
func opened(t *testing.T, open func() directory.Store) suite {
	s := suite{t, open()}
	t.Cleanup(func() {
		if err := s.db.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}

func reopened(t *testing.T, open func() directory.Store) {
	first := suite{t, open()}
	fillForIsolation(first)
	first.write(func(tx directory.Tx) error {
		return all(tx.CreatePersonalToken(newPersonalToken("acc_a0", "p")), tx.SetCursor("c", 7), tx.CreateProvision(newProvision(acme, "addr")))
	})
	before := dump(first, acme)
	last := got(first, directory.Tx.LastEntry)
	if err := first.db.Close(); err != nil {
		t.Fatalf("close: %v", err)
	}
	for range 3 {
		s := suite{t, open()}
		s.equal("organization", before, dump(s, acme))
		s.equal("personal token", newPersonalToken("acc_a0", "p"), got(s, personalByHash(newPersonalToken("acc_a0", "p"))))
		s.equal("cursor", int64(7), got(s, func(tx directory.Tx) (int64, error) { return tx.Cursor("c") }))
		s.equal("provision", newProvision(acme, "addr"), got(s, func(tx directory.Tx) (directory.Provision, error) {
			return tx.ProvisionByHash(newProvision(acme, "").Hash)
		}))
		// Numbers go on; a number that was given is never given again.
		s.write(func(tx directory.Tx) error { return appendEntry(tx, newEntry(other, "again")) })
		if now := got(s, directory.Tx.LastEntry); now <= last {
			t.Errorf("entry %d comes after %d", now, last)
		} else {
			last = now
		}
		if err := s.db.Close(); err != nil {
			t.Fatalf("close: %v", err)
		}
	}
}

func writingAtOnce(t *testing.T, open func() directory.Store) {
	const stores, writers, rounds = 2, 4, 10
	all := []suite{opened(t, open), opened(t, open)}
	all[0].write(func(tx directory.Tx) error { return tx.SetCursor("counter", 0) })
	var writing sync.WaitGroup
	for i, s := range all {
		for w := range writers {
			writing.Go(func() {
				for n := range rounds {
					err := s.db.Write(t.Context(), func(tx directory.Tx) error {
						if err := tx.Lock(directory.LockOrg(acme)); err != nil {
							return err
						}
						n, err := tx.Cursor("counter")
						if err != nil {
							return err
						}
						return tx.SetCursor("counter", n+1)
					})
					if err != nil {
						t.Errorf("count: %v", err)
					}
					err = s.db.Write(t.Context(), func(tx directory.Tx) error {
						return appendEntry(tx, newEntry(acme, fmt.Sprint(i, w, n)))
					})
					if err != nil {
						t.Errorf("append: %v", err)
					}
				}
			})
		}
	}
	writing.Wait()
	for _, s := range all {
		s.equal("counted", int64(stores*writers*rounds), got(s, func(tx directory.Tx) (int64, error) { return tx.Cursor("counter") }))
		seen := make(map[string]bool)
		for _, e := range got(s, entries(0, 1000)) {
			seen[e.Action] = true
		}
		s.equal("entries", stores*writers*rounds, len(seen))
	}
}

func seenByAnother(t *testing.T, open func() directory.Store) {
	one, two := opened(t, open), opened(t, open)
	one.write(func(tx directory.Tx) error { return putOrgs(tx, acme) })
	for i, name := range ids[string]("%02d", 20) {
		from, to := one, two
		if i%2 == 1 {
			from, to = two, one
		}
		from.write(func(tx directory.Tx) error { return putUsers(tx, acme, name) })
		got(to, user(acme, directory.UserID("usr_"+name)))
		to.fails("the same again", directory.Conflict, func(tx directory.Tx) error { return putUsers(tx, acme, name) })
	}
}
