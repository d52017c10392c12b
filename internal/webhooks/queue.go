package webhooks

import (
	"context"
	"errors"
	"time"

	"github.com/rosterhq/roster/internal/audit"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/follow"
)

// follower is the name of the queue's cursor.
const follower = "webhooks"

const (
	// queuePause collects entries into batches: under load, reading each alone would cost
	// more than writing it.
	queuePause = 50 * time.Millisecond
	// queueAhead is how many entries are read at once to find their organizations, and
	// batchSize how many at once to queue.
	queueAhead = 1000
	batchSize  = 100
	// cursorAge is how long the stored cursor may lag behind entries that no webhook
	// wants. After a crash, those entries are read again.
	cursorAge = 5 * time.Second
)

// Queue is the queue of deliveries, in the store. Its methods are safe for concurrent
// use, by several processes too.
type Queue struct {
	store directory.Store
	keys  *audit.Keyring
	clock func() time.Time
}

// NewQueue returns the queue in a store. Deliveries are signed with secrets that are
// derived from keys.
func NewQueue(store directory.Store, keys *audit.Keyring, clock func() time.Time) *Queue {
	return &Queue{store: store, keys: keys, clock: clock}
}

// now is the clock in UTC, to the microsecond that storage keeps.
func (q *Queue) now() time.Time { return q.clock().UTC().Truncate(time.Microsecond) }

// Count returns the number of pending deliveries of all organizations, and how long the
// oldest has waited.
func (q *Queue) Count(ctx context.Context) (pending int, oldest time.Duration, err error) {
	var since time.Time
	err = q.store.Read(ctx, func(tx directory.Tx) error {
		pending, since, err = tx.CountDeliveries()
		return err
	})
	if pending > 0 {
		oldest = q.now().Sub(since)
	}
	return pending, oldest, err
}

// Drop deletes the deliveries that ended [DeliveryRetention] ago.
func (q *Queue) Drop(ctx context.Context) error {
	return q.store.Write(ctx, func(tx directory.Tx) error { return tx.DropDeliveries(q.now().Add(-DeliveryRetention)) })
}

// Follow follows the audit log until ctx ends, and queues a delivery for every webhook
// that wants an entry. It queues them in the transaction that moves the cursor, so that
// none is lost. It calls queued whenever there may be something to deliver.
func (q *Queue) Follow(ctx context.Context, queued func()) error {
	f := &filler{Queue: q}
	for ctx.Err() == nil {
		changed := q.store.Changed()
		more, wanted, err := f.step(ctx)
		if err != nil {
			return err
		}
		if wanted {
			queued()
		}
		if more {
			continue
		}
		if follow.Wait(ctx, changed) {
			follow.Pause(ctx, queuePause)
		}
	}
	return errors.Join(ctx.Err(), follow.IgnoreOvertaken(f.keep(context.WithoutCancel(ctx))))
}

// Fill queues the entries that are in the log now.
func (q *Queue) Fill(ctx context.Context) error {
	f := &filler{Queue: q}
	for {
		more, _, err := f.step(ctx)
		if err != nil {
			return err
		}
		if !more {
			return follow.IgnoreOvertaken(f.keep(ctx))
		}
	}
}

// filler reads the log for a queue. It stores the cursor only from time to time if no
// webhook wants the entries, to save transactions.
type filler struct {
	*Queue
	started bool
	stored  int64
	at      int64
	since   time.Time // when at and stored parted
}

// step reads one batch. It reports whether there may be more, and whether any entry was
// queued or concerns a webhook, which may be a replay.
func (f *filler) step(ctx context.Context) (more, wanted bool, err error) {
	more, wanted, err = f.read(ctx)
	if errors.Is(err, follow.ErrOvertaken) {
		return true, true, nil // from where the other process is
	}
	return more, wanted, err
}

func (f *filler) read(ctx context.Context) (more, wanted bool, err error) {
	var batch []directory.Entry
	var upTo int64
	var hooks map[directory.OrgID][]directory.Webhook
	err = f.store.Read(ctx, func(tx directory.Tx) error {
		if !f.started {
			if f.stored, err = follow.Cursor(tx, follower); err != nil {
				return err
			}
			f.at = f.stored
		}
		var orgs []directory.OrgID
		if orgs, upTo, err = tx.OrgsAfter(f.at, queueAhead); err != nil {
			return err
		}
		if hooks, err = webhooksOf(tx, orgs); err != nil || len(hooks) == 0 {
			return err // entries that no webhook wants are not even read
		}
		batch, err = tx.Entries(f.at, batchSize)
		return err
	})
	if err != nil {
		return false, false, err
	}
	f.started = true
	now := f.now()
	if f.at == f.stored {
		f.since = now
	}
	more = upTo-f.at >= queueAhead
	last := upTo
	if len(batch) > 0 {
		last = batch[len(batch)-1].Position
		more = more || len(batch) == batchSize
	}
	var matches []match
	for _, e := range batch {
		wanted = wanted || e.Target.Type == "webhook"
		for _, w := range hooks[e.OrgID] {
			if isSent(w, e) {
				matches = append(matches, match{w.ID, e})
			}
		}
	}
	if len(matches) > 0 {
		wanted = true
		if err := f.put(ctx, last, matches); err != nil {
			return false, false, err
		}
	}
	f.at = last
	return more, wanted, f.keepIfOld(ctx, now)
}

// webhooksOf reads the webhooks of the organizations that have any.
func webhooksOf(tx directory.Tx, orgs []directory.OrgID) (map[directory.OrgID][]directory.Webhook, error) {
	all := make(map[directory.OrgID][]directory.Webhook)
	for _, org := range orgs {
		hooks, err := tx.Webhooks(org)
		if err != nil {
			return nil, err
		}
		if len(hooks) > 0 {
			all[org] = hooks
		}
	}
	return all, nil
}

// isSent reports whether a webhook is sent an entry without a replay.
func isSent(w directory.Webhook, e directory.Entry) bool {
	return w.Enabled && e.Sequence > w.After && wants(w, e)
}

// match is an entry that a webhook wants.
type match struct {
	webhook directory.WebhookID
	entry   directory.Entry
}

func (f *filler) keepIfOld(ctx context.Context, now time.Time) error {
	if now.Sub(f.since) < cursorAge {
		return nil
	}
	return f.keep(ctx)
}

// keep stores the cursor.
func (f *filler) keep(ctx context.Context) error {
	if f.at == f.stored {
		return nil
	}
	return f.put(ctx, f.at, nil)
}

// put queues deliveries and moves the cursor to last.
func (f *filler) put(ctx context.Context, last int64, matches []match) error {
	err := f.store.Write(ctx, func(tx directory.Tx) error {
		if err := follow.Move(tx, follower, f.stored, last); err != nil {
			return err
		}
		for _, m := range matches {
			if err := f.add(tx, m); err != nil {
				return err
			}
		}
		return nil
	})
	switch {
	case err == nil:
		f.stored, f.at = last, last
	case errors.Is(err, follow.ErrOvertaken):
		f.started = false
	}
	return err
}

// add queues one delivery, if its webhook is still there to want it.
func (f *filler) add(tx directory.Tx, m match) error {
	if err := tx.Lock(directory.LockWebhook(m.entry.OrgID, m.webhook)); err != nil {
		return err
	}
	w, err := tx.Webhook(m.entry.OrgID, m.webhook)
	if directory.CodeOf(err) == directory.NotFound || (err == nil && !isSent(w, m.entry)) {
		return nil
	}
	if err != nil {
		return err
	}
	now := f.now()
	if err := tx.AddDelivery(queued(newDelivery(w, m.entry), now)); err != nil {
		return err
	}
	return tx.WakeQueue(w.OrgID, w.ID, now)
}
