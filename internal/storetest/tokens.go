package storetest

import (
	"time"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/directory"
)

func apiToken(id directory.TokenID) func(directory.Tx) (directory.APITokenRecord, error) {
	return func(tx directory.Tx) (directory.APITokenRecord, error) { return tx.APIToken(acme, id) }
}

func apiByHash(r directory.APITokenRecord) func(directory.Tx) (directory.APITokenRecord, error) {
	return func(tx directory.Tx) (directory.APITokenRecord, error) { return tx.APITokenByHash(r.Hash) }
}

func apiTokens(org directory.OrgID) func(directory.Tx) ([]directory.APITokenRecord, error) {
	return func(tx directory.Tx) ([]directory.APITokenRecord, error) { return tx.APITokens(org) }
}

func tokenUsed(id directory.TokenID) func(directory.Tx) (time.Time, error) {
	return func(tx directory.Tx) (time.Time, error) { return tx.APITokenUsed(acme, id) }
}

var apiTokenTests = []test{
	{"create, get, list, expire, delete", func(s suite) {
		a, b := newAPIToken(acme, "a"), newAPIToken(acme, "B")
		b.ExpiresAt, b.Capabilities, b.Description, b.CreatedBy, b.Networks = time.Time{}, authz.Set{}, "", directory.Actor{}, nil
		s.write(func(tx directory.Tx) error { return all(putOrgs(tx, acme), tx.CreateAPIToken(a), tx.CreateAPIToken(b)) })
		s.equal("token", a, got(s, apiToken(a.ID)))
		s.equal("token without anything", b, got(s, apiToken(b.ID)))
		s.equal("by hash", a, got(s, apiByHash(a)))
		s.equal("list", []directory.APITokenRecord{b, a}, got(s, apiTokens(acme)))

		a.ExpiresAt = start.Add(time.Microsecond)
		s.write(func(tx directory.Tx) error { return tx.ExpireAPIToken(acme, a.ID, a.ExpiresAt) })
		s.equal("expired, and there still", a, got(s, apiByHash(a)))
		a.ExpiresAt = time.Time{}
		s.write(func(tx directory.Tx) error { return tx.ExpireAPIToken(acme, a.ID, time.Time{}) })
		s.equal("without end", a, got(s, apiByHash(a)))
		a.Networks = newNetworks("203.0.113.7/32")
		s.write(func(tx directory.Tx) error { return tx.SetAPITokenNetworks(acme, a.ID, a.Networks) })
		s.equal("bound to another network", a, got(s, apiByHash(a)))
		s.equal("bound to another network, by id", a, got(s, apiToken(a.ID)))
		a.Networks = nil
		s.write(func(tx directory.Tx) error { return tx.SetAPITokenNetworks(acme, a.ID, nil) })
		s.equal("bound to none", a, got(s, apiByHash(a)))
		a.CreatedBy.Name = ""
		s.write(func(tx directory.Tx) error { return tx.UpdateAPITokenCreator(acme, a.ID, a.CreatedBy) })
		s.equal("by nobody of a name", a, got(s, apiByHash(a)))

		s.write(func(tx directory.Tx) error { return tx.DeleteAPIToken(acme, a.ID) })
		missing(s, "deleted, by id", apiToken(a.ID))
		missing(s, "deleted, by hash", apiByHash(a))
		s.equal("the other one", b, got(s, apiByHash(b)))
	}},
	{"missing and taken", func(s suite) {
		a := newAPIToken(acme, "a")
		s.write(func(tx directory.Tx) error { return all(putOrgs(tx, acme, other), tx.CreateAPIToken(a)) })
		missing(s, "get", apiToken("tok_x"))
		missing(s, "by hash", apiByHash(newAPIToken(acme, "x")))
		missing(s, "used", tokenUsed("tok_x"))
		s.fails("expire", directory.NotFound, func(tx directory.Tx) error { return tx.ExpireAPIToken(acme, "tok_x", start) })
		s.fails("bind", directory.NotFound, func(tx directory.Tx) error { return tx.SetAPITokenNetworks(acme, "tok_x", a.Networks) })
		s.fails("update", directory.NotFound, func(tx directory.Tx) error {
			return tx.UpdateAPITokenCreator(acme, "tok_x", directory.Actor{})
		})
		s.fails("delete", directory.NotFound, func(tx directory.Tx) error { return tx.DeleteAPIToken(acme, "tok_x") })
		again := newAPIToken(acme, "b")
		again.ID = a.ID
		s.fails("same id", directory.Conflict, func(tx directory.Tx) error { return tx.CreateAPIToken(again) })
		again = newAPIToken(other, "b")
		again.Hash = a.Hash
		s.fails("same value", directory.Conflict, func(tx directory.Tx) error { return tx.CreateAPIToken(again) })
	}},
	{"count what ends soon", func(s suite) {
		s.write(func(tx directory.Tx) error {
			if err := putOrgs(tx, acme, other); err != nil {
				return err
			}
			for i, at := range []time.Time{start, start.Add(time.Hour), start.Add(2 * time.Hour), {}} {
				r := newAPIToken([]directory.OrgID{acme, other}[i%2], string(rune('a'+i)))
				r.ExpiresAt = at
				if err := tx.CreateAPIToken(r); err != nil {
					return err
				}
			}
			return nil
		})
		for _, tt := range []struct {
			after, until time.Duration
			want         int
		}{
			{-time.Hour, -time.Microsecond, 0},
			{-time.Microsecond, 0, 1}, // the end belongs to it, the beginning does not
			{0, time.Hour, 1},
			{0, 2 * time.Hour, 2},
			{-time.Hour, 1000 * time.Hour, 3}, // one never ends
		} {
			n := got(s, func(tx directory.Tx) (int, error) { return tx.CountAPITokens(start.Add(tt.after), start.Add(tt.until)) })
			if n != tt.want {
				s.Errorf("%d tokens end in (%s, %s], want %d", n, tt.after, tt.until, tt.want)
			}
		}
	}},
	{"personal tokens that expire soon", func(s suite) {
		day := 24 * time.Hour
		token := func(name string, lifetime time.Duration) directory.PersonalTokenRecord {
			t := newPersonalToken("acc_a", name)
			t.CreatedAt, t.ExpiresAt = start, time.Time{}
			if lifetime > 0 {
				t.ExpiresAt = start.Add(lifetime)
			}
			return t
		}
		late, soon := token("late", 12*day), token("soon", 11*day)
		s.write(func(tx directory.Tx) error {
			return all(putAccount(tx, "acc_a"), tx.CreatePersonalToken(late), tx.CreatePersonalToken(soon), tx.CreatePersonalToken(token("never", 0)),
				tx.CreatePersonalToken(token("after", 15*day)), tx.CreatePersonalToken(token("over", 9*day)))
		})
		q := directory.ExpiringQuery{After: start.Add(9 * day), UpTo: start.Add(12 * day), Notices: 1, Within: 3 * day, Limit: 10}
		expiring := func(tx directory.Tx) ([]directory.PersonalTokenRecord, error) { return tx.ExpiringPersonalTokens(q) }
		note := func(notice int) func(directory.Tx) (bool, error) {
			return func(tx directory.Tx) (bool, error) {
				return tx.NotePersonalExpiryNotice("acc_a", soon.ID, notice)
			}
		}
		noted := func(notice int) (first bool) {
			s.write(func(tx directory.Tx) (err error) { first, err = note(notice)(tx); return err })
			return first
		}
		s.equal("the first to expire first", []directory.PersonalTokenRecord{soon, late}, got(s, expiring))
		s.equal("a first notice, then again", []bool{true, false}, []bool{noted(1), noted(1)})
		s.equal("without those that have it", []directory.PersonalTokenRecord{late}, got(s, expiring))
		q.Notices = 2
		s.equal("the next notice", []directory.PersonalTokenRecord{soon, late}, got(s, expiring))
		q.Within = 11 * day
		s.equal("without those made to work no longer", []directory.PersonalTokenRecord{late}, got(s, expiring))
		s.equal("a notice of the past", []bool{true, false}, []bool{noted(2), noted(1)})
	}},
	{"last use", func(s suite) {
		a := newAPIToken(acme, "a")
		s.write(func(tx directory.Tx) error {
			return all(putOrgs(tx, acme), tx.CreateAPIToken(a), tx.CreateAPIToken(newAPIToken(acme, "b")))
		})
		s.equal("never used", time.Time{}, got(s, tokenUsed(a.ID)))
		for _, tt := range []struct{ at, want time.Time }{
			{start, start},
			{start.Add(time.Microsecond), start.Add(time.Microsecond)},
			{start, start.Add(time.Microsecond)}, // time never goes back
		} {
			s.write(func(tx directory.Tx) error { return tx.UseAPIToken(acme, a.ID, tt.at) })
			s.equal("used at "+tt.at.String(), tt.want, got(s, tokenUsed(a.ID)))
		}
		s.write(func(tx directory.Tx) error { return tx.UseAPIToken(acme, "tok_x", start) }) // gone meanwhile
		s.equal("another", time.Time{}, got(s, tokenUsed("tok_b")))
		s.write(func(tx directory.Tx) error {
			elsewhere := newAPIToken(other, "a")
			return all(putOrgs(tx, other), tx.CreateAPIToken(elsewhere), tx.UseAPIToken(other, elsewhere.ID, start))
		})
		s.equal("all that were used", map[directory.TokenID]time.Time{a.ID: start.Add(time.Microsecond)}, got(s, func(tx directory.Tx) (map[directory.TokenID]time.Time, error) {
			return tx.APITokensUsed(acme)
		}))
		s.equal("the token itself", a, got(s, apiToken(a.ID)))
	}},
}

func personalByHash(r directory.PersonalTokenRecord) func(directory.Tx) (directory.PersonalTokenRecord, error) {
	return func(tx directory.Tx) (directory.PersonalTokenRecord, error) { return tx.PersonalTokenByHash(r.Hash) }
}

var personalTokenTests = []test{
	{"create, get, list, delete", func(s suite) {
		a, b, c := newPersonalToken("acc_a", "a"), newPersonalToken("acc_a", "B"), newPersonalToken("acc_c", "c")
		b.ExpiresAt, b.Description, b.Networks = time.Time{}, "", nil
		s.write(func(tx directory.Tx) error {
			return all(putAccount(tx, "acc_a"), putAccount(tx, "acc_c"),
				tx.CreatePersonalToken(a), tx.CreatePersonalToken(b), tx.CreatePersonalToken(c))
		})
		byID := func(tx directory.Tx) (directory.PersonalTokenRecord, error) { return tx.PersonalToken("acc_a", a.ID) }
		s.equal("token", a, got(s, byID))
		s.equal("by hash", b, got(s, personalByHash(b)))
		s.equal("list", []directory.PersonalTokenRecord{b, a}, got(s, func(tx directory.Tx) ([]directory.PersonalTokenRecord, error) {
			return tx.PersonalTokens("acc_a")
		}))
		a.Networks = nil
		b.Networks = newNetworks("10.0.0.0/8")
		s.write(func(tx directory.Tx) error {
			return all(tx.SetPersonalTokenNetworks("acc_a", a.ID, nil), tx.SetPersonalTokenNetworks("acc_a", b.ID, b.Networks))
		})
		s.equal("bound to none", a, got(s, byID))
		s.equal("bound to a network", b, got(s, personalByHash(b)))
		s.write(func(tx directory.Tx) error { return tx.DeletePersonalToken("acc_a", a.ID) })
		missing(s, "deleted, by id", byID)
		missing(s, "deleted, by hash", personalByHash(a))
		s.equal("the other one", b, got(s, personalByHash(b)))
	}},
	{"missing and taken", func(s suite) {
		a := newPersonalToken("acc_a", "a")
		s.write(func(tx directory.Tx) error {
			return all(putAccount(tx, "acc_a"), putAccount(tx, "acc_b"), tx.CreatePersonalToken(a))
		})
		missing(s, "another's", func(tx directory.Tx) (directory.PersonalTokenRecord, error) { return tx.PersonalToken("acc_b", a.ID) })
		missing(s, "by hash", personalByHash(newPersonalToken("acc_a", "x")))
		s.fails("bind another's", directory.NotFound, func(tx directory.Tx) error { return tx.SetPersonalTokenNetworks("acc_b", a.ID, nil) })
		s.fails("delete another's", directory.NotFound, func(tx directory.Tx) error { return tx.DeletePersonalToken("acc_b", a.ID) })
		s.fails("same id", directory.Conflict, func(tx directory.Tx) error {
			again := newPersonalToken("acc_a", "b")
			again.ID = a.ID
			return tx.CreatePersonalToken(again)
		})
		s.fails("same value", directory.Conflict, func(tx directory.Tx) error {
			again := newPersonalToken("acc_b", "b")
			again.Hash = a.Hash
			return tx.CreatePersonalToken(again)
		})
		s.fails("unknown account", "", func(tx directory.Tx) error { return tx.CreatePersonalToken(newPersonalToken("acc_x", "x")) })
		s.equal("nobody's list", 0, len(got(s, func(tx directory.Tx) ([]directory.PersonalTokenRecord, error) {
			return tx.PersonalTokens("acc_x")
		})))
	}},
}
