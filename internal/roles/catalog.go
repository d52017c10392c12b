// Package roles has the operations on roles and on the groups that give them, and the rules
// that hold for changing either: nobody gives more than they have, and changing who gets
// what takes the permission to update users.
package roles

import "github.com/rosterhq/roster/internal/directory"

// Catalog carries out the operations. Its methods are safe for concurrent use.
type Catalog struct{ directory *directory.Service }

// NewCatalog returns the operations of a directory.
func NewCatalog(service *directory.Service) *Catalog { return &Catalog{service} }
