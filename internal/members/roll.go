// Package members has the operations on the users of an organization, and the rules by which
// users are added, changed and taken out: an organization keeps an owner, nobody gives more
// than they have, and an account ends with its last membership. Packages that change users in
// the course of their own operations call the functions over a [directory.Change].
package members

import "github.com/rosterhq/roster/internal/directory"

// Roll carries out the operations. Its methods are safe for concurrent use.
type Roll struct {
	directory *directory.Service
	versions  *directory.Cached[directory.OrgID, string] // of lists of users
	sizes     listSizes
}

// maxVersions is how many organizations' versions of lists are cached.
const maxVersions = 100_000

// NewRoll returns the operations of a directory.
func NewRoll(service *directory.Service) *Roll {
	return &Roll{service, directory.NewCached[directory.OrgID, string](service, maxVersions), defaultListSizes}
}
