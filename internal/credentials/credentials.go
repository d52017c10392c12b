// Package credentials has the operations on tokens: making, listing, rotating, binding and
// revoking API tokens and personal tokens. Authenticating with them is in the package
// directory, whose rules hold for all of these operations.
package credentials

import "github.com/rosterhq/roster/internal/directory"

// Keeper carries out the operations. Its methods are safe for concurrent use.
type Keeper struct{ directory *directory.Service }

// NewKeeper returns the operations of a directory.
func NewKeeper(service *directory.Service) *Keeper { return &Keeper{service} }
