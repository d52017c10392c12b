package storetest

import (
	"time"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/limits"
)

func newDomain(org directory.OrgID, name string) directory.Domain {
	return directory.Domain{OrgID: org, Name: name, CreatedAt: start, Challenge: "challenge of " + string(org)}
}

var domainTests = []test{
	{"a domain is verified by one organization at a time", func(s suite) {
		mine, theirs, more := newDomain(acme, "b.example"), newDomain(other, "b.example"), newDomain(acme, "a.example")
		s.write(func(tx directory.Tx) error {
			return all(putOrgs(tx, acme, other), tx.CreateDomain(mine), tx.CreateDomain(theirs), tx.CreateDomain(more))
		})
		domain := func(org directory.OrgID, name string) func(directory.Tx) (directory.Domain, error) {
			return func(tx directory.Tx) (directory.Domain, error) { return tx.Domain(org, name) }
		}
		holder := func(tx directory.Tx) (directory.Domain, error) { return tx.DomainHolder("b.example") }
		verified := func(org directory.OrgID, name string) func(directory.Tx) (bool, error) {
			return func(tx directory.Tx) (bool, error) { return tx.VerifiedDomain(org, name) }
		}
		list := func(tx directory.Tx) ([]directory.Domain, error) { return tx.Domains(acme) }
		s.equal("list by name", []directory.Domain{more, mine}, got(s, list))
		s.equal("one", theirs, got(s, domain(other, "b.example")))
		missing(s, "another's", domain(other, "a.example"))
		missing(s, "the holder of an unverified one", holder)
		s.equal("verified", false, got(s, verified(acme, "b.example")))
		s.equal("count", 2, got(s, func(tx directory.Tx) (int, error) { return tx.CountOf(acme, limits.Domains) }))
		s.equal("highest count", 2, got(s, func(tx directory.Tx) (int, error) { return tx.HighestCount(limits.Domains) }))
		s.fails("again", directory.Conflict, func(tx directory.Tx) error { return tx.CreateDomain(mine) })

		mine.VerifiedAt = start.Add(time.Minute)
		s.write(func(tx directory.Tx) error { return tx.MarkDomain(acme, "b.example", mine.VerifiedAt) })
		s.equal("the holder", mine, got(s, holder))
		s.equal("verified by one", true, got(s, verified(acme, "b.example")))
		s.equal("verified by the other", false, got(s, verified(other, "b.example")))
		s.fails("by another too", directory.Conflict, func(tx directory.Tx) error { return tx.MarkDomain(other, "b.example", start) })
		s.fails("one that is not there", directory.NotFound, func(tx directory.Tx) error { return tx.MarkDomain(other, "a.example", start) })
		s.write(func(tx directory.Tx) error {
			return all(tx.MarkDomain(acme, "b.example", time.Time{}), tx.MarkDomain(other, "b.example", start))
		})
		theirs.VerifiedAt = start
		s.equal("the next holder", theirs, got(s, holder))
		s.write(func(tx directory.Tx) error { return tx.DeleteDomain(acme, "b.example") })
		s.equal("what is left", []directory.Domain{more}, got(s, list))
		s.fails("delete again", directory.NotFound, func(tx directory.Tx) error { return tx.DeleteDomain(acme, "b.example") })
		s.write(func(tx directory.Tx) error { return tx.DeleteOrg(other) })
		missing(s, "with its organization", holder)
	}},
}
