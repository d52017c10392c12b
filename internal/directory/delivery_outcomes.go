package directory

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// The pauses between attempts: each about three times the one before, of a
// delivery up to four hours, of a webhook that takes nothing up to five minutes.
const (
	firstPause   = 5 * time.Second
	maxPause     = 4 * time.Hour
	maxHold      = 5 * time.Minute
	maxRequested = 24 * time.Hour // of a receiver's Retry-After
)

// DueQueues gives the webhooks that have something to deliver now, those that
// fail or the others, the longest waiting first.
func (s *Service) DueQueues(ctx context.Context, failing bool, limit int) (list []WebhookQueue, err error) {
	err = s.store.Read(ctx, func(tx Tx) error {
		list, err = tx.DueQueues(s.now(), failing, limit)
		return err
	})
	return list, err
}

// Consignment is what is to be sent to a webhook now.
type Consignment struct {
	Webhook Webhook
	Keys    [][]byte // to sign with, each
	Parcels []Parcel
}

// Parcel is a delivery with its entry, nil if the log does not have it any more.
type Parcel struct {
	Delivery
	Entry *Entry
}

// Consignment gives up to limit deliveries that are due. Errors: [NotFound] for a
// webhook that is gone.
func (s *Service) Consignment(ctx context.Context, org OrgID, id WebhookID, limit int) (c Consignment, err error) {
	err = s.store.Read(ForTenant(ctx, OrgTenant(org)), func(tx Tx) error {
		c.Parcels = nil
		if c.Webhook, err = tx.Webhook(org, id); err != nil {
			return err
		}
		due, err := tx.DueDeliveries(org, id, s.now(), limit)
		if err != nil {
			return err
		}
		for _, d := range due {
			p := Parcel{Delivery: d}
			if p.Entry, err = entryOf(tx, org, d.Sequence); err != nil {
				return err
			}
			c.Parcels = append(c.Parcels, p)
		}
		return nil
	})
	if err == nil {
		c.Keys = s.signingKeys(c.Webhook)
	}
	return c, err
}

// Attempt is what came of sending one delivery.
type Attempt struct {
	Delivery   Delivery // as it was sent
	URL        string   // where to
	At         time.Time
	Took       time.Duration
	Status     int           // of the answer; 0 for none
	Failure    string        // "" if it was delivered
	RetryAfter time.Duration // that the receiver asked for; 0 for none
	Gone       bool          // the receiver wants nothing any more
	Hopeless   bool          // it can't be sent, now or later
}

func (a Attempt) delivered() bool { return a.Failure == "" }

func isGone(attempts []Attempt) bool {
	return slices.ContainsFunc(attempts, func(a Attempt) bool { return a.Gone })
}

// RecordAttempts stores what came of a consignment, and says how many deliveries
// are dead for it. What failed is due again after a pause that grows, until
// [DeliveryWindow] has passed. A receiver that is gone has its webhook disabled,
// with an audit entry updateWebhook by the server.
func (s *Service) RecordAttempts(ctx context.Context, org OrgID, id WebhookID, attempts []Attempt) (dead int, err error) {
	err = s.store.Write(ForTenant(ctx, OrgTenant(org)), func(tx Tx) error {
		c := &change{Tx: tx, keys: s.keys, op: OpUpdateWebhook, actor: itself(org), now: s.now()}
		if isGone(attempts) { // there will be an entry; its lock comes first, as in all changes
			if err := c.lockOrg(org); err != nil {
				return err
			}
		}
		if err := tx.Lock(LockWebhook(org, id)); err != nil {
			return err
		}
		dead = 0
		w, err := tx.Webhook(org, id)
		if CodeOf(err) == NotFound {
			return nil // deleted meanwhile, with what was to be sent
		}
		if err != nil {
			return err
		}
		o := outcomes{change: c, webhook: w}
		err = o.store(attempts)
		dead = o.dead
		return err
	})
	return dead, err
}

// outcomes stores what came of attempts at one webhook.
type outcomes struct {
	*change
	webhook Webhook
	dead    int
	hold    time.Duration // that the receiver asked for
}

func (o *outcomes) store(attempts []Attempt) error {
	for _, a := range attempts {
		if err := o.settle(a); err != nil {
			return err
		}
	}
	failures, err := o.failures(attempts)
	if err != nil {
		return err
	}
	if failures > 0 {
		n, err := o.EndDeliveries(o.webhook.OrgID, o.webhook.ID, o.now, o.now, "not delivered within three days")
		if err != nil {
			return err
		}
		o.dead += n
	}
	if isGone(attempts) && o.webhook.Enabled && attempts[0].URL == o.webhook.URL {
		return o.disable()
	}
	next, err := o.NextDue(o.webhook.OrgID, o.webhook.ID)
	if err != nil {
		return err
	}
	if failures > 0 && !next.IsZero() {
		if held := o.now.Add(max(o.hold, backOff(failures, maxHold))); next.Before(held) {
			next = held
		}
	}
	return o.SetQueue(o.webhook.OrgID, o.webhook.ID, failures, next)
}

// settle stores what came of one attempt. A delivery that was replayed meanwhile
// stays as that left it.
func (o *outcomes) settle(a Attempt) error {
	d, err := o.Delivery(o.webhook.OrgID, o.webhook.ID, a.Delivery.Sequence)
	if CodeOf(err) == NotFound {
		return nil
	}
	if err != nil {
		return err
	}
	d.LastAt, d.Status, d.Took, d.Failure = a.At.UTC().Truncate(time.Microsecond), a.Status, a.Took, a.Failure
	if d.State != DeliveryPending || !d.QueuedAt.Equal(a.Delivery.QueuedAt) {
		return o.PutDelivery(d)
	}
	d.Attempts++
	wait := max(backOff(d.Attempts, maxPause), min(a.RetryAfter, maxRequested))
	switch {
	case a.delivered():
		d.State, d.EndedAt, d.DueAt = DeliveryDelivered, o.now, time.Time{}
	case a.Hopeless || o.now.Add(wait).After(d.GiveUpAt):
		d.State, d.EndedAt, d.DueAt = DeliveryDead, o.now, time.Time{}
		o.dead++
	default:
		d.DueAt = o.now.Add(wait)
		o.hold = max(o.hold, min(a.RetryAfter, maxRequested))
	}
	return o.PutDelivery(d)
}

// failures is how often the webhook has failed since it last took something.
func (o *outcomes) failures(attempts []Attempt) (int, error) {
	failed := 0
	for _, a := range attempts {
		if a.delivered() {
			return 0, nil
		}
		if !a.Hopeless {
			failed = 1
		}
	}
	before, err := o.QueueFailures(o.webhook.OrgID, o.webhook.ID)
	return before + failed, err
}

// disable is for a receiver that has said it is gone.
func (o *outcomes) disable() error {
	before := o.webhook
	w := before
	w.Enabled, w.DisabledReason, w.UpdatedAt = false, "the receiver answered 410 Gone", o.now
	if err := o.Tx.UpdateWebhook(w); err != nil {
		return err
	}
	n, err := o.endDeliveries(w, w.DisabledReason)
	if err != nil {
		return err
	}
	o.dead += n
	return o.change.record(w.target(), before, w)
}

// endDeliveries gives up whatever is pending, and says how many deliveries.
func (c *change) endDeliveries(w Webhook, why string) (int, error) {
	n, err := c.EndDeliveries(w.OrgID, w.ID, c.now.Add(2*DeliveryWindow), c.now, why)
	if err != nil {
		return 0, fmt.Errorf("end deliveries: %w", err)
	}
	return n, c.SetQueue(w.OrgID, w.ID, 0, time.Time{})
}

// backOff is how long to wait after so many failures, a fifth more or less, so
// that not everybody comes back at once.
func backOff(failures int, most time.Duration) time.Duration {
	d := firstPause
	for range failures - 1 {
		if d = min(3*d, most); d == most {
			break
		}
	}
	return d*4/5 + rand.N(d*2/5) //nolint:gosec // nothing to guess
}

// CountDeliveries counts what waits to be delivered, in all organisations, and
// gives how long the first of it has.
func (s *Service) CountDeliveries(ctx context.Context) (pending int, oldest time.Duration, err error) {
	var since time.Time
	err = s.store.Read(ctx, func(tx Tx) error {
		pending, since, err = tx.CountDeliveries()
		return err
	})
	if pending > 0 {
		oldest = s.now().Sub(since)
	}
	return pending, oldest, err
}

// DropDeliveries forgets what became of deliveries [DeliveryRetention] ago.
func (s *Service) DropDeliveries(ctx context.Context) error {
	return s.store.Write(ctx, func(tx Tx) error { return tx.DropDeliveries(s.now().Add(-DeliveryRetention)) })
}
