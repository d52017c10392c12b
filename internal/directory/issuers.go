package directory

import "time"

// Issuer is an OpenID Connect issuer by which people sign in to one organization. It
// vouches for addresses in the organization's verified domains alone, and the sessions
// that it opens act in the organization alone.
type Issuer struct {
	ID    IssuerID `json:"id"`
	OrgID OrgID    `json:"orgId"`
	Name  string   `json:"name"`
	// URL and ClientID never change: the issuer's subjects may depend on them.
	URL      string `json:"url"`
	ClientID string `json:"clientId"`
	IssuerSettings
	CreatedAt time.Time `json:"createdAt"`
	CreatedBy Actor     `json:"createdBy"`
	UpdatedAt time.Time `json:"updatedAt"`
	// UpdatedBy, without a name, is the owner who gives what the mapping of groups gives.
	UpdatedBy Actor `json:"updatedBy"`
	// SealedSecret is the client's secret, sealed with a key from the key file.
	SealedSecret []byte `json:"-"`
}

// IssuerSettings are how an issuer is used.
type IssuerSettings struct {
	Enabled bool `json:"enabled"`
	// Provision makes people of a verified domain members with the role user at their
	// first sign-in. Without it, only members and invited people can sign in.
	Provision   bool        `json:"provision,omitempty"`
	Scopes      []string    `json:"scopes,omitempty"`
	GroupsClaim string      `json:"groupsClaim,omitempty"`
	Groups      []GroupRule `json:"groups,omitempty"`
}

// GroupRule maps a value of the claim with a person's groups to a group.
type GroupRule struct {
	Value   string  `json:"value"`
	GroupID GroupID `json:"groupId"`
}

// Target is the issuer as the target of an entry.
func (i Issuer) Target() Target { return Target{Type: "issuer", ID: string(i.ID), Name: i.Name} }

// IssuerLink says which account of an organization a person of an issuer is. Issuers
// tell people apart by subjects; addresses may change hands.
type IssuerLink struct {
	OrgID     OrgID     `json:"-"`
	IssuerID  IssuerID  `json:"issuerId"`
	Subject   string    `json:"subject"`
	AccountID AccountID `json:"accountId"`
	CreatedAt time.Time `json:"-"`
	// SignedInAt is when the person signed in by the issuer last.
	SignedInAt time.Time `json:"-"`
}

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
	// UseIssuerLink stores when a person signed in by an issuer. IssuerUsed reports whether
	// anybody has.
	UseIssuerLink(org OrgID, issuer IssuerID, subject string, at time.Time) error
	IssuerUsed(OrgID, IssuerID) (bool, error)
	// DropIssuerLinks deletes those of an account in an organization.
	DropIssuerLinks(OrgID, AccountID) error
}
