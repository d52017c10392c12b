// Package onboarding has the operations by which organizations and their people come and
// go: the first organization of a server, further ones, temporary ones that people claim,
// and their end. Adding and removing single users is in the package directory, whose
// rules hold for all of these operations.
package onboarding

import (
	"github.com/rosterhq/roster/internal/directory"
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
}

// New returns the operations of a directory.
func New(service *directory.Service, o Options) *Onboarder {
	if o.OrgCreation == "" {
		o.OrgCreation = OrgCreationOwners
	}
	return &Onboarder{service, o}
}
