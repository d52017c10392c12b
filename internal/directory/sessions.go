package directory

import (
	"context"
	"slices"
)

// ListSessions gives the account's sessions that have not ended, those used last first.
// Needs a personal token or session; a session of one organization alone sees only such
// sessions of that organization.
func (s *Service) ListSessions(ctx context.Context, call Call) ([]SessionRecord, error) {
	return Read(ctx, s, call, OpListSessions, func(tx Tx) ([]SessionRecord, error) {
		all, err := sessionsOf(tx, call.Principal)
		if err != nil {
			return nil, err
		}
		now := s.now()
		all = slices.DeleteFunc(all, func(t SessionRecord) bool {
			return expired(t.ExpiresAt, now) || now.Sub(t.LastUsedAt) >= SessionIdle
		})
		slices.Reverse(all)
		return all, nil
	})
}

// sessionsOf gives the sessions that a principal may see and end.
func sessionsOf(tx Tx, p *Principal) ([]SessionRecord, error) {
	all, err := tx.Sessions(p.AccountID)
	if err != nil || p.OnlyOrg == "" {
		return all, err
	}
	return slices.DeleteFunc(all, func(t SessionRecord) bool { return t.OnlyOrg != p.OnlyOrg }), nil
}

// DeleteSession ends one of the account's own sessions, which may be the one used. Needs
// a personal token or session. Audit entry deleteSession in each of the organizations
// that the session acts in. Errors: [NotFound].
func (s *Service) DeleteSession(ctx context.Context, call Call, id TokenID) error {
	_, err := Write(ctx, s, call, OpDeleteSession, func(c *Change) (struct{}, error) {
		t, err := c.Session(c.actor.AccountID, id)
		if err == nil && c.actor.OnlyOrg != "" && t.OnlyOrg != c.actor.OnlyOrg {
			err = Missing("session")
		}
		if err != nil {
			return struct{}{}, err
		}
		if err := c.Check(t); err != nil {
			return struct{}{}, err
		}
		return struct{}{}, c.endSession(t)
	})
	return err
}

// DeleteSessions ends all of the account's sessions but the one used, and counts them.
// Needs a personal token or session. Audit entry deleteSessions for each, as for
// [Service.DeleteSession].
func (s *Service) DeleteSessions(ctx context.Context, call Call) (int, error) {
	return Write(ctx, s, call, OpDeleteSessions, func(c *Change) (n int, err error) {
		all, err := sessionsOf(c, c.actor)
		if err != nil {
			return 0, err
		}
		for _, t := range all {
			if t.ID == c.actor.TokenID {
				continue
			}
			if err := c.endSession(t); err != nil {
				return 0, err
			}
			n++
		}
		return n, nil
	})
}

// SignOut ends the session used. Audit entry signOut, as for [Service.DeleteSession].
// Errors: [Forbidden] for a principal that is no session.
func (s *Service) SignOut(ctx context.Context, call Call) error {
	_, err := Write(ctx, s, call, OpSignOut, func(c *Change) (struct{}, error) {
		if c.actor.Kind != Session {
			return struct{}{}, Errorf(Forbidden, "only a session can be signed out of")
		}
		t, err := c.Session(c.actor.AccountID, c.actor.TokenID)
		if err != nil {
			return struct{}{}, err
		}
		return struct{}{}, c.endSession(t)
	})
	return err
}

// endSessionsIn deletes the sessions that a user who is taken out had for that
// organization alone. They end with the entry of that: no principal is left to cache.
func (c *Change) endSessionsIn(u User) error {
	if u.AccountID == "" {
		return nil // an invitation has no account
	}
	return c.DropSessionsIn(u.AccountID, u.OrgID)
}

// dropSessions ends all sessions of an account.
func (c *Change) dropSessions(account AccountID) error {
	all, err := c.Sessions(account)
	if err != nil {
		return err
	}
	for _, t := range all {
		if err := c.as(OpDeleteSession).endSession(t); err != nil {
			return err
		}
	}
	return nil
}
