package directory

import (
	"context"
	"slices"
	"time"
)

// MaxRevoked is how many tokens, webhooks and invitations one call revokes.
const MaxRevoked = 1000

// Created are the API tokens, webhooks and open invitations that a user made and
// that still exist. Tokens made by their tokens, at any remove, are among them, and
// so are the invitations that these tokens sent. It leaves out kinds that the
// principal may not read.
type Created struct {
	Tokens      []APITokenRecord
	Webhooks    []Webhook
	Invitations []User

	TokensShown, WebhooksShown, InvitationsShown bool // whether the principal may read them
}

// ListCreated lists what a user made, also one who has been removed. Permission
// users|read; for tokens apiTokens|read besides, for webhooks auditLog|read, and for
// invitations users|create.
// Errors: [NotFound] for an id that is no user's and made nothing.
func (s *Service) ListCreated(ctx context.Context, call Call, id UserID) (Created, error) {
	return Read(ctx, s, call, OpListCreated, func(tx Tx) (Created, error) {
		made, err := createdBy(tx, call.Principal.OrgID, id, s.now())
		if err == nil && len(made.Tokens)+len(made.Webhooks)+len(made.Invitations) == 0 {
			_, err = tx.User(call.Principal.OrgID, id)
		}
		return made.shownTo(call.Principal), err
	})
}

// invitationBatch is how many invitations are read at a time.
const invitationBatch = 100

func createdBy(tx Tx, org OrgID, id UserID, now time.Time) (made Created, err error) {
	if made.Tokens, err = tx.APITokens(org); err != nil {
		return made, err
	}
	if made.Webhooks, err = tx.Webhooks(org); err != nil {
		return made, err
	}
	made.Tokens = slices.DeleteFunc(made.Tokens, func(t APITokenRecord) bool { return t.MakerID != id })
	made.Webhooks = slices.DeleteFunc(made.Webhooks, func(w Webhook) bool { return w.CreatedBy.UserID != id })
	made.Invitations, err = invitationsBy(tx, org, id, made.Tokens, now)
	return made, err
}

// invitationsBy lists the invitations that a user or one of their tokens sent and that
// have not expired.
func invitationsBy(tx Tx, org OrgID, id UserID, tokens []APITokenRecord, now time.Time) (sent []User, err error) {
	theirs := make(map[TokenID]bool, len(tokens))
	for _, t := range tokens {
		theirs[t.ID] = true
	}
	for after, more := UserID(""), true; more; {
		batch, err := tx.Invitations(org, after, invitationBatch)
		if err != nil {
			return nil, err
		}
		for _, u := range batch {
			after = u.ID
			by := u.InvitedBy
			sentByThem := (by.Kind == ActorAccount && by.UserID == id) || (by.Kind == ActorAPIToken && theirs[by.TokenID])
			if sentByThem && !u.InvitationExpired(now) {
				sent = append(sent, u)
			}
		}
		more = len(batch) == invitationBatch
	}
	return sent, nil
}

func (m Created) shownTo(p *Principal) Created {
	if m.TokensShown = OpListAPITokens.Authorize(p) == nil; !m.TokensShown {
		m.Tokens = nil
	}
	if m.WebhooksShown = OpListWebhooks.Authorize(p) == nil; !m.WebhooksShown {
		m.Webhooks = nil
	}
	if m.InvitationsShown = OpListOrgInvitations.Authorize(p) == nil; !m.InvitationsShown {
		m.Invitations = nil
	}
	return m
}

// MayRevoke checks the permissions that deleting each of the kinds takes.
func (c *Change) MayRevoke(kinds Revocation) error {
	for _, k := range []struct {
		asked bool
		op    Operation
	}{{kinds.Tokens, OpDeleteAPIToken}, {kinds.Webhooks, OpDeleteWebhook}, {kinds.Invitations, OpRevokeInvitation}} {
		if !k.asked {
			continue
		}
		if err := k.op.Authorize(c.actor); err != nil {
			return err
		}
	}
	if kinds.Webhooks {
		return c.actor.MayManageWebhooks()
	}
	return nil
}

// Revoke revokes what a user made and returns what is left of what the actor may
// read. It takes the permissions that deleting each takes. Audit entries
// deleteAPIToken, deleteWebhook and revokeInvitation. Errors: [LimitExceeded] beyond
// [MaxRevoked].
func (c *Change) Revoke(id UserID, kinds Revocation) (left Created, err error) {
	made, err := createdBy(c, c.actor.OrgID, id, c.now)
	if err != nil {
		return left, err
	}
	if err := c.MayRevoke(kinds); err != nil {
		return left, err
	}
	left = made
	if kinds.Tokens {
		left.Tokens = nil
	} else {
		made.Tokens = nil
	}
	if kinds.Webhooks {
		left.Webhooks = nil
	} else {
		made.Webhooks = nil
	}
	if kinds.Invitations {
		left.Invitations = nil
	} else {
		made.Invitations = nil
	}
	if n := len(made.Tokens) + len(made.Webhooks) + len(made.Invitations); n > MaxRevoked {
		return left, Errorf(LimitExceeded, "the user made %d things, and one call revokes %d at most; "+
			"nothing was changed: delete some of them first", n, MaxRevoked)
	}
	return left.shownTo(c.actor), c.drop(made)
}

// drop deletes things that a user made.
func (c *Change) drop(made Created) error {
	for _, t := range made.Tokens {
		if err := c.Tx.DeleteAPIToken(t.OrgID, t.ID); err != nil {
			return err
		}
		if err := c.As(OpDeleteAPIToken).Record(t.Target(), t, nil); err != nil {
			return err
		}
	}
	for _, w := range made.Webhooks {
		if err := c.Tx.DeleteWebhook(w.OrgID, w.ID); err != nil {
			return err
		}
		if err := c.As(OpDeleteWebhook).Record(w.Target(), w, nil); err != nil {
			return err
		}
	}
	for _, u := range made.Invitations {
		if err := c.As(OpRevokeInvitation).TakeOut(u); err != nil {
			return err
		}
	}
	return nil
}

// RemoveUserAndRevoke is [Service.RemoveUser], which revokes things that the user
// made in the same transaction. It returns what is left of those that the principal
// may read. Audit entries deleteAPIToken, deleteWebhook and revokeInvitation besides.
func (s *Service) RemoveUserAndRevoke(ctx context.Context, call Call, id UserID, kinds Revocation) (left Created, err error) {
	_, err = Write(ctx, s, call, OpRemoveUser, func(c *Change) (_ struct{}, err error) {
		if err := c.removeUser(id); err != nil {
			return struct{}{}, err
		}
		left, err = c.Revoke(id, kinds)
		return struct{}{}, err
	})
	return left, err
}

// UpdateUserRoleAndRevoke is [Service.UpdateUserRole], which revokes things that
// the user made in the same transaction, as [Service.RemoveUserAndRevoke] does.
func (s *Service) UpdateUserRoleAndRevoke(ctx context.Context, call Call, id UserID, role RoleID, kinds Revocation) (u User, left Created, err error) {
	u, err = Write(ctx, s, call, OpUpdateUserRole, func(c *Change) (User, error) {
		u, err := c.updateUserRole(id, role)
		if err != nil {
			return u, err
		}
		left, err = c.Revoke(id, kinds)
		return u, err
	})
	return u, left, err
}
