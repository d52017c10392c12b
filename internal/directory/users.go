package directory

import (
	"context"
	"slices"
	"time"

	"github.com/rosterhq/roster/internal/authz"
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

	// Suspended is true while the membership gives nothing, and its user may do nothing.
	Suspended bool `json:"suspended,omitempty"`
}

// Target is the user as the target of an entry.
func (u User) Target() Target { return Target{Type: "user", ID: string(u.ID), Name: u.Name} }

// membership returns the account and the id of the user.
func (u User) membership() (AccountID, UserID) { return u.AccountID, u.ID }

// IsOwner reports whether the user has the built-in role owner.
func (u User) IsOwner() bool { return u.Role.ID == authz.RoleOwner }

// UserStatus is the state of a membership.
type UserStatus string

// The statuses. Invited is the status of an invitation, which only its answer changes.
const (
	Active    UserStatus = "active"
	Suspended UserStatus = "suspended"
	Invited   UserStatus = "invited"
)

// Statuses are all of them.
var Statuses = []UserStatus{Active, Suspended, Invited}

// Known reports whether the status is one of [Statuses].
func (s UserStatus) Known() bool { return slices.Contains(Statuses, s) }

// Status is the state of the membership.
func (u User) Status() UserStatus {
	switch {
	case u.Invited:
		return Invited
	case u.Suspended:
		return Suspended
	default:
		return Active
	}
}

// UserState is a user as the resource of its status, which has its own ETag.
type UserState struct{ User }

func (u UserState) checkedBy(p Precondition) error { return p.UserState(u) }

// WireFormat is how a protocol writes a user. It may depend on nothing but the user.
type WireFormat struct {
	Kind   uint8 // tells formats apart; less than [usercache.Formats]
	Encode func(User) []byte
}

// GetUserWire returns a user of the principal's organization in a protocol's wire format,
// from the cache if it is there. The caller owns the result.
//
// Permission users|read. Errors: [NotFound].
func (s *Service) GetUserWire(ctx context.Context, call Call, id UserID, f WireFormat) ([]byte, error) {
	if err := OpGetUser.Authorize(call.Principal); err != nil {
		return nil, err
	}
	org := call.Principal.OrgID
	if wire, ok := s.cache.users.ByID(string(org), f.Kind, string(id)); ok && s.store.InTouch() {
		return wire, nil
	}
	epoch := s.cache.Epoch()
	u, err := Read(ctx, s, call, OpGetUser, func(tx Tx) (User, error) { return tx.User(org, id) })
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

// RemovedUser is the state of a removed user in the entry: with the groups that they
// were taken out of, which have no entries of their own.
type RemovedUser struct {
	User
	Groups []GroupID `json:"groups,omitempty"`
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
