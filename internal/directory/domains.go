package directory

import (
	"strings"
	"time"

	"github.com/rosterhq/roster/internal/text"
)

// Where the TXT record that verifies a domain stands, how its value begins, and how long
// that leaves a domain to be.
const (
	DomainRecordPrefix = "_roster-challenge."
	domainValuePrefix  = "roster-domain-verification="
	MaxDomainBytes     = 253 - len(DomainRecordPrefix)
)

// Domain is a domain of email addresses that an organization has verified, or is about
// to. At most one organization has verified a domain at a time.
type Domain struct {
	OrgID      OrgID     `json:"orgId"`
	Name       string    `json:"name"` // lower-case ASCII
	CreatedAt  time.Time `json:"createdAt"`
	VerifiedAt time.Time `json:"verifiedAt,omitzero"` // zero: not verified

	// Challenge is the random part of the TXT record. It is no secret: anybody can read
	// the record, and it verifies the domain for this organization alone.
	Challenge string `json:"challenge"`
}

// Target is the domain as the target of an entry.
func (d Domain) Target() Target { return Target{Type: "domain", ID: d.Name, Name: d.Name} }

// RecordName is the name of the TXT record that verifies the domain.
func (d Domain) RecordName() string { return DomainRecordPrefix + d.Name }

// RecordValue is the value of that record.
func (d Domain) RecordValue() string { return domainValuePrefix + d.Challenge }

// Verified reports whether the organization has verified the domain.
func (d Domain) Verified() bool { return !d.VerifiedAt.IsZero() }

// domainTx keeps the domains of organizations.
type domainTx interface {
	// Domain is an organization's domain. Domains lists them in the order of their names.
	Domain(org OrgID, name string) (Domain, error)
	Domains(OrgID) ([]Domain, error)
	// DomainHolder is the domain of the organization that has verified it.
	DomainHolder(name string) (Domain, error)
	// VerifiedDomain reports whether an organization has verified a domain.
	VerifiedDomain(org OrgID, name string) (bool, error)
	// CreateDomain answers a domain that the organization has with [Conflict].
	CreateDomain(Domain) error
	// MarkDomain stores when a domain was verified; the zero time: it is not. A domain that
	// another organization has verified is a [Conflict].
	MarkDomain(org OrgID, name string, verified time.Time) error
	DeleteDomain(org OrgID, name string) error
}

// LockDomain is for which organization has verified a domain.
func LockDomain(name string) Lock { return Lock("domain:" + name) }

// DomainOf is the domain of an email address as domains are stored, "" for one that none
// can have: it has other characters than ASCII. To fold these would make two domains one.
func DomainOf(email string) string {
	at := strings.LastIndexByte(email, '@')
	if at < 0 {
		return ""
	}
	name, err := text.Domain(email[at+1:], MaxDomainBytes)
	if err != nil {
		return ""
	}
	return name
}
