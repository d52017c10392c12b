package directory

import (
	"context"
	"slices"
	"time"

	"github.com/rosterhq/roster/internal/limits"
)

// TXTResolver looks up the TXT records of a name, which has no final dot. Whatever the
// name's owner publishes, it answers soon and not with more than fits into a DNS message.
type TXTResolver interface {
	LookupTXT(ctx context.Context, name string) ([]string, error)
}

// WithResolver sets how TXT records are looked up. Without it, no domain can be verified.
func WithResolver(r TXTResolver) Option { return func(s *Service) { s.resolver = r } }

// VerifyDomain looks up the TXT record of a domain and, if it has the organization's
// challenge, marks the domain as verified. To verify a verified domain again checks that
// it still is.
//
// If another organization has verified the domain, both are held to the same look-up. As
// long as the other's record is there, the domain is not given away. If it is gone, the
// domain moves: the other organization has it unverified again. Its users stay its users.
//
// Needs a personal token, or a session with a fresh sign-in, of an owner. Audit entry
// verifyDomain, and loseDomain, by the server, in the log of an organization that loses
// the domain. Errors: [NotFound]; [Conflict] if the record is missing or can't be looked
// up, and while another organization's record is there.
func (s *Service) VerifyDomain(ctx context.Context, call Call, name string) (Domain, error) {
	var d Domain
	records, lookupErr := []string(nil), error(nil)
	err := s.store.Read(ForTenant(ctx, call.tenant(OpVerifyDomain)), func(tx Tx) (err error) {
		c := &Change{Tx: tx, op: OpVerifyDomain, call: call, actor: call.Principal, now: s.now()}
		if err := c.op.Authorize(c.actor); err != nil {
			return err
		}
		d, err = c.domainToChange(name)
		return err
	})
	if err != nil {
		return Domain{}, err
	}
	if s.resolver != nil { // no transaction is open meanwhile
		records, lookupErr = s.resolver.LookupTXT(ctx, d.RecordName())
	}
	return Write(ctx, s, call, OpVerifyDomain, func(c *Change) (Domain, error) {
		d, err := c.domainToChange(name)
		if err != nil {
			return Domain{}, err
		}
		if !slices.Contains(records, d.RecordValue()) {
			return Domain{}, noRecord(d, lookupErr)
		}
		return c.verifyDomain(d, records)
	})
}

// noRecord says what is missing for a verification.
func noRecord(d Domain, cause error) error {
	message := "the name server has no TXT record " + d.RecordName() + " with the value " + d.RecordValue() +
		"; publish it, and try again once it is there"
	return &Error{Code: Conflict, Message: message, Err: cause}
}

func (c *Change) verifyDomain(d Domain, records []string) (Domain, error) {
	if err := c.Lock(LockDomain(d.Name)); err != nil {
		return Domain{}, err
	}
	holder, err := c.DomainHolder(d.Name)
	switch {
	case CodeOf(err) == NotFound:
	case err != nil:
		return Domain{}, err
	case holder.OrgID == d.OrgID:
		return holder, nil
	case slices.Contains(records, holder.RecordValue()):
		return Domain{}, Errorf(Conflict, "another organization has verified this domain, and its TXT record is still at %s; "+
			"delete all records there but your own", d.RecordName())
	default:
		if err := c.loseDomain(holder); err != nil {
			return Domain{}, err
		}
	}
	before := d
	d.VerifiedAt = c.now
	if err := c.MarkDomain(d.OrgID, d.Name, d.VerifiedAt); err != nil {
		return Domain{}, err
	}
	return d, c.Record(d.Target(), before, d)
}

// loseDomain takes a domain from the organization that has verified it.
func (c *Change) loseDomain(holder Domain) error {
	if err := c.lockOrg(holder.OrgID); err != nil {
		return err
	}
	before, err := c.Domain(holder.OrgID, holder.Name)
	if CodeOf(err) == NotFound || (err == nil && !before.Verified()) {
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
	return c.byItself(after.OrgID, OpLoseDomain).Record(after.Target(), before, after)
}

// joinAtOnce makes u a member, with the account that the address has, if the organization
// has verified the address's domain: rule 9's exception. The account's address must be
// verified. Otherwise whoever added the address elsewhere first, and signed in with a
// copied link, would come along.
func (c *Change) joinAtOnce(u *User, account Account) (joined bool, err error) {
	domain := DomainOf(u.Email)
	if domain == "" {
		return false, nil
	}
	if verified, err := c.VerifiedDomain(u.OrgID, domain); err != nil || !verified {
		return false, err
	}
	if err := c.Lock(LockAccount(account.ID)); err != nil {
		return false, err
	}
	account, err = c.Account(account.ID)
	if err != nil || account.VerifiedAt.IsZero() {
		return false, ignoreNotFound(err) // it ended meanwhile: an invitation belongs to the address
	}
	if err := c.oneMoreOfAccount(account.ID, limits.Organizations); err != nil {
		if CodeOf(err) == LimitExceeded {
			return false, nil // the person chooses what to leave
		}
		return false, err
	}
	u.AccountID, u.Name = account.ID, account.Name
	return true, nil
}
