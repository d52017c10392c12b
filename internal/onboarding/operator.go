package onboarding

import (
	"context"
	"errors"
	"time"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/credentials"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/identity"
	"github.com/rosterhq/roster/internal/members"
	"github.com/rosterhq/roster/internal/quote"
	"github.com/rosterhq/roster/internal/text"
)

// NewDeployment is the first organization and its owner.
type NewDeployment struct {
	OrgName    string
	OwnerName  string
	OwnerEmail string
}

// Deployment is what [Onboarder.Initialize] made. The three values are shown once.
type Deployment struct {
	Org           directory.Org
	Owner         directory.User
	PersonalToken string // the owner's
	SignInLink    string // the owner's; see [identity.OperatorLinkLifetime]
	APIToken      string // has every capability
}

// Initialize creates the first organization of an empty database, its owner, and a token
// of each kind. It is for the operator: there is nobody to ask yet. Audit entries createOrg,
// createUser, createPersonalToken, createAPIToken, createSignInLink. Errors:
// [directory.Conflict] if there is an organization already; [directory.Invalid].
func (o *Onboarder) Initialize(ctx context.Context, in NewDeployment) (Deployment, error) {
	return directory.WriteAsOperator(ctx, o.directory, directory.Call{}, directory.OpCreateOrg, func(c *directory.Change) (d Deployment, err error) {
		if err := c.Lock(directory.LockDeployment); err != nil {
			return d, err
		}
		n, err := c.CountOrgs()
		if err != nil {
			return d, err
		}
		if n > 0 {
			return d, directory.Errorf(directory.Conflict, "this database is initialized already; "+
				"`roster admin create-personal-token` gives an owner a new token")
		}
		return initialize(c, in)
	})
}

func initialize(c *directory.Change, in NewDeployment) (d Deployment, err error) {
	name, err := directory.CleanName("owner-name", in.OwnerName)
	if err != nil {
		return d, err
	}
	if err := directory.CheckEmail("owner-email", in.OwnerEmail); err != nil {
		return d, err
	}
	if d.Org, err = addOrg(c, "org", in.OrgName); err != nil {
		return d, err
	}
	c = c.By(directory.OperatorPrincipal(d.Org.ID), directory.OpCreateOrg)
	d.Owner = newOwner(c, d.Org.ID)
	d.Owner.Email, d.Owner.Name = in.OwnerEmail, name
	if err := members.AddUser(c, &d.Owner); err != nil {
		return d, err
	}
	personal, err := credentials.IssuePersonalToken(c, d.Owner.AccountID, credentials.NewPersonalToken{Name: "Initial token"}, c.Now())
	if err != nil {
		return d, err
	}
	api, err := credentials.IssueAPIToken(c, credentials.NewAPIToken{Name: "Initial token", Capabilities: authz.Everything()}, c.Actor().Giving)
	if err != nil {
		return d, err
	}
	owner := directory.Account{ID: d.Owner.AccountID, Email: d.Owner.Email, Name: d.Owner.Name, VerifiedAt: c.Now()}
	if err := c.MarkAccount(owner.ID, owner.VerifiedAt, time.Time{}); err != nil {
		return d, err
	}
	d.PersonalToken, d.APIToken = personal.Secret, api.Secret
	err = errors.Join(
		c.Record(d.Org.Target(), nil, d.Org),
		c.As(directory.OpCreateUser).Record(d.Owner.Target(), nil, d.Owner),
		c.As(directory.OpCreatePersonalToken).Record(personal.Target(), nil, personal.PersonalTokenRecord),
		c.As(directory.OpCreateAPIToken).Record(api.Target(), nil, api.APITokenRecord),
	)
	if err != nil {
		return d, err
	}
	link, err := identity.OperatorLink(c, owner)
	d.SignInLink = link.Secret
	return d, err
}

// CreatePersonalTokenFor creates a personal token for the account with an email address. It
// is how the operator restores access, and the operator vouches for the person: the address
// is verified, see [identity.Verify]. Audit entry createPersonalToken, by the
// operator, in each of the account's organizations. Errors: [directory.NotFound];
// [directory.Invalid].
func (o *Onboarder) CreatePersonalTokenFor(ctx context.Context, email string, in credentials.NewPersonalToken) (credentials.IssuedPersonalToken, error) {
	return directory.WriteAsOperator(ctx, o.directory, directory.Call{}, directory.OpCreatePersonalToken, func(c *directory.Change) (t credentials.IssuedPersonalToken, err error) {
		account, err := c.AccountByEmail(text.FoldKey(email))
		if directory.CodeOf(err) == directory.NotFound {
			return t, directory.Errorf(directory.NotFound, "no account has the email address %s", quote.Input(email))
		}
		if err != nil {
			return t, err
		}
		if err := c.Lock(directory.LockAccount(account.ID)); err != nil {
			return t, err
		}
		if err := identity.Verify(c, &account); err != nil {
			return t, err
		}
		if t, err = credentials.IssuePersonalToken(c, account.ID, in, c.Now()); err != nil {
			return t, err
		}
		return t, c.RecordForAccount(account.ID, t.Target(), nil, t.PersonalTokenRecord)
	})
}
