package directory

import (
	"context"
	"strings"
	"time"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/ident"
	"github.com/rosterhq/roster/internal/limits"
	"github.com/rosterhq/roster/internal/quote"
)

// Where the TXT record that verifies a domain stands, and how its value begins.
const (
	DomainRecordPrefix = "_roster-challenge."
	domainValuePrefix  = "roster-domain-verification="
	maxDomainBytes     = 253 - len(DomainRecordPrefix)
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
	name, err := cleanDomain(email[at+1:])
	if err != nil {
		return ""
	}
	return name
}

// cleanDomain lowers a domain's letters and checks it.
func cleanDomain(s string) (string, error) {
	bad := func(format string, args ...any) (string, error) { return "", InvalidField("domain", format, args...) }
	switch {
	case s == "":
		return bad("is required")
	case len(s) > maxDomainBytes:
		return bad("has %d bytes; at most %d are allowed", len(s), maxDomainBytes)
	case strings.ContainsFunc(s, func(r rune) bool { return r > '~' }):
		return bad("must be ASCII; write other domains as xn--…")
	}
	labels := strings.Split(strings.ToLower(s), ".")
	if len(labels) < 2 {
		return bad("%s is not a domain, such as example.com", quote.Input(s))
	}
	for _, label := range labels {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' ||
			strings.ContainsFunc(label, func(r rune) bool { return r != '-' && (r < '0' || r > '9') && (r < 'a' || r > 'z') }) {
			return bad("%s is not a domain, such as example.com", quote.Input(s))
		}
	}
	if top := labels[len(labels)-1]; strings.Trim(top, "0123456789") == "" {
		return bad("%s is not a domain, such as example.com", quote.Input(s)) // an IP address
	}
	return strings.Join(labels, "."), nil
}

// ListDomains gives the domains of the principal's organization. Permission users|read.
func (s *Service) ListDomains(ctx context.Context, call Call) ([]Domain, error) {
	return Read(ctx, s, call, OpListDomains, func(tx Tx) ([]Domain, error) {
		return tx.Domains(call.Principal.OrgID)
	})
}

// AddDomain adds a domain that is not verified yet. Whether another
// organization has added or verified it makes no difference here.
//
// Needs a personal token, or a session with a fresh sign-in, of an owner. Audit entry
// addDomain. Errors: [Invalid]; [Conflict] if the organization has the domain;
// [LimitExceeded].
func (s *Service) AddDomain(ctx context.Context, call Call, name string) (Domain, error) {
	return Write(ctx, s, call, OpAddDomain, func(c *Change) (Domain, error) {
		if err := c.mayChangeDomains(); err != nil {
			return Domain{}, err
		}
		name, err := cleanDomain(name)
		if err != nil {
			return Domain{}, err
		}
		if err := c.OneMore(limits.Domains); err != nil {
			return Domain{}, err
		}
		d := Domain{OrgID: c.actor.OrgID, Name: name, CreatedAt: c.now, Challenge: ident.Secret("")}
		if err := c.CreateDomain(d); CodeOf(err) == Conflict {
			return Domain{}, &Error{Code: Conflict, Field: "domain", Message: "the organization has this domain already", Err: err}
		} else if err != nil {
			return Domain{}, err
		}
		return d, c.Record(d.Target(), nil, d)
	})
}

// DeleteDomain deletes a domain, verified or not. Users with its addresses stay.
//
// Needs a personal token, or a session with a fresh sign-in, of an owner. Audit entry
// deleteDomain. Errors: [NotFound].
func (s *Service) DeleteDomain(ctx context.Context, call Call, name string) error {
	_, err := Write(ctx, s, call, OpDeleteDomain, func(c *Change) (struct{}, error) {
		d, err := c.domainToChange(name)
		if err != nil {
			return struct{}{}, err
		}
		if err := c.Tx.DeleteDomain(d.OrgID, d.Name); err != nil {
			return struct{}{}, err
		}
		return struct{}{}, c.Record(d.Target(), d, nil)
	})
	return err
}

// domainToChange finds a domain of the actor's organization that the actor may change.
func (c *Change) domainToChange(name string) (Domain, error) {
	if err := c.mayChangeDomains(); err != nil {
		return Domain{}, err
	}
	d, err := c.Domain(c.actor.OrgID, strings.ToLower(name))
	if err != nil {
		return Domain{}, err
	}
	return d, c.Check(d)
}

func (c *Change) mayChangeDomains() error {
	if c.actor.Role != authz.RoleOwner {
		return Errorf(Forbidden, "only an owner, with a personal token, can change the organization's domains")
	}
	return nil
}
