// Package auditlog has the operations on an organization's audit log: reading it, proving
// it, limiting how long it is kept, and erasing personal data from it.
package auditlog

import (
	"github.com/rosterhq/roster/internal/audit"
	"github.com/rosterhq/roster/internal/directory"
)

// Trail carries out the operations.
type Trail struct {
	directory *directory.Service
	store     directory.Store
	keys      *audit.Keyring
}

// New returns the operations on the logs of a directory, which are sealed with keys.
func New(service *directory.Service, store directory.Store, keys *audit.Keyring) *Trail {
	return &Trail{service, store, keys}
}
