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
