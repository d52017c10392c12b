package directory

import (
	"time"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/lastuse"
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

	email   string        // of an account that acts in an organization
	mark    *lastuse.Mark // of the token; not of a session
	active  *lastuse.Mark // of a person in the organization
	makerID UserID        // API tokens only; see [APITokenRecord]
	revoked bool          // the organization has revoked the personal token
	tooOld  time.Time     // when the organization refuses a personal token; zero: never
	// issuerBy is when the organization refuses a credential until the person has signed in
	// by its issuer again; zero: never. If an account acts in no organization for that
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

// Until is when the principal's credential ends by itself, or is refused by the rules of its
// organization; zero: never, also for no principal.
func (p *Principal) Until() (first time.Time) {
	if p == nil {
		return first
	}
	for _, end := range [...]time.Time{p.ExpiresAt, p.tooOld, p.issuerBy, p.until} {
		if first.IsZero() || (!end.IsZero() && end.Before(first)) {
			first = end
		}
	}
	return first
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
	p.mark.Use(now)
	p.active.Use(now)
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
