package members

import (
	"context"
	"slices"
	"time"

	"github.com/rosterhq/roster/internal/directory"
)

// MaxRevoked is how many tokens, webhooks and invitations one call revokes.
const MaxRevoked = 1000

// Created are the API tokens, webhooks and open invitations that a user made and
// that still exist. Tokens made by their tokens, at any remove, are among them, and
// so are the invitations that these tokens sent. It leaves out kinds that the
// principal may not read.
type Created struct {
	Tokens      []directory.APITokenRecord
	Webhooks    []directory.Webhook
	Invitations []directory.User

	TokensShown, WebhooksShown, InvitationsShown bool // whether the principal may read them
}

// ListCreated lists what a user made, also one who has been removed. Permission
// users|read; for tokens apiTokens|read besides, for webhooks auditLog|read, and for
// invitations users|create.
// Errors: [directory.NotFound] for an id that is no user's and made nothing.
func (r *Roll) ListCreated(ctx context.Context, call directory.Call, id directory.UserID) (Created, error) {
	return directory.Read(ctx, r.directory, call, directory.OpListCreated, func(tx directory.Tx) (Created, error) {
		made, err := createdBy(tx, call.Principal.OrgID, id, r.directory.Now())
		if err == nil && len(made.Tokens)+len(made.Webhooks)+len(made.Invitations) == 0 {
			_, err = tx.User(call.Principal.OrgID, id)
		}
		return made.shownTo(call.Principal), err
	})
}

// invitationBatch is how many invitations are read at a time.
const invitationBatch = 100

func createdBy(tx directory.Tx, org directory.OrgID, id directory.UserID, now time.Time) (made Created, err error) {
	if made.Tokens, err = tx.APITokens(org); err != nil {
		return made, err
	}
	if made.Webhooks, err = tx.Webhooks(org); err != nil {
		return made, err
	}
	made.Tokens = slices.DeleteFunc(made.Tokens, func(t directory.APITokenRecord) bool { return t.MakerID != id })
	made.Webhooks = slices.DeleteFunc(made.Webhooks, func(w directory.Webhook) bool { return w.CreatedBy.UserID != id })
	made.Invitations, err = invitationsBy(tx, org, id, made.Tokens, now)
	return made, err
}

// invitationsBy lists the invitations that a user or one of their tokens sent and that
// have not expired.
func invitationsBy(tx directory.Tx, org directory.OrgID, id directory.UserID, tokens []directory.APITokenRecord, now time.Time) (sent []directory.User, err error) {
	theirs := make(map[directory.TokenID]bool, len(tokens))
	for _, t := range tokens {
		theirs[t.ID] = true
	}
	for after, more := directory.UserID(""), true; more; {
		batch, err := tx.Invitations(org, after, invitationBatch)
		if err != nil {
			return nil, err
		}
		for _, u := range batch {
			after = u.ID
			by := u.InvitedBy
			sentByThem := (by.Kind == directory.ActorAccount && by.UserID == id) || (by.Kind == directory.ActorAPIToken && theirs[by.TokenID])
			if sentByThem && !u.InvitationExpired(now) {
				sent = append(sent, u)
			}
		}
		more = len(batch) == invitationBatch
	}
	return sent, nil
}

func (m Created) shownTo(p *directory.Principal) Created {
	if m.TokensShown = directory.OpListAPITokens.Authorize(p) == nil; !m.TokensShown {
		m.Tokens = nil
	}
	if m.WebhooksShown = directory.OpListWebhooks.Authorize(p) == nil; !m.WebhooksShown {
		m.Webhooks = nil
	}
	if m.InvitationsShown = directory.OpListOrgInvitations.Authorize(p) == nil; !m.InvitationsShown {
		m.Invitations = nil
	}
	return m
}

// MayRevoke checks the permissions that deleting each of the kinds takes.
func MayRevoke(c *directory.Change, kinds directory.Revocation) error {
	for _, k := range []struct {
		asked bool
		op    directory.Operation
	}{{kinds.Tokens, directory.OpDeleteAPIToken}, {kinds.Webhooks, directory.OpDeleteWebhook}, {kinds.Invitations, directory.OpRevokeInvitation}} {
		if !k.asked {
			continue
		}
		if err := k.op.Authorize(c.Actor()); err != nil {
			return err
		}
	}
	if kinds.Webhooks {
		return c.Actor().MayManageWebhooks()
	}
	return nil
}

// Revoke revokes what a user made and returns what is left of what the actor may
// read. It takes the permissions that deleting each takes. Audit entries
// deleteAPIToken, deleteWebhook and revokeInvitation. Errors: [directory.LimitExceeded] beyond
// [MaxRevoked].
func Revoke(c *directory.Change, id directory.UserID, kinds directory.Revocation) (left Created, err error) {
	made, err := createdBy(c, c.Actor().OrgID, id, c.Now())
	if err != nil {
		return left, err
	}
	if err := MayRevoke(c, kinds); err != nil {
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
		return left, directory.Errorf(directory.LimitExceeded, "the user made %d things, and one call revokes %d at most; "+
			"nothing was changed: delete some of them first", n, MaxRevoked)
	}
	return left.shownTo(c.Actor()), drop(c, made)
}

// drop deletes things that a user made.
func drop(c *directory.Change, made Created) error {
	for _, t := range made.Tokens {
		if err := c.Tx.DeleteAPIToken(t.OrgID, t.ID); err != nil {
			return err
		}
		if err := c.As(directory.OpDeleteAPIToken).Record(t.Target(), t, nil); err != nil {
			return err
		}
	}
	for _, w := range made.Webhooks {
		if err := c.Tx.DeleteWebhook(w.OrgID, w.ID); err != nil {
			return err
		}
		if err := c.As(directory.OpDeleteWebhook).Record(w.Target(), w, nil); err != nil {
			return err
		}
	}
	for _, u := range made.Invitations {
		if err := TakeOut(c.As(directory.OpRevokeInvitation), u); err != nil {
			return err
		}
	}
	return nil
}
