package outbox

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

// How much is sent at a time. Receivers that fail or are slow have a pool of
// their own, so that they hold up each other and nobody else.
const (
	healthyLanes  = 64
	troubledLanes = 16
	perLane       = 16 // deliveries before others have their turn
	atOnce        = 4  // of them to one receiver
	slow          = 2 * time.Second
	dueAtATime    = 1000
)

// lookAgain is how often is looked for what has become due by itself.
const lookAgain = time.Second

// WebhookOptions are what it takes to deliver to webhooks.
type WebhookOptions struct {
	Service   *directory.Service
	Endpoints egress.Policy
	Log       *slog.Logger
	Clock     func() time.Time
	Resolver  *net.Resolver // nil: the system's
}

// Webhooks sends entries of the audit log to the webhooks that want them, each
// at least once while its receiver takes it within three days.
type Webhooks struct {
	service   *directory.Service
	receivers *receivers
	log       *slog.Logger
	pause     time.Duration
	metrics   *webhookMetrics

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

// NewWebhooks makes what [Webhooks.Run] runs.
func NewWebhooks(o WebhookOptions) *Webhooks {
	return &Webhooks{
		service: o.Service, receivers: newReceivers(o.Endpoints, o.Resolver, o.Clock), log: o.Log, pause: retryAfter,
		metrics: newWebhookMetrics(o.Service),
		healthy: make(chan struct{}, healthyLanes), troubled: make(chan struct{}, troubledLanes), wake: make(chan struct{}, 1),
		running: make(map[laneKey]bool), slow: make(map[laneKey]bool),
	}
}

// Run delivers until ctx ends, in one process of all at a time. Errors of the
// store are logged and tried again.
func (w *Webhooks) Run(ctx context.Context) {
	for ctx.Err() == nil {
		err := w.service.LeadDeliveries(ctx, w.lead)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			w.log.Error("webhooks could not go on; trying again", "error", err)
		}
		w.rest(ctx)
	}
}

func (w *Webhooks) rest(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-time.After(w.pause):
	}
}

// lead queues and delivers until ctx ends or the queueing fails.
func (w *Webhooks) lead(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	var queueing error
	var queue sync.WaitGroup
	queue.Go(func() {
		defer stop()
		queueing = w.service.QueueDeliveries(ctx, w.look)
	})
	for ctx.Err() == nil {
		if _, err := w.launch(ctx); err != nil && ctx.Err() == nil {
			w.log.Error("webhooks could not be looked at", "error", err)
			w.rest(ctx)
		}
		select {
		case <-ctx.Done():
		case <-w.wake:
		case <-time.After(lookAgain):
		}
	}
	w.lanes.Wait()
	queue.Wait()
	return queueing
}

// look has what is due looked for soon.
func (w *Webhooks) look() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// Once queues what is in the log and delivers what is due, and returns when that
// is done.
func (w *Webhooks) Once(ctx context.Context) error {
	if err := w.service.QueueNow(ctx); err != nil {
		return err
	}
	for {
		launched, err := w.launch(ctx)
		w.lanes.Wait()
		if err != nil || launched == 0 {
			return err
		}
	}
}

// launch starts a lane for each webhook that has something due and none yet, as
// far as the pools go, and says how many.
func (w *Webhooks) launch(ctx context.Context) (launched int, err error) {
	for _, failing := range []bool{false, true} {
		due, err := w.service.DueQueues(ctx, failing, dueAtATime)
		if err != nil {
			return launched, err
		}
		for _, q := range due {
			if w.start(ctx, q) {
				launched++
			}
		}
	}
	return launched, nil
}

func (w *Webhooks) start(ctx context.Context, q directory.WebhookQueue) bool {
	key := laneKey{q.OrgID, q.WebhookID}
	w.mu.Lock()
	defer w.mu.Unlock()
	pool := w.healthy
	if q.Failures > 0 || w.slow[key] {
		pool = w.troubled
	}
	if w.running[key] {
		return false
	}
	select {
	case pool <- struct{}{}:
	default:
		return false
	}
	w.running[key] = true
	w.lanes.Go(func() {
		took := w.run(ctx, q)
		w.mu.Lock()
		delete(w.running, key)
		delete(w.slow, key)
		if took > slow {
			w.slow[key] = true
		}
		w.mu.Unlock()
		<-pool
		w.look()
	})
	return true
}

// run delivers some of what is due to one webhook, and gives the longest that
// its receiver took. One that fails is tried with one delivery.
func (w *Webhooks) run(ctx context.Context, q directory.WebhookQueue) (longest time.Duration) {
	limit := perLane
	if q.Failures > 0 {
		limit = 1
	}
	c, err := w.service.Consignment(ctx, q.OrgID, q.WebhookID, limit)
	if directory.CodeOf(err) == directory.NotFound {
		return 0 // deleted meanwhile
	}
	log := w.log.With("webhook", string(q.WebhookID), "organization", string(q.OrgID))
	if err != nil {
		w.stuck(ctx, log, err)
		return 0
	}
	attempts := w.send(ctx, c)
	// What was delivered stays delivered, also if ctx has ended since.
	dead, err := w.service.RecordAttempts(context.WithoutCancel(ctx), q.OrgID, q.WebhookID, attempts)
	if err != nil {
		w.stuck(ctx, log, err)
		return 0
	}
	w.metrics.count(attempts, dead)
	for _, a := range attempts {
		longest = max(longest, a.Took)
		if a.Failure != "" {
			log.Warn("webhook not delivered", "entry", a.Delivery.Sequence, "attempt", a.Delivery.Attempts+1, "reason", a.Failure)
		}
	}
	return longest
}

// stuck waits before the same is tried again.
func (w *Webhooks) stuck(ctx context.Context, log *slog.Logger, err error) {
	if ctx.Err() == nil {
		log.Error("webhook could not be delivered to; trying again", "error", err)
		w.rest(ctx)
	}
}

// send sends the parcels, some at once, up to the first that fails: a receiver
// that does not answer is waited for once, not for each. What is cut off because
// ctx has ended was no attempt: it is sent again.
func (w *Webhooks) send(ctx context.Context, c directory.Consignment) (attempts []directory.Attempt) {
	var mu sync.Mutex
	var sending sync.WaitGroup
	var failed atomic.Bool
	slots := make(chan struct{}, atOnce)
	for _, p := range c.Parcels {
		if slots <- struct{}{}; failed.Load() {
			break
		}
		sending.Go(func() {
			defer func() { <-slots }()
			a := w.sendOne(ctx, c, p)
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

func (w *Webhooks) sendOne(ctx context.Context, c directory.Consignment, p directory.Parcel) (a directory.Attempt) {
	defer func() { a.Delivery = p.Delivery }()
	if p.Entry == nil {
		return directory.Attempt{At: w.receivers.clock(), Failure: "the audit log does not have the entry any more", Hopeless: true}
	}
	body, err := eventJSON(*p.Entry)
	if err != nil {
		w.log.Error("an entry can't be written for webhooks", "entry", p.Sequence, "organization", string(p.OrgID), "error", err)
		return directory.Attempt{At: w.receivers.clock(), Failure: "the entry can't be written", Hopeless: true}
	}
	return w.receivers.post(ctx, message{
		url: c.Webhook.URL, id: directory.MessageID(p.OrgID, p.Sequence), body: body, keys: c.Keys,
	})
}
