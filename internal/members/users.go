package members

import (
	"context"

	"github.com/rosterhq/roster/internal/directory"
)

// GetUser returns one user of the principal's organization. Permission users|read. Errors:
// [directory.NotFound].
func (r *Roll) GetUser(ctx context.Context, call directory.Call, id directory.UserID) (directory.User, error) {
	return directory.Read(ctx, r.directory, call, directory.OpGetUser, func(tx directory.Tx) (directory.User, error) {
		return tx.User(call.Principal.OrgID, id)
	})
}

// Find finds a user who is not just invited: an invitation belongs to an address and
// says nothing of an account. Errors: [directory.NotFound].
func Find(tx directory.Tx, org directory.OrgID, id directory.UserID) (directory.User, error) {
	u, err := tx.User(org, id)
	if err == nil && u.Invited {
		err = directory.Missing("user")
	}
	return u, err
}
