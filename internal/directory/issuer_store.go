package directory

import "time"

// issuerTx keeps organizations' issuers, who signed in by them, and the domains that
// organizations have verified.
type issuerTx interface {
	Issuer(OrgID, IssuerID) (Issuer, error)
	Issuers(OrgID) ([]Issuer, error)
	CreateIssuer(Issuer) error
	UpdateIssuer(Issuer) error // but for what never changes
	// DeleteIssuer deletes an issuer with its links.
	DeleteIssuer(OrgID, IssuerID) error

	IssuerLink(org OrgID, issuer IssuerID, subject string) (IssuerLink, error)
	// IssuerLinks lists those of an account with an issuer.
	IssuerLinks(OrgID, IssuerID, AccountID) ([]IssuerLink, error)
	CreateIssuerLink(IssuerLink) error
	// DropIssuerLinks deletes those of an account in an organization.
	DropIssuerLinks(OrgID, AccountID) error

	// VerifiedDomain reports whether an organization has verified a domain, which is in
	// lower case, and OrgOfDomain gives the one that has.
	VerifiedDomain(org OrgID, domain string) (bool, error)
	OrgOfDomain(domain string) (OrgID, error)
	// PutDomain stores a domain of an organization. A domain that another organization
	// has verified can't be stored as verified: [Conflict].
	PutDomain(Domain) error
}

// Domain is a domain of an organization's addresses.
type Domain struct {
	OrgID      OrgID
	Name       string // in lower case
	Challenge  string // that a DNS record must have
	VerifiedAt time.Time
}
