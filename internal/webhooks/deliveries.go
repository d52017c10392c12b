package webhooks

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/rosterhq/roster/internal/auditlog"
	"github.com/rosterhq/roster/internal/directory"
)

// Deliveries are tried for DeliveryWindow, and their outcomes kept for DeliveryRetention.
const (
	DeliveryWindow    = 72 * time.Hour
	DeliveryRetention = 30 * 24 * time.Hour
)

// MaxReplay is how many entries one replay examines.
const MaxReplay = 1000

// MessageID is the id under which an entry is sent, the same for all webhooks and
// attempts, so that receivers recognize repeated deliveries.
func MessageID(org directory.OrgID, sequence int64) string {
	return messagePrefix(org) + strconv.FormatInt(sequence, 10)
}

func messagePrefix(org directory.OrgID) string { return "msg_" + string(org) + "_" }

// parseMessageID is the inverse of [MessageID]. It returns [directory.NotFound] for any other
// text.
func parseMessageID(org directory.OrgID, id string) (int64, error) {
	digits, ok := strings.CutPrefix(id, messagePrefix(org))
	n, err := strconv.ParseInt(digits, 10, 64)
	if !ok || err != nil || n < 1 || strconv.FormatInt(n, 10) != digits {
		return 0, directory.Missing("delivery")
	}
	return n, nil
}

// ListDeliveries returns a webhook's deliveries, the newest entry's first, and
// whether there are more. Permission auditLog|read. Errors: [directory.NotFound]; [directory.Invalid]
// for an unknown state.
func (h *Hooks) ListDeliveries(ctx context.Context, call directory.Call, id directory.WebhookID, q directory.DeliveryQuery) (list []directory.Delivery, more bool, err error) {
	switch q.State {
	case "", directory.DeliveryPending, directory.DeliveryDelivered, directory.DeliveryDead:
	default:
		return nil, false, directory.InvalidField("state", "must be pending, delivered or dead")
	}
	list, err = directory.Read(ctx, h.directory, call, directory.OpListDeliveries, func(tx directory.Tx) ([]directory.Delivery, error) {
		w, err := tx.Webhook(call.Principal.OrgID, id)
		if err != nil {
			return nil, err
		}
		next := q
		next.Limit++
		return tx.Deliveries(w.OrgID, w.ID, next)
	})
	if len(list) > q.Limit {
		return list[:q.Limit], true, err
	}
	return list, false, err
}

// ReplayDelivery sends an entry once more, whatever the outcome of its delivery. Needs a
// personal token of an owner or admin who has auditLog|read. Audit entry
// replayWebhookDelivery. Errors: [directory.NotFound]; [directory.Conflict] for a disabled webhook.
func (h *Hooks) ReplayDelivery(ctx context.Context, call directory.Call, id directory.WebhookID, message string) (directory.Delivery, error) {
	return write(ctx, h, call, directory.OpReplayDelivery, func(c change) (directory.Delivery, error) {
		w, err := c.replayable(id)
		if err != nil {
			return directory.Delivery{}, err
		}
		sequence, err := parseMessageID(w.OrgID, message)
		if err != nil {
			return directory.Delivery{}, err
		}
		d, err := c.Delivery(w.OrgID, w.ID, sequence)
		if err != nil {
			return directory.Delivery{}, err
		}
		d = queued(d, c.Now())
		if err := c.PutDelivery(d); err != nil {
			return directory.Delivery{}, err
		}
		if err := c.SetQueue(w.OrgID, w.ID, 0, c.Now()); err != nil {
			return directory.Delivery{}, err
		}
		return d, c.Record(w.Target(), nil, replayed{WebhookID: w.ID, DeliveryID: message, Replayed: 1})
	})
}

// replayable is webhook for one that must be enabled.
func (c change) replayable(id directory.WebhookID) (directory.Webhook, error) {
	w, err := c.webhook(id)
	if err == nil && !w.Enabled {
		err = errDisabled
	}
	return w, err
}

// queued returns d as it is queued anew. The outcome of its last attempt stays.
func queued(d directory.Delivery, now time.Time) directory.Delivery {
	d.State, d.Attempts, d.QueuedAt, d.DueAt, d.GiveUpAt, d.EndedAt = directory.DeliveryPending, 0, now, now, now.Add(DeliveryWindow), time.Time{}
	return d
}

// replayed is the state in the entry of a replay.
type replayed struct {
	WebhookID    directory.WebhookID `json:"webhookId"`
	DeliveryID   string              `json:"deliveryId,omitempty"`
	FromSequence int64               `json:"fromSequence,omitempty"`
	Since        time.Time           `json:"since,omitzero"`
	Replayed     int                 `json:"replayed"`
}

// ReplayScope selects what to send again: the dead deliveries, unless FromSequence or
// Since, not both, give the entry or time to begin with.
type ReplayScope struct {
	FromSequence int64
	Since        time.Time
}

// Replayed is the result of a replay: how many deliveries it queued, and whether there
// are more. If so, NextSequence is where to continue, 0 for dead deliveries.
type Replayed struct {
	Count        int
	More         bool
	NextSequence int64
}

// ReplayWebhook queues deliveries again: the dead ones, or those of all entries from one
// on that match the webhook's filter, including entries from before it was created. It
// examines [MaxReplay] of them at a time. Needs a personal token of an owner or
// admin who has auditLog|read. Audit entry replayWebhook. Errors: [directory.NotFound];
// [directory.Invalid]; [directory.Conflict] for a disabled webhook.
func (h *Hooks) ReplayWebhook(ctx context.Context, call directory.Call, id directory.WebhookID, in ReplayScope) (Replayed, error) {
	if in.FromSequence < 0 {
		return Replayed{}, directory.InvalidField("fromSequence", "must be a sequence number, 1 or more")
	}
	if in.FromSequence > 0 && !in.Since.IsZero() {
		return Replayed{}, directory.InvalidField("since", "can't be used together with fromSequence")
	}
	return write(ctx, h, call, directory.OpReplayWebhook, func(c change) (Replayed, error) {
		w, err := c.replayable(id)
		if err != nil {
			return Replayed{}, err
		}
		var out Replayed
		if in == (ReplayScope{}) {
			out.Count, out.More, err = c.RequeueDead(w.OrgID, w.ID, queued(directory.Delivery{}, c.Now()), MaxReplay)
		} else {
			out, err = c.replayEntries(w, in)
		}
		if err != nil {
			return Replayed{}, err
		}
		if out.Count > 0 {
			if err := c.SetQueue(w.OrgID, w.ID, 0, c.Now()); err != nil {
				return Replayed{}, err
			}
		}
		return out, c.Record(w.Target(), nil, replayed{
			WebhookID: w.ID, FromSequence: in.FromSequence, Since: in.Since, Replayed: out.Count,
		})
	})
}

func (c change) replayEntries(w directory.Webhook, in ReplayScope) (out Replayed, err error) {
	after := in.FromSequence - 1
	if !in.Since.IsZero() {
		last, _, err := c.LastOrgEntry(w.OrgID)
		if err != nil {
			return out, err
		}
		first, err := directory.SequenceSince(c, w.OrgID, last, in.Since)
		if err != nil {
			return out, err
		}
		after = first - 1
	}
	list, more, err := auditlog.ReadEntries(c, nil, w.OrgID, directory.EntryQuery{After: after, Limit: MaxReplay}, auditlog.MaxEntryBytes)
	if err != nil {
		return out, err
	}
	if more {
		out.More, out.NextSequence = true, list[len(list)-1].Sequence+1
	}
	for _, e := range list {
		if !wants(w, e) {
			continue
		}
		d, err := c.Delivery(w.OrgID, w.ID, e.Sequence)
		if directory.CodeOf(err) == directory.NotFound {
			d = newDelivery(w, e)
		} else if err != nil {
			return out, err
		}
		if err := c.PutDelivery(queued(d, c.Now())); err != nil {
			return out, fmt.Errorf("queue entry %d: %w", e.Sequence, err)
		}
		out.Count++
	}
	return out, nil
}

// newDelivery returns the delivery of an entry to a webhook, not queued yet.
func newDelivery(w directory.Webhook, e directory.Entry) directory.Delivery {
	return directory.Delivery{OrgID: w.OrgID, WebhookID: w.ID, Sequence: e.Sequence, Action: e.Action}
}
