package directory

import (
	"context"
	"strings"
	"time"

	"github.com/rosterhq/roster/internal/authz"
)

// PrincipalKind is what a principal came with.
type PrincipalKind uint8

// The kinds of principal.
const (
	APIToken PrincipalKind = iota + 1
	PersonalToken
	Session   // of an account that signed in in a browser
	AppClient // an application, by a credential of its own
	program   // the server itself; no token
)

// ofAccount reports whether such a principal is an account in an organization.
func (k PrincipalKind) ofAccount() bool { return k == PersonalToken || k == Session }

// Principal is who a request acts as: an API token, or an account in an
// organization. It is a snapshot: the [Service] reads it again inside every
// transaction that writes. Principals are shared between requests and must not be
// changed.
type Principal struct {
	Kind      PrincipalKind
	TokenID   TokenID
	Name      string    // the token's name, or the account's
	ExpiresAt time.Time // the token's end; zero: never
	Networks  Networks  // from which the token may be used; none: anywhere
	AccountID AccountID // personal tokens and sessions only

	// OrgID, UserID and Role are empty for a personal token of an account in
	// several organizations when the request named none.
	OrgID        OrgID
	UserID       UserID // personal tokens and sessions only
	Role         RoleID // base role; personal tokens and sessions only
	Capabilities authz.Set
	Giving       authz.Limit // bounds what p can give to others

	// lasting is what p may do without the role that the user has until a time; until is zero
	// if they have none.
	lasting authz.Set
	until   time.Time

	// OnlyOrg is the one organization that a session may act in; empty: any of the
	// account's. FreshAt is when its person last proved themself, see [FreshFor].
	OnlyOrg OrgID
	FreshAt time.Time

	// App is the application itself; AppClient only. OrgID is then the organization that it
	// belongs to, and empty for one of the deployment.
	App AppID

	// Suspended is true for an account that is suspended in all of its organizations. It
	// acts in none of them, but may still join others.
	Suspended bool

	email   string     // of an account that acts in an organization
	mark    *usageMark // of the token; not of a session
	active  *usageMark // of a person in the organization
	makerID UserID     // API tokens only; see [APITokenRecord]
	revoked bool       // the organization has revoked the personal token
	tooOld  time.Time  // when the organization refuses a personal token; zero: never
	// issuerBy is when the organization refuses a credential until the person has signed in
	// by its issuer again; zero: never. Of an account that acts in no organization for that
	// reason, awaitsIssuer is set.
	issuerBy     time.Time
	awaitsIssuer bool
	session      *sessionState // sessions only
}

// hold gives an account's principal what its user may do.
func (p *Principal) hold(r rights) {
	p.Capabilities, p.Giving, p.lasting, p.until = r.held, r.giving, r.lasting, r.until
}

// HeldUntil is when p loses some of the capabilities in set, because the role that it has
// for a time ends; zero: not by that.
func (p *Principal) HeldUntil(set authz.Set) time.Time {
	if p.until.IsZero() || p.lasting.Covers(set) {
		return time.Time{}
	}
	return p.until
}

// Maker is the user who counts as the maker of what p creates; "" for none.
func (p *Principal) Maker() UserID {
	if p.Kind == APIToken {
		return p.makerID
	}
	return p.UserID
}

// use notes that the principal's token was used, and that its person is active.
func (p *Principal) use(now time.Time) {
	for _, m := range [...]*usageMark{p.mark, p.active} {
		if m != nil {
			m.last.Store(now.UnixMicro())
		}
	}
}

// IsOwner reports whether p may make, unmake and remove owners.
func (p *Principal) IsOwner() bool { return p.Kind.ofAccount() && p.Role == authz.RoleOwner }

// OperatorPrincipal is the person who runs the admin commands on the database itself.
func OperatorPrincipal(org OrgID) *Principal {
	return &Principal{OrgID: org, Name: "operator", Capabilities: authz.Everything(), Giving: authz.Unlimited()}
}

// SystemPrincipal is the server, for changes that no caller asked for.
func SystemPrincipal(org OrgID) *Principal {
	return &Principal{Kind: program, OrgID: org, Name: "roster"}
}

// Giver is p as it is stored with what p grants. It has no name, which would have to be
// erased with the person.
func (p *Principal) Giver() Actor {
	a := p.Actor()
	a.Name = ""
	return a
}

// Actor is p as an entry records it.
func (p *Principal) Actor() Actor {
	switch p.Kind {
	case APIToken:
		return Actor{Kind: ActorAPIToken, TokenID: p.TokenID, Name: p.Name}
	case PersonalToken, Session:
		return Actor{Kind: ActorAccount, TokenID: p.TokenID, AccountID: p.AccountID, UserID: p.UserID, Name: p.Name}
	case AppClient:
		return Actor{Kind: ActorApplication, TokenID: p.TokenID, Name: p.Name}
	case program:
		return Actor{Kind: ActorSystem, Name: p.Name}
	default:
		return Actor{Kind: ActorOperator, Name: p.Name}
	}
}

var (
	errBadToken  = Errorf(Unauthenticated, "the token is unknown, expired or revoked")
	errElsewhere = Errorf(Forbidden, "the token is bound to networks, and this request does not come from any of them")
	errTooOld    = Errorf(Forbidden, "this personal token is older than the organization allows; "+
		"make a new one with a token that is not, or ask the operator (roster admin create-personal-token)")
	errRevokedHere = Errorf(Forbidden, "this personal token was revoked in this organization; make another one after signing in, "+
		"or ask somebody who manages the organization's users")
	// ErrSuspended is the error for a user who is suspended. It is answered like errNotYours where an organization is looked up.
	ErrSuspended = &Error{Code: Forbidden, Err: errNotYours, Message: "your membership is suspended; " +
		"ask somebody who manages the organization's users to reactivate it"}
	errNotYours = Errorf(Forbidden, "the token does not belong to the organization that X-Axiom-Org-Id names")
)

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
		return nil, errBadToken
	}
	key := principalKey{HashSecret(secret), org}
	if p, ok := s.cachedPrincipal(key); ok {
		return p, nil
	}
	var p *Principal
	epoch := s.cache.epoch.Load()
	err := s.store.Read(ForTenant(ctx, AddrTenant(remoteAddr)), func(tx Tx) (err error) {
		switch {
		case strings.HasPrefix(secret, APITokenPrefix):
			p, err = s.apiTokenPrincipal(tx, key.hash, org)
		case strings.HasPrefix(secret, PersonalTokenPrefix):
			p, err = s.personalTokenPrincipal(tx, key.hash, org)
		case strings.HasPrefix(secret, AppCredentialPrefix):
			p, err = s.appPrincipal(tx, key.hash, org)
		default:
			err = errBadToken
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
	p, ok := s.cache.principals.get(key)
	now := s.now()
	if !ok || !s.store.InTouch() || expired(p.ExpiresAt, now) || expired(p.tooOld, now) || expired(p.issuerBy, now) || expired(p.until, now) {
		return nil, false
	}
	return p, true
}

func (s *Service) apiTokenPrincipal(tx Tx, hash SecretHash, org OrgID) (*Principal, error) {
	t, err := tx.APITokenByHash(hash)
	if err != nil {
		return nil, unknownToken(err)
	}
	if !t.Hash.Equal(hash) {
		return nil, errBadToken
	}
	p := t.principal()
	if expired(t.ExpiresAt, s.now()) {
		return nil, &RefusedToken{Principal: p, Err: errBadToken}
	}
	if org != "" && org != t.OrgID {
		return nil, errNotYours
	}
	p.mark = s.usage.mark(t.key())
	return p, nil
}

func (s *Service) personalTokenPrincipal(tx Tx, hash SecretHash, org OrgID) (*Principal, error) {
	t, err := tx.PersonalTokenByHash(hash)
	if err != nil {
		return nil, unknownToken(err)
	}
	if !t.Hash.Equal(hash) {
		return nil, errBadToken
	}
	p, err := personalPrincipal(tx, t, org, s.now())
	if !expired(t.ExpiresAt, s.now()) {
		if err == nil {
			p, err = s.accepted(p, org)
		}
		if err == nil && p.OrgID != "" {
			p.mark = s.usage.mark(tokenKey{org: p.OrgID, account: t.AccountID, id: t.ID})
			p.active = s.usage.mark(tokenKey{org: p.OrgID, account: t.AccountID})
		}
		return p, err
	}
	switch CodeOf(err) {
	case "":
		if err == nil {
			err = &RefusedToken{Principal: p, Err: errBadToken}
		}
	case Forbidden:
		err = errBadToken // the answer to an expired token reveals nothing about organizations
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
		return nil, errBadToken
	}
	return &Principal{AccountID: account, Name: users[0].Name, Suspended: true}, nil
}

// notHere is the error for an account that does not act in an organization: err, or the
// state of its user there.
func notHere(u User, err error) error {
	switch {
	case CodeOf(err) == NotFound || (err == nil && u.Invited):
		return errNotYours
	case err != nil:
		return err
	default:
		return ErrSuspended
	}
}

// reload reads p again as it is now. Errors: [Unauthenticated] if p was removed or its
// token was revoked or has expired since the request began.
func (s *Service) reload(tx Tx, p *Principal) (*Principal, error) {
	if p.Kind == APIToken {
		t, err := tx.APIToken(p.OrgID, p.TokenID)
		if err != nil {
			return nil, unknownToken(err)
		}
		if expired(t.ExpiresAt, s.now()) {
			return nil, errBadToken
		}
		return t.principal(), nil
	}
	if p.Kind == Session {
		return s.reloadSession(tx, p)
	}
	if p.Kind == AppClient {
		c, err := tx.AppCredential(p.OrgID, p.App, p.TokenID)
		return c.principal(), unknownToken(err)
	}
	t, err := tx.PersonalToken(p.AccountID, p.TokenID)
	if err != nil {
		return nil, unknownToken(err)
	}
	if expired(t.ExpiresAt, s.now()) {
		return nil, errBadToken
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

// unknownToken turns [NotFound] into the error for a bad token.
func unknownToken(err error) error {
	if CodeOf(err) == NotFound {
		return errBadToken
	}
	return err
}

// expired reports whether a token that ends at t has ended. The zero time is never.
func expired(t, now time.Time) bool { return !t.IsZero() && !now.Before(t) }
