package webhooks

import (
	"fmt"
	"time"

	"github.com/rosterhq/roster/internal/audit"
	"github.com/rosterhq/roster/internal/directory"
)

// disable disables a webhook whose receiver is gone, gives up its pending deliveries, and
// returns how many they were. No call asks for it. The locks of the organization and of the
// webhook must be held. Audit entry updateWebhook, by the system.
func disable(tx directory.Tx, keys *audit.Keyring, before directory.Webhook, why string, now time.Time) (dead int, err error) {
	w := before
	w.Enabled, w.DisabledReason, w.UpdatedAt = false, why, now
	if err := tx.UpdateWebhook(w); err != nil {
		return 0, err
	}
	if dead, err = endDeliveries(tx, w, why, now); err != nil {
		return 0, err
	}
	e := directory.Entry{At: now, OrgID: w.OrgID, Actor: directory.SystemActor, Action: directory.OpUpdateWebhook.Name, Target: w.Target()}
	return dead, directory.Record(tx, keys, e, before, w)
}

// endDeliveries gives up the pending deliveries of a webhook, and returns how many they
// were.
func endDeliveries(tx directory.Tx, w directory.Webhook, why string, now time.Time) (int, error) {
	n, err := tx.EndDeliveries(w.OrgID, w.ID, now.Add(2*DeliveryWindow), now, why)
	if err != nil {
		return 0, fmt.Errorf("end deliveries: %w", err)
	}
	return n, tx.SetQueue(w.OrgID, w.ID, 0, time.Time{})
}
