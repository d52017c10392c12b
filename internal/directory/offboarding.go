package directory

import (
	"context"
	"slices"
)

// MaxRevoked is how many tokens and webhooks one call revokes.
const MaxRevoked = 1000

// Revocation says which of the things that a user made are revoked along with a
// change to the user.
type Revocation struct{ Tokens, Webhooks bool }

// Created are the API tokens and webhooks that a user made and that still exist.
// Tokens made by their tokens, at any remove, are among them. What the principal
// may not read is left out.
type Created struct {
	Tokens   []APITokenRecord
	Webhooks []Webhook

	TokensShown, WebhooksShown bool // whether the principal may read them
}

// ListCreated lists what a user made, also one who has been removed. Permission
// users|read; for tokens apiTokens|read besides, and for webhooks auditLog|read.
// Errors: [NotFound] for an id that is no user's and made nothing.
func (s *Service) ListCreated(ctx context.Context, call Call, id UserID) (Created, error) {
	return read(ctx, s, call, OpListCreated, func(tx Tx) (Created, error) {
		made, err := createdBy(tx, call.Principal.OrgID, id)
		if err == nil && len(made.Tokens)+len(made.Webhooks) == 0 {
			_, err = tx.User(call.Principal.OrgID, id)
		}
		return made.shownTo(call.Principal), err
	})
}

func createdBy(tx Tx, org OrgID, id UserID) (made Created, err error) {
	if made.Tokens, err = tx.APITokens(org); err != nil {
		return made, err
	}
	if made.Webhooks, err = tx.Webhooks(org); err != nil {
		return made, err
	}
	made.Tokens = slices.DeleteFunc(made.Tokens, func(t APITokenRecord) bool { return t.MakerID != id })
	made.Webhooks = slices.DeleteFunc(made.Webhooks, func(w Webhook) bool { return w.CreatedBy.UserID != id })
	return made, nil
}

func (m Created) shownTo(p *Principal) Created {
	if m.TokensShown = OpListAPITokens.Authorise(p) == nil; !m.TokensShown {
		m.Tokens = nil
	}
	if m.WebhooksShown = OpListWebhooks.Authorise(p) == nil; !m.WebhooksShown {
		m.Webhooks = nil
	}
	return m
}

// revoke revokes what a user made and returns what is left of what the actor may
// read. It takes the permissions that deleting each takes. Audit entries
// deleteAPIToken and deleteWebhook. Errors: [LimitExceeded] beyond [MaxRevoked].
func (c *change) revoke(id UserID, kinds Revocation) (left Created, err error) {
	made, err := createdBy(c, c.actor.OrgID, id)
	if err != nil {
		return left, err
	}
	left = made
	n := 0
	if kinds.Tokens {
		if err := OpDeleteAPIToken.Authorise(c.actor); err != nil {
			return left, err
		}
		n, left.Tokens = len(made.Tokens), nil
	}
	if kinds.Webhooks {
		if err := OpDeleteWebhook.Authorise(c.actor); err != nil {
			return left, err
		}
		if err := c.mayManageWebhooks(); err != nil {
			return left, err
		}
		n, left.Webhooks = n+len(made.Webhooks), nil
	}
	if n > MaxRevoked {
		return left, Errorf(LimitExceeded, "the user made %d things, and one call revokes %d at most; "+
			"nothing was changed: delete some of them first", n, MaxRevoked)
	}
	if kinds.Tokens {
		for _, t := range made.Tokens {
			if err := c.Tx.DeleteAPIToken(t.OrgID, t.ID); err != nil {
				return left, err
			}
			if err := c.as(OpDeleteAPIToken).record(t.target(), t, nil); err != nil {
				return left, err
			}
		}
	}
	if kinds.Webhooks {
		for _, w := range made.Webhooks {
			if err := c.Tx.DeleteWebhook(w.OrgID, w.ID); err != nil {
				return left, err
			}
			if err := c.as(OpDeleteWebhook).record(w.Target(), w, nil); err != nil {
				return left, err
			}
		}
	}
	return left.shownTo(c.actor), nil
}

// RemoveUserAndRevoke is [Service.RemoveUser], which revokes things that the user
// made in the same transaction. It returns what is left of those that the principal
// may read. Audit entries deleteAPIToken and deleteWebhook besides.
func (s *Service) RemoveUserAndRevoke(ctx context.Context, call Call, id UserID, kinds Revocation) (left Created, err error) {
	_, err = write(ctx, s, call, OpRemoveUser, func(c *change) (_ struct{}, err error) {
		if err := c.removeUser(id); err != nil {
			return struct{}{}, err
		}
		left, err = c.revoke(id, kinds)
		return struct{}{}, err
	})
	return left, err
}

// UpdateUserRoleAndRevoke is [Service.UpdateUserRole], which revokes things that
// the user made in the same transaction, as [Service.RemoveUserAndRevoke] does.
func (s *Service) UpdateUserRoleAndRevoke(ctx context.Context, call Call, id UserID, role RoleID, kinds Revocation) (u User, left Created, err error) {
	u, err = write(ctx, s, call, OpUpdateUserRole, func(c *change) (User, error) {
		u, err := c.updateUserRole(id, role)
		if err != nil {
			return u, err
		}
		left, err = c.revoke(id, kinds)
		return u, err
	})
	return u, left, err
}
