package credentials

import (
	"time"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/directory"
)

// NewAPIToken is what it takes to make an API token. With the zero ExpiresAt it
// never ends, and without networks it works from anywhere, as far as the token that
// makes it and the organization allow.
type NewAPIToken struct {
	Name         string
	Description  string
	Capabilities authz.Set
	ExpiresAt    time.Time
	Networks     directory.Networks
}

// IssuedAPIToken is a new API token with its value, which is shown this once.
type IssuedAPIToken struct {
	directory.APITokenRecord
	Secret string `json:"-"`
	// Successors are tokens that replaced the same one earlier, at any remove, and still
	// work. There are ten at most.
	Successors []directory.TokenID `json:"-"`
}

// ShownOnce is the error of a retried create, whose secret is gone.
func (t IssuedAPIToken) ShownOnce() error { return directory.ErrShownOnce(t.ID) }

// Regeneration describes the token that replaces another, and when the old one ends.
type Regeneration struct {
	ExistingExpiresAt time.Time    // now or earlier: at once
	NewExpiresAt      time.Time    // zero: never, or as KeepLifetime says
	KeepLifetime      bool         // the new one works as long from now on as the old one was to when it was made
	NewToken          *NewAPIToken // nil: name, description and capabilities of the old one
	KeepApps          bool         // NewToken has the old one's capabilities in applications
}

// NewPersonalToken is what it takes to make a personal token. With the zero
// ExpiresAt it never ends, and without networks it works from anywhere, as far as
// the token that makes it allows.
type NewPersonalToken struct {
	Name        string
	Description string
	ExpiresAt   time.Time
	Networks    directory.Networks
}

// IssuedPersonalToken is a new personal token with its value, which is shown this once.
type IssuedPersonalToken struct {
	directory.PersonalTokenRecord
	Secret string `json:"-"`
}

// ShownOnce is the error of a retried create, whose secret is gone.
func (t IssuedPersonalToken) ShownOnce() error { return directory.ErrShownOnce(t.ID) }
