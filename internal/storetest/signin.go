package storetest

import (
	"time"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/limits"
)

func newSession(account directory.AccountID, id string) directory.SessionRecord {
	return directory.SessionRecord{
		ID: directory.TokenID("ses_" + id), AccountID: account, OnlyOrg: acme, Method: directory.SignInPasskey, IssuerID: "iss_a",
		CreatedAt: start, LastUsedAt: start.Add(time.Minute), FreshAt: start.Add(time.Second), ExpiresAt: start.Add(time.Hour),
		UserAgent: "Agent/1", RemoteAddr: "203.0.113.7", Hash: hashOf(string(account) + "ses" + id),
	}
}

func hashOf(s string) (h directory.SecretHash) {
	copy(h[:], s)
	return h
}

func sessionByHash(r directory.SessionRecord) func(directory.Tx) (directory.SessionRecord, error) {
	return func(tx directory.Tx) (directory.SessionRecord, error) { return tx.SessionByHash(r.Hash) }
}

func sessionsOf(account directory.AccountID) func(directory.Tx) ([]directory.SessionRecord, error) {
	return func(tx directory.Tx) ([]directory.SessionRecord, error) { return tx.Sessions(account) }
}

var sessionTests = []test{
	{"create, get, list, use, delete", func(s suite) {
		a, b, c := newSession("acc_a", "a"), newSession("acc_a", "B"), newSession("acc_c", "a")
		b.OnlyOrg, b.FreshAt, b.UserAgent, b.RemoteAddr, b.LastUsedAt = "", time.Time{}, "", "", start.Add(2*time.Minute)
		s.write(func(tx directory.Tx) error {
			return all(putAccount(tx, "acc_a"), putAccount(tx, "acc_c"), tx.CreateSession(a), tx.CreateSession(b), tx.CreateSession(c))
		})
		byID := func(tx directory.Tx) (directory.SessionRecord, error) { return tx.Session("acc_a", a.ID) }
		s.equal("session", a, got(s, byID))
		s.equal("by hash", b, got(s, sessionByHash(b)))
		s.equal("list", []directory.SessionRecord{a, b}, got(s, sessionsOf("acc_a")))
		s.equal("count", 2, got(s, func(tx directory.Tx) (int, error) { return tx.CountOfAccount("acc_a", limits.Sessions) }))

		a.LastUsedAt = start.Add(3 * time.Minute)
		s.write(func(tx directory.Tx) error {
			return all(tx.UseSession("acc_a", a.ID, a.LastUsedAt), tx.UseSession("acc_a", a.ID, start), // time never goes back
				tx.UseSession("acc_a", "ses_x", start)) // gone meanwhile
		})
		s.equal("used", a, got(s, byID))
		s.equal("the one used last comes last", []directory.SessionRecord{b, a}, got(s, sessionsOf("acc_a")))
		s.equal("another's", c, got(s, sessionByHash(c)))

		s.write(func(tx directory.Tx) error { return tx.DeleteSession("acc_a", a.ID) })
		missing(s, "deleted, by id", byID)
		missing(s, "deleted, by hash", sessionByHash(a))
		s.write(func(tx directory.Tx) error { return tx.DeleteAccount("acc_a") })
		missing(s, "of a deleted account", sessionByHash(b))
		s.equal("another's, after all", c, got(s, sessionByHash(c)))
	}},
	{"missing and taken", func(s suite) {
		a := newSession("acc_a", "a")
		s.write(func(tx directory.Tx) error {
			return all(putAccount(tx, "acc_a"), putAccount(tx, "acc_b"), tx.CreateSession(a))
		})
		missing(s, "another's", func(tx directory.Tx) (directory.SessionRecord, error) { return tx.Session("acc_b", a.ID) })
		missing(s, "by hash", sessionByHash(newSession("acc_a", "x")))
		s.fails("delete another's", directory.NotFound, func(tx directory.Tx) error { return tx.DeleteSession("acc_b", a.ID) })
		s.fails("same value", directory.Conflict, func(tx directory.Tx) error {
			again := newSession("acc_b", "b")
			again.Hash = a.Hash
			return tx.CreateSession(again)
		})
	}},
	{"end in an organization", func(s suite) {
		a, b := newSession("acc_a", "a"), newSession("acc_a", "b")
		ended := func(org directory.OrgID, account directory.AccountID) []directory.TokenID {
			return got(s, func(tx directory.Tx) ([]directory.TokenID, error) { return tx.SessionsEndedIn(org, account) })
		}
		s.write(func(tx directory.Tx) error {
			return all(putOrgs(tx, acme, other), putAccount(tx, "acc_a"), tx.CreateSession(a), tx.CreateSession(b), tx.CreatePersonalToken(newPersonalToken("acc_a", "new")))
		})
		s.equal("none", []directory.TokenID(nil), ended(acme, "acc_a"))
		for range 2 { // the second time changes nothing
			s.write(func(tx directory.Tx) error { return tx.EndSessionIn(acme, "acc_a", b.ID, start) })
		}
		s.equal("there", []directory.TokenID{b.ID}, ended(acme, "acc_a"))
		s.equal("in another organization", []directory.TokenID(nil), ended(other, "acc_a"))
		s.equal("of another account", []directory.TokenID(nil), ended(acme, "acc_b"))
		s.write(func(tx directory.Tx) error {
			return tx.RevokeWhereEnded("acc_a", b.ID, newPersonalToken("acc_a", "new").ID)
		})
		for org, want := range map[directory.OrgID]bool{acme: true, other: false} {
			s.equal("the token", want, got(s, func(tx directory.Tx) (bool, error) {
				return tx.TokenRevoked(org, "acc_a", newPersonalToken("acc_a", "new").ID)
			}))
		}
		s.write(func(tx directory.Tx) error { return tx.DeleteSession("acc_a", b.ID) })
		s.equal("gone with the session", []directory.TokenID(nil), ended(acme, "acc_a"))
	}},
	{"drop what ended, and those of an organization", func(s suite) {
		a, b, c, d := newSession("acc_a", "a"), newSession("acc_a", "b"), newSession("acc_a", "c"), newSession("acc_b", "d")
		b.OnlyOrg, c.OnlyOrg, c.ExpiresAt = other, "", start
		s.write(func(tx directory.Tx) error {
			return all(putAccount(tx, "acc_a"), putAccount(tx, "acc_b"), tx.CreateSession(a), tx.CreateSession(b), tx.CreateSession(c), tx.CreateSession(d))
		})
		s.write(func(tx directory.Tx) error { return tx.DropSessionsIn("acc_a", acme) })
		s.equal("not those of another organization, or of all", []directory.SessionRecord{b, c}, got(s, sessionsOf("acc_a")))
		s.equal("nor another's", d, got(s, sessionByHash(d)))
		s.write(func(tx directory.Tx) error { return tx.DropSessions(start.Add(-time.Microsecond)) })
		s.equal("none has ended yet", c, got(s, sessionByHash(c)))
		s.write(func(tx directory.Tx) error { return tx.DropSessions(start) })
		s.equal("the one that has", []directory.SessionRecord{b}, got(s, sessionsOf("acc_a")))
	}},
}

var signInLinkTests = []test{
	{"create, use once, drop", func(s suite) {
		l := directory.SignInLink{
			ID: "lnk_a", AccountID: "acc_a", Method: directory.SignInLinkMailed, FirstOnly: true, Hash: hashOf("a"), Browser: hashOf("cookie"),
			CreatedAt: start, ExpiresAt: start.Add(time.Hour),
		}
		m := directory.SignInLink{ID: "lnk_b", AccountID: "acc_a", Method: directory.SignInOperatorLink, Hash: hashOf("b"), CreatedAt: start, ExpiresAt: start.Add(2 * time.Hour)}
		s.write(func(tx directory.Tx) error {
			return all(putAccount(tx, "acc_a"), tx.CreateSignInLink(l), tx.CreateSignInLink(m))
		})
		find := func(h directory.SecretHash) func(tx directory.Tx) (directory.SignInLink, error) {
			return func(tx directory.Tx) (directory.SignInLink, error) { return tx.SignInLinkByHash(h) }
		}
		count := func(after time.Time) int {
			return got(s, func(tx directory.Tx) (int, error) {
				return tx.CountSignInLinks("acc_a", directory.SignInLinkMailed, after)
			})
		}
		s.equal("link", l, got(s, find(l.Hash)))
		s.equal("link for any browser", m, got(s, find(m.Hash)))
		missing(s, "another value", find(hashOf("x")))
		l.UsedAt = start.Add(time.Minute)
		s.write(func(tx directory.Tx) error { return tx.UseSignInLink(l.Hash, l.UsedAt) })
		s.equal("used", l, got(s, find(l.Hash)))
		s.fails("again", directory.NotFound, func(tx directory.Tx) error { return tx.UseSignInLink(l.Hash, l.UsedAt) })
		s.fails("a missing one", directory.NotFound, func(tx directory.Tx) error { return tx.UseSignInLink(hashOf("x"), l.UsedAt) })
		s.equal("made since", []int{1, 0}, []int{count(start.Add(-time.Microsecond)), count(start)})
		s.write(func(tx directory.Tx) error { return tx.DropSignInLinks(l.ExpiresAt) })
		missing(s, "expired", find(l.Hash))
		s.equal("not expired", m, got(s, find(m.Hash)))
		s.write(func(tx directory.Tx) error { return tx.DeleteAccount("acc_a") })
		missing(s, "of a deleted account", find(m.Hash))
	}},
}

var ceremonyTests = []test{
	{"finish once, drop", func(s suite) {
		a, b := hashOf("a"), hashOf("b")
		s.write(func(tx directory.Tx) error {
			return all(tx.FinishCeremony(a, start), tx.FinishCeremony(b, start.Add(time.Hour)))
		})
		for _, h := range []directory.SecretHash{a, b} {
			s.fails("again", directory.Conflict, func(tx directory.Tx) error { return tx.FinishCeremony(h, start) })
		}
		s.write(func(tx directory.Tx) error { return tx.DropCeremonies(start) })
		s.write(func(tx directory.Tx) error { return tx.FinishCeremony(a, start) })
		s.fails("what has not expired stays", directory.Conflict, func(tx directory.Tx) error { return tx.FinishCeremony(b, start) })
	}},
}

var passkeyTests = []test{
	{"create, get, list, rename, use, delete", func(s suite) {
		a := directory.Passkey{ID: "pky_a", AccountID: "acc_a", Name: "Laptop", CredentialID: []byte{0, 1}, Credential: []byte(`{"k":1}`), CreatedAt: start}
		b := directory.Passkey{ID: "pky_B", AccountID: "acc_a", Name: "Phone", CredentialID: []byte{0, 2}, Credential: []byte(`{}`), CreatedAt: start, LastUsedAt: start}
		s.write(func(tx directory.Tx) error {
			return all(putAccount(tx, "acc_a"), putAccount(tx, "acc_b"), tx.CreatePasskey(a), tx.CreatePasskey(b))
		})
		byID := func(tx directory.Tx) (directory.Passkey, error) { return tx.Passkey("acc_a", a.ID) }
		byCredential := func(id []byte) func(tx directory.Tx) (directory.Passkey, error) {
			return func(tx directory.Tx) (directory.Passkey, error) { return tx.PasskeyByCredential(id) }
		}
		s.equal("passkey", a, got(s, byID))
		s.equal("by credential", b, got(s, byCredential(b.CredentialID)))
		s.equal("list", []directory.Passkey{b, a}, got(s, func(tx directory.Tx) ([]directory.Passkey, error) { return tx.Passkeys("acc_a") }))
		s.equal("count", 2, got(s, func(tx directory.Tx) (int, error) { return tx.CountOfAccount("acc_a", limits.Passkeys) }))
		missing(s, "another's", func(tx directory.Tx) (directory.Passkey, error) { return tx.Passkey("acc_b", a.ID) })
		missing(s, "another credential", byCredential([]byte{0}))
		again := a
		again.ID = "pky_c"
		s.fails("same credential", directory.Conflict, func(tx directory.Tx) error { return tx.CreatePasskey(again) })

		a.Name, a.Credential, a.LastUsedAt = "Old laptop", []byte(`{"k":2}`), start.Add(time.Hour)
		s.write(func(tx directory.Tx) error {
			return all(tx.RenamePasskey("acc_a", a.ID, a.Name), tx.UsePasskey("acc_a", a.ID, a.Credential, a.LastUsedAt))
		})
		s.equal("renamed and used", a, got(s, byID))
		s.fails("rename another's", directory.NotFound, func(tx directory.Tx) error { return tx.RenamePasskey("acc_b", a.ID, "x") })
		s.fails("use another's", directory.NotFound, func(tx directory.Tx) error { return tx.UsePasskey("acc_b", a.ID, nil, start) })
		s.fails("delete another's", directory.NotFound, func(tx directory.Tx) error { return tx.DeletePasskey("acc_b", a.ID) })
		s.write(func(tx directory.Tx) error { return tx.DeletePasskey("acc_a", a.ID) })
		missing(s, "deleted", byID)
		s.write(func(tx directory.Tx) error { return tx.DeleteAccount("acc_a") })
		missing(s, "of a deleted account", byCredential(b.CredentialID))
	}},
}
