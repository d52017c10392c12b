package storetest

import (
	"time"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/limits"
)

func newIssuer(org directory.OrgID, id string) directory.Issuer {
	return directory.Issuer{
		ID: directory.IssuerID("iss_" + id), OrgID: org, Name: "Issuer " + id, URL: "https://" + id + ".example.com", ClientID: "roster",
		IssuerSettings: directory.IssuerSettings{Enabled: true, Provision: true, Scopes: []string{"email"}, GroupsClaim: "groups", Groups: []directory.GroupRule{{Value: "a", GroupID: "grp_a"}}},
		CreatedAt:      start, CreatedBy: directory.Actor{Kind: directory.ActorAccount, UserID: "usr_a"}, UpdatedAt: start.Add(time.Second),
		UpdatedBy: directory.Actor{Kind: directory.ActorAccount, UserID: "usr_b"}, SealedSecret: []byte{0, 1, 2},
	}
}

var issuerTests = []test{
	{"create, get, list, update, delete", func(s suite) {
		a, b, c := newIssuer(acme, "a"), newIssuer(acme, "B"), newIssuer(other, "a")
		b.IssuerSettings = directory.IssuerSettings{}
		s.write(func(tx directory.Tx) error {
			return all(putOrgs(tx, acme, other), tx.CreateIssuer(a), tx.CreateIssuer(b), tx.CreateIssuer(c))
		})
		byID := func(tx directory.Tx) (directory.Issuer, error) { return tx.Issuer(acme, a.ID) }
		s.equal("issuer", a, got(s, byID))
		s.equal("list", []directory.Issuer{b, a}, got(s, func(tx directory.Tx) ([]directory.Issuer, error) { return tx.Issuers(acme) }))
		s.equal("count", 2, got(s, countOf(acme, limits.Issuers)))
		missing(s, "another's", func(tx directory.Tx) (directory.Issuer, error) { return tx.Issuer(other, b.ID) })
		s.fails("same id", directory.Conflict, func(tx directory.Tx) error { return tx.CreateIssuer(a) })

		a.Name, a.Enabled, a.Groups, a.SealedSecret = "Renamed", false, nil, []byte{3}
		a.UpdatedAt, a.UpdatedBy = start.Add(time.Hour), directory.Actor{Kind: directory.ActorAccount, UserID: "usr_c"}
		s.write(func(tx directory.Tx) error { return tx.UpdateIssuer(a) })
		s.equal("updated", a, got(s, byID))
		s.equal("another's stays", c, got(s, func(tx directory.Tx) (directory.Issuer, error) { return tx.Issuer(other, c.ID) }))
		s.fails("update a missing one", directory.NotFound, func(tx directory.Tx) error { return tx.UpdateIssuer(newIssuer(other, "B")) })
		s.fails("delete another's", directory.NotFound, func(tx directory.Tx) error { return tx.DeleteIssuer(other, b.ID) })
		s.write(func(tx directory.Tx) error { return tx.DeleteIssuer(acme, a.ID) })
		missing(s, "deleted", byID)
	}},
	{"links belong to an issuer and an account", func(s suite) {
		a, b := newIssuer(acme, "a"), newIssuer(acme, "b")
		l := directory.IssuerLink{OrgID: acme, IssuerID: a.ID, Subject: "Sub", AccountID: "acc_a", CreatedAt: start}
		m, n := l, l
		m.Subject, m.AccountID = "sub", "acc_b" // letter case counts
		n.IssuerID = b.ID
		s.write(func(tx directory.Tx) error {
			return all(putOrgs(tx, acme, other), putAccount(tx, "acc_a"), putAccount(tx, "acc_b"), tx.CreateIssuer(a), tx.CreateIssuer(b),
				tx.CreateIssuerLink(l), tx.CreateIssuerLink(m), tx.CreateIssuerLink(n))
		})
		find := func(l directory.IssuerLink) func(directory.Tx) (directory.IssuerLink, error) {
			return func(tx directory.Tx) (directory.IssuerLink, error) {
				return tx.IssuerLink(l.OrgID, l.IssuerID, l.Subject)
			}
		}
		for _, want := range []directory.IssuerLink{l, m, n} {
			s.equal("link", want, got(s, find(want)))
		}
		s.equal("of an account", []directory.IssuerLink{l}, got(s, func(tx directory.Tx) ([]directory.IssuerLink, error) {
			return tx.IssuerLinks(acme, a.ID, "acc_a")
		}))
		used := func(id directory.IssuerID) bool {
			return got(s, func(tx directory.Tx) (bool, error) { return tx.IssuerUsed(acme, id) })
		}
		s.equal("used by nobody", false, used(b.ID))
		s.write(func(tx directory.Tx) error { return tx.UseIssuerLink(acme, b.ID, "Sub", start) })
		n.SignedInAt = start
		s.equal("used", n, got(s, find(n)))
		s.equal("which issuer was used", []bool{false, true}, []bool{used(a.ID), used(b.ID)})
		s.fails("same subject", directory.Conflict, func(tx directory.Tx) error { return tx.CreateIssuerLink(l) })
		s.write(func(tx directory.Tx) error { return tx.DropIssuerLinks(other, "acc_a") })
		s.equal("stays", l, got(s, find(l)))
		s.write(func(tx directory.Tx) error { return tx.DropIssuerLinks(acme, "acc_a") })
		missing(s, "dropped", find(l))
		missing(s, "of the other issuer too", find(n))
		s.write(func(tx directory.Tx) error { return tx.DeleteIssuer(acme, a.ID) })
		missing(s, "of a deleted issuer", find(m))
	}},
}
