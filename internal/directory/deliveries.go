package directory

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// How long deliveries are tried, and how long what became of them is kept.
const (
	DeliveryWindow    = 72 * time.Hour
	DeliveryRetention = 30 * 24 * time.Hour
)

// MaxReplay is how many entries one replay looks at.
const MaxReplay = 1000

// DeliveryState is how far a delivery is.
type DeliveryState string

// The states of a delivery.
const (
	DeliveryPending   DeliveryState = "pending"   // it will be tried, perhaps again
	DeliveryDelivered DeliveryState = "delivered" // the receiver said so
	DeliveryDead      DeliveryState = "dead"      // given up; it can be replayed
)

// Delivery is an entry on its way to a webhook. The payload is built from the entry
// for each attempt.
type Delivery struct {
	OrgID     OrgID
	WebhookID WebhookID
	Sequence  int64 // the entry's number
	Action    string
	State     DeliveryState
	Attempts  int       // since it was queued
	QueuedAt  time.Time // last, if it was replayed
	DueAt     time.Time // of the next attempt; zero if there will be none
	GiveUpAt  time.Time
	EndedAt   time.Time // zero while it is pending

	// Of the last attempt, if there was one:
	LastAt  time.Time
	Status  int           // of the answer; 0 for none
	Took    time.Duration // until the answer, or the failure
	Failure string        // why it did not arrive, or was given up
}

// MessageID is what an entry is sent under, to whichever webhook and however
// often: receivers tell by it what they have had.
func MessageID(org OrgID, sequence int64) string {
	return messagePrefix(org) + strconv.FormatInt(sequence, 10)
}

func messagePrefix(org OrgID) string { return "msg_" + string(org) + "_" }

// parseMessageID is the inverse of [MessageID]. It returns [NotFound] for any other
// text.
func parseMessageID(org OrgID, id string) (int64, error) {
	digits, ok := strings.CutPrefix(id, messagePrefix(org))
	n, err := strconv.ParseInt(digits, 10, 64)
	if !ok || err != nil || n < 1 || strconv.FormatInt(n, 10) != digits {
		return 0, Missing("delivery")
	}
	return n, nil
}

// DeliveryQuery narrows a list of deliveries; zero values narrow nothing.
type DeliveryQuery struct {
	State  DeliveryState
	Before int64 // sequences below
	Limit  int
}

// ListDeliveries gives a webhook's deliveries, the newest entry's first, and
// whether there are more. Permission auditLog|read. Errors: [NotFound]; [Invalid]
// for an unknown state.
func (s *Service) ListDeliveries(ctx context.Context, call Call, id WebhookID, q DeliveryQuery) (list []Delivery, more bool, err error) {
	switch q.State {
	case "", DeliveryPending, DeliveryDelivered, DeliveryDead:
	default:
		return nil, false, InvalidField("state", "must be pending, delivered or dead")
	}
	list, err = Read(ctx, s, call, OpListDeliveries, func(tx Tx) ([]Delivery, error) {
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

// ReplayDelivery has an entry sent once more, however its delivery went. Needs a
// personal token of an owner or admin who has auditLog|read. Audit entry
// replayWebhookDelivery. Errors: [NotFound]; [Conflict] for a disabled webhook.
func (s *Service) ReplayDelivery(ctx context.Context, call Call, id WebhookID, message string) (Delivery, error) {
	return Write(ctx, s, call, OpReplayDelivery, func(c *Change) (Delivery, error) {
		w, err := c.replayable(id)
		if err != nil {
			return Delivery{}, err
		}
		sequence, err := parseMessageID(w.OrgID, message)
		if err != nil {
			return Delivery{}, err
		}
		d, err := c.Delivery(w.OrgID, w.ID, sequence)
		if err != nil {
			return Delivery{}, err
		}
		d = d.Queued(c.now)
		if err := c.PutDelivery(d); err != nil {
			return Delivery{}, err
		}
		if err := c.SetQueue(w.OrgID, w.ID, 0, c.now); err != nil {
			return Delivery{}, err
		}
		return d, c.Record(w.Target(), nil, replayed{WebhookID: w.ID, DeliveryID: message, Replayed: 1})
	})
}

// replayable is webhook for one that can be sent something.
func (c *Change) replayable(id WebhookID) (Webhook, error) {
	w, err := c.webhook(id)
	if err == nil && !w.Enabled {
		err = errDisabled
	}
	return w, err
}

// Queued returns d as it is queued anew. The outcome of its last attempt stays.
func (d Delivery) Queued(now time.Time) Delivery {
	d.State, d.Attempts, d.QueuedAt, d.DueAt, d.GiveUpAt, d.EndedAt = DeliveryPending, 0, now, now, now.Add(DeliveryWindow), time.Time{}
	return d
}

// replayed is what the log says of a replay.
type replayed struct {
	WebhookID    WebhookID `json:"webhookId"`
	DeliveryID   string    `json:"deliveryId,omitempty"`
	FromSequence int64     `json:"fromSequence,omitempty"`
	Since        time.Time `json:"since,omitzero"`
	Replayed     int       `json:"replayed"`
}

// ReplayScope says what to send again: what is dead, unless FromSequence or
// Since, not both, name the entry or time to begin with.
type ReplayScope struct {
	FromSequence int64
	Since        time.Time
}

// Replayed is what a replay has done: how many deliveries it queued, and whether
// there is more to do. Then NextSequence is where to go on, 0 for what is dead.
type Replayed struct {
	Count        int
	More         bool
	NextSequence int64
}

// ReplayWebhook queues deliveries again: dead ones, or those of all entries since
// some that the webhook's filter lets through, also ones from before it was made.
// It looks at [MaxReplay] of them at a time. Needs a personal token of an owner or
// admin who has auditLog|read. Audit entry replayWebhook. Errors: [NotFound];
// [Invalid]; [Conflict] for a disabled webhook.
func (s *Service) ReplayWebhook(ctx context.Context, call Call, id WebhookID, in ReplayScope) (Replayed, error) {
	if in.FromSequence < 0 {
		return Replayed{}, InvalidField("fromSequence", "must be a sequence number, 1 or more")
	}
	if in.FromSequence > 0 && !in.Since.IsZero() {
		return Replayed{}, InvalidField("since", "can't be said together with fromSequence")
	}
	return Write(ctx, s, call, OpReplayWebhook, func(c *Change) (Replayed, error) {
		w, err := c.replayable(id)
		if err != nil {
			return Replayed{}, err
		}
		var out Replayed
		if in == (ReplayScope{}) {
			out.Count, out.More, err = c.RequeueDead(w.OrgID, w.ID, Delivery{}.Queued(c.now), MaxReplay)
		} else {
			out, err = c.replayEntries(w, in)
		}
		if err != nil {
			return Replayed{}, err
		}
		if out.Count > 0 {
			if err := c.SetQueue(w.OrgID, w.ID, 0, c.now); err != nil {
				return Replayed{}, err
			}
		}
		return out, c.Record(w.Target(), nil, replayed{
			WebhookID: w.ID, FromSequence: in.FromSequence, Since: in.Since, Replayed: out.Count,
		})
	})
}

func (c *Change) replayEntries(w Webhook, in ReplayScope) (out Replayed, err error) {
	after := in.FromSequence - 1
	if !in.Since.IsZero() {
		last, _, err := c.LastOrgEntry(w.OrgID)
		if err != nil {
			return out, err
		}
		first, err := SequenceSince(c, w.OrgID, last, in.Since)
		if err != nil {
			return out, err
		}
		after = first - 1
	}
	list, more, err := readEntries(c, nil, w.OrgID, EntryQuery{After: after, Limit: MaxReplay}, maxEntryBytes)
	if err != nil {
		return out, err
	}
	if more {
		out.More, out.NextSequence = true, list[len(list)-1].Sequence+1
	}
	for _, e := range list {
		if !w.Wants(e) {
			continue
		}
		d, err := c.Delivery(w.OrgID, w.ID, e.Sequence)
		if CodeOf(err) == NotFound {
			d = NewDelivery(w, e)
		} else if err != nil {
			return out, err
		}
		if err := c.PutDelivery(d.Queued(c.now)); err != nil {
			return out, fmt.Errorf("queue entry %d: %w", e.Sequence, err)
		}
		out.Count++
	}
	return out, nil
}

// NewDelivery returns the delivery of an entry to a webhook, not queued yet.
func NewDelivery(w Webhook, e Entry) Delivery {
	return Delivery{OrgID: w.OrgID, WebhookID: w.ID, Sequence: e.Sequence, Action: e.Action}
}
