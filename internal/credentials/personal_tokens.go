package credentials

import (
	"context"
	"time"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/ident"
	"github.com/rosterhq/roster/internal/limits"
)

// ListPersonalTokens returns the account's own personal tokens, expired ones included.
func (k *Keeper) ListPersonalTokens(ctx context.Context, call directory.Call) ([]directory.PersonalTokenRecord, error) {
	return directory.Read(ctx, k.directory, call, directory.OpListPersonalTokens, func(tx directory.Tx) ([]directory.PersonalTokenRecord, error) {
		return tx.PersonalTokens(call.Principal.AccountID)
	})
}

// CreatePersonalToken creates a personal token for the account itself. Needs a
// personal token; the new one ends no later and works only from where that does.
// Audit entry createPersonalToken in each of the account's organizations. Errors:
// [directory.Invalid]; [directory.Forbidden] for wider networks; [directory.LimitExceeded].
func (k *Keeper) CreatePersonalToken(ctx context.Context, call directory.Call, in NewPersonalToken) (IssuedPersonalToken, error) {
	return directory.Write(ctx, k.directory, call, directory.OpCreatePersonalToken, func(c *directory.Change) (IssuedPersonalToken, error) {
		if err := c.OneMoreOfAccount(c.Actor().AccountID, limits.PersonalTokens); err != nil {
			return IssuedPersonalToken{}, err
		}
		bound, err := boundsOf(c, "expiresAt", bounds{in.ExpiresAt, in.Networks}, 0)
		if err != nil {
			return IssuedPersonalToken{}, err
		}
		in.ExpiresAt, in.Networks = bound.expiresAt, bound.networks
		t, err := IssuePersonalToken(c, c.Actor().AccountID, in, c.Now())
		if err != nil {
			return IssuedPersonalToken{}, err
		}
		if c.Actor().Kind == directory.PersonalToken { // a token that an organization revoked makes none that acts there
			if err := c.CopyRevocations(c.Actor().AccountID, c.Actor().TokenID, t.ID); err != nil {
				return IssuedPersonalToken{}, err
			}
		}
		if c.Actor().Kind == directory.Session { // nor does a session that an organization has ended
			if err := c.RevokeWhereEnded(c.Actor().AccountID, c.Actor().TokenID, t.ID); err != nil {
				return IssuedPersonalToken{}, err
			}
		}
		if c.DryRun() {
			t.Secret = "" // there will be no such token
		}
		return t, c.RecordForAccount(c.Actor().AccountID, t.Target(), nil, t.PersonalTokenRecord)
	})
}

// IssuePersonalToken creates and stores a token of an account. The caller records it.
// Errors: [directory.Invalid].
func IssuePersonalToken(tx directory.Tx, account directory.AccountID, in NewPersonalToken, now time.Time) (t IssuedPersonalToken, err error) {
	t = IssuedPersonalToken{Secret: ident.Secret(directory.PersonalTokenPrefix), PersonalTokenRecord: directory.PersonalTokenRecord{
		ID: directory.TokenID(ident.New("pat", now)), AccountID: account, Networks: in.Networks, CreatedAt: now,
	}}
	t.Hash = directory.HashSecret(t.Secret)
	if t.Name, err = directory.CleanName("name", in.Name); err != nil {
		return t, err
	}
	if t.Description, err = directory.CleanDescription(in.Description); err != nil {
		return t, err
	}
	if t.ExpiresAt, err = cleanExpiry("expiresAt", in.ExpiresAt, now); err != nil {
		return t, err
	}
	return t, tx.CreatePersonalToken(t.PersonalTokenRecord)
}

// DeletePersonalToken revokes and forgets one of the account's own personal
// tokens. Needs a personal token, which may be the one deleted. Audit entry
// deletePersonalToken in each of the account's organizations. Errors: [directory.NotFound].
func (k *Keeper) DeletePersonalToken(ctx context.Context, call directory.Call, id directory.TokenID) error {
	return directory.Do(ctx, k.directory, call, directory.OpDeletePersonalToken, func(c *directory.Change) error {
		t, err := c.PersonalToken(c.Actor().AccountID, id)
		if err != nil {
			return err
		}
		if err := c.Check(t); err != nil {
			return err
		}
		if err := c.Tx.DeletePersonalToken(t.AccountID, t.ID); err != nil {
			return err
		}
		return c.RecordForAccount(c.Actor().AccountID, t.Target(), t, nil)
	})
}
