// Package webhooks owns deliveries: it queues the entries that webhooks want, posts
// and signs them in lanes, stores the outcomes, tries again, and counts. Each delivery
// goes queue → batch → lane → receiver → outcome without leaving the package. [Hooks]
// has the operations on webhooks and deliveries.
package webhooks

import (
	"context"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/egress"
)

// Limits on concurrent deliveries. Failing and slow receivers share a separate pool, so
// that they delay only each other.
const (
	healthyLanes  = 64
	troubledLanes = 16
	perLane       = 16 // deliveries before others have their turn
	atOnce        = 4  // of them to one receiver
	slow          = 2 * time.Second
	dueAtATime    = 1000
)

// retryAfter is the pause after a failure of the store.
const retryAfter = 30 * time.Second

// lookAgain is how often the queue is checked for what has become due by itself.
const lookAgain = time.Second

// Options are what a [Deliverer] needs.
type Options struct {
	Queue     *Queue
	Endpoints egress.Policy
	Log       *slog.Logger
	Clock     func() time.Time
	Resolver  *net.Resolver // nil: the system's
}

// Deliverer sends entries of the audit log to the webhooks that want them, each at
// least once if its receiver accepts it within three days.
type Deliverer struct {
	queue     *Queue
	receivers *receivers
	log       *slog.Logger
	pause     time.Duration
	metrics   *metrics

	healthy, troubled chan struct{}
	wake              chan struct{}
	lanes             sync.WaitGroup
	mu                sync.Mutex
	running           map[laneKey]bool
	slow              map[laneKey]bool
}

// laneKey is a webhook.
type laneKey struct {
	org directory.OrgID
	id  directory.WebhookID
}

// New returns a deliverer; [Deliverer.Run] runs it.
func New(o Options) *Deliverer {
	return &Deliverer{
		queue: o.Queue, receivers: newReceivers(o.Endpoints, o.Resolver, o.Clock), log: o.Log, pause: retryAfter,
		metrics: newMetrics(o.Queue),
		healthy: make(chan struct{}, healthyLanes), troubled: make(chan struct{}, troubledLanes), wake: make(chan struct{}, 1),
		running: make(map[laneKey]bool), slow: make(map[laneKey]bool),
	}
}

// Run delivers until ctx ends, in one process of all at a time. Errors of the
// store are logged and tried again.
func (d *Deliverer) Run(ctx context.Context) {
	for ctx.Err() == nil {
		err := d.queue.store.Lead(ctx, follower, d.lead)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			d.log.Error("webhook delivery failed; retrying", "error", err)
		}
		d.rest(ctx)
	}
}

func (d *Deliverer) rest(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-time.After(d.pause):
	}
}

// lead queues and delivers until ctx ends or the queueing fails.
func (d *Deliverer) lead(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	var queueing error
	var queue sync.WaitGroup
	queue.Go(func() {
		defer stop()
		queueing = d.queue.Follow(ctx, d.look)
	})
	for ctx.Err() == nil {
		if _, err := d.launch(ctx); err != nil && ctx.Err() == nil {
			d.log.Error("reading the webhook queue failed", "error", err)
			d.rest(ctx)
		}
		select {
		case <-ctx.Done():
		case <-d.wake:
		case <-time.After(lookAgain):
		}
	}
	d.lanes.Wait()
	queue.Wait()
	return queueing
}

// look schedules a check for due deliveries.
func (d *Deliverer) look() {
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

// Once queues the entries in the log, delivers what is due, and returns when it is done.
func (d *Deliverer) Once(ctx context.Context) error {
	if err := d.queue.Fill(ctx); err != nil {
		return err
	}
	for {
		launched, err := d.launch(ctx)
		d.lanes.Wait()
		if err != nil || launched == 0 {
			return err
		}
	}
}

// launch starts a lane for each webhook that has due deliveries and no lane, within the
// limits of the pools, and returns how many it started.
func (d *Deliverer) launch(ctx context.Context) (launched int, err error) {
	for _, failing := range []bool{false, true} {
		due, err := d.queue.Due(ctx, failing, dueAtATime)
		if err != nil {
			return launched, err
		}
		for _, q := range due {
			if d.start(ctx, q) {
				launched++
			}
		}
	}
	return launched, nil
}

func (d *Deliverer) start(ctx context.Context, q directory.WebhookQueue) bool {
	key := laneKey{q.OrgID, q.WebhookID}
	d.mu.Lock()
	defer d.mu.Unlock()
	pool := d.healthy
	if q.Failures > 0 || d.slow[key] {
		pool = d.troubled
	}
	if d.running[key] {
		return false
	}
	select {
	case pool <- struct{}{}:
	default:
		return false
	}
	d.running[key] = true
	d.lanes.Go(func() {
		took := d.run(ctx, q)
		d.mu.Lock()
		delete(d.running, key)
		delete(d.slow, key)
		if took > slow {
			d.slow[key] = true
		}
		d.mu.Unlock()
		<-pool
		d.look()
	})
	return true
}

// run delivers a batch to one webhook, and returns its receiver's longest response time.
// A failing receiver gets a batch of one.
func (d *Deliverer) run(ctx context.Context, q directory.WebhookQueue) (longest time.Duration) {
	limit := perLane
	if q.Failures > 0 {
		limit = 1
	}
	c, err := d.queue.Batch(ctx, q.OrgID, q.WebhookID, limit)
	if directory.CodeOf(err) == directory.NotFound {
		return 0 // deleted meanwhile
	}
	log := d.log.With("webhook", string(q.WebhookID), "organization", string(q.OrgID))
	if err != nil {
		d.stuck(ctx, log, err)
		return 0
	}
	attempts := d.send(ctx, c)
	// Record the outcomes even if ctx has ended.
	dead, err := d.queue.Record(context.WithoutCancel(ctx), q.OrgID, q.WebhookID, attempts)
	if err != nil {
		d.stuck(ctx, log, err)
		return 0
	}
	d.metrics.count(attempts, dead)
	for _, a := range attempts {
		longest = max(longest, a.Took)
		if a.Failure != "" {
			log.Warn("webhook not delivered", "entry", a.Delivery.Sequence, "attempt", a.Delivery.Attempts+1, "reason", a.Failure)
		}
	}
	return longest
}

// stuck waits before the next retry.
func (d *Deliverer) stuck(ctx context.Context, log *slog.Logger, err error) {
	if ctx.Err() == nil {
		log.Error("webhook delivery failed; retrying", "error", err)
		d.rest(ctx)
	}
}

// send sends the items of a batch, a few concurrently, up to the first that fails, so
// that an unresponsive receiver costs one timeout, not one for each item. A request cut
// off because ctx ended does not count as an attempt: it is sent again.
func (d *Deliverer) send(ctx context.Context, c Batch) (attempts []Attempt) {
	var mu sync.Mutex
	var sending sync.WaitGroup
	var failed atomic.Bool
	slots := make(chan struct{}, atOnce)
	for _, p := range c.Items {
		if slots <- struct{}{}; failed.Load() {
			break
		}
		sending.Go(func() {
			defer func() { <-slots }()
			a := d.sendOne(ctx, c, p)
			if a.Failure != "" && !a.Hopeless {
				failed.Store(true)
			}
			mu.Lock()
			defer mu.Unlock()
			if ctx.Err() == nil || a.Failure == "" {
				attempts = append(attempts, a)
			}
		})
	}
	sending.Wait()
	return attempts
}

func (d *Deliverer) sendOne(ctx context.Context, c Batch, p Item) (a Attempt) {
	defer func() { a.Delivery = p.Delivery }()
	if p.Entry == nil {
		return Attempt{At: d.receivers.clock(), Failure: "the audit log does not have the entry any more", Hopeless: true}
	}
	body, err := eventJSON(*p.Entry)
	if err != nil {
		d.log.Error("an entry can't be written for webhooks", "entry", p.Sequence, "organization", string(p.OrgID), "error", err)
		return Attempt{At: d.receivers.clock(), Failure: "the entry can't be written", Hopeless: true}
	}
	return d.receivers.post(ctx, message{
		url: c.Webhook.URL, id: MessageID(p.OrgID, p.Sequence), body: body, keys: c.Keys,
	})
}
