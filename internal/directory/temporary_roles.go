package directory

import "time"

// TemporaryRole is a role that a user has besides the base role until a time. From then on
// it gives nothing, on every node, also while nothing has deleted it yet. A user has at
// most one.
//
// It is access to use, not to hand on: what it adds can neither be given to others, nor
// put into an API token that outlives it.
type TemporaryRole struct {
	OrgID     OrgID     `json:"orgId"`
	UserID    UserID    `json:"userId"`
	AccountID AccountID `json:"accountId"`
	Role      RoleRef   `json:"role"`
	Until     time.Time `json:"until"`
}

// Target is the temporary role as the target of an entry, with the user's id.
func (t TemporaryRole) Target() Target {
	return Target{Type: "temporaryRole", ID: string(t.UserID), Name: t.Role.Name}
}

// Ended reports whether it gives nothing any more.
func (t TemporaryRole) Ended(now time.Time) bool { return expired(t.Until, now) }

// membership returns the account and the id of the user.
func (t TemporaryRole) membership() (AccountID, UserID) { return t.AccountID, t.UserID }

// temporaryRoleTx keeps temporary roles. All but TemporaryRole are for the present only.
type temporaryRoleTx interface {
	// TemporaryRole returns a user's temporary role, also one that has ended and was not
	// deleted yet.
	TemporaryRole(OrgID, UserID) (TemporaryRole, error)
	TemporaryRoles(OrgID) ([]TemporaryRole, error)
	// CountTemporaryRoles counts the users who have a role for a time.
	CountTemporaryRoles(OrgID, RoleID) (int, error)
	// PutTemporaryRole adds a temporary role, or replaces the user's.
	PutTemporaryRole(TemporaryRole) error
	DeleteTemporaryRole(OrgID, UserID) error

	// OrgsWithEndedRoles lists organizations in which temporary roles have ended, the longest
	// waiting first. EndedRoles lists those of one, in the order in which they ended.
	OrgsWithEndedRoles(now time.Time, limit int) ([]OrgID, error)
	EndedRoles(org OrgID, now time.Time, limit int) ([]TemporaryRole, error)
}

// temporaryRole is the temporary role that a user has at a time, nil for none.
func temporaryRole(tx Snapshot, u User, now time.Time) (*TemporaryRole, error) {
	t, err := tx.TemporaryRole(u.OrgID, u.ID)
	if err != nil || t.Ended(now) {
		return nil, IgnoreNotFound(err)
	}
	return &t, nil
}

// DropTemporaryRole takes a temporary role away, whatever the actor may do. Audit entry by
// the operation of c.
func (c *Change) DropTemporaryRole(t TemporaryRole) error {
	if err := c.Tx.DeleteTemporaryRole(t.OrgID, t.UserID); err != nil {
		return err
	}
	return c.RecordIn(t.OrgID, t.Target(), t, nil)
}
