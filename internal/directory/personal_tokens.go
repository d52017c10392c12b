package directory

import (
	"slices"
	"time"
)

// PersonalTokenRecord is a personal token as it is kept: it belongs to an account
// and acts with whatever the account may do. Only a hash of its value is stored.
type PersonalTokenRecord struct {
	ID          TokenID    `json:"id"`
	AccountID   AccountID  `json:"accountId"`
	Name        string     `json:"name"`
	Description string     `json:"description,omitempty"`
	ExpiresAt   time.Time  `json:"expiresAt,omitzero"` // zero: never
	Networks    Networks   `json:"networks,omitempty"` // none: from anywhere
	CreatedAt   time.Time  `json:"createdAt"`
	Hash        SecretHash `json:"-"`
}

// Expired reports whether the token has ended.
func (t PersonalTokenRecord) Expired(now time.Time) bool { return expired(t.ExpiresAt, now) }

// Target is the token as the target of an entry.
func (t PersonalTokenRecord) Target() Target {
	return Target{Type: "personalToken", ID: string(t.ID), Name: t.Name}
}

// TokenUse is what an organization has of a personal token.
type TokenUse struct {
	LastUsedAt time.Time // zero: never
	Revoked    bool
}

// RecordForAccount appends an entry about an account to the log of each
// organization that the account is in: its personal tokens act in all of them.
func (c *Change) RecordForAccount(account AccountID, target Target, before, after any) error {
	users, err := c.AccountUsers(account)
	if err != nil {
		return err
	}
	for _, u := range users {
		if err := c.RecordIn(u.OrgID, target, before, after); err != nil {
			return err
		}
	}
	return nil
}

// ActsIn lists the organizations that a personal token acts in, in the order of their ids:
// its person is not suspended there, and the token not revoked.
func ActsIn(tx Tx, t PersonalTokenRecord) (orgs []OrgID, err error) {
	users, err := tx.AccountUsers(t.AccountID)
	if err != nil {
		return nil, err
	}
	for _, u := range users {
		revoked, err := tx.TokenRevoked(u.OrgID, t.AccountID, t.ID)
		if err != nil {
			return nil, err
		}
		if !u.Suspended && !revoked {
			orgs = append(orgs, u.OrgID)
		}
	}
	slices.Sort(orgs)
	return orgs, nil
}
