package directory

import (
	"slices"
	"time"

	"github.com/rosterhq/roster/internal/authz"
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

// RemovedUser is the state of a removed user in the entry: with the groups that they
// were taken out of, which have no entries of their own.
type RemovedUser struct {
	User
	Groups []GroupID `json:"groups,omitempty"`
}

// InactiveUser is a user with the time since which they have not been active, in
// microseconds since 1970: when they last acted in the organization with a personal token
// or a session, or else since when they are a user.
type InactiveUser struct {
	User
	Since int64
}

// ActivityCursor is a place in a list of inactive users, who are ordered by time, then id.
type ActivityCursor struct {
	At int64 // in microseconds since 1970
	ID UserID
}
