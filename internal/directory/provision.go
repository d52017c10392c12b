package directory

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/ident"
	"github.com/rosterhq/roster/internal/limits"
	"github.com/rosterhq/roster/internal/networks"
	"github.com/rosterhq/roster/internal/text"
)

const (
	// ProvisionLifetime is how long a provisioned organization waits to be claimed.
	ProvisionLifetime = 24 * time.Hour
	// MaxProvisions is how many organizations an address may provision in that time.
	MaxProvisions = 3

	claimPrefix = "xclm-"
)

// Provision is a temporary organization that waits to be claimed, or did.
type Provision struct {
	OrgID      OrgID
	Hash       SecretHash // of the claim's value
	RemoteAddr string
	ExpiresAt  time.Time
	Claimed    bool
}

// Provisioned is what an agent gets. The two values are shown once.
type Provisioned struct {
	Org       Org
	ExpiresAt time.Time
	Claim     string // hand it to the human who shall own the organization
	APIToken  string // has every capability; ends with the organization unless it is claimed
}

// ProvisionOrg creates a temporary organization for whoever asks; nobody has to be
// known. It is deleted with everything in it after [ProvisionLifetime] unless a
// human claims it. Audit entries createOrg and createAPIToken. Errors: [Invalid]
// for a bad name; [RateLimited] beyond [MaxProvisions] for call's address.
func (s *Service) ProvisionOrg(ctx context.Context, call Call, name string) (out Provisioned, err error) {
	if name == "" {
		name = "Temporary organization"
	}
	from := networks.Source(call.RemoteAddr)
	err = s.store.Write(ForTenant(ctx, AddrTenant(from)), func(tx Tx) error {
		c := s.operate(tx)
		c.call = call
		if err := tx.Lock(LockAddr(from)); err != nil {
			return err
		}
		n, err := tx.CountProvisions(from, c.now)
		if err != nil {
			return err
		}
		if n >= MaxProvisions {
			return Errorf(RateLimited, "rate limit exceeded: an address may provision %d organizations a day", MaxProvisions)
		}
		out, err = c.provision(s, name)
		return err
	})
	return out, OpProvisionOrg.wrap(err)
}

func (c *Change) provision(s *Service, name string) (out Provisioned, err error) {
	if out.Org, err = c.addOrg("name", name); err != nil {
		return out, err
	}
	out.ExpiresAt, out.Claim = c.now.Add(ProvisionLifetime), ident.Secret(claimPrefix)
	c.actor = operatorPrincipal(out.Org.ID)
	// Nobody can act as this owner: it holds the place of the one to come.
	agent := User{
		ID: UserID(ident.New("usr", c.now)), OrgID: out.Org.ID, Email: agentEmail(out.Org.ID),
		Name: "Provisioning agent", Role: RoleRef{authz.RoleOwner, authz.RoleOwner}, CreatedAt: c.now,
	}
	if err := c.addUser(&agent, s.invitationTTL); err != nil {
		return out, err
	}
	token, err := c.issueAPIToken(NewAPIToken{Name: "Provisioned token", Capabilities: authz.Everything(), ExpiresAt: out.ExpiresAt}, c.actor.Giving)
	if err != nil {
		return out, err
	}
	out.APIToken = token.Secret
	return out, errors.Join(
		c.CreateProvision(Provision{
			OrgID: out.Org.ID, Hash: HashSecret(out.Claim), RemoteAddr: networks.Source(c.call.RemoteAddr), ExpiresAt: out.ExpiresAt,
		}),
		c.As(OpProvisionOrg).Record(out.Org.Target(), nil, out.Org),
		c.As(OpCreateUser).Record(agent.Target(), nil, agent),
		c.As(OpCreateAPIToken).Record(token.Target(), nil, token.APITokenRecord),
	)
}

// NewClaim claims a provisioned organization: for the account of a personal
// token, or for a person without an account yet.
type NewClaim struct {
	Claim string // the value that provisioning gave
	Name  string
	Email string
}

// Claimed is what the new owner gets.
type Claimed struct {
	Owner         User
	PersonalToken string // shown once; empty for an account that had one
}

var errBadClaim = Errorf(NotFound, "the claim is unknown, was used already, or has expired")

// ClaimOrg makes a human the owner of a provisioned organization, which then
// stays. call has a principal only if the claimant has an account already; else
// an account is made, and a first personal token for it. Audit entries claimOrg,
// for the owner and for each token that loses its end, and removeUserFromOrg. Errors: [NotFound] for a claim that is not open;
// [Conflict] for an address that has an account: its token must come along;
// [Forbidden] for an API token, which belongs to no person.
func (s *Service) ClaimOrg(ctx context.Context, call Call, in NewClaim) (out Claimed, err error) {
	if call.Principal != nil && call.Principal.Kind == APIToken {
		return out, Errorf(Forbidden, "an API token can't claim an organization; use a personal token (xapt-…), or no token with a name and an email")
	}
	ctx = ForTenant(ctx, call.tenant(Operation{Need: ownAccount})) // the organization is not theirs yet
	err = s.store.Write(ctx, func(tx Tx) error {
		c := s.operate(tx).As(OpClaimOrg)
		c.call = call
		p, err := c.openProvision(in.Claim)
		if err != nil {
			return err
		}
		out, err = c.claim(s, p, in)
		return err
	})
	return out, OpClaimOrg.wrap(err)
}

// agentEmail is the address of the owner that an organization has until it is claimed.
func agentEmail(org OrgID) string { return "agent@" + string(org) + ".invalid" }

// openProvision finds what a claim is for, and locks it with the claimant's account.
func (c *Change) openProvision(claim string) (p Provision, err error) {
	if c.call.Principal != nil {
		if err := c.Lock(LockAccount(c.call.Principal.AccountID)); err != nil {
			return p, err
		}
	}
	hash := HashSecret(claim)
	if p, err = c.ProvisionByHash(hash); err == nil {
		if err = c.Lock(LockOrg(p.OrgID)); err == nil {
			p, err = c.ProvisionByHash(hash) // as it is now that nobody else is at it
		}
	}
	if CodeOf(err) == NotFound || (err == nil && (p.Claimed || expired(p.ExpiresAt, c.now))) {
		return p, errBadClaim
	}
	return p, err
}

func (c *Change) claim(s *Service, p Provision, in NewClaim) (out Claimed, err error) {
	u := User{ID: UserID(ident.New("usr", c.now)), OrgID: p.OrgID, Role: RoleRef{authz.RoleOwner, authz.RoleOwner}, CreatedAt: c.now}
	c.actor = operatorPrincipal(p.OrgID)
	var before any // nothing, unless the claimant was added before
	if c.call.Principal != nil {
		before, err = c.claimForAccount(s, &u)
	} else {
		out.PersonalToken, err = c.claimForNewcomer(s, &u, in)
	}
	if err != nil {
		return out, err
	}
	out.Owner = u
	c.actor = &Principal{Kind: PersonalToken, OrgID: p.OrgID, UserID: u.ID, AccountID: u.AccountID, Name: u.Name, Role: authz.RoleOwner}
	return out, errors.Join(c.Record(u.Target(), before, u), c.endProvision(p))
}

// claimForAccount makes u the claimant's user. before is the one that the agent
// had invited, or nil.
func (c *Change) claimForAccount(s *Service, u *User) (before any, err error) {
	in := *c.call.Principal
	in.OrgID = ""
	actor, err := s.reload(c, &in)
	if err != nil {
		return nil, err
	}
	if err := (Operation{Name: OpClaimOrg.Name, Need: wholeAccount.evenSuspended()}).Authorize(actor); err != nil {
		return nil, err
	}
	me, err := self(c, actor)
	if err != nil {
		return nil, err
	}
	if me.Email == agentEmail(u.OrgID) { // whose user a claim removes
		return nil, Errorf(Forbidden, "the organization's agent can't claim it; a person must")
	}
	if err := needVerified(c, me.AccountID); err != nil {
		return nil, err
	}
	c.limits = s.limits // the claimant's, who is not the operator
	if err := c.OneMoreOfAccount(me.AccountID, limits.Organizations); err != nil {
		return nil, err
	}
	c.limits = limits.Limits{}
	u.AccountID, u.Email, u.Name = me.AccountID, me.Email, me.Name
	key := text.FoldKey(u.Email)
	invited, err := c.UserByEmail(u.OrgID, key)
	if CodeOf(err) == NotFound {
		return nil, c.Tx.CreateUser(*u, key)
	}
	if err != nil {
		return nil, err
	}
	u.ID, u.Email, u.CreatedAt = invited.ID, invited.Email, invited.CreatedAt
	return invited, c.Tx.UpdateUser(*u)
}

func (c *Change) claimForNewcomer(s *Service, u *User, in NewClaim) (secret string, err error) {
	if u.Name, err = CleanName("name", in.Name); err != nil {
		return "", err
	}
	if err := checkEmail("email", in.Email); err != nil {
		return "", err
	}
	u.Email = in.Email
	if err := c.dropInvitation(u.OrgID, text.FoldKey(u.Email)); err != nil {
		return "", err
	}
	if err := c.addUser(u, s.invitationTTL); err != nil {
		return "", err
	}
	if u.Invited {
		return "", &Error{Code: Conflict, Field: "email", Message: "this address has an account; claim with its personal token"}
	}
	token, err := issuePersonalToken(c, u.AccountID, NewPersonalToken{Name: "Initial token"}, c.now)
	return token.Secret, err
}

// dropInvitation takes out the invitation that the agent sent to the address of an
// account that has ended since: the newcomer takes its place.
func (c *Change) dropInvitation(org OrgID, key string) error {
	there, err := c.UserByEmail(org, key)
	if CodeOf(err) == NotFound || (err == nil && !there.Invited) {
		return nil
	}
	if err != nil {
		return err
	}
	return c.As(OpRevokeInvitation).takeOut(there)
}

// endProvision makes the organization permanent: the agent's owner goes, its
// token loses its end, and the claim can't be used again.
func (c *Change) endProvision(p Provision) error {
	p.Claimed = true
	if err := c.UpdateProvision(p); err != nil {
		return err
	}
	tokens, err := c.APITokens(p.OrgID)
	if err != nil {
		return err
	}
	for _, t := range tokens {
		if !t.ExpiresAt.Equal(p.ExpiresAt) {
			continue
		}
		before := t
		t.ExpiresAt = time.Time{}
		if err := c.ExpireAPIToken(t.OrgID, t.ID, t.ExpiresAt); err != nil {
			return err
		}
		if err := c.Record(t.Target(), before, t); err != nil {
			return err
		}
	}
	agent, err := c.UserByEmail(p.OrgID, text.FoldKey(agentEmail(p.OrgID)))
	if CodeOf(err) == NotFound {
		return nil
	}
	if err != nil {
		return err
	}
	if err := c.As(OpRemoveUser).takeOut(agent); err != nil {
		return err
	}
	return c.settleAccount(agent.AccountID)
}

// DropProvisions deletes the provisioned organizations that nobody claimed in
// time, with everything in them. One that can't be deleted holds up no other.
// Audit entry deleteOrg, by the operator.
func (s *Service) DropProvisions(ctx context.Context) error {
	var expired []Provision
	err := s.store.Read(ctx, func(tx Tx) (err error) {
		expired, err = tx.ExpiredProvisions(s.now())
		return err
	})
	if err != nil {
		return err
	}
	for _, p := range expired {
		dropErr := s.store.Write(ctx, func(tx Tx) error { return s.operate(tx).dropProvision(p.Hash) })
		if dropErr != nil {
			err = errors.Join(err, fmt.Errorf("delete the expired organization %s: %w", p.OrgID, dropErr))
		}
		if ctx.Err() != nil {
			break
		}
	}
	return err
}

// dropProvision ends a provision that has expired, unless another node has.
func (c *Change) dropProvision(hash SecretHash) error {
	p, err := c.ProvisionByHash(hash)
	if err == nil {
		if err = c.Lock(LockOrg(p.OrgID)); err == nil {
			p, err = c.ProvisionByHash(hash)
		}
	}
	switch {
	case CodeOf(err) == NotFound:
		return nil
	case err != nil:
		return err
	case p.Claimed:
		return c.DeleteProvision(p.OrgID)
	default:
		return c.deleteOrg(p.OrgID)
	}
}
