package directory

import (
	"context"
	"errors"
	"time"

	"github.com/rosterhq/roster/internal/authz"
)

// How long after a sign-in by the required issuer personal tokens may act in the
// organization.
const (
	IssuerTokenLifetime    = 30 * 24 * time.Hour // unless the organization sets another
	MinIssuerTokenLifetime = time.Hour
	MaxIssuerTokenLifetime = 366 * 24 * time.Hour
)

// SignInRules are what an organization requires of the people with addresses in its
// verified domains, owners excepted.
type SignInRules struct {
	// RequireIssuer has them sign in by an issuer of the organization: their other sessions
	// do not act in it, and their personal tokens act in it for TokenSeconds after a sign-in
	// by an enabled issuer.
	RequireIssuer bool
	TokenSeconds  int64 // 0: [IssuerTokenLifetime]
}

func (s OrgSettings) signInRules() SignInRules {
	return SignInRules{s.RequireIssuer, s.IssuerTokenSeconds}
}

func (s OrgSettings) issuerTokenLifetime() time.Duration {
	if s.IssuerTokenSeconds == 0 {
		return IssuerTokenLifetime
	}
	return time.Duration(s.IssuerTokenSeconds) * time.Second
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

// GetSignInRules returns the rules of an organization that the principal belongs to. Errors:
// [NotFound] for any other.
func (s *Service) GetSignInRules(ctx context.Context, call Call, id OrgID) (SignInRules, error) {
	return Read(ctx, s, call, OpGetSignInRules, func(tx Tx) (SignInRules, error) {
		if _, err := membership(tx, call.Principal, id); err != nil {
			return SignInRules{}, err
		}
		settings, err := tx.OrgSettings(id)
		return settings.signInRules(), err
	})
}

// UpdateSignInRules changes the rules of an organization, from the next request on. To
// require the issuer, somebody must have signed in by an enabled issuer already, so that
// people aren't locked out by one that doesn't work.
//
// Needs a personal token, or a session with a fresh sign-in, of an owner. Audit entry
// updateSignInRules. Errors: [NotFound] for an organization that the account is not in;
// [Invalid]; [Conflict] if no issuer works.
func (s *Service) UpdateSignInRules(ctx context.Context, call Call, id OrgID, in SignInRules) (SignInRules, error) {
	if n := in.TokenSeconds; n != 0 && (n < int64(MinIssuerTokenLifetime/time.Second) || n > int64(MaxIssuerTokenLifetime/time.Second)) {
		return in, InvalidField("tokenSeconds", "must be from %d (an hour) to %d (366 days), or null for the default of %d",
			int64(MinIssuerTokenLifetime/time.Second), int64(MaxIssuerTokenLifetime/time.Second), int64(IssuerTokenLifetime/time.Second))
	}
	out, err := Write(ctx, s, call.in(id), OpUpdateSignInRules, func(c *Change) (SignInRules, error) {
		if _, err := membership(c, c.actor, id); err != nil {
			return in, err
		}
		before, err := c.OrgSettings(id)
		if err != nil {
			return in, err
		}
		if err := c.Check(before.signInRules()); err != nil {
			return in, err
		}
		if c.actor.Role != authz.RoleOwner {
			return in, Errorf(Forbidden, "only an owner can change the sign-in rules")
		}
		if in.RequireIssuer && !before.RequireIssuer {
			if err := c.needWorkingIssuer(id); err != nil {
				return in, err
			}
		}
		after := before
		after.RequireIssuer, after.IssuerTokenSeconds = in.RequireIssuer, in.TokenSeconds
		if err := c.SetOrgSettings(id, after); err != nil {
			return in, err
		}
		return in, c.Record(SettingsTarget(id), before.Recorded(), after.Recorded())
	})
	if errors.Is(err, errNotYours) {
		return SignInRules{}, Missing("organization")
	}
	return out, err
}

// needWorkingIssuer refuses an organization that has no enabled issuer by which somebody
// has signed in.
func (c *Change) needWorkingIssuer(org OrgID) error {
	issuers, err := c.Issuers(org)
	if err != nil {
		return err
	}
	for _, i := range issuers {
		if !i.Enabled {
			continue
		}
		if used, err := c.IssuerUsed(org, i.ID); err != nil || used {
			return err
		}
	}
	return &Error{Code: Conflict, Field: "requireIssuer", Message: "nobody has signed in by an enabled issuer of the organization yet; " +
		"sign in by it once, to see that it works, and then require it"}
}

// MayEndIssuer refuses to disable or delete the last enabled issuer of an organization
// that requires one: everybody but owners would be locked out. Errors: [Conflict].
func (c *Change) MayEndIssuer(i Issuer) error {
	settings, err := c.OrgSettings(i.OrgID)
	if err != nil || !settings.RequireIssuer || !i.Enabled {
		return err
	}
	all, err := c.Issuers(i.OrgID)
	if err != nil {
		return err
	}
	for _, other := range all {
		if other.ID != i.ID && other.Enabled {
			return nil
		}
	}
	return Errorf(Conflict, "the organization requires a sign-in by an issuer, and has no other that is enabled; "+
		"stop requiring it first, or enable another issuer")
}
