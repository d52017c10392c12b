package webhooks

import (
	"context"

	"github.com/rosterhq/roster/internal/auditlog"
	"github.com/rosterhq/roster/internal/directory"
)

// Due returns the webhooks with deliveries that are due: either the failing or the
// working ones, the longest waiting first.
func (q *Queue) Due(ctx context.Context, failing bool, limit int) (list []directory.WebhookQueue, err error) {
	err = q.store.Read(ctx, func(tx directory.Tx) error {
		list, err = tx.DueQueues(q.now(), failing, limit)
		return err
	})
	return list, err
}

// Batch is a set of deliveries to send to a webhook.
type Batch struct {
	Webhook directory.Webhook
	Keys    [][]byte // to sign with, each
	Items   []Item
}

// Item is a delivery with its entry, nil if the log does not have it any more.
type Item struct {
	directory.Delivery
	Entry *directory.Entry
}

// Batch returns up to limit deliveries that are due. Errors: [directory.NotFound] for
// a webhook that was deleted.
func (q *Queue) Batch(ctx context.Context, org directory.OrgID, id directory.WebhookID, limit int) (b Batch, err error) {
	err = q.store.Read(directory.ForTenant(ctx, directory.OrgTenant(org)), func(tx directory.Tx) error {
		b.Items = nil
		if b.Webhook, err = tx.Webhook(org, id); err != nil {
			return err
		}
		due, err := tx.DueDeliveries(org, id, q.now(), limit)
		if err != nil {
			return err
		}
		for _, d := range due {
			item := Item{Delivery: d}
			if item.Entry, err = auditlog.EntryAt(tx, org, d.Sequence); err != nil {
				return err
			}
			b.Items = append(b.Items, item)
		}
		return nil
	})
	if err == nil {
		b.Keys = q.signingKeys(b.Webhook)
	}
	return b, err
}

// signingKeys returns all keys that a webhook's deliveries are signed with now: one
// for each of the server's keys, as a receiver has the secret of the key that was in
// use when the secret was shown.
func (q *Queue) signingKeys(w directory.Webhook) [][]byte {
	keys := q.keys.WebhookSecrets(string(w.OrgID), string(w.ID), w.SecretVersion)
	if q.now().Before(w.PreviousUntil) {
		keys = append(keys, q.keys.WebhookSecrets(string(w.OrgID), string(w.ID), w.SecretVersion-1)...)
	}
	return keys
}
