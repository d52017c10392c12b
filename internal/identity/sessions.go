package identity

import (
	"context"
	"slices"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/ident"
	"github.com/rosterhq/roster/internal/limits"
	"github.com/rosterhq/roster/internal/text"
)

// IssuedSession is a new session with its value, which goes into a cookie.
type IssuedSession struct {
	directory.SessionRecord
	Secret string `json:"-"`
}

// newSession is what a proved sign-in starts.
type newSession struct {
	method   directory.SignInMethod
	onlyOrg  directory.OrgID
	issuer   directory.IssuerID
	fresh    bool   // the person proved themself to Roster just now
	replaces string // value of the session that the browser had, "" for none
}

// startSession signs an account in: it creates a session, and ends the one that the
// browser had. The account is locked.
// Audit entry signIn in each of the account's organizations, or in in.onlyOrg alone.
func startSession(c *directory.Change, call directory.Call, account directory.Account, in newSession) (IssuedSession, error) {
	if err := endReplaced(c, account.ID, in.replaces); err != nil {
		return IssuedSession{}, err
	}
	if err := roomForSession(c, account.ID); err != nil {
		return IssuedSession{}, err
	}
	t := IssuedSession{Secret: ident.Secret(directory.SessionPrefix), SessionRecord: directory.SessionRecord{
		ID: directory.TokenID(ident.New("ses", c.Now())), AccountID: account.ID, OnlyOrg: in.onlyOrg, Method: in.method, IssuerID: in.issuer,
		CreatedAt: c.Now(), ExpiresAt: c.Now().Add(directory.SessionLifetime), LastUsedAt: c.Now(),
		UserAgent: text.Loggable(call.UserAgent, directory.MaxLogged), RemoteAddr: text.Loggable(call.RemoteAddr, directory.MaxLogged),
	}}
	if in.fresh {
		t.FreshAt = c.Now()
	}
	t.Hash = directory.HashSecret(t.Secret)
	if account.SignedInAt.IsZero() {
		if err := c.MarkAccount(account.ID, account.VerifiedAt, c.Now()); err != nil {
			return IssuedSession{}, err
		}
	}
	if err := c.CreateSession(t.SessionRecord); err != nil {
		return IssuedSession{}, err
	}
	session := &directory.Principal{Kind: directory.Session, TokenID: t.ID, AccountID: account.ID, Name: account.Name}
	n, err := recordSession(c.By(session, directory.OpSignIn), t.SessionRecord, nil, t.SessionRecord)
	if err == nil && n == 0 {
		err = directory.ErrNoSession // the account is a member nowhere that the session could act in
	}
	return t, err
}

// endReplaced ends the session that the browser had, unless it is another account's.
func endReplaced(c *directory.Change, account directory.AccountID, secret string) error {
	if secret == "" {
		return nil
	}
	t, err := c.SessionByHash(directory.HashSecret(secret))
	if err != nil || t.AccountID != account {
		return directory.IgnoreNotFound(err)
	}
	replaced := &directory.Principal{Kind: directory.Session, TokenID: t.ID, AccountID: account}
	return endSession(c.By(replaced, directory.OpSignOut), t)
}

// roomForSession ends those sessions of an account that have not been used for longest,
// so that one more is within the limit. Refusing would lock the person out.
func roomForSession(c *directory.Change, account directory.AccountID) error {
	most := c.Limit(limits.Sessions)
	if most == 0 {
		return nil
	}
	all, err := c.Sessions(account)
	if err != nil {
		return err
	}
	for ; len(all) >= most; all = all[1:] {
		if err := endSession(c.By(directory.SystemPrincipal(""), directory.OpDeleteSession), all[0]); err != nil {
			return err
		}
	}
	return nil
}

// ListSessions returns the account's sessions that have not ended, those used last first.
// Needs a personal token or session; a session of one organization alone sees only such
// sessions of that organization.
func (s *Proofs) ListSessions(ctx context.Context, call directory.Call) ([]directory.SessionRecord, error) {
	return directory.Read(ctx, s.directory, call, directory.OpListSessions, func(tx directory.Tx) ([]directory.SessionRecord, error) {
		all, err := sessionsOf(tx, call.Principal)
		if err != nil {
			return nil, err
		}
		now := s.now()
		all = slices.DeleteFunc(all, func(t directory.SessionRecord) bool { return over(t, now) })
		slices.Reverse(all)
		return all, nil
	})
}

// sessionsOf returns the sessions that a principal may see and end.
func sessionsOf(tx directory.Tx, p *directory.Principal) ([]directory.SessionRecord, error) {
	all, err := tx.Sessions(p.AccountID)
	if err != nil || p.OnlyOrg == "" {
		return all, err
	}
	return slices.DeleteFunc(all, func(t directory.SessionRecord) bool { return t.OnlyOrg != p.OnlyOrg }), nil
}

// DeleteSession ends one of the account's own sessions, which may be the one used. Needs
// a personal token or session. Audit entry deleteSession in each of the organizations
// that the session acts in. Errors: [directory.NotFound].
func (s *Proofs) DeleteSession(ctx context.Context, call directory.Call, id directory.TokenID) error {
	return directory.Do(ctx, s.directory, call, directory.OpDeleteSession, func(c *directory.Change) error {
		t, err := c.Session(c.Actor().AccountID, id)
		if err == nil && c.Actor().OnlyOrg != "" && t.OnlyOrg != c.Actor().OnlyOrg {
			err = directory.Missing("session")
		}
		if err != nil {
			return err
		}
		if err := c.Check(t); err != nil {
			return err
		}
		return endSession(c, t)
	})
}

// DeleteSessions ends all of the account's sessions but the one used, and counts them.
// Needs a personal token or session. Audit entry deleteSessions for each, as for
// [Proofs.DeleteSession].
func (s *Proofs) DeleteSessions(ctx context.Context, call directory.Call) (int, error) {
	return directory.Write(ctx, s.directory, call, directory.OpDeleteSessions, func(c *directory.Change) (n int, err error) {
		all, err := sessionsOf(c, c.Actor())
		if err != nil {
			return 0, err
		}
		for _, t := range all {
			if t.ID == c.Actor().TokenID {
				continue
			}
			if err := endSession(c, t); err != nil {
				return 0, err
			}
			n++
		}
		return n, nil
	})
}

// SignOut ends the session used. Audit entry signOut, as for [Proofs.DeleteSession].
// Errors: [directory.Forbidden] for a principal that is no session.
func (s *Proofs) SignOut(ctx context.Context, call directory.Call) error {
	return directory.Do(ctx, s.directory, call, directory.OpSignOut, func(c *directory.Change) error {
		if c.Actor().Kind != directory.Session {
			return directory.Errorf(directory.Forbidden, "only a session can be signed out of")
		}
		t, err := c.Session(c.Actor().AccountID, c.Actor().TokenID)
		if err != nil {
			return err
		}
		return endSession(c, t)
	})
}
