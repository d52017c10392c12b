// Package identity has the operations on what proves who a person is: sessions, passkeys,
// sign-in links, verified addresses, OpenID Connect issuers and verified domains. Resolving
// a session to a principal is part of every call, and in the package directory.
package identity

import (
	"context"
	"time"

	"github.com/rosterhq/roster/internal/audit"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/refusals"
)

// Proofs carries out the operations.
type Proofs struct {
	directory *directory.Service
	refusals  *refusals.Recorder
	keys      *audit.Keyring
	clock     func() time.Time
	Options
}

// Options are what some of the operations need.
type Options struct {
	// Resolver looks up TXT records. Without it, no domain can be verified.
	Resolver TXTResolver
	// CheckIssuerURL checks which URLs issuers may have. The error is worded to follow the
	// name of the field. If it is nil, any https URL will do.
	CheckIssuerURL func(url string) error
	// Discover reads what an issuer publishes, and says why nobody can sign in by it. The
	// error is fit for people of the organization. If it is nil, no issuer can be checked.
	Discover func(ctx context.Context, url string) error
}

// TXTResolver looks up the TXT records of a name, which has no final dot. Its answer
// comes soon and fits into a DNS message, whatever the name's owner publishes.
type TXTResolver interface {
	LookupTXT(ctx context.Context, name string) ([]string, error)
}

// New returns the operations of a directory. The secrets of issuers and the states of
// ceremonies are sealed with keys. clock returns the current time, in any zone.
func New(service *directory.Service, keys *audit.Keyring, clock func() time.Time, o Options) *Proofs {
	return &Proofs{service, refusals.New(service), keys, clock, o}
}

// now is the clock in UTC, to the microsecond that storage keeps.
func (s *Proofs) now() time.Time { return s.clock().UTC().Truncate(time.Microsecond) }
