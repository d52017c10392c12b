package storetest

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/rosterhq/roster/internal/directory"
)

var errOwn = errors.New("the caller's own error")

var transactionTests = []test{
	{"an error undoes everything and comes back as it is", func(s suite) {
		s.write(func(tx directory.Tx) error { return all(putOrgs(tx, acme), putUsers(tx, acme, "a")) })
		before := dump(s, acme)
		// More of every kind than one page of a cache holds.
		err := s.db.Write(s.Context(), func(tx directory.Tx) error {
			g := newGroup(acme, "g")
			g.Members = []directory.UserID{"usr_a"}
			if err := all(putUsers(tx, acme, ids[string]("%04d", 500)...), tx.CreateRole(newRole(acme, "r"), "r"),
				tx.CreateGroup(g, "g"), tx.CreateAPIToken(newAPIToken(acme, "t")), appendEntry(tx, newEntry(acme, "x")),
				tx.CreatePersonalToken(newPersonalToken("acc_a", "p")), tx.SetCursor("c", 1), tx.KeepReplay(directory.Replay{ExpiresAt: start, Result: []byte(`1`)}, start),
				tx.DeleteUser(acme, "usr_a"), putOrgs(tx, other)); err != nil {
				return err
			}
			return errOwn
		})
		if !errors.Is(err, errOwn) {
			s.Errorf("error %v, want the caller's", err)
		}
		s.equal("organization", before, dump(s, acme))
		s.equal("organizations", 1, got(s, directory.Tx.CountOrgs))
		missing(s, "account", accountByEmail("acc_0000"))
		missing(s, "personal token", personalByHash(newPersonalToken("acc_a", "p")))
		missing(s, "cursor", func(tx directory.Tx) (int64, error) { return tx.Cursor("c") })
		missing(s, "replay", func(tx directory.Tx) (directory.Replay, error) { return tx.Replay("", "", start.Add(-1)) })
	}},
	{"a refused statement ends the transaction", func(s suite) {
		s.write(func(tx directory.Tx) error { return all(putOrgs(tx, acme), putUsers(tx, acme, "a")) })
		refused := func(tx directory.Tx) error {
			return all(putAccount(tx, "acc_b"), ensureAccount(tx, newAccount("acc_a"), "another key"))
		}
		s.fails("returned", directory.Conflict, refused)
		s.fails("passed over", directory.Conflict, func(tx directory.Tx) error {
			_ = refused(tx)
			return nil
		})
		missing(s, "what came before it", accountByEmail("acc_b"))
	}},
	{"what is missing ends nothing", func(s suite) {
		s.write(func(tx directory.Tx) error {
			_, readErr := tx.User(acme, "usr_a")
			writeErr := tx.DeleteUser(acme, "usr_a")
			if directory.CodeOf(readErr) != directory.NotFound || directory.CodeOf(writeErr) != directory.NotFound {
				return fmt.Errorf("got %w and %w", readErr, writeErr)
			}
			return putOrgs(tx, acme)
		})
	}},
	{"a transaction sees its own writes", func(s suite) {
		s.write(func(tx directory.Tx) error {
			if err := all(putOrgs(tx, acme), putUsers(tx, acme, "a")); err != nil {
				return err
			}
			u, err := tx.User(acme, "usr_a")
			if err != nil || u.ID != "usr_a" {
				return fmt.Errorf("got %v, %w", u, err)
			}
			if err := tx.DeleteUser(acme, "usr_a"); err != nil {
				return err
			}
			if _, err = tx.User(acme, "usr_a"); directory.CodeOf(err) != directory.NotFound {
				return fmt.Errorf("deleted and there: %w", err)
			}
			return nil
		})
	}},
	{"what was written is read at once", func(s suite) {
		s.write(func(tx directory.Tx) error { return putOrgs(tx, acme) })
		for _, name := range ids[string]("%02d", 50) {
			s.write(func(tx directory.Tx) error { return putUsers(tx, acme, name) })
			got(s, user(acme, directory.UserID("usr_"+name)))
		}
	}},
	{"reading does not write", func(s suite) {
		s.write(func(tx directory.Tx) error { return putOrgs(tx, acme) })
		err := s.db.Read(s.Context(), func(tx directory.Tx) error { return putUsers(tx, acme, "a") })
		if err == nil {
			s.Error("a write inside Read is accepted")
		}
		missing(s, "written inside Read", user(acme, "usr_a"))
		if err := s.db.Read(s.Context(), func(directory.Tx) error { return errOwn }); !errors.Is(err, errOwn) {
			s.Errorf("Read's error %v, want the caller's", err)
		}
	}},
	{"a panic undoes and reaches the caller", func(s suite) {
		s.write(func(tx directory.Tx) error { return putOrgs(tx, acme) })
		before := dump(s, acme)
		caught := catch(func() {
			_ = s.db.Write(s.Context(), func(tx directory.Tx) error {
				if err := putUsers(tx, acme, "a"); err != nil {
					return err
				}
				panic("something is broken")
			})
		})
		if !strings.Contains(fmt.Sprint(caught), "something is broken") {
			s.Errorf("the caller's panic is %v", caught)
		}
		s.equal("organization", before, dump(s, acme))
		if caught := catch(func() {
			_ = s.db.Read(s.Context(), func(directory.Tx) error { panic("reading is broken") })
		}); !strings.Contains(fmt.Sprint(caught), "reading is broken") {
			s.Errorf("the reader's panic is %v", caught)
		}
		s.write(func(tx directory.Tx) error { return putUsers(tx, acme, "b") }) // life goes on
		got(s, user(acme, "usr_b"))
	}},
	{"canceled before: nothing happens", func(s suite) {
		ctx, cancel := context.WithCancel(s.Context())
		cancel()
		err := s.db.Write(ctx, func(tx directory.Tx) error { return putOrgs(tx, acme) })
		if !errors.Is(err, context.Canceled) {
			s.Errorf("write: %v, want %v", err, context.Canceled)
		}
		err = s.db.Read(ctx, func(tx directory.Tx) error {
			_, err := tx.CountOrgs()
			return err
		})
		if !errors.Is(err, context.Canceled) {
			s.Errorf("read: %v, want %v", err, context.Canceled)
		}
		missing(s, "written", func(tx directory.Tx) (directory.Org, error) { return tx.Org(acme) })
	}},
	{"canceled during: the answer tells what happened", func(s suite) {
		for i, id := range ids[directory.OrgID]("org-%02d", 20) {
			ctx, cancel := context.WithCancel(s.Context())
			err := s.db.Write(ctx, func(tx directory.Tx) error {
				if i%2 == 0 {
					cancel()
				}
				err := putOrgs(tx, id)
				cancel()
				return err
			})
			_, found := s.find(id)
			if err != nil && !errors.Is(err, context.Canceled) {
				s.Errorf("%s: %v", id, err)
			}
			if found != (err == nil) {
				s.Errorf("%s: answered %v and it is there: %t", id, err, found)
			}
		}
	}},
	{"canceled while reading", func(s suite) {
		s.write(func(tx directory.Tx) error {
			return all(putOrgs(tx, acme), putUsers(tx, acme, ids[string]("%04d", 500)...))
		})
		for range 20 { // the connections must come back
			ctx, cancel := context.WithCancel(s.Context())
			n := 0
			err := s.db.Read(ctx, func(tx directory.Tx) error {
				for _, err := range tx.Users(acme, directory.UserQuery{}) {
					if err != nil {
						return err
					}
					n++
					cancel()
				}
				_, err := tx.CountOrgs()
				return err
			})
			if err == nil {
				s.Fatalf("read %d users and more after the call was canceled", n)
			}
		}
		s.equal("organizations", 1, got(s, directory.Tx.CountOrgs))
	}},
	{"closed", func(s suite) {
		s.write(func(tx directory.Tx) error { return putOrgs(tx, acme) })
		if err := s.db.Ping(s.Context()); err != nil {
			s.Errorf("ping: %v", err)
		}
		if err := s.db.Close(); err != nil {
			s.Fatalf("close: %v", err)
		}
		s.fails("write", directory.Unavailable, func(directory.Tx) error { return nil })
		if err := s.db.Read(s.Context(), func(directory.Tx) error { return nil }); err == nil {
			s.Error("a closed store reads")
		}
		if err := s.db.Ping(s.Context()); err == nil {
			s.Error("a closed store answers")
		}
		if err := s.db.Close(); err != nil {
			s.Errorf("closing again: %v", err)
		}
	}},
}

// find reads an organization that may not be there.
func (s suite) find(id directory.OrgID) (org directory.Org, found bool) {
	s.Helper()
	s.read(func(tx directory.Tx) (err error) {
		org, err = tx.Org(id)
		if found = err == nil; directory.CodeOf(err) == directory.NotFound {
			return nil
		}
		return err
	})
	return org, found
}

func catch(fn func()) (panicked any) {
	defer func() { panicked = recover() }()
	fn()
	return nil
}
