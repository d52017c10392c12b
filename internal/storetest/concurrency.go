package storetest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/rosterhq/roster/internal/directory"
)

var concurrencyTests = []test{
	{"each writer's outcome is its own", func(s suite) {
		// The writers wait for one that is under way, so that an engine that
		// commits in groups has them all in one.
		s.write(func(tx directory.Tx) error { return all(putOrgs(tx, acme), putUsers(tx, acme, "taken")) })
		const writers = 60
		outcomes := make([]error, writers)
		panics := make([]any, writers)
		s.together(writers, func(i int) {
			name := fmt.Sprintf("%02d", i)
			ctx, cancel := context.WithCancel(s.Context())
			defer cancel()
			if i%5 == 4 {
				cancel()
			}
			panics[i] = catch(func() {
				outcomes[i] = s.db.Write(ctx, func(tx directory.Tx) error {
					if err := putUsers(tx, acme, name); err != nil {
						return err
					}
					switch i % 5 {
					case 1:
						return fmt.Errorf("writer %d: %w", i, errOwn)
					case 2:
						return tx.CreateUser(newUser(acme, "taken"), "taken")
					case 3:
						panic("writer " + name)
					}
					return nil
				})
			})
		})
		for i, err := range outcomes {
			what := fmt.Sprintf("writer %d", i)
			var ok bool
			switch i % 5 {
			case 0:
				ok = err == nil
			case 1:
				ok = errors.Is(err, errOwn) && strings.Contains(err.Error(), what+":")
			case 2:
				ok = directory.CodeOf(err) == directory.Conflict
			case 3:
				ok = strings.Contains(fmt.Sprint(panics[i]), fmt.Sprintf("writer %02d", i))
			case 4:
				ok = errors.Is(err, context.Canceled)
			}
			if !ok || (panics[i] != nil) != (i%5 == 3) {
				s.Errorf("%s: error %v, panic %v", what, err, panics[i])
			}
		}
		var want []directory.UserID
		for i := range writers {
			if i%5 == 0 {
				want = append(want, directory.UserID(fmt.Sprintf("usr_%02d", i)))
			}
		}
		want = append(want, "usr_taken")
		s.equal("who is there", want, userIDs(got(s, users(directory.UserQuery{}))))
	}},
	{"writers don't come between another's read and write", func(s suite) {
		s.write(func(tx directory.Tx) error { return all(putOrgs(tx, acme), tx.SetCursor("counter", 0)) })
		const writers, rounds = 16, 8
		s.together(writers, func(int) {
			for range rounds {
				err := s.db.Write(s.Context(), func(tx directory.Tx) error {
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
					s.Errorf("write: %v", err)
				}
			}
		})
		s.equal("counted", int64(writers*rounds), got(s, func(tx directory.Tx) (int64, error) { return tx.Cursor("counter") }))
	}},
	{"the log keeps the order of commits", func(s suite) {
		// An entry that a writer has been told of is in front of all that come
		// later: whoever reads up to the last number misses nothing.
		s.together(8, func(i int) {
			org := directory.OrgID(fmt.Sprintf("org-%d", i))
			for n := range 10 {
				err := s.db.Write(s.Context(), func(tx directory.Tx) error {
					return all(tx.Lock(directory.LockOrg(org)), appendEntry(tx, newEntry(org, fmt.Sprint(n))))
				})
				if err != nil {
					s.Errorf("append: %v", err)
				}
			}
		})
		next := make(map[directory.OrgID]int)
		for _, e := range got(s, entries(0, 1000)) {
			if e.Action != fmt.Sprint(next[e.OrgID]) {
				s.Fatalf("%s: entry %s where %d is due", e.OrgID, e.Action, next[e.OrgID])
			}
			next[e.OrgID]++
		}
		s.equal("organizations", 8, len(next))
	}},
	{"many read at once", func(s suite) {
		// More than there are connections, and all with statements that are new.
		fillForIsolation(s)
		ctx := s.soon()
		s.together(50, func(i int) {
			err := s.db.Read(ctx, func(tx directory.Tx) error {
				for range 3 {
					if _, err := tx.User(acme, "usr_a0"); err != nil {
						return err
					}
					if _, err := tx.Groups(acme); err != nil {
						return err
					}
					if _, err := tx.HasUsers(acme, ids[directory.UserID]("%d", i%20)); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				s.Errorf("read: %v", err)
			}
		})
	}},
	{"reading is from one snapshot", func(s suite) {
		s.write(func(tx directory.Tx) error { return all(putOrgs(tx, acme), putUsers(tx, acme, "a", "b", "c")) })
		s.read(func(tx directory.Tx) error {
			before, err := collect(tx.Users(acme, directory.UserQuery{}))
			if err != nil {
				return err
			}
			// Written by somebody else and acknowledged while the reader is at it.
			written := make(chan error, 1)
			go func() {
				written <- s.db.Write(s.Context(), func(tx directory.Tx) error {
					u := newUser(acme, "b")
					u.Name = "Changed"
					return all(tx.DeleteUser(acme, "usr_a"), tx.UpdateUser(u), putUsers(tx, acme, "d"), appendEntry(tx, newEntry(acme, "x")))
				})
			}()
			if err := <-written; err != nil {
				return err
			}
			after, err := collect(tx.Users(acme, directory.UserQuery{}))
			if err != nil {
				return err
			}
			s.equal("the same list", before, after)
			if _, err := tx.User(acme, "usr_a"); err != nil {
				s.Errorf("deleted meanwhile: %v", err)
			}
			last, err := tx.LastEntry()
			s.equal("the log", int64(0), last)
			return err
		})
		s.equal("afterwards", []directory.UserID{"usr_b", "usr_c", "usr_d"}, userIDs(got(s, users(directory.UserQuery{}))))
	}},
	{"a snapshot never shows half a write", func(s suite) {
		// Two cursors always move together; a reader between them would see it.
		move := func(n int64) {
			s.write(func(tx directory.Tx) error { return all(tx.SetCursor("a", n), tx.SetCursor("b", n)) })
		}
		move(0)
		ctx, stop := s.soon(), make(chan struct{})
		var reading sync.WaitGroup
		for range 4 {
			reading.Go(func() {
				for {
					select {
					case <-stop:
						return
					default:
					}
					err := s.db.Read(ctx, func(tx directory.Tx) error {
						a, err := tx.Cursor("a")
						if err != nil {
							return err
						}
						b, err := tx.Cursor("b")
						if err == nil && a != b {
							err = fmt.Errorf("a is %d and b is %d", a, b)
						}
						return err
					})
					if err != nil {
						s.Error(err)
						return
					}
				}
			})
		}
		for n := range int64(100) {
			move(n)
		}
		close(stop)
		reading.Wait()
	}},
	{"closing lets writes under way finish", func(s suite) {
		s.write(func(tx directory.Tx) error { return putOrgs(tx, acme) })
		const writers = 20
		outcomes := make([]error, writers)
		var writing sync.WaitGroup
		begun := make(chan struct{}, writers)
		for i := range writers {
			writing.Go(func() {
				outcomes[i] = s.db.Write(s.Context(), func(tx directory.Tx) error {
					begun <- struct{}{}
					return putUsers(tx, acme, fmt.Sprint(i))
				})
			})
		}
		<-begun
		if err := s.db.Close(); err != nil {
			s.Errorf("close: %v", err)
		}
		writing.Wait()
		for i, err := range outcomes {
			if err != nil && directory.CodeOf(err) != directory.Unavailable {
				s.Errorf("writer %d: %v", i, err)
			}
		}
	}},
}

// together runs fn n times at once and waits for all. Where writes take turns,
// they start behind one that is held until all of them are there.
func (s suite) together(n int, fn func(i int)) {
	s.Helper()
	held, release := make(chan struct{}), make(chan struct{})
	var once sync.Once // a write may run again
	var running sync.WaitGroup
	running.Go(func() {
		err := s.db.Write(s.Context(), func(directory.Tx) error {
			once.Do(func() { close(held) })
			<-release
			return nil
		})
		if err != nil {
			s.Errorf("the first writer: %v", err)
		}
	})
	s.await("the first writer", held)
	var started sync.WaitGroup
	started.Add(n)
	for i := range n {
		running.Go(func() {
			started.Done()
			fn(i)
		})
	}
	started.Wait()
	close(release)
	running.Wait()
}
