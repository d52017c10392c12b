package directory

import (
	"context"
	"encoding/base64"
	"fmt"
	"time"

	"github.com/rosterhq/roster/internal/audit"
	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/ident"
)

// How long the secret before stays valid when one is rotated.
const (
	DefaultSecretOverlap = 24 * time.Hour
	MaxSecretOverlap     = 30 * 24 * time.Hour
)

// Webhook is a receiver outside that is sent an organization's entries. It
// belongs to the organization: it goes on when whoever made it has left. Its
// secret is derived from the server's keys and kept nowhere: who reads the database
// can't sign.
type Webhook struct {
	ID          WebhookID `json:"id"`
	OrgID       OrgID     `json:"orgId"`
	Name        string    `json:"name"`
	Description string    `json:"description,omitempty"`
	URL         string    `json:"url"`
	WebhookFilter
	Enabled        bool   `json:"enabled"`
	DisabledReason string `json:"disabledReason,omitempty"` // of the server, which disabled it
	// SecretVersion says which secret signs; the one before signs too until
	// PreviousUntil.
	SecretVersion int       `json:"secretVersion"`
	PreviousUntil time.Time `json:"previousSecretExpiresAt,omitzero"`
	// After is the last entry before it was made or last enabled: what was logged
	// up to there is sent only when it is asked for.
	After     int64     `json:"after"`
	CreatedAt time.Time `json:"createdAt"`
	UpdatedAt time.Time `json:"updatedAt"`
	CreatedBy Actor     `json:"createdBy"`
}

// Target is the webhook as the target of an entry.
func (w Webhook) Target() Target {
	return Target{Type: "webhook", ID: string(w.ID), Name: w.Name}
}

// IssuedWebhook is a webhook with its secret, which is shown this once.
type IssuedWebhook struct {
	Webhook
	Secret string `json:"-"` // as Standard Webhooks writes it: whsec_ and base64
}

// ShownOnce is the error of a retried create, whose secret is gone.
func (w IssuedWebhook) ShownOnce() error {
	return Errorf(Conflict, "this Idempotency-Key already made a secret of webhook %s, which is shown only once; "+
		"if that answer was lost, rotate the secret with a new key or delete the webhook", w.ID)
}

// NewWebhook is what can be said about a webhook. A nil Enabled leaves it as it
// is, and enables a new one.
type NewWebhook struct {
	Name        string
	Description string
	URL         string
	WebhookFilter
	Enabled *bool
}

// mayManageWebhooks holds that only who runs an organization decides who is sent
// its log. That they may read it themselves is the operation's own permission.
func (c *Change) mayManageWebhooks() error {
	if c.actor.Role != authz.RoleOwner && c.actor.Role != authz.RoleAdmin {
		return Errorf(Forbidden, "only an owner or admin can change webhooks")
	}
	return nil
}

// issue shows the secret of a webhook, as the key in use makes it.
func (c *Change) issue(w Webhook) IssuedWebhook {
	issued := IssuedWebhook{Webhook: w}
	if c.call.DryRun == nil { // else there will be no such secret
		secret := c.keys.WebhookSecrets(string(w.OrgID), string(w.ID), w.SecretVersion)[0]
		issued.Secret = "whsec_" + base64.StdEncoding.EncodeToString(secret)
	}
	return issued
}

// ListWebhooks gives the organization's webhooks. Permission auditLog|read.
func (s *Service) ListWebhooks(ctx context.Context, call Call) ([]Webhook, error) {
	return Read(ctx, s, call, OpListWebhooks, func(tx Tx) ([]Webhook, error) {
		return tx.Webhooks(call.Principal.OrgID)
	})
}

// GetWebhook gives one webhook. Permission auditLog|read. Errors: [NotFound].
func (s *Service) GetWebhook(ctx context.Context, call Call, id WebhookID) (Webhook, error) {
	return Read(ctx, s, call, OpGetWebhook, func(tx Tx) (Webhook, error) {
		return tx.Webhook(call.Principal.OrgID, id)
	})
}

// CreateWebhook makes a webhook, which is sent what is logged from then on.
// Needs a personal token of an owner or admin who has auditLog|read. Audit entry
// createWebhook. Errors: [Invalid]; [LimitExceeded].
func (s *Service) CreateWebhook(ctx context.Context, call Call, in NewWebhook) (IssuedWebhook, error) {
	return Write(ctx, s, call, OpCreateWebhook, func(c *Change) (IssuedWebhook, error) {
		if err := c.mayManageWebhooks(); err != nil {
			return IssuedWebhook{}, err
		}
		if err := c.OneMore(LimitWebhooks); err != nil {
			return IssuedWebhook{}, err
		}
		w := Webhook{
			ID: WebhookID(ident.New("whk", c.now)), OrgID: c.actor.OrgID, Enabled: true, SecretVersion: 1,
			CreatedAt: c.now, CreatedBy: c.actor.Actor(),
		}
		w, err := c.applyWebhook(s, w, in)
		if err != nil {
			return IssuedWebhook{}, err
		}
		if w.After, _, err = c.LastOrgEntry(w.OrgID); err != nil {
			return IssuedWebhook{}, err
		}
		if err := c.Tx.CreateWebhook(w); err != nil {
			return IssuedWebhook{}, err
		}
		return c.issue(w), c.Record(w.Target(), nil, w)
	})
}

// applyWebhook gives w with what in says about it.
func (c *Change) applyWebhook(s *Service, w Webhook, in NewWebhook) (Webhook, error) {
	var err error
	if w.Name, err = CleanName("name", in.Name); err != nil {
		return w, err
	}
	if w.Description, err = CleanDescription(in.Description); err != nil {
		return w, err
	}
	if err := s.endpoints.CheckURL(in.URL); err != nil {
		return w, InvalidField("url", "%v", err)
	}
	if w.WebhookFilter, err = in.WebhookFilter.clean(); err != nil {
		return w, err
	}
	w.URL, w.UpdatedAt = in.URL, c.now
	if in.Enabled == nil || *in.Enabled == w.Enabled {
		return w, nil
	}
	w.Enabled = *in.Enabled
	if w.Enabled {
		w.DisabledReason = ""
		w.After, _, err = c.LastOrgEntry(w.OrgID)
	}
	return w, err
}

// UpdateWebhook replaces what can be said about a webhook. Deliveries that wait
// for one that is disabled are dead; they can be replayed when it is enabled
// again. Needs a personal token of an owner or admin who has auditLog|read.
// Audit entry updateWebhook. Errors: [NotFound]; [Invalid].
func (s *Service) UpdateWebhook(ctx context.Context, call Call, id WebhookID, in NewWebhook) (Webhook, error) {
	return Write(ctx, s, call, OpUpdateWebhook, func(c *Change) (Webhook, error) {
		before, err := c.webhook(id)
		if err != nil {
			return Webhook{}, err
		}
		w, err := c.applyWebhook(s, before, in)
		if err != nil {
			return Webhook{}, err
		}
		if err := c.Tx.UpdateWebhook(w); err != nil {
			return Webhook{}, err
		}
		if !w.Enabled {
			if _, err := endDeliveries(c, w, "the webhook was disabled", c.now); err != nil {
				return Webhook{}, err
			}
		}
		return w, c.Record(w.Target(), before, w)
	})
}

// webhook finds the webhook that a change is about, locked, for who may change it
// under the conditions that the call makes.
func (c *Change) webhook(id WebhookID) (Webhook, error) {
	if err := c.mayManageWebhooks(); err != nil {
		return Webhook{}, err
	}
	if err := c.Lock(LockWebhook(c.actor.OrgID, id)); err != nil {
		return Webhook{}, err
	}
	w, err := c.Tx.Webhook(c.actor.OrgID, id)
	if err != nil {
		return Webhook{}, err
	}
	return w, c.Check(w)
}

// DeleteWebhook deletes a webhook with its deliveries. Needs a personal token of
// an owner or admin who has auditLog|read. Audit entry deleteWebhook. Errors: [NotFound].
func (s *Service) DeleteWebhook(ctx context.Context, call Call, id WebhookID) error {
	_, err := Write(ctx, s, call, OpDeleteWebhook, func(c *Change) (struct{}, error) {
		w, err := c.webhook(id)
		if err != nil {
			return struct{}{}, err
		}
		if err := c.Tx.DeleteWebhook(w.OrgID, w.ID); err != nil {
			return struct{}{}, err
		}
		return struct{}{}, c.Record(w.Target(), w, nil)
	})
	return err
}

// RotateWebhookSecret gives a webhook a new secret. Until previousUntil, zero for
// [DefaultSecretOverlap] from now, deliveries are signed with the one before too;
// the one before that ends at once. Needs a personal token of an owner or admin
// who has auditLog|read. Audit entry rotateWebhookSecret. Errors: [NotFound];
// [Invalid] for a time beyond [MaxSecretOverlap].
func (s *Service) RotateWebhookSecret(ctx context.Context, call Call, id WebhookID, previousUntil time.Time) (IssuedWebhook, error) {
	return Write(ctx, s, call, OpRotateSecret, func(c *Change) (IssuedWebhook, error) {
		before, err := c.webhook(id)
		if err != nil {
			return IssuedWebhook{}, err
		}
		w := before
		w.SecretVersion++
		w.UpdatedAt = c.now
		w.PreviousUntil = previousUntil.UTC().Truncate(time.Microsecond)
		switch {
		case previousUntil.IsZero():
			w.PreviousUntil = c.now.Add(DefaultSecretOverlap)
		case w.PreviousUntil.Before(c.now):
			w.PreviousUntil = c.now
		case w.PreviousUntil.After(c.now.Add(MaxSecretOverlap)):
			return IssuedWebhook{}, InvalidField("previousSecretExpiresAt", "must be within %d days", MaxSecretOverlap/(24*time.Hour))
		}
		if err := c.Tx.UpdateWebhook(w); err != nil {
			return IssuedWebhook{}, err
		}
		return c.issue(w), c.Record(w.Target(), before, w)
	})
}

// DisableWebhook disables a webhook whose receiver wants nothing any more, gives up
// what waits for it, and returns how many deliveries that is. It is for the server
// itself; the locks of the organization and of the webhook must be held. Audit entry
// updateWebhook, by the system.
func DisableWebhook(tx Tx, keys *audit.Keyring, before Webhook, why string, now time.Time) (dead int, err error) {
	w := before
	w.Enabled, w.DisabledReason, w.UpdatedAt = false, why, now
	if err := tx.UpdateWebhook(w); err != nil {
		return 0, err
	}
	if dead, err = endDeliveries(tx, w, why, now); err != nil {
		return 0, err
	}
	e := Entry{At: now, OrgID: w.OrgID, Actor: SystemActor, Action: OpUpdateWebhook.Name, Target: w.Target()}
	return dead, Record(tx, keys, e, before, w)
}

// endDeliveries gives up whatever is pending, and returns how many deliveries.
func endDeliveries(tx Tx, w Webhook, why string, now time.Time) (int, error) {
	n, err := tx.EndDeliveries(w.OrgID, w.ID, now.Add(2*DeliveryWindow), now, why)
	if err != nil {
		return 0, fmt.Errorf("end deliveries: %w", err)
	}
	return n, tx.SetQueue(w.OrgID, w.ID, 0, time.Time{})
}

// TestWebhook has a webhook sent an entry of its own, testWebhook, whatever its
// filter. Needs a personal token of an owner or admin who has auditLog|read.
// Audit entry testWebhook. Errors: [NotFound]; [Conflict] for one that is disabled.
func (s *Service) TestWebhook(ctx context.Context, call Call, id WebhookID) error {
	_, err := Write(ctx, s, call, OpTestWebhook, func(c *Change) (struct{}, error) {
		w, err := c.webhook(id)
		if err != nil {
			return struct{}{}, err
		}
		if !w.Enabled {
			return struct{}{}, errDisabled
		}
		return struct{}{}, c.Record(w.Target(), nil, nil)
	})
	return err
}

var errDisabled = Errorf(Conflict, "the webhook is disabled; enable it first")
