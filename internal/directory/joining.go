package directory

import (
	"github.com/rosterhq/roster/internal/limits"
)

// joinAtOnce makes u a member, with the account that the address has, if the organization
// has verified the address's domain: rule 9's exception. The account's address must be
// verified. Otherwise somebody who added the address elsewhere first, and signed in with a
// copied link, would become a member.
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
		return false, IgnoreNotFound(err) // it ended meanwhile: an invitation belongs to the address
	}
	if err := c.OneMoreOfAccount(account.ID, limits.Organizations); err != nil {
		if CodeOf(err) == LimitExceeded {
			return false, nil // the person chooses what to leave
		}
		return false, err
	}
	u.AccountID, u.Name = account.ID, account.Name
	return true, nil
}
