package onboarding

import (
	"context"
	"errors"
	"time"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/credentials"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/identity"
	"github.com/rosterhq/roster/internal/limits"
	"github.com/rosterhq/roster/internal/members"
	"github.com/rosterhq/roster/internal/text"
)

// NewClaim claims a provisioned organization: for the account of a personal token, or for a
// person without an account yet.
type NewClaim struct {
	Claim string // the value that provisioning gave
	Name  string
	Email string
}

// Claimed is what the new owner gets.
type Claimed struct {
	Owner         directory.User
	PersonalToken string // shown once; empty for an account that had one
}

var errBadClaim = directory.Errorf(directory.NotFound, "the claim is unknown, was used already, or has expired")

// ClaimOrg makes a human the owner of a provisioned organization, which then stays. call has
// a principal only if the claimant has an account already. Otherwise an account is made, and
// a first personal token for it. Audit entries claimOrg, for the owner and for each token
// that loses its end, and removeUserFromOrg. Errors: [directory.NotFound] for a claim that is
// not open; [directory.Conflict] for an address that has an account: its token must come
// along; [directory.Forbidden] for an API token, which belongs to no person.
func (o *Onboarder) ClaimOrg(ctx context.Context, call directory.Call, in NewClaim) (Claimed, error) {
	call.IdempotencyKey, call.Fingerprint = "", nil // a claim works once anyway
	if call.Principal == nil {
		ctx = directory.ForTenant(ctx, directory.AddrTenant(call.RemoteAddr))
		return directory.WriteAsOperator(ctx, o.directory, call, directory.OpClaimOrg, func(c *directory.Change) (Claimed, error) {
			return claim(c, in, claimForNewcomer)
		})
	}
	if call.Principal.Kind == directory.APIToken {
		return Claimed{}, directory.Errorf(directory.Forbidden, "an API token can't claim an organization; use a personal token (xapt-…), or no token with a name and an email")
	}
	anywhere := *call.Principal
	anywhere.OrgID = "" // the claimed organization is not theirs yet
	call.Principal = &anywhere
	return directory.Write(ctx, o.directory, call, directory.OpClaimForAccount, func(c *directory.Change) (Claimed, error) {
		return claim(c, in, claimForAccount)
	})
}

// claimant makes u, an owner, the claimant's user. before is the user that the agent had
// invited, or nil. token is the value of the claimant's first personal token.
type claimant func(c *directory.Change, u *directory.User, in NewClaim) (before any, token string, err error)

func claim(c *directory.Change, in NewClaim, add claimant) (out Claimed, err error) {
	p, err := lockedProvision(c, directory.HashSecret(in.Claim))
	if directory.CodeOf(err) == directory.NotFound || (err == nil && (p.Claimed || !c.Now().Before(p.ExpiresAt))) {
		return out, errBadClaim
	}
	if err != nil {
		return out, err
	}
	out.Owner = newOwner(c, p.OrgID)
	before, token, err := add(c, &out.Owner, in)
	if err != nil {
		return out, err
	}
	u := out.Owner
	out.PersonalToken = token
	c = c.By(&directory.Principal{
		Kind: directory.PersonalToken, OrgID: u.OrgID, UserID: u.ID, AccountID: u.AccountID, Name: u.Name, Role: authz.RoleOwner,
	}, directory.OpClaimOrg)
	return out, errors.Join(c.Record(u.Target(), before, u), endProvision(c, p))
}

func claimForAccount(c *directory.Change, u *directory.User, _ NewClaim) (before any, token string, err error) {
	me, err := members.Self(c, c.Actor())
	if err != nil {
		return nil, "", err
	}
	if me.Email == agentEmail(u.OrgID) { // whose user a claim removes
		return nil, "", directory.Errorf(directory.Forbidden, "the organization's agent can't claim it; a person must")
	}
	if err := identity.NeedVerified(c, me.AccountID); err != nil {
		return nil, "", err
	}
	if err := c.OneMoreOfAccount(me.AccountID, limits.Organizations); err != nil {
		return nil, "", err
	}
	u.AccountID, u.Email, u.Name = me.AccountID, me.Email, me.Name
	key := text.FoldKey(u.Email)
	invited, err := c.UserByEmail(u.OrgID, key)
	if directory.CodeOf(err) == directory.NotFound {
		return nil, "", c.CreateUser(*u, key)
	}
	if err != nil {
		return nil, "", err
	}
	u.ID, u.Email, u.CreatedAt = invited.ID, invited.Email, invited.CreatedAt
	return invited, "", c.UpdateUser(*u)
}

// claimForNewcomer ignores the limit on users, which the agent may have reached.
func claimForNewcomer(c *directory.Change, u *directory.User, in NewClaim) (before any, token string, err error) {
	c = c.By(directory.OperatorPrincipal(u.OrgID), directory.OpClaimOrg)
	if u.Name, err = directory.CleanName("name", in.Name); err != nil {
		return nil, "", err
	}
	if err := directory.CheckEmail("email", in.Email); err != nil {
		return nil, "", err
	}
	u.Email = in.Email
	if err := dropInvitation(c, u.OrgID, text.FoldKey(u.Email)); err != nil {
		return nil, "", err
	}
	if err := members.AddNewcomer(c, u); err != nil {
		return nil, "", err
	}
	issued, err := credentials.IssuePersonalToken(c, u.AccountID, credentials.NewPersonalToken{Name: "Initial token"}, c.Now())
	return nil, issued.Secret, err
}

// dropInvitation takes out the invitation that the agent sent to the address of an account
// that has ended since: the newcomer takes its place.
func dropInvitation(c *directory.Change, org directory.OrgID, key string) error {
	there, err := c.UserByEmail(org, key)
	if directory.CodeOf(err) == directory.NotFound || (err == nil && !there.Invited) {
		return nil
	}
	if err != nil {
		return err
	}
	return members.TakeOut(c.As(directory.OpRevokeInvitation), there)
}

// endProvision makes the organization permanent: the agent's owner goes, its token loses its
// end, and the claim can't be used again.
func endProvision(c *directory.Change, p directory.Provision) error {
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
	if directory.CodeOf(err) == directory.NotFound {
		return nil
	}
	if err != nil {
		return err
	}
	if err := members.TakeOut(c.As(directory.OpRemoveUser), agent); err != nil {
		return err
	}
	return members.SettleAccount(c, agent.AccountID)
}
