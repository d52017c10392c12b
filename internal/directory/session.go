package directory

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// How long sessions last at most. An organization can set shorter limits for acting in
// it, see [OrgSettings].
const (
	SessionIdle     = 24 * time.Hour     // without a request
	SessionLifetime = 7 * 24 * time.Hour // since the sign-in
	// FreshFor is how long after a sign-in a session may do what needs a fresh one.
	FreshFor = 10 * time.Minute

	SessionPrefix = "xsess-"
	// sessionUseStored is how far a session's stored last use may lag behind.
	sessionUseStored = time.Minute
)

// SignInMethod is how a person proved who they are.
type SignInMethod string

// The methods.
const (
	SignInLinkMailed     SignInMethod = "link"           // mailed
	SignInOperatorLink   SignInMethod = "operatorLink"   // printed for the operator
	SignInInvitationLink SignInMethod = "invitationLink" // copied by the inviter
	SignInPasskey        SignInMethod = "passkey"
	SignInIssuer         SignInMethod = "issuer" // OpenID Connect
)

// SessionRecord is a session as it is kept: somebody who signed in in a browser. Only
// a hash of its value is stored.
type SessionRecord struct {
	ID        TokenID      `json:"id"` // "ses_…"
	AccountID AccountID    `json:"accountId"`
	OnlyOrg   OrgID        `json:"onlyOrg,omitempty"` // the session acts there alone; empty: in all of the account's
	Method    SignInMethod `json:"method"`
	IssuerID  IssuerID     `json:"issuerId,omitempty"` // that the session was opened by, and ends with
	CreatedAt time.Time    `json:"createdAt"`
	ExpiresAt time.Time    `json:"expiresAt"`
	Hash      SecretHash   `json:"-"`

	// LastUsedAt may lag behind by a minute. FreshAt is when the person last proved
	// themself to Roster; zero: they did not.
	LastUsedAt time.Time `json:"-"`
	FreshAt    time.Time `json:"-"`
	// UserAgent and RemoteAddr are those of the sign-in.
	UserAgent  string `json:"-"`
	RemoteAddr string `json:"-"`
}

// Target is how the audit log names the session.
func (t SessionRecord) Target() Target {
	return Target{Type: "session", ID: string(t.ID), Name: string(t.Method)}
}

// ErrNoSession is the error for a session that is unknown or has ended.
var ErrNoSession = Errorf(Unauthenticated, "you are not signed in, or your session has ended; sign in")

// AuthenticateSession resolves a session's value to a principal of the organization that
// the request names, "" for none: then a session of an account in one organization acts
// there. Errors: [Unauthenticated] for a session that is unknown, ended or was idle for
// too long for the organization; [Forbidden] for an organization that the account is not
// in, whether it exists or not.
func (s *Service) AuthenticateSession(ctx context.Context, secret string, org OrgID, remoteAddr string) (*Principal, error) {
	if !strings.HasPrefix(secret, SessionPrefix) {
		return nil, ErrNoSession
	}
	key := principalKey{HashSecret(secret), org}
	p, ok := s.cachedPrincipal(key)
	if !ok || p.session.idled(s.now()) { // another node may have served a request since
		epoch := s.cache.Epoch()
		err := s.store.Read(ForTenant(ctx, AddrTenant(remoteAddr)), func(tx Tx) error {
			t, err := tx.SessionByHash(key.hash)
			if err != nil || !t.Hash.Equal(key.hash) {
				return noSession(err)
			}
			p, err = sessionPrincipal(tx, t, org, s.now())
			return err
		})
		if err != nil {
			return nil, err
		}
		if p.OrgID != "" {
			p.active = s.usage.Of(tokenKey{org: p.OrgID, account: p.AccountID})
		}
		s.cache.putPrincipal(epoch, key, p)
	}
	s.useSession(ctx, p)
	p.use(s.now())
	return p, nil
}

// noSession answers a missing session as an ended one and leaves other errors be.
func noSession(err error) error {
	if err == nil || CodeOf(err) == NotFound {
		return ErrNoSession
	}
	return err
}

// sessionState is what a session's principal has beyond a token's. It is shared.
type sessionState struct {
	used atomic.Int64  // microseconds since 1970; at least every minute
	idle time.Duration // after which the session ends
}

func (st *sessionState) idled(now time.Time) bool {
	return st != nil && now.Sub(time.UnixMicro(st.used.Load())) >= st.idle
}

// useSession stores that a session was used, once a minute. A failure is no reason to
// refuse the request: the session only ends earlier.
func (s *Service) useSession(ctx context.Context, p *Principal) {
	last, now := p.session.used.Load(), s.now()
	if now.Sub(time.UnixMicro(last)) < sessionUseStored || !p.session.used.CompareAndSwap(last, now.UnixMicro()) {
		return
	}
	err := s.store.Write(ForTenant(ctx, AccountTenant(p.AccountID)), func(tx Tx) error {
		return tx.UseSession(p.AccountID, p.TokenID, now)
	})
	if err != nil {
		p.session.used.CompareAndSwap(now.UnixMicro(), last)
	}
}

// sessionPrincipal is the account behind t acting in org.
func sessionPrincipal(tx Tx, t SessionRecord, org OrgID, now time.Time) (*Principal, error) {
	if expired(t.ExpiresAt, now) || now.Sub(t.LastUsedAt) >= SessionIdle {
		return nil, ErrNoSession // the answer to an ended session reveals nothing about organizations
	}
	if t.OnlyOrg != "" {
		if org != "" && org != t.OnlyOrg {
			return nil, ErrNotYours
		}
		org = t.OnlyOrg
	}
	if t.IssuerID != "" {
		i, err := tx.Issuer(t.OnlyOrg, t.IssuerID)
		if err != nil || !i.Enabled {
			return nil, noSession(err)
		}
	}
	named := org
	p, settings, err := accountPrincipal(tx, t.AccountID, org, now)
	if errors.Is(err, ErrBadToken) { // a member nowhere
		err = ErrNoSession
	}
	if err != nil {
		return nil, err
	}
	if p.OrgID != "" {
		ended, err := tx.SessionsEndedIn(p.OrgID, t.AccountID)
		if err != nil {
			return nil, err
		}
		if slices.Contains(ended, t.ID) {
			return nil, ErrNoSession
		}
	}
	p.Kind, p.TokenID, p.OnlyOrg, p.FreshAt = Session, t.ID, t.OnlyOrg, t.FreshAt
	p.session = &sessionState{idle: settings.sessionIdle()}
	p.session.used.Store(t.LastUsedAt.UnixMicro())
	p.ExpiresAt = t.CreatedAt.Add(settings.sessionLifetime())
	if t.ExpiresAt.Before(p.ExpiresAt) {
		p.ExpiresAt = t.ExpiresAt
	}
	if expired(p.ExpiresAt, now) || p.session.idled(now) {
		return nil, ErrNoSession
	}
	if t.IssuerID != "" {
		if err := p.needVouched(tx); err != nil {
			return nil, err
		}
		return p, nil
	}
	if err := p.requireIssuer(tx, settings); err != nil {
		return nil, err
	}
	if !p.issuerBy.IsZero() {
		p.issuerBy = longAgo // the session itself is no sign-in by the issuer, however recent another was
	}
	return p.signedInByIssuer(named, now)
}

// reloadSession reads a session's principal again as it is now.
func (s *Service) reloadSession(tx Tx, p *Principal) (*Principal, error) {
	t, err := tx.Session(p.AccountID, p.TokenID)
	if err != nil {
		return nil, noSession(err)
	}
	if used := time.UnixMicro(p.session.used.Load()).UTC(); used.After(t.LastUsedAt) {
		t.LastUsedAt = used
	}
	return sessionPrincipal(tx, t, p.OrgID, s.now())
}

// NeedFresh refuses a session whose person has not proved themself within [FreshFor].
// A token is the proof itself. Errors: [Reauthenticate].
func (c *Change) NeedFresh() error {
	if c.actor.Kind != Session || c.DryRun() || c.now.Sub(c.actor.FreshAt) < FreshFor {
		return nil
	}
	return Errorf(Reauthenticate, "this needs a sign-in within the last %d minutes; sign in again with a passkey or a link", int(FreshFor.Minutes()))
}
