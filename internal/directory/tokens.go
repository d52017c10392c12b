package directory

import (
	"time"

	"github.com/rosterhq/roster/internal/authz"
)

// APITokenRecord is an API token as it is stored: it belongs to an organization and
// carries its own capabilities, which never change. Only a hash of its value is stored.
type APITokenRecord struct {
	ID           TokenID   `json:"id"`
	OrgID        OrgID     `json:"orgId"`
	Name         string    `json:"name"`
	Description  string    `json:"description,omitempty"`
	Capabilities authz.Set `json:"capabilities"`
	// Giving bounds what the token can give to others: what its maker could when it
	// was made, within that of the token it replaces.
	Giving    authz.Limit `json:"giving"`
	ExpiresAt time.Time   `json:"expiresAt,omitzero"` // zero: never
	Networks  Networks    `json:"networks,omitempty"` // none: from anywhere
	CreatedAt time.Time   `json:"createdAt"`
	CreatedBy Actor       `json:"createdBy"`
	// LifetimeSeconds is how long the token was to work when it was made, rounded up;
	// 0: for ever. An earlier end does not change it.
	LifetimeSeconds int64 `json:"lifetimeSeconds,omitzero"`
	// Replaces is the token that this one was made in place of, if any. That one may
	// have been deleted since.
	Replaces TokenID `json:"replaces,omitempty"`
	// MakerID is the user who made it, or who made the first of the tokens that did.
	MakerID UserID     `json:"makerId,omitempty"`
	Hash    SecretHash `json:"-"`
}

// Expired reports whether the token has ended.
func (t APITokenRecord) Expired(now time.Time) bool { return expired(t.ExpiresAt, now) }

// Target is the token as the target of an entry.
func (t APITokenRecord) Target() Target {
	return Target{Type: "apiToken", ID: string(t.ID), Name: t.Name}
}
