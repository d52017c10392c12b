// Package onboarding has the operations by which organizations come and go, and people join
// them: the first organization of a server, further ones, temporary ones that people claim,
// their end, and invitations. Adding and removing single users is in the package directory,
// whose rules hold for all of these operations.
package onboarding

import (
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/limits"
)

// Onboarder carries out the operations.
type Onboarder struct {
	directory *directory.Service
	Options
}

// Options are what some of the operations need.
type Options struct {
	// OrgCreation selects who may create organizations; empty: [OrgCreationOwners].
	OrgCreation OrgCreation
	// Mails are the limits at which an invitation can't be resent; zero: none.
	Mails limits.Mails
}

// New returns the operations of a directory.
func New(service *directory.Service, o Options) *Onboarder {
	if o.OrgCreation == "" {
		o.OrgCreation = OrgCreationOwners
	}
	return &Onboarder{service, o}
}
