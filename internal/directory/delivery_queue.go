package directory

import (
	"context"
	"errors"
	"time"
)

// webhookFollower is the name under which the log remembers up to where it has
// been looked at for webhooks.
const webhookFollower = "webhooks"

const (
	// queuePause lets entries gather: under load, looking at each by itself would
	// cost more than making it.
	queuePause = 50 * time.Millisecond
	// queueAhead is how many entries are looked at together for whose they are.
	queueAhead = 1000
	// cursorAge is how much may have been looked at for nothing that is looked at
	// again after a crash.
	cursorAge = 5 * time.Second
)

// LeadDeliveries runs fn in one process of all at a time, as [Store.Lead] does:
// the one that queues and delivers.
func (s *Service) LeadDeliveries(ctx context.Context, fn func(context.Context) error) error {
	return s.store.Lead(ctx, webhookFollower, fn)
}

// QueueDeliveries follows the audit log until ctx ends, and queues a delivery for
// every webhook that wants an entry, in the transaction that remembers how far it
// has come: none is forgotten. queued is called whenever there may be something to
// deliver.
func (s *Service) QueueDeliveries(ctx context.Context, queued func()) error {
	q := &deliveryQueue{s: s}
	for ctx.Err() == nil {
		changed := s.store.Changed()
		more, wanted, err := q.step(ctx)
		if err != nil {
			return err
		}
		if wanted {
			queued()
		}
		if more {
			continue
		}
		select {
		case <-ctx.Done():
		case <-changed:
			pause(ctx, queuePause)
		case <-time.After(feedPoll):
		}
	}
	return errors.Join(ctx.Err(), overtaken(q.keep(context.WithoutCancel(ctx))))
}

// QueueNow queues what is in the log by now.
func (s *Service) QueueNow(ctx context.Context) error {
	q := &deliveryQueue{s: s}
	for {
		more, _, err := q.step(ctx)
		if err != nil {
			return err
		}
		if !more {
			return overtaken(q.keep(ctx))
		}
	}
}

// deliveryQueue reads the log forwards. What nobody wants is not worth a
// transaction each time: how far it has come is then stored now and then.
type deliveryQueue struct {
	s       *Service
	started bool
	stored  int64
	at      int64
	since   time.Time // when at and stored parted
}

// step looks at one batch and says whether there may be more, and whether any of it
// was queued or about a webhook, which may have been told to replay.
func (q *deliveryQueue) step(ctx context.Context) (more, wanted bool, err error) {
	more, wanted, err = q.look(ctx)
	if errors.Is(err, errOvertaken) {
		return true, true, nil // from where the other has come
	}
	return more, wanted, err
}

func (q *deliveryQueue) look(ctx context.Context) (more, wanted bool, err error) {
	var batch []Entry
	var upTo int64
	var hooks map[OrgID][]Webhook
	err = q.s.store.Read(ctx, func(tx Tx) error {
		if !q.started {
			if q.stored, err = cursor(tx, webhookFollower); err != nil {
				return err
			}
			q.at = q.stored
		}
		var orgs []OrgID
		if orgs, upTo, err = tx.OrgsAfter(q.at, queueAhead); err != nil {
			return err
		}
		if hooks, err = webhooksOf(tx, orgs); err != nil || len(hooks) == 0 {
			return err // what nobody wants is not even read
		}
		batch, err = tx.Entries(q.at, feedBatch)
		return err
	})
	if err != nil {
		return false, false, err
	}
	q.started = true
	now := q.s.now()
	if q.at == q.stored {
		q.since = now
	}
	more = upTo-q.at >= queueAhead
	last := upTo
	if len(batch) > 0 {
		last = batch[len(batch)-1].Position
		more = more || len(batch) == feedBatch
	}
	var matches []match
	for _, e := range batch {
		wanted = wanted || e.Target.Type == "webhook"
		for _, w := range hooks[e.OrgID] {
			if w.isSent(e) {
				matches = append(matches, match{w.ID, e})
			}
		}
	}
	if len(matches) > 0 {
		wanted = true
		if err := q.store(ctx, last, matches); err != nil {
			return false, false, err
		}
	}
	q.at = last
	return more, wanted, q.keepIfOld(ctx, now)
}

// webhooksOf reads the webhooks of those organisations that have any.
func webhooksOf(tx Tx, orgs []OrgID) (map[OrgID][]Webhook, error) {
	all := make(map[OrgID][]Webhook)
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

// isSent reports whether a webhook is sent an entry by itself.
func (w Webhook) isSent(e Entry) bool {
	return w.Enabled && e.Sequence > w.After && w.wants(e)
}

// match is an entry that a webhook wants.
type match struct {
	webhook WebhookID
	entry   Entry
}

func (q *deliveryQueue) keepIfOld(ctx context.Context, now time.Time) error {
	if now.Sub(q.since) < cursorAge {
		return nil
	}
	return q.keep(ctx)
}

// keep stores how far the log has been looked at.
func (q *deliveryQueue) keep(ctx context.Context) error {
	if q.at == q.stored {
		return nil
	}
	return q.store(ctx, q.at, nil)
}

// errOvertaken is for what another process has stored meanwhile: one that was
// beginning to lead, or a second server on an SQLite file.
var errOvertaken = errors.New("another process follows the log")

// overtaken makes nothing of errOvertaken: the other stores how far it has come.
func overtaken(err error) error {
	if errors.Is(err, errOvertaken) {
		return nil
	}
	return err
}

// store queues deliveries and stores that the log has been looked at up to last.
func (q *deliveryQueue) store(ctx context.Context, last int64, matches []match) error {
	err := q.s.store.Write(ctx, func(tx Tx) error {
		if err := moveCursor(tx, webhookFollower, webhookFollower, q.stored, last); err != nil {
			return err
		}
		for _, m := range matches {
			if err := q.add(tx, m); err != nil {
				return err
			}
		}
		return nil
	})
	switch {
	case err == nil:
		q.stored, q.at = last, last
	case errors.Is(err, errOvertaken):
		q.started = false
	}
	return err
}

// add queues one delivery, if its webhook is still there to want it.
func (q *deliveryQueue) add(tx Tx, m match) error {
	if err := tx.Lock(LockWebhook(m.entry.OrgID, m.webhook)); err != nil {
		return err
	}
	w, err := tx.Webhook(m.entry.OrgID, m.webhook)
	if CodeOf(err) == NotFound || (err == nil && !w.isSent(m.entry)) {
		return nil
	}
	if err != nil {
		return err
	}
	now := q.s.now()
	if err := tx.AddDelivery(newDelivery(w, m.entry).queued(now)); err != nil {
		return err
	}
	return tx.WakeQueue(w.OrgID, w.ID, now)
}
