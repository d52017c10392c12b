package identity

import (
	"context"
	"slices"
	"time"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/members"
)

// ListMemberSessions returns the sessions with which a user can act in the principal's
// organization, those used last first. Permission users|update. Errors:
// [directory.NotFound], also for an invitation.
func (s *Proofs) ListMemberSessions(ctx context.Context, call directory.Call, id directory.UserID) ([]directory.SessionRecord, error) {
	return directory.Read(ctx, s.directory, call, directory.OpListMemberSessions, func(tx directory.Tx) ([]directory.SessionRecord, error) {
		u, err := members.Find(tx, call.Principal.OrgID, id)
		if err != nil {
			return nil, err
		}
		return actingIn(tx, u, s.now())
	})
}

// EndMemberSession ends a user's session in the principal's organization. It goes on in
// other organizations, but personal tokens that it creates are revoked in this one.
//
// Permission users|update; only owners end an owner's sessions. Audit entry endUserSession
// in this organization. Errors: [directory.NotFound] for the user and the session, also
// for a session that does not act in the organization.
func (s *Proofs) EndMemberSession(ctx context.Context, call directory.Call, id directory.UserID, session directory.TokenID) error {
	return directory.Do(ctx, s.directory, call, directory.OpEndMemberSession, func(c *directory.Change) error {
		u, err := members.Find(c, c.Actor().OrgID, id)
		if err != nil {
			return err
		}
		if u.IsOwner() && !c.Actor().IsOwner() {
			return directory.Errorf(directory.Forbidden, "only an owner, with a personal token, can end an owner's sessions")
		}
		if err := c.Lock(directory.LockAccount(u.AccountID)); err != nil {
			return err
		}
		acting, err := actingIn(c, u, c.Now())
		if err != nil {
			return err
		}
		i := slices.IndexFunc(acting, func(t directory.SessionRecord) bool { return t.ID == session })
		if i < 0 {
			return directory.Missing("session")
		}
		if err := c.Check(acting[i]); err != nil {
			return err
		}
		if err := c.EndSessionIn(u.OrgID, u.AccountID, session, c.Now()); err != nil {
			return err
		}
		return c.Record(acting[i].Target(), acting[i], nil)
	})
}

// actingIn returns the sessions that act for a user, those used last first.
func actingIn(tx directory.Tx, u directory.User, now time.Time) ([]directory.SessionRecord, error) {
	all, err := tx.Sessions(u.AccountID)
	if err != nil {
		return nil, err
	}
	ended, err := tx.SessionsEndedIn(u.OrgID, u.AccountID)
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(t directory.SessionRecord) bool {
		return over(t, now) || (t.OnlyOrg != "" && t.OnlyOrg != u.OrgID) || slices.Contains(ended, t.ID)
	})
	slices.Reverse(all)
	return all, nil
}

// over reports whether a session has expired or was idle for too long.
func over(t directory.SessionRecord, now time.Time) bool {
	return !now.Before(t.ExpiresAt) || now.Sub(t.LastUsedAt) >= directory.SessionIdle
}
