package directory

import (
	"context"
	"errors"
	"time"

	"github.com/rosterhq/roster/internal/authz"
)

// Org is an organization: the tenant that has users, roles, groups and tokens.
type Org struct {
	ID        OrgID     `json:"id"`
	Name      string    `json:"name"`
	CreatedAt time.Time `json:"createdAt"`
	UpdatedAt time.Time `json:"updatedAt"`
}

// Target is the organization as the target of an entry.
func (o Org) Target() Target { return Target{Type: "organization", ID: string(o.ID), Name: o.Name} }

// Account is a person or agent across organizations. Its email is unique
// without regard to letter case; it lives as long as its last membership.
type Account struct {
	ID        AccountID `json:"id"`
	Email     string    `json:"email"`
	Name      string    `json:"name"`
	CreatedAt time.Time `json:"createdAt"`

	// VerifiedAt is when the address was shown to be the person's; zero: never.
	// SignedInAt is when somebody first signed in; zero: nobody did.
	VerifiedAt time.Time `json:"verifiedAt,omitzero"`
	SignedInAt time.Time `json:"signedInAt,omitzero"`
}

// Membership is an organization and the user that an account is in it. For an
// API token, which is nobody's account, User is empty.
type Membership struct {
	Org  Org  `json:"org"`
	User User `json:"user"`
}

// ListOrgs returns the organizations the principal belongs to: all those of an
// account, in the order it joined them, or the one of an API token. Organizations in
// which the account is suspended are left out.
func (s *Service) ListOrgs(ctx context.Context, call Call) ([]Membership, error) {
	return Read(ctx, s, call, OpListOrgs, func(tx Tx) ([]Membership, error) {
		return memberships(tx, call.Principal)
	})
}

func memberships(tx Tx, p *Principal) (all []Membership, err error) {
	users := []User{{OrgID: p.OrgID}}
	if p.Kind.ofAccount() {
		if users, err = tx.AccountUsers(p.AccountID); err != nil {
			return nil, err
		}
	}
	for _, u := range users {
		if u.Suspended || (p.OnlyOrg != "" && u.OrgID != p.OnlyOrg) {
			continue
		}
		org, err := tx.Org(u.OrgID)
		if err != nil {
			return nil, err
		}
		all = append(all, Membership{Org: org, User: u})
	}
	return all, nil
}

// GetOrg returns an organization that the principal belongs to. Errors:
// [NotFound] for any other, whether it exists or not.
func (s *Service) GetOrg(ctx context.Context, call Call, id OrgID) (Membership, error) {
	return Read(ctx, s, call, OpGetOrg, func(tx Tx) (Membership, error) {
		return membership(tx, call.Principal, id)
	})
}

func membership(tx Tx, p *Principal, id OrgID) (Membership, error) {
	all, err := memberships(tx, p)
	if err != nil {
		return Membership{}, err
	}
	for _, m := range all {
		if m.Org.ID == id {
			return m, nil
		}
	}
	return Membership{}, Missing("organization")
}

// UpdateOrg renames an organization. Needs a personal token of an owner or admin
// of it. Audit entry updateOrg. Errors: [NotFound] for an organization that the
// account is not in; [Invalid] for a bad name.
func (s *Service) UpdateOrg(ctx context.Context, call Call, id OrgID, name string) (Membership, error) {
	in := *call.Principal
	if in.Kind.ofAccount() {
		in.OrgID = id
	}
	call.Principal = &in
	m, err := Write(ctx, s, call, OpUpdateOrg, func(c *Change) (Membership, error) {
		m, err := membership(c, c.actor, id)
		if err != nil {
			return Membership{}, err
		}
		if err := c.Check(m); err != nil {
			return Membership{}, err
		}
		if c.actor.Role != authz.RoleOwner && c.actor.Role != authz.RoleAdmin {
			return Membership{}, Errorf(Forbidden, "only an owner or admin can change the organization")
		}
		before := m.Org
		if m.Org.Name, err = CleanName("name", name); err != nil {
			return Membership{}, err
		}
		m.Org.UpdatedAt = c.now
		if err := c.Tx.UpdateOrg(m.Org); err != nil {
			return Membership{}, err
		}
		return m, c.Record(m.Org.Target(), before, m.Org)
	})
	if errors.Is(err, errNotYours) {
		return Membership{}, Missing("organization")
	}
	return m, err
}
