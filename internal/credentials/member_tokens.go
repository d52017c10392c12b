package credentials

import (
	"context"
	"time"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/members"
)

// MemberToken is a personal token as an organization sees it in which it acts.
type MemberToken struct {
	directory.PersonalTokenRecord
	LastUsedAt time.Time // in the organization; zero: never
}

// ListMemberTokens returns the personal tokens with which a user can act in the
// principal's organization, and when each was last used there. It leaves out tokens that
// have expired, that are older than the organization allows, or that it has revoked.
// Permission users|update. Errors: [directory.NotFound].
func (k *Keeper) ListMemberTokens(ctx context.Context, call directory.Call, id directory.UserID) ([]MemberToken, error) {
	return directory.Read(ctx, k.directory, call, directory.OpListMemberTokens, func(tx directory.Tx) ([]MemberToken, error) {
		u, err := members.Find(tx, call.Principal.OrgID, id)
		if err != nil {
			return nil, err
		}
		settings, err := tx.OrgSettings(u.OrgID)
		if err != nil {
			return nil, err
		}
		tokens, err := tx.PersonalTokens(u.AccountID)
		if err != nil {
			return nil, err
		}
		uses, err := tx.TokenUses(u.OrgID, u.AccountID)
		if err != nil {
			return nil, err
		}
		all := make([]MemberToken, 0, len(tokens))
		for _, t := range tokens {
			use := uses[t.ID]
			if use.Revoked || t.Expired(k.directory.Now()) || settings.Refuses(t, k.directory.Now()) {
				continue
			}
			all = append(all, MemberToken{t, k.directory.PersonalTokenUsed(u.OrgID, t, use.LastUsedAt)})
		}
		return all, nil
	})
}

// RevokeMemberToken revokes a user's personal token in the principal's organization, for
// good. It still acts in other organizations, but tokens that it creates act in this one
// no more than itself.
//
// Permission users|update; only owners revoke an owner's tokens. Audit entry
// revokeUserToken in this organization. Errors: [directory.NotFound] for the user and the token,
// also for a token that does not act in the organization.
func (k *Keeper) RevokeMemberToken(ctx context.Context, call directory.Call, id directory.UserID, token directory.TokenID) error {
	return directory.Do(ctx, k.directory, call, directory.OpRevokeMemberToken, func(c *directory.Change) error {
		u, err := members.Find(c, c.Actor().OrgID, id)
		if err != nil {
			return err
		}
		if u.IsOwner() && !c.Actor().IsOwner() {
			return directory.Errorf(directory.Forbidden, "only an owner, with a personal token, can revoke an owner's tokens")
		}
		if err := c.Lock(directory.LockAccount(u.AccountID)); err != nil {
			return err
		}
		t, err := c.PersonalToken(u.AccountID, token)
		if err != nil {
			return err
		}
		if revoked, err := c.TokenRevoked(u.OrgID, t.AccountID, t.ID); err != nil || revoked {
			if err == nil {
				err = directory.Missing("token")
			}
			return err
		}
		if err := c.Check(t); err != nil {
			return err
		}
		if err := c.RevokeToken(u.OrgID, t.AccountID, t.ID, c.Now()); err != nil {
			return err
		}
		return c.Record(t.Target(), t, nil)
	})
}
