package directory

import (
	"context"
	"strings"
	"time"
)

// ErrBadToken is the error for a token that is unknown or has ended.
var ErrBadToken = Errorf(Unauthenticated, "the token is unknown, expired or revoked")

var (
	errElsewhere = Errorf(Forbidden, "the token is bound to networks, and this request does not come from any of them")
	errTooOld    = Errorf(Forbidden, "this personal token is older than the organization allows; "+
		"make a new one with a token that is not, or ask the operator (roster admin create-personal-token)")
	errRevokedHere = Errorf(Forbidden, "this personal token was revoked in this organization; make another one after signing in, "+
		"or ask somebody who manages the organization's users")
	// ErrSuspended is the error for a user who is suspended. It is answered like ErrNotYours where an organization is looked up.
	ErrSuspended = &Error{Code: Forbidden, Err: ErrNotYours, Message: "your membership is suspended; " +
		"ask somebody who manages the organization's users to reactivate it"}
	// ErrNotYours is the error for an organization that the principal does not act in,
	// whether it exists or not.
	ErrNotYours = Errorf(Forbidden, "the token does not belong to the organization that X-Axiom-Org-Id names")
)

// RefusedToken is the refusal of a token whose holder is known: it has expired, or
// it may not be used like this. An expired one is answered like any other bad token.
type RefusedToken struct {
	Principal *Principal
	Err       error
}

func (e *RefusedToken) Error() string { return e.Err.Error() }

// Unwrap returns the error that is answered, with its code.
func (e *RefusedToken) Unwrap() error { return e.Err }

// Authenticate is [Service.AuthenticateFrom] for a request from an unknown address. It
// refuses every token that is bound to networks.
func (s *Service) Authenticate(ctx context.Context, secret string, org OrgID) (*Principal, error) {
	return s.AuthenticateFrom(ctx, secret, org, "")
}

// AuthenticateFrom resolves a token to a principal of the organization that the request
// names, "" for none. remoteAddr is the address that the request comes from.
//
// Errors: [Unauthenticated] for a token that is unknown, expired or revoked;
// [Forbidden] for an organization that is not the token's, whether it exists or not,
// for a personal token that is older than the organization allows, and for an address
// outside the networks that the token is bound to.
func (s *Service) AuthenticateFrom(ctx context.Context, secret string, org OrgID, remoteAddr string) (*Principal, error) {
	p, err := s.resolve(ctx, secret, org, remoteAddr)
	if err != nil {
		return nil, err
	}
	if err := p.comesFrom(remoteAddr); err != nil {
		return nil, err
	}
	p.use(s.now())
	return p, nil
}

// comesFrom checks that the principal's token may be used from an address.
func (p *Principal) comesFrom(remoteAddr string) error {
	if p.Networks.Contain(remoteAddr) {
		return nil
	}
	return &RefusedToken{Principal: p, Err: errElsewhere}
}

// resolve finds a token's principal in the cache or in the database.
func (s *Service) resolve(ctx context.Context, secret string, org OrgID, remoteAddr string) (*Principal, error) {
	if strings.HasPrefix(secret, SessionPrefix) { // is in the cache too, and is no token
		return nil, ErrBadToken
	}
	key := principalKey{HashSecret(secret), org}
	if p, ok := s.cachedPrincipal(key); ok {
		return p, nil
	}
	var p *Principal
	epoch := s.cache.Epoch()
	err := s.store.Read(ForTenant(ctx, AddrTenant(remoteAddr)), func(tx Tx) (err error) {
		switch {
		case strings.HasPrefix(secret, APITokenPrefix):
			p, err = s.apiTokenPrincipal(tx, key.hash, org)
		case strings.HasPrefix(secret, PersonalTokenPrefix):
			p, err = s.personalTokenPrincipal(tx, key.hash, org)
		case strings.HasPrefix(secret, AppCredentialPrefix):
			p, err = s.appPrincipal(tx, key.hash, org)
		default:
			err = ErrBadToken
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	s.cache.putPrincipal(epoch, key, p)
	return p, nil
}

// cachedPrincipal reads the cache. It checks the ends of the token and of a temporary role
// itself, because there is no commit at these times; every other end is a commit.
func (s *Service) cachedPrincipal(key principalKey) (*Principal, bool) {
	p, ok := s.cache.principals.Get(key)
	now := s.now()
	if !ok || !s.store.InTouch() || expired(p.ExpiresAt, now) || expired(p.tooOld, now) || expired(p.issuerBy, now) || expired(p.until, now) {
		return nil, false
	}
	return p, true
}

func (s *Service) apiTokenPrincipal(tx Tx, hash SecretHash, org OrgID) (*Principal, error) {
	t, err := tx.APITokenByHash(hash)
	if err != nil {
		return nil, UnknownToken(err)
	}
	if !t.Hash.Equal(hash) {
		return nil, ErrBadToken
	}
	p := t.principal()
	if expired(t.ExpiresAt, s.now()) {
		return nil, &RefusedToken{Principal: p, Err: ErrBadToken}
	}
	if org != "" && org != t.OrgID {
		return nil, ErrNotYours
	}
	p.mark = s.usage.Of(t.key())
	return p, nil
}

func (s *Service) personalTokenPrincipal(tx Tx, hash SecretHash, org OrgID) (*Principal, error) {
	t, err := tx.PersonalTokenByHash(hash)
	if err != nil {
		return nil, UnknownToken(err)
	}
	if !t.Hash.Equal(hash) {
		return nil, ErrBadToken
	}
	p, err := personalPrincipal(tx, t, org, s.now())
	if !expired(t.ExpiresAt, s.now()) {
		if err == nil {
			p, err = s.accepted(p, org)
		}
		if err == nil && p.OrgID != "" {
			p.mark = s.usage.Of(tokenKey{org: p.OrgID, account: t.AccountID, id: t.ID})
			p.active = s.usage.Of(tokenKey{org: p.OrgID, account: t.AccountID})
		}
		return p, err
	}
	switch CodeOf(err) {
	case "":
		if err == nil {
			err = &RefusedToken{Principal: p, Err: ErrBadToken}
		}
	case Forbidden:
		err = ErrBadToken // the answer to an expired token reveals nothing about organizations
	}
	return nil, err
}

// accepted checks the organization's own rules for personal tokens: it has not revoked the
// token, none is older than it allows, and if it requires its issuer, the person has signed
// in by it. named is the organization that the request names.
func (s *Service) accepted(p *Principal, named OrgID) (*Principal, error) {
	if p.revoked {
		return p, &RefusedToken{Principal: p, Err: errRevokedHere}
	}
	if expired(p.tooOld, s.now()) {
		return p, &RefusedToken{Principal: p, Err: errTooOld}
	}
	return p.signedInByIssuer(named, s.now())
}

// personalPrincipal is t's account acting in org, see [accountPrincipal].
func personalPrincipal(tx Tx, t PersonalTokenRecord, org OrgID, now time.Time) (*Principal, error) {
	p, settings, err := accountPrincipal(tx, t.AccountID, org, now)
	if err != nil {
		return nil, err
	}
	p.Kind, p.TokenID, p.ExpiresAt, p.Networks = PersonalToken, t.ID, t.ExpiresAt, t.Networks
	p.tooOld = settings.tooOld(t)
	if p.OrgID != "" {
		if p.revoked, err = tx.TokenRevoked(p.OrgID, t.AccountID, t.ID); err != nil {
			return nil, err
		}
	}
	if err := p.requireIssuer(tx, settings); err != nil {
		return nil, err
	}
	return p, nil
}

// accountPrincipal is an account acting in org, however it is authenticated, with the
// settings of the organization. Without an org it is the account's only organization, or
// none if there are several. An organization in which the account is suspended does not
// count. If there is no other, the account acts without an organization, so that nobody
// can keep a person from joining other organizations by suspending them.
func accountPrincipal(tx Tx, account AccountID, org OrgID, now time.Time) (p *Principal, settings OrgSettings, err error) {
	users, err := tx.ActiveUsers(account, 2) // enough to tell one from several
	if err != nil {
		return nil, settings, err
	}
	if len(users) == 0 && org == "" {
		p, err = suspendedPrincipal(tx, account)
		return p, settings, err
	}
	var named User
	if org == "" {
		named = users[0]
	} else if named, err = tx.AccountUser(org, account); err != nil || named.Invited || named.Suspended {
		return nil, settings, notHere(named, err)
	}
	p = &Principal{AccountID: account, Name: named.Name}
	if org == "" && len(users) > 1 {
		return p, settings, nil
	}
	p.OrgID, p.UserID, p.Role, p.email = named.OrgID, named.ID, named.Role.ID, named.Email
	if settings, err = tx.OrgSettings(named.OrgID); err != nil {
		return nil, settings, err
	}
	r, err := effective(tx, named, now)
	p.hold(r)
	return p, settings, err
}

// suspendedPrincipal is an account whose memberships are all suspended. Errors:
// [Unauthenticated] if it has none.
func suspendedPrincipal(tx Tx, account AccountID) (*Principal, error) {
	users, err := tx.AccountUsers(account)
	if err != nil {
		return nil, err
	}
	if len(users) == 0 {
		return nil, ErrBadToken
	}
	return &Principal{AccountID: account, Name: users[0].Name, Suspended: true}, nil
}

// notHere is the error for an account that does not act in an organization: err, or the
// state of its user there.
func notHere(u User, err error) error {
	switch {
	case CodeOf(err) == NotFound || (err == nil && u.Invited):
		return ErrNotYours
	case err != nil:
		return err
	default:
		return ErrSuspended
	}
}

// Reload reads p again as it is now. Errors: [Unauthenticated] if p was removed or its
// token was revoked or has expired since the request began.
func (s *Service) Reload(tx Tx, p *Principal) (*Principal, error) {
	if p.Kind == APIToken {
		t, err := tx.APIToken(p.OrgID, p.TokenID)
		if err != nil {
			return nil, UnknownToken(err)
		}
		if expired(t.ExpiresAt, s.now()) {
			return nil, ErrBadToken
		}
		return t.principal(), nil
	}
	if p.Kind == Session {
		return s.reloadSession(tx, p)
	}
	if p.Kind == AppClient {
		c, err := tx.AppCredential(p.OrgID, p.App, p.TokenID)
		return c.principal(), UnknownToken(err)
	}
	t, err := tx.PersonalToken(p.AccountID, p.TokenID)
	if err != nil {
		return nil, UnknownToken(err)
	}
	if expired(t.ExpiresAt, s.now()) {
		return nil, ErrBadToken
	}
	now, err := personalPrincipal(tx, t, p.OrgID, s.now())
	if err != nil {
		return nil, err
	}
	return s.accepted(now, p.OrgID)
}

func (t APITokenRecord) principal() *Principal {
	return &Principal{
		Kind: APIToken, TokenID: t.ID, Name: t.Name, ExpiresAt: t.ExpiresAt, Networks: t.Networks, makerID: t.MakerID,
		OrgID: t.OrgID, Capabilities: t.Capabilities, Giving: t.Giving,
	}
}

// UnknownToken turns [NotFound] into the error for a bad token, and leaves other errors be.
func UnknownToken(err error) error {
	if CodeOf(err) == NotFound {
		return ErrBadToken
	}
	return err
}

// expired reports whether a token that ends at t has ended. The zero time is never.
func expired(t, now time.Time) bool { return !t.IsZero() && !now.Before(t) }
