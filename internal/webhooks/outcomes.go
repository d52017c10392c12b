package webhooks

import (
	"context"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/rosterhq/roster/internal/audit"
	"github.com/rosterhq/roster/internal/directory"
)

// The pauses between attempts: each about three times the one before, of a
// delivery up to four hours, of a webhook that takes nothing up to five minutes.
const (
	firstPause   = 5 * time.Second
	maxPause     = 4 * time.Hour
	maxHold      = 5 * time.Minute
	maxRequested = 24 * time.Hour // of a receiver's Retry-After
)

// Attempt is the outcome of sending one delivery.
type Attempt struct {
	Delivery   directory.Delivery // as it was sent
	URL        string             // where to
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

// Record stores the outcomes of a batch, and returns how many deliveries died.
// Failed deliveries are retried after growing pauses, until [DeliveryWindow]
// has passed. If a receiver answers 410 Gone, Record disables its webhook. Audit entry:
// updateWebhook, by the system.
func (q *Queue) Record(ctx context.Context, org directory.OrgID, id directory.WebhookID, attempts []Attempt) (dead int, err error) {
	err = q.store.Write(directory.ForTenant(ctx, directory.OrgTenant(org)), func(tx directory.Tx) error {
		if isGone(attempts) { // there will be an entry; its lock comes first, as in all changes
			if err := tx.Lock(directory.LockOrg(org)); err != nil {
				return err
			}
		}
		if err := tx.Lock(directory.LockWebhook(org, id)); err != nil {
			return err
		}
		dead = 0
		w, err := tx.Webhook(org, id)
		if directory.CodeOf(err) == directory.NotFound {
			return nil // deleted meanwhile, with what was to be sent
		}
		if err != nil {
			return err
		}
		o := outcomes{Tx: tx, keys: q.keys, webhook: w, now: q.now()}
		err = o.store(attempts)
		dead = o.dead
		return err
	})
	return dead, err
}

// outcomes stores what came of attempts at one webhook.
type outcomes struct {
	directory.Tx
	keys    *audit.Keyring
	webhook directory.Webhook
	now     time.Time
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
		n, err := disable(o.Tx, o.keys, o.webhook, "the receiver answered 410 Gone", o.now)
		o.dead += n
		return err
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

// settle stores the outcome of one attempt. It does not change a delivery that was
// replayed in the meantime.
func (o *outcomes) settle(a Attempt) error {
	d, err := o.Delivery(o.webhook.OrgID, o.webhook.ID, a.Delivery.Sequence)
	if directory.CodeOf(err) == directory.NotFound {
		return nil
	}
	if err != nil {
		return err
	}
	d.LastAt, d.Status, d.Took, d.Failure = a.At.UTC().Truncate(time.Microsecond), a.Status, a.Took, a.Failure
	if d.State != directory.DeliveryPending || !d.QueuedAt.Equal(a.Delivery.QueuedAt) {
		return o.PutDelivery(d)
	}
	d.Attempts++
	wait := max(backOff(d.Attempts, maxPause), min(a.RetryAfter, maxRequested))
	switch {
	case a.delivered():
		d.State, d.EndedAt, d.DueAt = directory.DeliveryDelivered, o.now, time.Time{}
	case a.Hopeless || o.now.Add(wait).After(d.GiveUpAt):
		d.State, d.EndedAt, d.DueAt = directory.DeliveryDead, o.now, time.Time{}
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

// backOff returns the pause after so many failures, with a jitter of a fifth, so that retries
// are spread out.
func backOff(failures int, most time.Duration) time.Duration {
	d := firstPause
	for range failures - 1 {
		if d = min(3*d, most); d == most {
			break
		}
	}
	return d*4/5 + rand.N(d*2/5) //nolint:gosec // nothing to guess
}
