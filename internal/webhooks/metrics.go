package webhooks

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/rosterhq/roster/internal/follow"
)

// scrapeTimeout bounds what a scrape may ask of the database.
const scrapeTimeout = 5 * time.Second

// metrics count what this process delivers, and at every scrape what
// waits in the database.
type metrics struct {
	queue    *Queue
	outcomes *prometheus.CounterVec
}

var (
	pendingDeliveries = prometheus.NewDesc("roster_webhook_deliveries_pending", "Deliveries to webhooks that wait, in all organizations.", nil, nil)
	oldestDelivery    = prometheus.NewDesc("roster_webhook_oldest_pending_seconds", "How long the first of the deliveries that wait has waited.", nil, nil)
)

func newMetrics(queue *Queue) *metrics {
	m := &metrics{queue: queue, outcomes: prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "roster_webhook_attempts_total",
		Help: "What came of deliveries to webhooks by this process: delivered, failed (to be tried again or not), dead (given up).",
	}, []string{"outcome"})}
	for _, outcome := range []string{"delivered", "failed", "dead"} {
		m.outcomes.WithLabelValues(outcome)
	}
	return m
}

func (m *metrics) count(attempts []Attempt, dead int) {
	for _, a := range attempts {
		if a.Failure == "" {
			m.outcomes.WithLabelValues("delivered").Inc()
		} else {
			m.outcomes.WithLabelValues("failed").Inc()
		}
	}
	m.outcomes.WithLabelValues("dead").Add(float64(dead))
}

// Collectors are the metrics of the deliveries.
func (d *Deliverer) Collectors() []prometheus.Collector {
	return []prometheus.Collector{d.metrics, follow.NewLag(d.queue.store, d.queue.clock, follower)}
}

// Describe implements [prometheus.Collector].
func (m *metrics) Describe(ch chan<- *prometheus.Desc) {
	m.outcomes.Describe(ch)
	ch <- pendingDeliveries
	ch <- oldestDelivery
}

// Collect implements [prometheus.Collector]. It omits metrics that it can't read.
func (m *metrics) Collect(ch chan<- prometheus.Metric) {
	m.outcomes.Collect(ch)
	ctx, cancel := context.WithTimeout(context.Background(), scrapeTimeout)
	defer cancel()
	pending, oldest, err := m.queue.Count(ctx)
	if err != nil {
		return
	}
	ch <- prometheus.MustNewConstMetric(pendingDeliveries, prometheus.GaugeValue, float64(pending))
	ch <- prometheus.MustNewConstMetric(oldestDelivery, prometheus.GaugeValue, oldest.Seconds())
}
