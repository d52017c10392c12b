package storetest

import (
	"fmt"
	"time"

	"github.com/rosterhq/roster/internal/directory"
)

func accountByEmail(key string) func(directory.Tx) (directory.Account, error) {
	return func(tx directory.Tx) (directory.Account, error) { return tx.AccountByEmail(key) }
}

func ensureAccount(tx directory.Tx, a directory.Account, key string) error {
	_, err := tx.EnsureAccount(a, key)
	return err
}

var accountTests = []test{
	{"create, rename, delete", func(s suite) {
		a := newAccount("acc_a")
		s.write(func(tx directory.Tx) error { return all(putAccount(tx, "acc_a"), putAccount(tx, "acc_b")) })
		s.equal("account", a, got(s, accountByEmail("acc_a")))
		a.Name = "Renée"
		s.write(func(tx directory.Tx) error { return tx.RenameAccount(a.ID, a.Name) })
		s.equal("renamed", a, got(s, accountByEmail("acc_a")))
		a.VerifiedAt, a.SignedInAt = start.Add(time.Hour), start.Add(time.Minute)
		s.write(func(tx directory.Tx) error { return tx.MarkAccount(a.ID, a.VerifiedAt, a.SignedInAt) })
		s.equal("verified", a, got(s, func(tx directory.Tx) (directory.Account, error) { return tx.Account(a.ID) }))
		s.equal("another", newAccount("acc_b"), got(s, func(tx directory.Tx) (directory.Account, error) { return tx.Account("acc_b") }))
		s.write(func(tx directory.Tx) error { return tx.DeleteAccount(a.ID) })
		missing(s, "deleted", accountByEmail("acc_a"))
		s.equal("the other one", newAccount("acc_b"), got(s, accountByEmail("acc_b")))
	}},
	{"missing and taken", func(s suite) {
		s.write(func(tx directory.Tx) error { return putAccount(tx, "acc_a") })
		missing(s, "by email", accountByEmail("nobody"))
		missing(s, "by id", func(tx directory.Tx) (directory.Account, error) { return tx.Account("acc_x") })
		s.fails("mark", directory.NotFound, func(tx directory.Tx) error { return tx.MarkAccount("acc_x", start, start) })
		s.fails("rename", directory.NotFound, func(tx directory.Tx) error { return tx.RenameAccount("acc_x", "X") })
		s.fails("delete", directory.NotFound, func(tx directory.Tx) error { return tx.DeleteAccount("acc_x") })
		s.fails("id taken", directory.Conflict, func(tx directory.Tx) error { return ensureAccount(tx, newAccount("acc_a"), "another key") })
		s.write(func(tx directory.Tx) error {
			found, err := tx.EnsureAccount(newAccount("acc_b"), "acc_a")
			s.equal("the account that has the address", newAccount("acc_a"), found)
			return err
		})
		missing(s, "the other", accountByEmail("acc_b"))
	}},
	{"keys are compared byte by byte", func(s suite) {
		// Go folds letter case; the store must not fold it again.
		s.write(func(tx directory.Tx) error {
			for _, key := range []string{"jane@a", "Jane@a", "jané@a", "jane@a ", "jane@ä", "jane@ａ"} {
				if err := ensureAccount(tx, newAccount(directory.AccountID("acc "+key)), key); err != nil {
					return err
				}
			}
			return nil
		})
		s.equal("by its key", directory.AccountID("acc Jane@a"), got(s, accountByEmail("Jane@a")).ID)
		missing(s, "another spelling", accountByEmail("JANE@A"))
	}},
	{"delete takes personal tokens along", func(s suite) {
		token, kept := newPersonalToken("acc_a", "1"), newPersonalToken("acc_b", "1")
		s.write(func(tx directory.Tx) error {
			return all(putAccount(tx, "acc_a"), putAccount(tx, "acc_b"), tx.CreatePersonalToken(token), tx.CreatePersonalToken(kept))
		})
		s.write(func(tx directory.Tx) error { return tx.DeleteAccount("acc_a") })
		missing(s, "its token", personalByHash(token))
		s.equal("another's token", kept, got(s, personalByHash(kept)))
	}},
	{"a member's account is not deleted", func(s suite) {
		token := newPersonalToken("acc_a", "1")
		s.write(func(tx directory.Tx) error {
			return all(putOrgs(tx, acme), putUsers(tx, acme, "a"), tx.CreatePersonalToken(token))
		})
		s.fails("delete", "", func(tx directory.Tx) error { return tx.DeleteAccount("acc_a") })
		s.equal("account", newAccount("acc_a"), got(s, accountByEmail("acc_a")))
		s.equal("token", token, got(s, personalByHash(token)))
	}},
	{"of many, those without memberships are dropped", func(s suite) {
		token := newPersonalToken("acc_000", "1")
		var ids []directory.AccountID
		s.write(func(tx directory.Tx) error {
			for i := range 1100 {
				id := directory.AccountID(fmt.Sprintf("acc_%03d", i))
				if err := putAccount(tx, id); err != nil {
					return err
				}
				ids = append(ids, id)
			}
			return all(tx.CreatePersonalToken(token), putOrgs(tx, acme), putUsers(tx, acme, "a", "b"), putAccount(tx, "acc_c"))
		})
		ids = append([]directory.AccountID{"acc_b", "acc_x"}, append(ids, "acc_a")...)
		s.write(func(tx directory.Tx) error {
			kept, err := tx.DropAccounts(ids)
			s.equal("kept", []directory.AccountID{"acc_b", "acc_a"}, kept)
			return err
		})
		for _, id := range []string{"acc_000", "acc_499", "acc_1000", "acc_1099"} {
			missing(s, id, accountByEmail(id))
		}
		missing(s, "its token", personalByHash(token))
		for _, id := range []directory.AccountID{"acc_a", "acc_b", "acc_c"} {
			s.equal("the others", newAccount(id), got(s, accountByEmail(string(id))))
		}
		s.write(func(tx directory.Tx) error {
			kept, err := tx.DropAccounts(nil)
			s.equal("of none", []directory.AccountID(nil), kept)
			return err
		})
	}},
}
