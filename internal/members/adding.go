package members

import (
	"context"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/ident"
	"github.com/rosterhq/roster/internal/limits"
	"github.com/rosterhq/roster/internal/text"
)

// NewUser describes a user to add.
type NewUser struct {
	Name  string
	Email string
	Role  directory.RoleID
}

// CreateUser adds a user to the principal's organization. An address without an
// account gets one and is a member at once, and so is a verified address in a domain that
// the organization has verified. Any other address with an account is invited and
// becomes a member when the person accepts; the answer is the same. An expired
// invitation of the address is replaced.
//
// Permission users|create, and rule 2 for the role. Audit entry createUser, and
// expireInvitation for one that is replaced. Errors: [directory.Invalid] for a bad name,
// email or role; [directory.Conflict] if the address is a member or invited already, in
// any letter case.
func (r *Roll) CreateUser(ctx context.Context, call directory.Call, in NewUser) (directory.User, error) {
	return directory.Write(ctx, r.directory, call, directory.OpCreateUser, func(c *directory.Change) (directory.User, error) {
		u, err := CheckNewUser(c, in)
		if err != nil {
			return directory.User{}, err
		}
		if err := AddUser(c, &u); err != nil {
			return directory.User{}, err
		}
		return u, c.Record(u.Target(), nil, u)
	})
}

// CheckNewUser checks what a new user of the actor's organization is to be.
func CheckNewUser(c *directory.Change, in NewUser) (directory.User, error) {
	name, err := directory.CleanName("name", in.Name)
	if err != nil {
		return directory.User{}, err
	}
	if err := directory.CheckEmail("email", in.Email); err != nil {
		return directory.User{}, err
	}
	role, err := c.RoleToGive("role", in.Role, authz.Set{})
	if err != nil {
		return directory.User{}, err
	}
	return directory.User{
		ID: directory.UserID(ident.New("usr", c.Now())), OrgID: c.Actor().OrgID,
		Email: in.Email, Name: name, Role: role.Ref(), CreatedAt: c.Now(),
	}, nil
}

// AddUser gives u a new account, or if the address has one, that account or an
// invitation, and stores it. The caller has checked u and the right to give its role, and
// records it. Audit entry expireInvitation if u replaces an expired invitation. Errors:
// [directory.Conflict] if the address is a member or invited already; [directory.LimitExceeded].
func AddUser(c *directory.Change, u *directory.User) error {
	return addUser(c, u, joinOrInvite)
}

// AddNewcomer is [AddUser] for somebody who has no account yet. Errors: also
// [directory.Conflict] for an address that has one, whichever domains the organization has
// verified.
func AddNewcomer(c *directory.Change, u *directory.User) error {
	return addUser(c, u, func(*directory.Change, *directory.User, directory.Account) error {
		return &directory.Error{Code: directory.Conflict, Field: "email", Message: "this address has an account; use its personal token"}
	})
}

// addUser stores u with a new account. If the address has an account, known decides first
// what u becomes.
func addUser(c *directory.Change, u *directory.User, known func(*directory.Change, *directory.User, directory.Account) error) error {
	if err := c.RoomForUser(u.OrgID); err != nil {
		return err
	}
	key := text.FoldKey(u.Email)
	fresh := directory.Account{ID: directory.AccountID(ident.New("acc", c.Now())), Email: u.Email, Name: u.Name, CreatedAt: c.Now()}
	account, err := c.EnsureAccount(fresh, key)
	if err != nil {
		return err
	}
	if account.ID == fresh.ID {
		u.AccountID = fresh.ID
	} else if err := known(c, u, account); err != nil {
		return err
	}
	err = c.Tx.CreateUser(*u, key)
	if directory.CodeOf(err) == directory.Conflict {
		if err := dropExpired(c, u.OrgID, key); err != nil {
			return err
		}
		c.RecountUsers()
		err = c.Tx.CreateUser(*u, key)
	}
	if err != nil {
		return err
	}
	c.UserAdded(*u)
	return nil
}

// joinOrInvite makes u a member with an account that exists, or invites it.
func joinOrInvite(c *directory.Change, u *directory.User, account directory.Account) error {
	joined, err := joinAtOnce(c, u, account)
	if err == nil && !joined {
		c.Invite(u)
	}
	return err
}

// dropExpired drops the expired invitation that an address has in an organization.
// Errors: [directory.Conflict] if the address is a member or the invitation is open.
func dropExpired(c *directory.Change, org directory.OrgID, key string) error {
	there, err := c.UserByEmail(org, key)
	if err != nil {
		return err
	}
	if !there.InvitationExpired(c.Now()) {
		return &directory.Error{Code: directory.Conflict, Field: "email", Message: "a user with this email address is already a member of the organization"}
	}
	return TakeOut(c.AsSystem(org, directory.OpExpireInvitation), there)
}

// joinAtOnce makes u a member, with the account that the address has, if the organization
// has verified the address's domain: rule 9's exception. The account's address must be
// verified. Otherwise somebody who added the address elsewhere first, and signed in with a
// copied link, would become a member.
func joinAtOnce(c *directory.Change, u *directory.User, account directory.Account) (joined bool, err error) {
	domain := directory.DomainOf(u.Email)
	if domain == "" {
		return false, nil
	}
	if verified, err := c.VerifiedDomain(u.OrgID, domain); err != nil || !verified {
		return false, err
	}
	if err := c.Lock(directory.LockAccount(account.ID)); err != nil {
		return false, err
	}
	account, err = c.Account(account.ID)
	if err != nil || account.VerifiedAt.IsZero() {
		return false, directory.IgnoreNotFound(err) // it ended meanwhile: an invitation belongs to the address
	}
	if err := c.OneMoreOfAccount(account.ID, limits.Organizations); err != nil {
		if directory.CodeOf(err) == directory.LimitExceeded {
			return false, nil // the person chooses what to leave
		}
		return false, err
	}
	u.AccountID, u.Name = account.ID, account.Name
	return true, nil
}
