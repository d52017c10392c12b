package directory

import (
	"context"
	"time"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/ident"
	"github.com/rosterhq/roster/internal/text"
)

// User is a membership: an account in an organization, with one base role. An
// invitation belongs to the address and has no account. Email and Name are the
// account's, or the ones that the inviter gave.
type User struct {
	ID        UserID    `json:"id"`
	OrgID     OrgID     `json:"orgId"`
	AccountID AccountID `json:"accountId,omitempty"`
	Email     string    `json:"email"`
	Name      string    `json:"name"`
	Role      RoleRef   `json:"role"`
	CreatedAt time.Time `json:"createdAt"`

	// Invited is true until the invitation is accepted. The user has no capabilities until
	// then. InvitedBy, without a name, gave the role last. The invitation ends at ExpiresAt.
	Invited   bool      `json:"invited,omitempty"`
	InvitedBy Actor     `json:"invitedBy,omitzero"`
	ExpiresAt time.Time `json:"invitedUntil,omitzero"`

	// Suspended is true while the membership gives nothing, see [Service.UpdateUserStatus].
	Suspended bool `json:"suspended,omitempty"`
}

// Target is the user as the target of an entry.
func (u User) Target() Target { return Target{Type: "user", ID: string(u.ID), Name: u.Name} }

// membership returns the account and the id of the user.
func (u User) membership() (AccountID, UserID) { return u.AccountID, u.ID }

// IsOwner reports whether the user has the built-in role owner.
func (u User) IsOwner() bool { return u.Role.ID == authz.RoleOwner }

// NewUser describes a user to add.
type NewUser struct {
	Name  string
	Email string
	Role  RoleID
}

// CreateUser adds a user to the principal's organization. An address without an
// account gets one and is a member at once, and so is a verified address in a domain that
// the organization has verified. Any other address with an account is invited and
// becomes a member when the person accepts; the answer is the same. An expired
// invitation of the address is replaced.
//
// Permission users|create, and rule 2 for the role. Audit entry createUser, and
// expireInvitation for one that is replaced.
// Errors: [Invalid] for a bad name, email or role; [Conflict] if the address is
// a member or invited already, in any letter case.
func (s *Service) CreateUser(ctx context.Context, call Call, in NewUser) (User, error) {
	return Write(ctx, s, call, OpCreateUser, func(c *Change) (User, error) {
		u, err := c.CheckNewUser(in)
		if err != nil {
			return User{}, err
		}
		if err := c.AddUser(&u); err != nil {
			return User{}, err
		}
		return u, c.Record(u.Target(), nil, u)
	})
}

// CheckNewUser checks what a new user of the actor's organization is to be.
func (c *Change) CheckNewUser(in NewUser) (User, error) {
	name, err := CleanName("name", in.Name)
	if err != nil {
		return User{}, err
	}
	if err := CheckEmail("email", in.Email); err != nil {
		return User{}, err
	}
	role, err := c.RoleToGive("role", in.Role, authz.Set{})
	if err != nil {
		return User{}, err
	}
	return User{
		ID: UserID(ident.New("usr", c.now)), OrgID: c.actor.OrgID,
		Email: in.Email, Name: name, Role: role.Ref(), CreatedAt: c.now,
	}, nil
}

// AddUser gives u a new account, or if the address has one, that account or an
// invitation, and stores it. The caller has checked u and the right to give its role, and
// records it. Audit entry expireInvitation if u replaces an expired invitation. Errors:
// [Conflict] if the address is a member or invited already; [LimitExceeded].
func (c *Change) AddUser(u *User) error {
	return c.addUser(u, c.joinOrInvite)
}

// AddNewcomer is [Change.AddUser] for somebody who has no account yet. Errors: also
// [Conflict] for an address that has one, whichever domains the organization has verified.
func (c *Change) AddNewcomer(u *User) error {
	return c.addUser(u, func(*User, Account) error {
		return &Error{Code: Conflict, Field: "email", Message: "this address has an account; use its personal token"}
	})
}

// addUser stores u with a new account. If the address has an account, known decides first
// what u becomes.
func (c *Change) addUser(u *User, known func(*User, Account) error) error {
	if err := c.RoomForUser(u.OrgID); err != nil {
		return err
	}
	key := text.FoldKey(u.Email)
	fresh := Account{ID: AccountID(ident.New("acc", c.now)), Email: u.Email, Name: u.Name, CreatedAt: c.now}
	account, err := c.EnsureAccount(fresh, key)
	if err != nil {
		return err
	}
	if account.ID == fresh.ID {
		u.AccountID = fresh.ID
	} else if err := known(u, account); err != nil {
		return err
	}
	err = c.Tx.CreateUser(*u, key)
	if CodeOf(err) == Conflict {
		if err := c.dropExpired(u.OrgID, key); err != nil {
			return err
		}
		c.counted.org = ""
		err = c.Tx.CreateUser(*u, key)
	}
	if err != nil {
		return err
	}
	c.countAdded(*u)
	return nil
}

// joinOrInvite makes u a member with an account that exists, or invites it.
func (c *Change) joinOrInvite(u *User, account Account) error {
	joined, err := c.joinAtOnce(u, account)
	if err == nil && !joined {
		c.Invite(u)
	}
	return err
}

// dropExpired drops the expired invitation that an address has in an organization.
// Errors: [Conflict] if the address is a member or the invitation is open.
func (c *Change) dropExpired(org OrgID, key string) error {
	there, err := c.UserByEmail(org, key)
	if err != nil {
		return err
	}
	if !there.Invited || !expired(there.ExpiresAt, c.now) {
		return &Error{Code: Conflict, Field: "email", Message: "a user with this email address is already a member of the organization"}
	}
	return c.AsSystem(org, OpExpireInvitation).TakeOut(there)
}

// GetUser returns one user of the principal's organization. Permission users|read.
func (s *Service) GetUser(ctx context.Context, call Call, id UserID) (User, error) {
	return Read(ctx, s, call, OpGetUser, func(tx Tx) (User, error) {
		return tx.User(call.Principal.OrgID, id)
	})
}

// WireFormat is how a protocol writes a user. It may depend on nothing but the user.
type WireFormat struct {
	Kind   uint8 // tells formats apart; less than [usercache.Formats]
	Encode func(User) []byte
}

// GetUserWire is [Service.GetUser] in a protocol's wire format, from the cache if it is
// there. The caller owns the result.
func (s *Service) GetUserWire(ctx context.Context, call Call, id UserID, f WireFormat) ([]byte, error) {
	if err := OpGetUser.Authorize(call.Principal); err != nil {
		return nil, err
	}
	if wire, ok := s.cache.users.ByID(string(call.Principal.OrgID), f.Kind, string(id)); ok && s.store.InTouch() {
		return wire, nil
	}
	epoch := s.cache.Epoch()
	u, err := s.GetUser(ctx, call, id)
	if err != nil {
		return nil, err
	}
	wire := f.Encode(u)
	s.cache.putUser(epoch, f, u, wire, false)
	return wire, nil
}

// FindUserWire returns the user of the principal's organization who has an address,
// without regard to letter case, in a protocol's wire format. It reads the cache first,
// as [Service.GetUserWire] does. The caller owns the result.
//
// Permission users|read, as for [Service.ListUsers]. Errors: [NotFound].
func (s *Service) FindUserWire(ctx context.Context, call Call, email string, f WireFormat) ([]byte, error) {
	if err := OpListUsers.Authorize(call.Principal); err != nil {
		return nil, err
	}
	org, key := call.Principal.OrgID, text.FoldKey(email)
	if wire, ok := s.cache.users.ByEmail(string(org), f.Kind, key); ok && s.store.InTouch() {
		return wire, nil
	}
	epoch := s.cache.Epoch()
	u, err := Read(ctx, s, call, OpListUsers, func(tx Tx) (User, error) { return tx.UserByEmail(org, key) })
	if err != nil {
		return nil, err
	}
	wire := f.Encode(u)
	s.cache.putUser(epoch, f, u, wire, true)
	return wire, nil
}

// RemoveUser removes a user from the organization and from its groups. If it was the
// account's last membership, the account and its personal tokens are deleted.
//
// Permission users|delete; owners are removed by owners only. Audit entry
// removeUserFromOrg. Errors: [NotFound]; [Conflict] for the last owner.
func (s *Service) RemoveUser(ctx context.Context, call Call, id UserID) error {
	_, err := s.RemoveUserAndRevoke(ctx, call, id, Revocation{})
	return err
}

func (c *Change) removeUser(id UserID) error {
	u, err := c.User(c.actor.OrgID, id)
	if err != nil {
		return err
	}
	if err := c.Check(u); err != nil {
		return err
	}
	return c.Remove(u)
}

// Remove removes a user under the rules of [Service.RemoveUser]. Audit entry by the
// operation of c.
func (c *Change) Remove(u User) error {
	if err := c.MayUnmake(u); err != nil {
		return err
	}
	if err := c.TakeOut(u); err != nil {
		return err
	}
	return c.SettleAccount(u.AccountID)
}

// RemovedUser is the state of a removed user in the entry: with the groups that they
// were taken out of, which have no entries of their own.
type RemovedUser struct {
	User
	Groups []GroupID `json:"groups,omitempty"`
}

// TakeOut deletes a user and records it, whatever the actor may do. The caller has locked
// the organization, and calls [Change.SettleAccount] if the user was a member.
func (c *Change) TakeOut(u User) error {
	groups, err := c.GroupIDsOf(u.OrgID, u.ID)
	if err != nil {
		return err
	}
	if err := c.dropTemporaryRoleOf(u); err != nil {
		return err
	}
	if err := c.DeleteUser(u.OrgID, u.ID); err != nil {
		return err
	}
	if err := c.endSessionsIn(u); err != nil {
		return err
	}
	if err := c.unlink(u); err != nil {
		return err
	}
	return c.RecordIn(u.OrgID, u.Target(), RemovedUser{u, groups}, nil)
}

// SettleAccount deletes an account that has lost its last membership. Open invitations
// belong to the address and stay.
func (c *Change) SettleAccount(removed AccountID) error {
	if removed == "" {
		return nil // an invitation has no account
	}
	if err := c.Lock(LockAccount(removed)); err != nil {
		return err
	}
	left, err := c.AccountUsers(removed)
	if err != nil || len(left) > 0 {
		return err
	}
	return c.DeleteAccount(removed)
}

// UpdateUserRole changes a user's base role.
//
// Permission users|update, and rule 2 for the role; owners are made and unmade
// by owners only. Audit entry updateUserRole. Errors: [NotFound]; [Invalid] for
// an unknown role; [Conflict] for the last owner.
func (s *Service) UpdateUserRole(ctx context.Context, call Call, id UserID, roleID RoleID) (User, error) {
	u, _, err := s.UpdateUserRoleAndRevoke(ctx, call, id, roleID, Revocation{})
	return u, err
}

func (c *Change) updateUserRole(id UserID, roleID RoleID) (User, error) {
	u, err := c.User(c.actor.OrgID, id)
	if err != nil {
		return User{}, err
	}
	if err := c.Check(u); err != nil {
		return User{}, err
	}
	return c.SetRole(u, "role", roleID)
}

// SetRole is the only way to change a user's base role, and checks every rule. Only
// capabilities that the old role lacks count as granted.
func (c *Change) SetRole(u User, field string, roleID RoleID) (User, error) {
	old, err := LookupRole(c, u.OrgID, u.Role.ID)
	if err != nil {
		return u, err
	}
	role, err := c.RoleToGive(field, roleID, old.Capabilities)
	if err != nil || role.ID == u.Role.ID {
		return u, err
	}
	if err := c.MayUnmake(u); err != nil {
		return User{}, err
	}
	before := u
	u.Role = role.Ref()
	// If the actor only takes something away, the inviter still gives the rest.
	if u.Invited && c.actor.Giving.MayGive(role.Capabilities) {
		u.InvitedBy = c.actor.Giver()
	}
	if err := c.Tx.UpdateUser(u); err != nil {
		return User{}, err
	}
	return u, c.Record(u.Target(), before, u)
}

// Member finds a user who is not just invited: an invitation belongs to an address and
// says nothing of an account. Errors: [NotFound].
func Member(tx Tx, org OrgID, id UserID) (User, error) {
	u, err := tx.User(org, id)
	if err == nil && u.Invited {
		err = Missing("user")
	}
	return u, err
}

// MayUnmake checks that the actor may take u's base role away. An organization keeps an
// owner who is not suspended, and only owners demote, suspend or remove owners.
func (c *Change) MayUnmake(u User) error {
	if !u.IsOwner() {
		return nil
	}
	if !c.actor.IsOwner() {
		return Errorf(Forbidden, "only an owner, with a personal token, can remove, suspend or demote an owner")
	}
	if err := c.NeedFresh(); err != nil {
		return err
	}
	if u.Invited || u.Suspended {
		return nil
	}
	owners, err := c.CountUsers(u.OrgID, authz.RoleOwner)
	if err != nil {
		return err
	}
	if owners <= 1 {
		return Errorf(Conflict, "this is the organization's last owner; make another user an owner first")
	}
	return nil
}
