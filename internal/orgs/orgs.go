// Package orgs has the operations on an organization itself: its name, its settings, and
// how much of its limits it uses. How organizations come and go is in the package
// onboarding.
package orgs

import (
	"context"
	"errors"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/directory"
)

// Registry carries out the operations. Its methods are safe for concurrent use.
type Registry struct{ directory *directory.Service }

// New returns the operations of a directory.
func New(service *directory.Service) *Registry { return &Registry{service} }

// ListOrgs returns the organizations the principal belongs to: all those of an
// account, in the order it joined them, or the one of an API token. Organizations in
// which the account is suspended are left out.
func (r *Registry) ListOrgs(ctx context.Context, call directory.Call) ([]directory.Membership, error) {
	return directory.Read(ctx, r.directory, call, directory.OpListOrgs, func(tx directory.Tx) ([]directory.Membership, error) {
		return memberships(tx, call.Principal)
	})
}

func memberships(tx directory.Tx, p *directory.Principal) (all []directory.Membership, err error) {
	users := []directory.User{{OrgID: p.OrgID}}
	if p.AccountID != "" {
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
		all = append(all, directory.Membership{Org: org, User: u})
	}
	return all, nil
}

// GetOrg returns an organization that the principal belongs to. Errors:
// [directory.NotFound] for any other, whether it exists or not.
func (r *Registry) GetOrg(ctx context.Context, call directory.Call, id directory.OrgID) (directory.Membership, error) {
	return directory.Read(ctx, r.directory, call, directory.OpGetOrg, func(tx directory.Tx) (directory.Membership, error) {
		return membership(tx, call.Principal, id)
	})
}

func membership(tx directory.Tx, p *directory.Principal, id directory.OrgID) (directory.Membership, error) {
	all, err := memberships(tx, p)
	if err != nil {
		return directory.Membership{}, err
	}
	for _, m := range all {
		if m.Org.ID == id {
			return m, nil
		}
	}
	return directory.Membership{}, directory.Missing("organization")
}

// UpdateOrg renames an organization. Needs a personal token of an owner or admin
// of it. Audit entry updateOrg. Errors: [directory.NotFound] for an organization that the
// account is not in; [directory.Invalid] for a bad name.
func (r *Registry) UpdateOrg(ctx context.Context, call directory.Call, id directory.OrgID, name string) (directory.Membership, error) {
	return writeIn(ctx, r.directory, call, directory.OpUpdateOrg, id, func(c *directory.Change, m directory.Membership) (directory.Membership, error) {
		if err := c.Check(m); err != nil {
			return m, err
		}
		if err := needAdmin(c, "the organization"); err != nil {
			return m, err
		}
		before := m.Org
		var err error
		if m.Org.Name, err = directory.CleanName("name", name); err != nil {
			return m, err
		}
		m.Org.UpdatedAt = c.Now()
		if err := c.Tx.UpdateOrg(m.Org); err != nil {
			return m, err
		}
		return m, c.Record(m.Org.Target(), before, m.Org)
	})
}

// needAdmin refuses principals whose base role is neither owner nor admin. Errors:
// [directory.Forbidden].
func needAdmin(c *directory.Change, what string) error {
	if role := c.Actor().Role; role != authz.RoleOwner && role != authz.RoleAdmin {
		return directory.Errorf(directory.Forbidden, "only an owner or admin can change %s", what)
	}
	return nil
}

// writeIn carries out an operation on an organization that the principal belongs to. An
// account acts in that organization, whichever one the request names. Errors:
// [directory.NotFound] for any other organization.
func writeIn[T any](ctx context.Context, s *directory.Service, call directory.Call, op directory.Operation, id directory.OrgID,
	fn func(*directory.Change, directory.Membership) (T, error),
) (T, error) {
	p := *call.Principal
	if p.AccountID != "" {
		p.OrgID = id
	}
	call.Principal = &p
	out, err := directory.Write(ctx, s, call, op, func(c *directory.Change) (out T, err error) {
		m, err := membership(c, c.Actor(), id)
		if err != nil {
			return out, err
		}
		return fn(c, m)
	})
	if errors.Is(err, directory.ErrNotYours) {
		err = directory.Missing("organization")
	}
	return out, err
}
