package onboarding

import (
	"context"
	"errors"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/ident"
	"github.com/rosterhq/roster/internal/limits"
	"github.com/rosterhq/roster/internal/members"
	"github.com/rosterhq/roster/internal/text"
)

// OrgCreation selects the accounts that may create organizations. It is the operator's
// choice. Provisioning is another: it asks for no account.
type OrgCreation string

// The choices.
const (
	OrgCreationNobody  OrgCreation = "nobody"
	OrgCreationOwners  OrgCreation = "owners" // accounts that own at least one organization; the default
	OrgCreationAnybody OrgCreation = "anybody"
)

// Valid reports whether it is one of the choices.
func (who OrgCreation) Valid() bool {
	return who == OrgCreationNobody || who == OrgCreationOwners || who == OrgCreationAnybody
}

// CreateOrg creates an organization that the principal's account owns. Needs a personal
// token of an account that [OrgCreation] allows to. Audit entries createOrg and createUser
// in the new organization. Errors: [directory.Invalid] for a bad name;
// [directory.LimitExceeded].
func (o *Onboarder) CreateOrg(ctx context.Context, call directory.Call, name string) (directory.Membership, error) {
	return directory.Write(ctx, o.directory, call, directory.OpCreateOrg, func(c *directory.Change) (m directory.Membership, err error) {
		if err := mayCreateOrg(c, o.OrgCreation); err != nil {
			return m, err
		}
		if err := c.OneMoreOfAccount(c.Actor().AccountID, limits.Organizations); err != nil {
			return m, err
		}
		me, err := members.Self(c, c.Actor())
		if err != nil {
			return m, err
		}
		org, err := addOrg(c, "name", name)
		if err != nil {
			return m, err
		}
		owner := newOwner(c, org.ID)
		owner.AccountID, owner.Email, owner.Name = me.AccountID, me.Email, me.Name
		if err := c.CreateUser(owner, text.FoldKey(owner.Email)); err != nil {
			return m, err
		}
		return directory.Membership{Org: org, User: owner}, errors.Join(
			c.RecordIn(org.ID, org.Target(), nil, org),
			c.As(directory.OpCreateUser).RecordIn(org.ID, owner.Target(), nil, owner),
		)
	})
}

// mayCreateOrg holds the operator's choice against the actor's account.
func mayCreateOrg(c *directory.Change, who OrgCreation) error {
	switch who {
	case OrgCreationAnybody:
		return nil
	case OrgCreationOwners:
		mine, err := c.AccountUsers(c.Actor().AccountID)
		if err != nil {
			return err
		}
		for _, u := range mine {
			if u.IsOwner() && !u.Suspended {
				return nil
			}
		}
		return directory.Errorf(directory.Forbidden, "only an account that owns an organization may create another (the operator's setting --allow-org-creation is owners)")
	default:
		return directory.Errorf(directory.Forbidden, "nobody may create organizations here (the operator's setting --allow-org-creation is nobody)")
	}
}

// addOrg creates and stores an organization without members.
func addOrg(c *directory.Change, field, name string) (directory.Org, error) {
	name, err := directory.CleanName(field, name)
	if err != nil {
		return directory.Org{}, err
	}
	org := directory.Org{ID: directory.OrgID(ident.Slug(name)), Name: name, CreatedAt: c.Now(), UpdatedAt: c.Now()}
	// A slug has few random bits; another one is drawn where it is taken.
	for _, err = c.Org(org.ID); err == nil; _, err = c.Org(org.ID) {
		org.ID = directory.OrgID(ident.Slug(name))
	}
	if directory.CodeOf(err) != directory.NotFound {
		return directory.Org{}, err
	}
	return org, c.CreateOrg(org)
}

// newOwner is a new owner of an organization, who has neither name nor address yet.
func newOwner(c *directory.Change, org directory.OrgID) directory.User {
	return directory.User{
		ID: directory.UserID(ident.New("usr", c.Now())), OrgID: org,
		Role: directory.RoleRef{ID: authz.RoleOwner, Name: authz.RoleOwner}, CreatedAt: c.Now(),
	}
}
