package identity

import (
	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/ident"
	"github.com/rosterhq/roster/internal/limits"
	"github.com/rosterhq/roster/internal/members"
	"github.com/rosterhq/roster/internal/text"
)

// errNotMember is the error for a person whom the organization has not added.
var errNotMember = directory.Errorf(directory.Forbidden, "you are not a member of this organization; ask its admins to invite you")

// vouchedPerson is a person for whose address the organization's issuer answers, because
// the organization has verified the address's domain.
type vouchedPerson struct {
	email string
	name  string // of a new account; the address if it is not fit to be a name
	admit bool   // makes a person whom nobody added a member with the role user
}

// joinVouched returns a person's account, which it locks, and their user in an
// organization, which is locked. An invited person becomes a member: the issuer answers for
// them. Audit entries acceptInvitation, expireInvitation and createUser, by the server.
// Errors: errNotMember; [directory.Conflict] for an invitation that has lapsed;
// [directory.LimitExceeded].
func joinVouched(c *directory.Change, org directory.OrgID, p vouchedPerson) (a directory.Account, u directory.User, err error) {
	key := text.FoldKey(p.email)
	u, err = c.UserByEmail(org, key)
	if directory.IgnoreNotFound(err) != nil {
		return a, u, err
	}
	added := err == nil
	if added && u.InvitationExpired(c.Now()) {
		if err := members.TakeOut(c.By(directory.SystemPrincipal(org), directory.OpExpireInvitation), u); err != nil {
			return a, u, err
		}
		added = false
	}
	if !added && !p.admit {
		return a, u, errNotMember
	}
	a, err = accountFor(c, p, key)
	if err != nil || (added && !u.Invited) {
		return a, u, err
	}
	if err := c.OneMoreOfAccount(a.ID, limits.Organizations); err != nil {
		return a, u, err
	}
	if added {
		u, err = acceptFor(c, u, a)
	} else {
		u, err = admit(c, org, a)
	}
	return a, u, err
}

// accountFor returns the account with a person's address, which it makes if there is none,
// and locks it.
func accountFor(c *directory.Change, p vouchedPerson, key string) (directory.Account, error) {
	name, err := text.Name(p.name)
	if err != nil || name == "" {
		name = p.email
	}
	fresh := directory.Account{ID: directory.AccountID(ident.New("acc", c.Now())), Email: p.email, Name: name, CreatedAt: c.Now()}
	a, err := c.EnsureAccount(fresh, key)
	if err != nil {
		return a, err
	}
	if err := c.Lock(directory.LockAccount(a.ID)); err != nil {
		return a, err
	}
	return c.Account(a.ID)
}

// acceptFor accepts an invitation for a person.
func acceptFor(c *directory.Change, invited directory.User, a directory.Account) (directory.User, error) {
	valid, err := directory.MayStillGive(c, invited, c.Now())
	if err != nil {
		return invited, err
	}
	if !valid {
		return invited, directory.Errorf(directory.Conflict, "your invitation has lapsed: its inviter can no longer give this role; ask the organization for a new one")
	}
	joined := invited.AcceptedBy(a.ID, a.Name)
	if err := c.UpdateUser(joined); err != nil {
		return joined, err
	}
	return joined, c.By(directory.SystemPrincipal(invited.OrgID), directory.OpAcceptInvitation).Record(joined.Target(), invited, joined)
}

// admit makes an account a member with the role user.
func admit(c *directory.Change, org directory.OrgID, a directory.Account) (u directory.User, err error) {
	if err := c.RoomForUser(org); err != nil {
		return u, err
	}
	role, err := directory.LookupRole(c, org, authz.RoleUser)
	if err != nil {
		return u, err
	}
	u = directory.User{
		ID: directory.UserID(ident.New("usr", c.Now())), OrgID: org, AccountID: a.ID, Email: a.Email, Name: a.Name,
		Role: role.Ref(), CreatedAt: c.Now(),
	}
	if err := c.CreateUser(u, text.FoldKey(a.Email)); err != nil {
		return u, err
	}
	return u, c.By(directory.SystemPrincipal(org), directory.OpCreateUser).Record(u.Target(), nil, u)
}
