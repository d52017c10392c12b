package directory

import "context"

// TokenNetworks are the networks that a token is bound to.
type TokenNetworks struct {
	ID       TokenID
	Networks Networks
}

// GetAPITokenNetworks gives the networks that an API token is bound to.
// Permission apiTokens|read. Errors: [NotFound].
func (s *Service) GetAPITokenNetworks(ctx context.Context, call Call, id TokenID) (TokenNetworks, error) {
	return read(ctx, s, call, OpGetAPITokenNetworks, func(tx Tx) (TokenNetworks, error) {
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
	return write(ctx, s, call, OpUpdateAPITokenNetworks, func(c *change) (TokenNetworks, error) {
		t, err := c.APIToken(c.actor.OrgID, id)
		if err != nil {
			return TokenNetworks{}, err
		}
		before := t
		if err := c.check(TokenNetworks{t.ID, t.Networks}); err != nil {
			return TokenNetworks{}, err
		}
		if !networks.Within(t.Networks) {
			if err := c.mayHandOver(t); err != nil {
				return TokenNetworks{}, err
			}
			if !c.actor.Giving.MayGive(t.Giving.Set()) {
				return TokenNetworks{}, Errorf(Forbidden, "the token can give capabilities that you can't give; "+
					"ask somebody who can, or make a token of your own")
			}
			if err := c.mayBind(networks); err != nil {
				return TokenNetworks{}, err
			}
		}
		t.Networks = networks
		if err := c.SetAPITokenNetworks(t.OrgID, t.ID, networks); err != nil {
			return TokenNetworks{}, err
		}
		return TokenNetworks{t.ID, networks}, c.record(t.target(), before, t)
	})
}

// GetPersonalTokenNetworks gives the networks that one of the account's own
// personal tokens is bound to. Errors: [NotFound].
func (s *Service) GetPersonalTokenNetworks(ctx context.Context, call Call, id TokenID) (TokenNetworks, error) {
	return read(ctx, s, call, OpGetPersonalTokenNetworks, func(tx Tx) (TokenNetworks, error) {
		t, err := tx.PersonalToken(call.Principal.AccountID, id)
		return TokenNetworks{t.ID, t.Networks}, err
	})
}

// UpdatePersonalTokenNetworks binds one of the account's own personal tokens to
// other networks, from the next request on. Networks beyond its own must lie within
// those of the token in use. Audit entry updatePersonalTokenNetworks in each of the
// account's organizations. Errors: [NotFound]; [Forbidden].
func (s *Service) UpdatePersonalTokenNetworks(ctx context.Context, call Call, id TokenID, networks Networks) (TokenNetworks, error) {
	return write(ctx, s, call, OpUpdatePersonalTokenNetworks, func(c *change) (TokenNetworks, error) {
		t, err := c.PersonalToken(c.actor.AccountID, id)
		if err != nil {
			return TokenNetworks{}, err
		}
		before := t
		if err := c.check(TokenNetworks{t.ID, t.Networks}); err != nil {
			return TokenNetworks{}, err
		}
		if !networks.Within(t.Networks) {
			if err := c.mayBind(networks); err != nil {
				return TokenNetworks{}, err
			}
		}
		t.Networks = networks
		if err := c.SetPersonalTokenNetworks(t.AccountID, t.ID, networks); err != nil {
			return TokenNetworks{}, err
		}
		return TokenNetworks{t.ID, networks}, c.recordForAccount(t.AccountID, t.target(), before, t)
	})
}
