package identity

import (
	"context"

	"github.com/rosterhq/roster/internal/directory"
)

// sealSecret seals a client's secret for one issuer.
func (s *Proofs) sealSecret(i directory.Issuer, secret string) []byte {
	return seal(s.keys.IssuerKeys(string(i.OrgID))[0], []byte(secret), []byte(i.ID))
}

// openSecret opens a sealed secret with whichever key of the server's fits.
func (s *Proofs) openSecret(i directory.Issuer) (secret string, ok bool) {
	for _, key := range s.keys.IssuerKeys(string(i.OrgID)) {
		if secret, ok := unseal(key, i.SealedSecret, []byte(i.ID)); ok {
			return string(secret), true
		}
	}
	return "", false
}

// IssuerClient is an issuer with its client's secret, to sign in by.
type IssuerClient struct {
	directory.Issuer
	ClientSecret string
}

// String leaves the secret out of logs.
func (i IssuerClient) String() string { return string(i.ID) }

// IssuerToSignIn returns an enabled issuer for the sign-in page. It takes no principal.
// Errors: [directory.NotFound]; [directory.Unavailable] if the secret was sealed with a key
// that is not in the key file any more.
func (s *Proofs) IssuerToSignIn(ctx context.Context, call directory.Call, org directory.OrgID, id directory.IssuerID) (out IssuerClient, err error) {
	out.Issuer, err = directory.ReadUnauthenticated(ctx, s.directory, call, directory.OpSignIn, func(tx directory.Tx) (directory.Issuer, error) {
		return tx.Issuer(org, id)
	})
	if err == nil && !out.Enabled {
		err = directory.Missing("issuer")
	}
	if err != nil {
		return IssuerClient{}, err
	}
	var ok bool
	if out.ClientSecret, ok = s.openSecret(out.Issuer); ok {
		return out, nil
	}
	return IssuerClient{}, directory.Errorf(directory.Unavailable, "the issuer's client secret can't be opened with the server's keys; an owner must enter it again")
}

// OfferedIssuer is an issuer as everybody may see it.
type OfferedIssuer struct {
	OrgID directory.OrgID
	ID    directory.IssuerID
	Name  string
}

// IssuersFor returns the enabled issuers of an organization, by its id, or of the one that
// has verified the domain of an email address. The result does not depend on whether there
// is such an account. It takes no principal.
func (s *Proofs) IssuersFor(ctx context.Context, call directory.Call, orgOrEmail string) ([]OfferedIssuer, error) {
	return directory.ReadUnauthenticated(ctx, s.directory, call, directory.OpSignIn, func(tx directory.Tx) (offered []OfferedIssuer, err error) {
		org := directory.OrgID(orgOrEmail)
		if domain := directory.DomainOf(orgOrEmail); domain != "" {
			d, err := tx.DomainHolder(domain)
			if err != nil {
				return nil, directory.IgnoreNotFound(err)
			}
			org = d.OrgID
		}
		all, err := tx.Issuers(org)
		for _, i := range all {
			if i.Enabled {
				offered = append(offered, OfferedIssuer{i.OrgID, i.ID, i.Name})
			}
		}
		return offered, err
	})
}
