package webhooks

import (
	"context"
	"encoding/base64"
	"time"

	"github.com/rosterhq/roster/internal/audit"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/egress"
	"github.com/rosterhq/roster/internal/ident"
	"github.com/rosterhq/roster/internal/limits"
)

// A rotated secret stays valid for DefaultSecretOverlap, or for up to MaxSecretOverlap.
const (
	DefaultSecretOverlap = 24 * time.Hour
	MaxSecretOverlap     = 30 * 24 * time.Hour
)

// Hooks carries out the operations on webhooks and their deliveries.
type Hooks struct {
	directory *directory.Service
	keys      *audit.Keyring
	endpoints egress.Policy
}

// NewHooks returns the operations of a directory's webhooks, whose secrets are derived
// from keys and which may lead to endpoints.
func NewHooks(service *directory.Service, keys *audit.Keyring, endpoints egress.Policy) *Hooks {
	return &Hooks{service, keys, endpoints}
}

// IssuedWebhook is a webhook with its secret, which is shown only this once.
type IssuedWebhook struct {
	directory.Webhook
	Secret string `json:"-"` // as Standard Webhooks writes it: whsec_ and base64
}

// ShownOnce is the error of a retried create, whose secret is gone.
func (w IssuedWebhook) ShownOnce() error {
	return directory.Errorf(directory.Conflict, "this Idempotency-Key already made a secret of webhook %s, which is shown only once; "+
		"if that answer was lost, rotate the secret with a new key or delete the webhook", w.ID)
}

// NewWebhook has the properties of a webhook that callers set. A nil Enabled leaves it
// unchanged, and enables a new webhook.
type NewWebhook struct {
	Name        string
	Description string
	URL         string
	directory.WebhookFilter
	Enabled *bool
}

// change is a change of webhooks under way.
type change struct {
	*directory.Change
	hooks *Hooks
}

// write carries out a change of webhooks, which only owners and admins may make.
func write[T any](ctx context.Context, h *Hooks, call directory.Call, op directory.Operation, fn func(change) (T, error)) (T, error) {
	return directory.Write(ctx, h.directory, call, op, func(c *directory.Change) (out T, err error) {
		if err := c.Actor().MayManageWebhooks(); err != nil {
			return out, err
		}
		return fn(change{c, h})
	})
}

// do is write for an operation without a result.
func do(ctx context.Context, h *Hooks, call directory.Call, op directory.Operation, fn func(change) error) error {
	_, err := write(ctx, h, call, op, func(c change) (struct{}, error) { return struct{}{}, fn(c) })
	return err
}

// issue returns a webhook with its current secret. A dry run creates no secret.
func (c change) issue(w directory.Webhook) IssuedWebhook {
	issued := IssuedWebhook{Webhook: w}
	if !c.DryRun() {
		secret := c.hooks.keys.WebhookSecrets(string(w.OrgID), string(w.ID), w.SecretVersion)[0]
		issued.Secret = "whsec_" + base64.StdEncoding.EncodeToString(secret)
	}
	return issued
}

// ListWebhooks returns the organization's webhooks. Permission auditLog|read.
func (h *Hooks) ListWebhooks(ctx context.Context, call directory.Call) ([]directory.Webhook, error) {
	return directory.Read(ctx, h.directory, call, directory.OpListWebhooks, func(tx directory.Tx) ([]directory.Webhook, error) {
		return tx.Webhooks(call.Principal.OrgID)
	})
}

// GetWebhook returns one webhook. Permission auditLog|read. Errors: [directory.NotFound].
func (h *Hooks) GetWebhook(ctx context.Context, call directory.Call, id directory.WebhookID) (directory.Webhook, error) {
	return directory.Read(ctx, h.directory, call, directory.OpGetWebhook, func(tx directory.Tx) (directory.Webhook, error) {
		return tx.Webhook(call.Principal.OrgID, id)
	})
}

// CreateWebhook creates a webhook, which is sent the entries that follow. Needs a
// personal token of an owner or admin who has auditLog|read. Audit entry createWebhook. Errors: [directory.Invalid]; [directory.LimitExceeded].
func (h *Hooks) CreateWebhook(ctx context.Context, call directory.Call, in NewWebhook) (IssuedWebhook, error) {
	return write(ctx, h, call, directory.OpCreateWebhook, func(c change) (IssuedWebhook, error) {
		if err := c.OneMore(limits.Webhooks); err != nil {
			return IssuedWebhook{}, err
		}
		w := directory.Webhook{
			ID: directory.WebhookID(ident.New("whk", c.Now())), OrgID: c.Actor().OrgID, Enabled: true, SecretVersion: 1,
			CreatedAt: c.Now(), CreatedBy: c.Actor().Actor(),
		}
		w, err := c.apply(w, in)
		if err != nil {
			return IssuedWebhook{}, err
		}
		if w.After, _, err = c.LastOrgEntry(w.OrgID); err != nil {
			return IssuedWebhook{}, err
		}
		if err := c.CreateWebhook(w); err != nil {
			return IssuedWebhook{}, err
		}
		return c.issue(w), c.Record(w.Target(), nil, w)
	})
}

// apply returns w with the properties that in sets.
func (c change) apply(w directory.Webhook, in NewWebhook) (directory.Webhook, error) {
	var err error
	if w.Name, err = directory.CleanName("name", in.Name); err != nil {
		return w, err
	}
	if w.Description, err = directory.CleanDescription(in.Description); err != nil {
		return w, err
	}
	if err := c.hooks.endpoints.CheckURL(in.URL); err != nil {
		return w, directory.InvalidField("url", "%v", err)
	}
	if w.WebhookFilter, err = cleanFilter(in.WebhookFilter); err != nil {
		return w, err
	}
	w.URL, w.UpdatedAt = in.URL, c.Now()
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

// UpdateWebhook replaces the properties of a webhook. If that disables it, its pending
// deliveries become dead, and can be replayed once it is enabled again. Needs a personal token of an owner or admin who has auditLog|read.
// Audit entry updateWebhook. Errors: [directory.NotFound]; [directory.Invalid].
func (h *Hooks) UpdateWebhook(ctx context.Context, call directory.Call, id directory.WebhookID, in NewWebhook) (directory.Webhook, error) {
	return write(ctx, h, call, directory.OpUpdateWebhook, func(c change) (directory.Webhook, error) {
		before, err := c.webhook(id)
		if err != nil {
			return directory.Webhook{}, err
		}
		w, err := c.apply(before, in)
		if err != nil {
			return directory.Webhook{}, err
		}
		if err := c.UpdateWebhook(w); err != nil {
			return directory.Webhook{}, err
		}
		if !w.Enabled {
			if _, err := endDeliveries(c, w, "the webhook was disabled", c.Now()); err != nil {
				return directory.Webhook{}, err
			}
		}
		return w, c.Record(w.Target(), before, w)
	})
}

// webhook locks and returns the webhook to be changed, if the call's precondition allows
// that.
func (c change) webhook(id directory.WebhookID) (directory.Webhook, error) {
	if err := c.Lock(directory.LockWebhook(c.Actor().OrgID, id)); err != nil {
		return directory.Webhook{}, err
	}
	w, err := c.Webhook(c.Actor().OrgID, id)
	if err != nil {
		return directory.Webhook{}, err
	}
	return w, c.Check(w)
}

// DeleteWebhook deletes a webhook with its deliveries. Needs a personal token of
// an owner or admin who has auditLog|read. Audit entry deleteWebhook. Errors: [directory.NotFound].
func (h *Hooks) DeleteWebhook(ctx context.Context, call directory.Call, id directory.WebhookID) error {
	return do(ctx, h, call, directory.OpDeleteWebhook, func(c change) error {
		w, err := c.webhook(id)
		if err != nil {
			return err
		}
		if err := c.DeleteWebhook(w.OrgID, w.ID); err != nil {
			return err
		}
		return c.Record(w.Target(), w, nil)
	})
}

// RotateWebhookSecret replaces a webhook's secret. Until previousUntil, zero for
// [DefaultSecretOverlap] from now, deliveries are signed with the previous secret too.
// Older secrets end at once. Needs a personal token of an owner or admin
// who has auditLog|read. Audit entry rotateWebhookSecret. Errors: [directory.NotFound];
// [directory.Invalid] for a time beyond [MaxSecretOverlap].
func (h *Hooks) RotateWebhookSecret(ctx context.Context, call directory.Call, id directory.WebhookID, previousUntil time.Time) (IssuedWebhook, error) {
	return write(ctx, h, call, directory.OpRotateSecret, func(c change) (IssuedWebhook, error) {
		before, err := c.webhook(id)
		if err != nil {
			return IssuedWebhook{}, err
		}
		w := before
		w.SecretVersion++
		w.UpdatedAt = c.Now()
		w.PreviousUntil = previousUntil.UTC().Truncate(time.Microsecond)
		switch {
		case previousUntil.IsZero():
			w.PreviousUntil = c.Now().Add(DefaultSecretOverlap)
		case w.PreviousUntil.Before(c.Now()):
			w.PreviousUntil = c.Now()
		case w.PreviousUntil.After(c.Now().Add(MaxSecretOverlap)):
			return IssuedWebhook{}, directory.InvalidField("previousSecretExpiresAt", "must be within %d days", MaxSecretOverlap/(24*time.Hour))
		}
		if err := c.UpdateWebhook(w); err != nil {
			return IssuedWebhook{}, err
		}
		return c.issue(w), c.Record(w.Target(), before, w)
	})
}

// TestWebhook sends a webhook an entry of its own, testWebhook, whatever its filter. Needs a personal token of an owner or admin who has auditLog|read.
// Audit entry testWebhook. Errors: [directory.NotFound]; [directory.Conflict] if the webhook is disabled.
func (h *Hooks) TestWebhook(ctx context.Context, call directory.Call, id directory.WebhookID) error {
	return do(ctx, h, call, directory.OpTestWebhook, func(c change) error {
		w, err := c.webhook(id)
		if err != nil {
			return err
		}
		if !w.Enabled {
			return errDisabled
		}
		return c.Record(w.Target(), nil, nil)
	})
}

var errDisabled = directory.Errorf(directory.Conflict, "the webhook is disabled; enable it first")
