package directory

import (
	"time"

	"github.com/rosterhq/roster/internal/authz"
)

// IssuerTokenLifetime is how long after a sign-in by the required issuer personal tokens may
// act in the organization, unless it sets another time.
const IssuerTokenLifetime = 30 * 24 * time.Hour

// SignInRules are what an organization requires of the people with addresses in its
// verified domains, owners excepted.
type SignInRules struct {
	// RequireIssuer has them sign in by an issuer of the organization: their other sessions
	// do not act in it, and their personal tokens act in it for TokenSeconds after a sign-in
	// by an enabled issuer.
	RequireIssuer bool
	TokenSeconds  int64 // 0: [IssuerTokenLifetime]
}

// SignInRules are those of the organization.
func (s OrgSettings) SignInRules() SignInRules {
	return SignInRules{s.RequireIssuer, s.IssuerTokenSeconds}
}

func (s OrgSettings) issuerTokenLifetime() time.Duration {
	return secondsOr(s.IssuerTokenSeconds, IssuerTokenLifetime)
}

var errByIssuer = Errorf(Forbidden, "the organization requires people with your address to sign in by its identity provider; "+
	"do that at /signin (enter your email address), then try again")

// longAgo is before every sign-in, and not the zero time.
var longAgo = time.Unix(1, 0)

// requireIssuer sets p.issuerBy if the organization in which p acts requires its issuer for
// p's address.
func (p *Principal) requireIssuer(tx Tx, s OrgSettings) error {
	if !s.RequireIssuer || p.OrgID == "" || p.Role == authz.RoleOwner {
		return nil
	}
	vouched, err := tx.VerifiedDomain(p.OrgID, DomainOf(p.email))
	if err != nil || !vouched {
		return err
	}
	p.issuerBy = longAgo
	issuers, err := tx.Issuers(p.OrgID)
	if err != nil {
		return err
	}
	for _, i := range issuers {
		if !i.Enabled {
			continue
		}
		links, err := tx.IssuerLinks(p.OrgID, i.ID, p.AccountID)
		if err != nil {
			return err
		}
		for _, l := range links {
			if by := l.SignedInAt.Add(s.issuerTokenLifetime()); by.After(p.issuerBy) {
				p.issuerBy = by
			}
		}
	}
	return nil
}

// signedInByIssuer refuses p if its person must sign in by the issuer first. If the request
// named no organization, p acts without one instead, so that no organization can keep a
// person from their own account or from others.
func (p *Principal) signedInByIssuer(named OrgID, now time.Time) (*Principal, error) {
	if !expired(p.issuerBy, now) {
		return p, nil
	}
	if named != "" {
		return p, &RefusedToken{Principal: p, Err: errByIssuer}
	}
	away := *p
	away.OrgID, away.UserID, away.Role, away.email = "", "", "", ""
	away.Capabilities, away.Giving = authz.Set{}, authz.Limit{}
	away.issuerBy, away.awaitsIssuer = time.Time{}, true
	return &away, nil
}

// needVouched refuses a session of an issuer that may not vouch for the person's address
// any more: the organization has lost or deleted its domain.
func (p *Principal) needVouched(tx Tx) error {
	vouched, err := tx.VerifiedDomain(p.OrgID, DomainOf(p.email))
	if err == nil && !vouched {
		err = ErrNoSession
	}
	return err
}
