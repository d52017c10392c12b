package directory

import (
	"time"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/ident"
	"github.com/rosterhq/roster/internal/limits"
	"github.com/rosterhq/roster/internal/text"
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
		return false, ignoreNotFound(err) // it ended meanwhile: an invitation belongs to the address
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

// ErrNotMember is the error for a person whom the organization has not added.
var ErrNotMember = Errorf(Forbidden, "you are not a member of this organization; ask its admins to invite you")

// VouchedPerson is a person for whose address the organization's issuer answers, because
// the organization has verified the address's domain.
type VouchedPerson struct {
	Email string
	Name  string // of a new account; the address if it is not fit to be a name
	Admit bool   // makes a person whom nobody added a member with the role user
}

// JoinVouched returns a person's account, which it locks, and their user in an
// organization, which is locked. An invited person becomes a member: the issuer answers for
// them. Audit entries acceptInvitation, expireInvitation and createUser, by the server.
// Errors: [ErrNotMember]; [Conflict] for an invitation that has lapsed; [LimitExceeded].
func (c *Change) JoinVouched(org OrgID, p VouchedPerson) (a Account, u User, err error) {
	key := text.FoldKey(p.Email)
	u, err = c.UserByEmail(org, key)
	if ignoreNotFound(err) != nil {
		return a, u, err
	}
	added := err == nil
	if added && u.Invited && expired(u.ExpiresAt, c.now) {
		if err := c.By(SystemPrincipal(org), OpExpireInvitation).TakeOut(u); err != nil {
			return a, u, err
		}
		added = false
	}
	if !added && !p.Admit {
		return a, u, ErrNotMember
	}
	a, err = c.accountFor(p, key)
	if err != nil || (added && !u.Invited) {
		return a, u, err
	}
	if err := c.OneMoreOfAccount(a.ID, limits.Organizations); err != nil {
		return a, u, err
	}
	if added {
		u, err = c.acceptFor(u, a)
	} else {
		u, err = c.admit(org, a)
	}
	return a, u, err
}

// accountFor returns the account with a person's address, which it makes if there is none,
// and locks it.
func (c *Change) accountFor(p VouchedPerson, key string) (Account, error) {
	name, err := text.Name(p.Name)
	if err != nil || name == "" {
		name = p.Email
	}
	fresh := Account{ID: AccountID(ident.New("acc", c.now)), Email: p.Email, Name: name, CreatedAt: c.now}
	a, err := c.EnsureAccount(fresh, key)
	if err != nil {
		return a, err
	}
	if err := c.Lock(LockAccount(a.ID)); err != nil {
		return a, err
	}
	return c.Account(a.ID)
}

// acceptFor accepts an invitation for a person.
func (c *Change) acceptFor(invited User, a Account) (User, error) {
	valid, err := mayStillGive(c.Tx, invited, c.now)
	if err != nil {
		return invited, err
	}
	if !valid {
		return invited, Errorf(Conflict, "your invitation has lapsed: its inviter can no longer give this role; ask the organization for a new one")
	}
	joined := invited.acceptedBy(a.ID, a.Name)
	if err := c.Tx.UpdateUser(joined); err != nil {
		return joined, err
	}
	return joined, c.By(SystemPrincipal(invited.OrgID), OpAcceptInvitation).Record(joined.Target(), invited, joined)
}

// acceptedBy is an invited user as a member: an account and its name.
func (u User) acceptedBy(account AccountID, name string) User {
	u.AccountID, u.Name = account, name
	u.Invited, u.InvitedBy, u.ExpiresAt = false, Actor{}, time.Time{}
	return u
}

// admit makes an account a member with the role user.
func (c *Change) admit(org OrgID, a Account) (u User, err error) {
	if err := c.roomForUser(org); err != nil {
		return u, err
	}
	role, err := LookupRole(c, org, authz.RoleUser)
	if err != nil {
		return u, err
	}
	u = User{
		ID: UserID(ident.New("usr", c.now)), OrgID: org, AccountID: a.ID, Email: a.Email, Name: a.Name,
		Role: role.Ref(), CreatedAt: c.now,
	}
	if err := c.Tx.CreateUser(u, text.FoldKey(a.Email)); err != nil {
		return u, err
	}
	return u, c.By(SystemPrincipal(org), OpCreateUser).Record(u.Target(), nil, u)
}
