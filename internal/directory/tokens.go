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

// IssuedAPIToken is a new API token with its value, which is shown this once.
type IssuedAPIToken struct {
	APITokenRecord
	Secret string `json:"-"`
	// Successors are tokens that replaced the same one earlier, at any remove, and still
	// work. There are ten at most.
	Successors []TokenID `json:"-"`
}

// ShownOnce is the error of a retried create, whose secret is gone.
func (t IssuedAPIToken) ShownOnce() error { return ErrShownOnce(t.ID) }

// ErrShownOnce is the error of a retried create of something with a secret, which is gone.
func ErrShownOnce(id TokenID) error {
	return Errorf(Conflict, "this Idempotency-Key already created token %s, whose value is shown only once; "+
		"if that answer was lost, delete the token and create another with a new key", id)
}

// NewAPIToken is what it takes to make an API token. With the zero ExpiresAt it
// never ends, and without networks it works from anywhere, as far as the token that
// makes it and the organization allow.
type NewAPIToken struct {
	Name         string
	Description  string
	Capabilities authz.Set
	ExpiresAt    time.Time
	Networks     Networks
}

// Regeneration describes the token that replaces another, and when the old one ends.
type Regeneration struct {
	ExistingExpiresAt time.Time    // now or earlier: at once
	NewExpiresAt      time.Time    // zero: never, or as KeepLifetime says
	KeepLifetime      bool         // the new one works as long from now on as the old one was to when it was made
	NewToken          *NewAPIToken // nil: name, description and capabilities of the old one
	KeepApps          bool         // NewToken has the old one's capabilities in applications
}
