package onboarding

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/credentials"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/ident"
	"github.com/rosterhq/roster/internal/members"
	"github.com/rosterhq/roster/internal/networks"
)

const (
	// ProvisionLifetime is how long a provisioned organization waits to be claimed.
	ProvisionLifetime = 24 * time.Hour
	// MaxProvisions is how many organizations an address may provision in that time.
	MaxProvisions = 3

	claimPrefix = "xclm-"
)

// Provisioned is what an agent gets. The two values are shown once.
type Provisioned struct {
	Org       directory.Org
	ExpiresAt time.Time
	Claim     string // hand it to the human who shall own the organization
	APIToken  string // has every capability; ends with the organization unless it is claimed
}

// ProvisionOrg creates a temporary organization for any caller, without a token. It is
// deleted with everything in it after [ProvisionLifetime] unless a human claims it. Audit
// entries provisionOrg, createUser and createAPIToken. Errors: [directory.Invalid] for a bad
// name; [directory.RateLimited] beyond [MaxProvisions] for call's address.
func (o *Onboarder) ProvisionOrg(ctx context.Context, call directory.Call, name string) (Provisioned, error) {
	if name == "" {
		name = "Temporary organization"
	}
	from := networks.Source(call.RemoteAddr)
	ctx = directory.ForTenant(ctx, directory.AddrTenant(from))
	return directory.WriteAsOperator(ctx, o.directory, call, directory.OpProvisionOrg, func(c *directory.Change) (out Provisioned, err error) {
		if err := c.Lock(directory.LockAddr(from)); err != nil {
			return out, err
		}
		n, err := c.CountProvisions(from, c.Now())
		if err != nil {
			return out, err
		}
		if n >= MaxProvisions {
			return out, directory.Errorf(directory.RateLimited, "rate limit exceeded: an address may provision %d organizations a day", MaxProvisions)
		}
		return provision(c, name, from)
	})
}

func provision(c *directory.Change, name, from string) (out Provisioned, err error) {
	if out.Org, err = addOrg(c, "name", name); err != nil {
		return out, err
	}
	out.ExpiresAt, out.Claim = c.Now().Add(ProvisionLifetime), ident.Secret(claimPrefix)
	c = c.By(directory.OperatorPrincipal(out.Org.ID), directory.OpProvisionOrg)
	// Nobody can act as this owner: it holds the place of the one to come.
	agent := newOwner(c, out.Org.ID)
	agent.Email, agent.Name = agentEmail(out.Org.ID), "Provisioning agent"
	if err := members.AddUser(c, &agent); err != nil {
		return out, err
	}
	token, err := credentials.IssueAPIToken(c, credentials.NewAPIToken{
		Name: "Provisioned token", Capabilities: authz.Everything(), ExpiresAt: out.ExpiresAt,
	}, c.Actor().Giving)
	if err != nil {
		return out, err
	}
	out.APIToken = token.Secret
	return out, errors.Join(
		c.CreateProvision(directory.Provision{
			OrgID: out.Org.ID, Hash: directory.HashSecret(out.Claim), RemoteAddr: from, ExpiresAt: out.ExpiresAt,
		}),
		c.Record(out.Org.Target(), nil, out.Org),
		c.As(directory.OpCreateUser).Record(agent.Target(), nil, agent),
		c.As(directory.OpCreateAPIToken).Record(token.Target(), nil, token.APITokenRecord),
	)
}

// agentEmail is the address of the owner that an organization has until it is claimed.
func agentEmail(org directory.OrgID) string { return "agent@" + string(org) + ".invalid" }

// DropProvisions deletes the provisioned organizations that nobody claimed in time, with
// everything in them. One that can't be deleted holds up no other. Audit entry deleteOrg, by
// the operator.
func (o *Onboarder) DropProvisions(ctx context.Context) error {
	var expired []directory.Provision
	err := directory.ReadAsOperator(ctx, o.directory, func(tx directory.Tx) (err error) {
		expired, err = tx.ExpiredProvisions(o.directory.Now())
		return err
	})
	if err != nil {
		return err
	}
	for _, p := range expired {
		dropErr := directory.DoAsOperator(ctx, o.directory, directory.OpDeleteOrg, func(c *directory.Change) error { return dropProvision(c, p.Hash) })
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
func dropProvision(c *directory.Change, hash directory.SecretHash) error {
	p, err := lockedProvision(c, hash)
	switch {
	case directory.CodeOf(err) == directory.NotFound:
		return nil
	case err != nil:
		return err
	case p.Claimed:
		return c.DeleteProvision(p.OrgID)
	default:
		return deleteOrg(c, p.OrgID)
	}
}

// lockedProvision finds a provision and locks its organization.
func lockedProvision(c *directory.Change, hash directory.SecretHash) (p directory.Provision, err error) {
	if p, err = c.ProvisionByHash(hash); err != nil {
		return p, err
	}
	if err := c.Lock(directory.LockOrg(p.OrgID)); err != nil {
		return p, err
	}
	return c.ProvisionByHash(hash) // as it is now that nobody else is at it
}
