package directory

// issuerTx keeps organizations' issuers, and who signed in by them.
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
}
