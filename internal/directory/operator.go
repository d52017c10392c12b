package directory

import (
	"context"
	"errors"
	"time"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/ident"
	"github.com/rosterhq/roster/internal/limits"
	"github.com/rosterhq/roster/internal/quote"
	"github.com/rosterhq/roster/internal/text"
)

// NewDeployment is the first organization and its owner.
type NewDeployment struct {
	OrgName    string
	OwnerName  string
	OwnerEmail string
}

// Deployment is what [Service.Initialize] made. The two values are shown once.
type Deployment struct {
	Org           Org
	Owner         User
	PersonalToken string // the owner's
	SignInLink    string // the owner's; see [OperatorLinkLifetime]
	APIToken      string // has every capability
}

// Initialize creates the first organization of an empty database, its owner, and
// a token of each kind. It is for the operator: there is nobody to ask yet.
// Audit entries createOrg, createUser, createPersonalToken, createAPIToken,
// createSignInLink.
// Errors: [Conflict] if there is an organization already; [Invalid].
func (s *Service) Initialize(ctx context.Context, in NewDeployment) (d Deployment, err error) {
	err = s.store.Write(ctx, func(tx Tx) error {
		if err := tx.Lock(LockDeployment); err != nil {
			return err
		}
		n, err := tx.CountOrgs()
		if err != nil {
			return err
		}
		if n > 0 {
			return Errorf(Conflict, "this database is initialized already; "+
				"`roster admin create-personal-token` gives an owner a new token")
		}
		d, err = s.initialize(tx, in)
		return err
	})
	return d, err
}

func (s *Service) initialize(tx Tx, in NewDeployment) (d Deployment, err error) {
	c := s.operate(tx)
	name, err := CleanName("owner-name", in.OwnerName)
	if err != nil {
		return d, err
	}
	if err := checkEmail("owner-email", in.OwnerEmail); err != nil {
		return d, err
	}
	if d.Org, err = c.addOrg("org", in.OrgName); err != nil {
		return d, err
	}
	c.actor = operatorPrincipal(d.Org.ID)
	d.Owner = User{
		ID: UserID(ident.New("usr", c.now)), OrgID: d.Org.ID, Email: in.OwnerEmail, Name: name,
		Role: RoleRef{authz.RoleOwner, authz.RoleOwner}, CreatedAt: c.now,
	}
	if err := c.addUser(&d.Owner, s.invitationTTL); err != nil {
		return d, err
	}
	personal, err := issuePersonalToken(tx, d.Owner.AccountID, NewPersonalToken{Name: "Initial token"}, c.now)
	if err != nil {
		return d, err
	}
	api, err := c.issueAPIToken(NewAPIToken{Name: "Initial token", Capabilities: authz.Everything()}, c.actor.Giving)
	if err != nil {
		return d, err
	}
	owner := Account{ID: d.Owner.AccountID, Email: d.Owner.Email, Name: d.Owner.Name, VerifiedAt: c.now}
	if err := c.MarkAccount(owner.ID, owner.VerifiedAt, time.Time{}); err != nil {
		return d, err
	}
	d.PersonalToken, d.APIToken = personal.Secret, api.Secret
	err = errors.Join(
		c.As(OpCreateOrg).Record(d.Org.Target(), nil, d.Org),
		c.As(OpCreateUser).Record(d.Owner.Target(), nil, d.Owner),
		c.As(OpCreatePersonalToken).Record(personal.Target(), nil, personal.PersonalTokenRecord),
		c.As(OpCreateAPIToken).Record(api.Target(), nil, api.APITokenRecord),
	)
	if err != nil {
		return d, err
	}
	link, err := c.OperatorLink(owner)
	d.SignInLink = link.Secret
	return d, err
}

// operate starts a change by the operator, who needs no permission and has no limits.
func (s *Service) operate(tx Tx) *Change {
	c := s.change(tx, Call{}, Operation{}, operatorPrincipal(""))
	c.limits = limits.Limits{}
	return c
}

// CreatePersonalTokenFor creates a personal token for the account with an email
// address. It is the operator's way back in. The operator vouches
// for the person: the address is verified, see [Change.Verify]. Audit entry
// createPersonalToken, by the operator, in each of the account's organizations. Errors: [NotFound]; [Invalid].
func (s *Service) CreatePersonalTokenFor(ctx context.Context, email string, in NewPersonalToken) (t IssuedPersonalToken, err error) {
	err = s.store.Write(ctx, func(tx Tx) error {
		account, err := tx.AccountByEmail(text.FoldKey(email))
		if CodeOf(err) == NotFound {
			return Errorf(NotFound, "no account has the email address %s", quote.Input(email))
		}
		if err != nil {
			return err
		}
		c := s.operate(tx).As(OpCreatePersonalToken)
		if err := c.Lock(LockAccount(account.ID)); err != nil {
			return err
		}
		if err := c.Verify(&account); err != nil { // the operator vouches for the person
			return err
		}
		if t, err = issuePersonalToken(tx, account.ID, in, c.now); err != nil {
			return err
		}
		return c.RecordForAccount(account.ID, t.Target(), nil, t.PersonalTokenRecord)
	})
	return t, err
}
