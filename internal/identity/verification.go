package identity

import (
	"context"

	"github.com/rosterhq/roster/internal/directory"
)

// IsVerified reports whether the address of the principal's account is verified. Needs a
// personal token or session.
func (s *Proofs) IsVerified(ctx context.Context, call directory.Call) (bool, error) {
	return directory.Read(ctx, s.directory, call, directory.OpGetSelf, func(tx directory.Tx) (bool, error) {
		a, err := tx.Account(call.Principal.AccountID)
		return !a.VerifiedAt.IsZero(), err
	})
}
