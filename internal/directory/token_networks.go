package directory

import (
	"context"

	"github.com/rosterhq/roster/internal/networks"
)

// Networks are the networks that a token may be used from; none stands for anywhere.
type Networks = networks.Set

// ParseNetworks reads networks and addresses. The error is [Invalid] and blames the
// field networks.
func ParseNetworks(list []string) (Networks, error) {
	n, err := networks.Parse(list)
	return n, inText("networks", err)
}

// TokenNetworks are the networks that a token is bound to.
type TokenNetworks struct {
	ID       TokenID
	Networks Networks
}

// GetAPITokenNetworks returns the networks that an API token is bound to.
// Permission apiTokens|read. Errors: [NotFound].
func (s *Service) GetAPITokenNetworks(ctx context.Context, call Call, id TokenID) (TokenNetworks, error) {
	return Read(ctx, s, call, OpGetAPITokenNetworks, func(tx Tx) (TokenNetworks, error) {
		t, err := tx.APIToken(call.Principal.OrgID, id)
		return TokenNetworks{t.ID, t.Networks}, err
	})
}

// UpdateAPITokenNetworks binds an API token to other networks, from the next
// request on. Tokens that it has made keep theirs.
//
// Permission apiTokens|update. Networks beyond the token's own must lie within
// those of the actor's token, and the actor must have the token's capabilities and be
// able to give what it can: both reach its holders there. Audit entry
// updateAPITokenNetworks. Errors: [NotFound]; [Forbidden].
func (s *Service) UpdateAPITokenNetworks(ctx context.Context, call Call, id TokenID, networks Networks) (TokenNetworks, error) {
	return Write(ctx, s, call, OpUpdateAPITokenNetworks, func(c *Change) (TokenNetworks, error) {
		before, err := c.APIToken(c.actor.OrgID, id)
		if err != nil {
			return TokenNetworks{}, err
		}
		out, err := c.rebind(TokenNetworks{id, before.Networks}, networks, func() error { return c.mayWiden(before) })
		if err != nil {
			return out, err
		}
		after := before
		after.Networks = networks
		if err := c.SetAPITokenNetworks(after.OrgID, id, networks); err != nil {
			return out, err
		}
		return out, c.Record(after.Target(), before, after)
	})
}

// mayWiden checks that the actor may let others use a token from more networks.
func (c *Change) mayWiden(t APITokenRecord) error {
	if err := c.mayHandOver(t); err != nil {
		return err
	}
	if !c.actor.Giving.MayGive(t.Giving.Set()) {
		return Errorf(Forbidden, "the token can give capabilities that you can't give; "+
			"ask somebody who can, or make a token of your own")
	}
	return nil
}

// rebind checks a change of a token's networks. If they widen, mayWiden must allow it,
// and the new ones must lie within those of the actor's token.
func (c *Change) rebind(before TokenNetworks, networks Networks, mayWiden func() error) (TokenNetworks, error) {
	after := TokenNetworks{before.ID, networks}
	if err := c.Check(before); err != nil || networks.Within(before.Networks) {
		return after, err
	}
	if err := mayWiden(); err != nil {
		return after, err
	}
	return after, c.mayBind(networks)
}

// GetPersonalTokenNetworks returns the networks that one of the account's own
// personal tokens is bound to. Needs a personal token. Errors: [NotFound].
func (s *Service) GetPersonalTokenNetworks(ctx context.Context, call Call, id TokenID) (TokenNetworks, error) {
	return Read(ctx, s, call, OpGetPersonalTokenNetworks, func(tx Tx) (TokenNetworks, error) {
		t, err := tx.PersonalToken(call.Principal.AccountID, id)
		return TokenNetworks{t.ID, t.Networks}, err
	})
}

// UpdatePersonalTokenNetworks binds one of the account's own personal tokens to
// other networks, from the next request on. Networks beyond its own must lie within
// those of the token in use. Needs a personal token. Audit entry
// updatePersonalTokenNetworks in each of the account's organizations. Errors:
// [NotFound]; [Forbidden].
func (s *Service) UpdatePersonalTokenNetworks(ctx context.Context, call Call, id TokenID, networks Networks) (TokenNetworks, error) {
	return Write(ctx, s, call, OpUpdatePersonalTokenNetworks, func(c *Change) (TokenNetworks, error) {
		before, err := c.PersonalToken(c.actor.AccountID, id)
		if err != nil {
			return TokenNetworks{}, err
		}
		out, err := c.rebind(TokenNetworks{id, before.Networks}, networks, func() error { return nil })
		if err != nil {
			return out, err
		}
		after := before
		after.Networks = networks
		if err := c.SetPersonalTokenNetworks(after.AccountID, id, networks); err != nil {
			return out, err
		}
		return out, c.RecordForAccount(after.AccountID, after.Target(), before, after)
	})
}
