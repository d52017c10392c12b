package directory

import (
	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/text"
)

// The methods in this file are for packages that change users and groups on behalf of a
// directory, within [Write]. They hold the same rules as the operations of the [Service].

// RecordedUser is the state of a user in entries about their profile: with what of the
// profile changes.
type RecordedUser struct {
	User
	Profile *RecordedProfile `json:"profile,omitempty"`
}

// RecordedProfile is the part of a profile that a change concerns. An attribute that has
// nothing before or after the change is null there.
type RecordedProfile struct {
	UserName   string         `json:"userName,omitempty"`
	ExternalID *string        `json:"externalId,omitempty"`
	Attributes map[string]any `json:"attributes,omitempty"`
}

// SetActive suspends a user or an invitation, or makes them active again, under the rules
// of [Service.UpdateUserStatus]. Audit entry by the operation of c.
func (c *Change) SetActive(u User, active bool) (User, error) {
	if !u.Invited {
		status := Suspended
		if active {
			status = Active
		}
		return c.SetStatus(u, status)
	}
	if u.Suspended != active {
		return u, nil
	}
	if active {
		if _, err := c.RoleToGive("status", u.Role.ID, authz.Set{}); err != nil {
			return u, err
		}
	} else if err := c.MayUnmake(u); err != nil {
		return u, err
	}
	before := u
	u.Suspended = !active
	if err := c.Tx.UpdateUser(u); err != nil {
		return u, err
	}
	return u, c.Record(u.Target(), before, u)
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

// MayProvisionOwner refuses to take anything away from an owner unless the actor is one.
// Errors: [Conflict] for the last owner; [Forbidden].
func (c *Change) MayProvisionOwner(u User) error {
	if !u.IsOwner() || c.actor.IsOwner() {
		return nil
	}
	if !u.Invited && !u.Suspended {
		owners, err := c.CountUsers(u.OrgID, authz.RoleOwner)
		if err != nil {
			return err
		}
		if owners <= 1 {
			return Errorf(Conflict, "this is the organization's last owner, whom a directory can't suspend or remove; make another user an owner first")
		}
	}
	return Errorf(Forbidden, "a directory can't suspend or remove an owner; an owner has to demote the user first, with a personal token")
}

// CheckUserName checks a user name, which is kept as it is given. Errors: [Invalid].
func CheckUserName(field, name string) error {
	if name == "" {
		return InvalidField(field, "is required")
	}
	return inText(field, text.Check(name, MaxUserName))
}

// CheckExternalID checks an id that another system gave. Errors: [Invalid].
func CheckExternalID(field, id string) error { return inText(field, text.Check(id, MaxExternalID)) }

// IsEmail reports whether a text is an email address.
func IsEmail(s string) bool { return text.Email(s) == nil }

// FoldKey is the key under which texts are compared without regard to letter case.
func FoldKey(s string) string { return text.FoldKey(s) }
