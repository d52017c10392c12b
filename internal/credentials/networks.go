package credentials

import (
	"context"

	"github.com/rosterhq/roster/internal/directory"
)

// GetAPITokenNetworks returns the networks that an API token is bound to.
// Permission apiTokens|read. Errors: [directory.NotFound].
func (k *Keeper) GetAPITokenNetworks(ctx context.Context, call directory.Call, id directory.TokenID) (directory.TokenNetworks, error) {
	return directory.Read(ctx, k.directory, call, directory.OpGetAPITokenNetworks, func(tx directory.Tx) (directory.TokenNetworks, error) {
		t, err := tx.APIToken(call.Principal.OrgID, id)
		return directory.TokenNetworks{ID: t.ID, Networks: t.Networks}, err
	})
}

// UpdateAPITokenNetworks binds an API token to other networks, from the next
// request on. Tokens that it has made keep theirs.
//
// Permission apiTokens|update. Networks beyond the token's own must lie within
// those of the actor's token, and the actor must have the token's capabilities and be
// able to give what it can: both reach its holders there. Audit entry
// updateAPITokenNetworks. Errors: [directory.NotFound]; [directory.Forbidden].
func (k *Keeper) UpdateAPITokenNetworks(ctx context.Context, call directory.Call, id directory.TokenID, networks directory.Networks) (directory.TokenNetworks, error) {
	return directory.Write(ctx, k.directory, call, directory.OpUpdateAPITokenNetworks, func(c *directory.Change) (directory.TokenNetworks, error) {
		before, err := c.APIToken(c.Actor().OrgID, id)
		if err != nil {
			return directory.TokenNetworks{}, err
		}
		out, err := rebind(c, directory.TokenNetworks{ID: id, Networks: before.Networks}, networks, func() error { return mayWiden(c, before) })
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
func mayWiden(c *directory.Change, t directory.APITokenRecord) error {
	if err := mayHandOver(c, t); err != nil {
		return err
	}
	if !c.Actor().Giving.MayGive(t.Giving.Set()) {
		return directory.Errorf(directory.Forbidden, "the token can give capabilities that you can't give; "+
			"ask somebody who can, or make a token of your own")
	}
	return nil
}

// rebind checks a change of a token's networks. If they widen, mayWiden must allow it,
// and the new ones must lie within those of the actor's token.
func rebind(c *directory.Change, before directory.TokenNetworks, networks directory.Networks, mayWiden func() error) (directory.TokenNetworks, error) {
	after := directory.TokenNetworks{ID: before.ID, Networks: networks}
	if err := c.Check(before); err != nil || networks.Within(before.Networks) {
		return after, err
	}
	if err := mayWiden(); err != nil {
		return after, err
	}
	return after, mayBind(c, networks)
}

// GetPersonalTokenNetworks returns the networks that one of the account's own
// personal tokens is bound to. Needs a personal token. Errors: [directory.NotFound].
func (k *Keeper) GetPersonalTokenNetworks(ctx context.Context, call directory.Call, id directory.TokenID) (directory.TokenNetworks, error) {
	return directory.Read(ctx, k.directory, call, directory.OpGetPersonalTokenNetworks, func(tx directory.Tx) (directory.TokenNetworks, error) {
		t, err := tx.PersonalToken(call.Principal.AccountID, id)
		return directory.TokenNetworks{ID: t.ID, Networks: t.Networks}, err
	})
}

// UpdatePersonalTokenNetworks binds one of the account's own personal tokens to
// other networks, from the next request on. Networks beyond its own must lie within
// those of the token in use. Needs a personal token. Audit entry
// updatePersonalTokenNetworks in each of the account's organizations. Errors:
// [directory.NotFound]; [directory.Forbidden].
func (k *Keeper) UpdatePersonalTokenNetworks(ctx context.Context, call directory.Call, id directory.TokenID, networks directory.Networks) (directory.TokenNetworks, error) {
	return directory.Write(ctx, k.directory, call, directory.OpUpdatePersonalTokenNetworks, func(c *directory.Change) (directory.TokenNetworks, error) {
		before, err := c.PersonalToken(c.Actor().AccountID, id)
		if err != nil {
			return directory.TokenNetworks{}, err
		}
		out, err := rebind(c, directory.TokenNetworks{ID: id, Networks: before.Networks}, networks, func() error { return nil })
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
