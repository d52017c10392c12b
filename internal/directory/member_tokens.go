package directory

import (
	"context"
	"time"
)

// MemberToken is a personal token as an organization sees it in which it acts.
type MemberToken struct {
	PersonalTokenRecord
	LastUsedAt time.Time // in the organization; zero: never
}

// ListMemberTokens returns the personal tokens with which a user can act in the
// principal's organization, and when each was last used there. It leaves out tokens that
// have expired, that are older than the organization allows, or that it has revoked.
// Permission users|update. Errors: [NotFound].
func (s *Service) ListMemberTokens(ctx context.Context, call Call, id UserID) ([]MemberToken, error) {
	return Read(ctx, s, call, OpListMemberTokens, func(tx Tx) ([]MemberToken, error) {
		u, err := Member(tx, call.Principal.OrgID, id)
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
			if use.Revoked || expired(t.ExpiresAt, s.now()) || expired(settings.tooOld(t), s.now()) {
				continue
			}
			key := tokenKey{org: u.OrgID, account: t.AccountID, id: t.ID}
			all = append(all, MemberToken{t, s.usage.latest(key, use.LastUsedAt)})
		}
		return all, nil
	})
}

// TokenUse is what an organization has of a personal token.
type TokenUse struct {
	LastUsedAt time.Time // zero: never
	Revoked    bool
}

// Member finds a user who is not just invited: an invitation belongs to an address and
// says nothing of an account. Errors: [NotFound].
func Member(tx Tx, org OrgID, id UserID) (User, error) {
	u, err := tx.User(org, id)
	if err == nil && u.Invited {
		err = Missing("user")
	}
	return u, err
}

// RevokeMemberToken revokes a user's personal token in the principal's organization, for
// good. It still acts in other organizations, but tokens that it creates act in this one
// no more than itself.
//
// Permission users|update; only owners revoke an owner's tokens. Audit entry
// revokeUserToken in this organization. Errors: [NotFound] for the user and the token,
// also for a token that does not act in the organization.
func (s *Service) RevokeMemberToken(ctx context.Context, call Call, id UserID, token TokenID) error {
	return Do(ctx, s, call, OpRevokeMemberToken, func(c *Change) error {
		u, err := Member(c, c.actor.OrgID, id)
		if err != nil {
			return err
		}
		if u.IsOwner() && !c.actor.IsOwner() {
			return Errorf(Forbidden, "only an owner, with a personal token, can revoke an owner's tokens")
		}
		if err := c.Lock(LockAccount(u.AccountID)); err != nil {
			return err
		}
		t, err := c.PersonalToken(u.AccountID, token)
		if err != nil {
			return err
		}
		if revoked, err := c.TokenRevoked(u.OrgID, t.AccountID, t.ID); err != nil || revoked {
			if err == nil {
				err = Missing("token")
			}
			return err
		}
		if err := c.Check(t); err != nil {
			return err
		}
		if err := c.RevokeToken(u.OrgID, t.AccountID, t.ID, c.now); err != nil {
			return err
		}
		return c.Record(t.Target(), t, nil)
	})
}
