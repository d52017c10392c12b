package identity

import (
	"context"
	"slices"
	"time"

	"github.com/rosterhq/roster/internal/directory"
)

// VerifyDomain looks up the TXT record of a domain and, if it has the organization's
// challenge, marks the domain as verified. Verifying a verified domain again checks that
// the record is still there.
//
// If another organization has verified the domain, both records are compared with the same
// lookup. While the other's record is there, the domain does not move. If it is gone, the
// other organization has the domain unverified again. Its users stay its users.
//
// Needs a personal token, or a session with a fresh sign-in, of an owner. Audit entry
// verifyDomain, and loseDomain, by the server, in the log of an organization that loses
// the domain. Errors: [directory.NotFound]; [directory.Conflict] if the record is missing
// or can't be looked up, and while another organization's record is there.
func (s *Proofs) VerifyDomain(ctx context.Context, call directory.Call, name string) (directory.Domain, error) {
	d, err := directory.Read(ctx, s.directory, call, directory.OpVerifyDomain, func(tx directory.Tx) (directory.Domain, error) {
		return domainToChange(tx, call.Principal, call, name)
	})
	if err != nil {
		return directory.Domain{}, err
	}
	var records []string
	var lookupErr error
	if s.Resolver != nil { // no transaction is open meanwhile
		records, lookupErr = s.Resolver.LookupTXT(ctx, d.RecordName())
	}
	return directory.Write(ctx, s.directory, call, directory.OpVerifyDomain, func(c *directory.Change) (directory.Domain, error) {
		d, err := domainToChange(c, c.Actor(), call, name)
		if err != nil {
			return directory.Domain{}, err
		}
		if !slices.Contains(records, d.RecordValue()) {
			return directory.Domain{}, noRecord(d, lookupErr)
		}
		return verifyDomain(c, d, records)
	})
}

// noRecord says what is missing for a verification.
func noRecord(d directory.Domain, cause error) error {
	message := "the name server has no TXT record " + d.RecordName() + " with the value " + d.RecordValue() +
		"; publish it, and try again once it is there"
	return &directory.Error{Code: directory.Conflict, Message: message, Err: cause}
}

func verifyDomain(c *directory.Change, d directory.Domain, records []string) (directory.Domain, error) {
	if err := c.Lock(directory.LockDomain(d.Name)); err != nil {
		return directory.Domain{}, err
	}
	holder, err := c.DomainHolder(d.Name)
	switch {
	case directory.CodeOf(err) == directory.NotFound:
	case err != nil:
		return directory.Domain{}, err
	case holder.OrgID == d.OrgID:
		return holder, nil
	case slices.Contains(records, holder.RecordValue()):
		return directory.Domain{}, directory.Errorf(directory.Conflict, "another organization has verified this domain, and its TXT record is still at %s; "+
			"delete all records there but your own", d.RecordName())
	default:
		if err := loseDomain(c, holder); err != nil {
			return directory.Domain{}, err
		}
	}
	before := d
	d.VerifiedAt = c.Now()
	if err := c.MarkDomain(d.OrgID, d.Name, d.VerifiedAt); err != nil {
		return directory.Domain{}, err
	}
	return d, c.Record(d.Target(), before, d)
}

// loseDomain takes a domain from the organization that has verified it.
func loseDomain(c *directory.Change, holder directory.Domain) error {
	if err := c.Lock(directory.LockOrg(holder.OrgID)); err != nil {
		return err
	}
	before, err := c.Domain(holder.OrgID, holder.Name)
	if directory.CodeOf(err) == directory.NotFound || (err == nil && !before.Verified()) {
		return nil // deleted meanwhile
	}
	if err != nil {
		return err
	}
	after := before
	after.VerifiedAt = time.Time{}
	if err := c.MarkDomain(after.OrgID, after.Name, after.VerifiedAt); err != nil {
		return err
	}
	return c.AsSystem(after.OrgID, directory.OpLoseDomain).Record(after.Target(), before, after)
}
