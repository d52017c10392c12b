package credentials

import (
	"context"
	"time"

	"github.com/rosterhq/roster/internal/directory"
)

// TokenUsage is what is known of an API token beyond the v2 object.
type TokenUsage struct {
	Token      directory.APITokenRecord
	LastUsedAt time.Time // zero: never; exact while the process runs, else to the minute
}

// GetTokenUsage returns who created an API token and when it was last used.
// Permission apiTokens|read. Errors: [directory.NotFound].
func (k *Keeper) GetTokenUsage(ctx context.Context, call directory.Call, id directory.TokenID) (TokenUsage, error) {
	return directory.Read(ctx, k.directory, call, directory.OpGetTokenUsage, func(tx directory.Tx) (TokenUsage, error) {
		t, err := tx.APIToken(call.Principal.OrgID, id)
		if err != nil {
			return TokenUsage{}, err
		}
		stored, err := tx.APITokenUsed(t.OrgID, t.ID)
		if err != nil {
			return TokenUsage{}, err
		}
		return TokenUsage{Token: t, LastUsedAt: k.directory.APITokenUsed(t, stored)}, nil
	})
}

// ListTokenUsage returns who created each API token of the organization and when it was
// last used. With a time that is not zero, it returns only tokens that work and that were
// neither created nor used since. Permission apiTokens|read.
func (k *Keeper) ListTokenUsage(ctx context.Context, call directory.Call, unusedSince time.Time) ([]TokenUsage, error) {
	return directory.Read(ctx, k.directory, call, directory.OpListTokenUsage, func(tx directory.Tx) ([]TokenUsage, error) {
		tokens, err := tx.APITokens(call.Principal.OrgID)
		if err != nil {
			return nil, err
		}
		used, err := tx.APITokensUsed(call.Principal.OrgID)
		if err != nil {
			return nil, err
		}
		all := make([]TokenUsage, 0, len(tokens))
		for _, t := range tokens {
			u := TokenUsage{Token: t, LastUsedAt: k.directory.APITokenUsed(t, used[t.ID])}
			if unusedSince.IsZero() || (!t.Expired(k.directory.Now()) && t.CreatedAt.Before(unusedSince) && u.LastUsedAt.Before(unusedSince)) {
				all = append(all, u)
			}
		}
		return all, nil
	})
}

// CountExpiring counts the API tokens of all organizations that work now and
// won't after within. It is for the operator's metrics.
func (k *Keeper) CountExpiring(ctx context.Context, within time.Duration) (n int, err error) {
	now := k.directory.Now()
	err = directory.ReadAsOperator(ctx, k.directory, func(tx directory.Tx) error {
		n, err = tx.CountAPITokens(now, now.Add(within))
		return err
	})
	return n, err
}
