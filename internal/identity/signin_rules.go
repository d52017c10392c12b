package identity

import (
	"context"
	"time"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/orgs"
)

// The range that an organization can set instead of [directory.IssuerTokenLifetime].
const (
	MinIssuerTokenLifetime = time.Hour
	MaxIssuerTokenLifetime = 366 * 24 * time.Hour
)

// GetSignInRules returns the rules of an organization that the principal belongs to. Errors:
// [directory.NotFound] for any other.
func (s *Proofs) GetSignInRules(ctx context.Context, call directory.Call, id directory.OrgID) (directory.SignInRules, error) {
	return orgs.ReadSettings(ctx, s.directory, call, directory.OpGetSignInRules, id, directory.OrgSettings.SignInRules)
}

// UpdateSignInRules changes the rules of an organization, from the next request on. To
// require the issuer, somebody must have signed in by an enabled issuer already, so that
// people aren't locked out by one that doesn't work.
//
// Needs a personal token, or a session with a fresh sign-in, of an owner. Audit entry
// updateSignInRules. Errors: [directory.NotFound] for an organization that the account is
// not in; [directory.Invalid]; [directory.Conflict] if no issuer works.
func (s *Proofs) UpdateSignInRules(ctx context.Context, call directory.Call, id directory.OrgID, in directory.SignInRules) (directory.SignInRules, error) {
	if n := in.TokenSeconds; n != 0 && (n < int64(MinIssuerTokenLifetime/time.Second) || n > int64(MaxIssuerTokenLifetime/time.Second)) {
		return in, directory.InvalidField("tokenSeconds", "must be from %d (an hour) to %d (366 days), or null for the default of %d",
			int64(MinIssuerTokenLifetime/time.Second), int64(MaxIssuerTokenLifetime/time.Second), int64(directory.IssuerTokenLifetime/time.Second))
	}
	return orgs.ChangeSettings(ctx, s.directory, call, directory.OpUpdateSignInRules, id, directory.OrgSettings.SignInRules,
		func(c *directory.Change, settings *directory.OrgSettings) error {
			if c.Actor().Role != authz.RoleOwner {
				return directory.Errorf(directory.Forbidden, "only an owner can change the sign-in rules")
			}
			if in.RequireIssuer && !settings.RequireIssuer {
				if err := needWorkingIssuer(c, id); err != nil {
					return err
				}
			}
			settings.RequireIssuer, settings.IssuerTokenSeconds = in.RequireIssuer, in.TokenSeconds
			return nil
		})
}

// needWorkingIssuer refuses an organization that has no enabled issuer by which somebody
// has signed in.
func needWorkingIssuer(tx directory.Tx, org directory.OrgID) error {
	issuers, err := tx.Issuers(org)
	if err != nil {
		return err
	}
	for _, i := range issuers {
		if !i.Enabled {
			continue
		}
		if used, err := tx.IssuerUsed(org, i.ID); err != nil || used {
			return err
		}
	}
	return &directory.Error{Code: directory.Conflict, Field: "requireIssuer", Message: "nobody has signed in by an enabled issuer of the organization yet; " +
		"sign in by it once, to see that it works, and then require it"}
}

// mayEndIssuer refuses to disable or delete the last enabled issuer of an organization
// that requires one: everybody but owners would be locked out. Errors: [directory.Conflict].
func mayEndIssuer(tx directory.Tx, i directory.Issuer) error {
	settings, err := tx.OrgSettings(i.OrgID)
	if err != nil || !settings.RequireIssuer || !i.Enabled {
		return err
	}
	all, err := tx.Issuers(i.OrgID)
	if err != nil {
		return err
	}
	for _, other := range all {
		if other.ID != i.ID && other.Enabled {
			return nil
		}
	}
	return directory.Errorf(directory.Conflict, "the organization requires a sign-in by an issuer, and has no other that is enabled; "+
		"stop requiring it first, or enable another issuer")
}
