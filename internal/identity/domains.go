package identity

import (
	"context"
	"strings"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/ident"
	"github.com/rosterhq/roster/internal/limits"
	"github.com/rosterhq/roster/internal/text"
)

// ListDomains returns the domains of the principal's organization. Permission users|read.
func (s *Proofs) ListDomains(ctx context.Context, call directory.Call) ([]directory.Domain, error) {
	return directory.Read(ctx, s.directory, call, directory.OpListDomains, func(tx directory.Tx) ([]directory.Domain, error) {
		return tx.Domains(call.Principal.OrgID)
	})
}

// AddDomain adds a domain that is not verified yet, whether or not another organization has
// added or verified it.
//
// Needs a personal token, or a session with a fresh sign-in, of an owner. Audit entry
// addDomain. Errors: [directory.Invalid]; [directory.Conflict] if the organization has the
// domain; [directory.LimitExceeded].
func (s *Proofs) AddDomain(ctx context.Context, call directory.Call, name string) (directory.Domain, error) {
	return directory.Write(ctx, s.directory, call, directory.OpAddDomain, func(c *directory.Change) (directory.Domain, error) {
		if err := mayChangeDomains(c.Actor()); err != nil {
			return directory.Domain{}, err
		}
		name, err := text.Domain(name, directory.MaxDomainBytes)
		if err != nil {
			return directory.Domain{}, directory.InvalidField("domain", "%v", err)
		}
		if err := c.OneMore(limits.Domains); err != nil {
			return directory.Domain{}, err
		}
		d := directory.Domain{OrgID: c.Actor().OrgID, Name: name, CreatedAt: c.Now(), Challenge: ident.Secret("")}
		if err := c.CreateDomain(d); directory.CodeOf(err) == directory.Conflict {
			return directory.Domain{}, &directory.Error{Code: directory.Conflict, Field: "domain", Message: "the organization has this domain already", Err: err}
		} else if err != nil {
			return directory.Domain{}, err
		}
		return d, c.Record(d.Target(), nil, d)
	})
}

// DeleteDomain deletes a domain, verified or not. Users with its addresses stay.
//
// Needs a personal token, or a session with a fresh sign-in, of an owner. Audit entry
// deleteDomain. Errors: [directory.NotFound].
func (s *Proofs) DeleteDomain(ctx context.Context, call directory.Call, name string) error {
	return directory.Do(ctx, s.directory, call, directory.OpDeleteDomain, func(c *directory.Change) error {
		d, err := domainToChange(c, c.Actor(), call, name)
		if err != nil {
			return err
		}
		if err := c.Tx.DeleteDomain(d.OrgID, d.Name); err != nil {
			return err
		}
		return c.Record(d.Target(), d, nil)
	})
}

// domainToChange returns a domain of p's organization that p may change, if the call's
// precondition allows that.
func domainToChange(tx directory.Tx, p *directory.Principal, call directory.Call, name string) (directory.Domain, error) {
	if err := mayChangeDomains(p); err != nil {
		return directory.Domain{}, err
	}
	d, err := tx.Domain(p.OrgID, strings.ToLower(name))
	if err != nil {
		return directory.Domain{}, err
	}
	return d, call.Check(d)
}

func mayChangeDomains(p *directory.Principal) error {
	if p.Role != authz.RoleOwner {
		return directory.Errorf(directory.Forbidden, "only an owner, with a personal token, can change the organization's domains")
	}
	return nil
}
