package follow

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/rosterhq/roster/internal/directory"
)

// scrapeTimeout bounds the queries of a metrics scrape.
const scrapeTimeout = 5 * time.Second

// lag is the metric of how far a follower is behind the end of the log.
type lag struct {
	store    directory.Store
	clock    func() time.Time
	follower string
	seconds  *prometheus.Desc
}

// NewLag returns the metric roster_log_follower_behind_seconds of a follower: the age of
// the first entry after its cursor, 0 if there is none. It is read from the database at
// every scrape, so every process reports the same.
func NewLag(store directory.Store, clock func() time.Time, follower string) prometheus.Collector {
	return &lag{store, clock, follower, prometheus.NewDesc("roster_log_follower_behind_seconds",
		"Age of the first entry of the audit log that a follower has not handled yet; 0 if it has handled all.",
		nil, prometheus.Labels{"follower": follower})}
}

// Describe implements [prometheus.Collector].
func (l *lag) Describe(out chan<- *prometheus.Desc) { out <- l.seconds }

// Collect implements [prometheus.Collector]. It omits the metric if it can't be read.
func (l *lag) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), scrapeTimeout)
	defer cancel()
	var next []directory.Entry
	err := l.store.Read(ctx, func(tx directory.Tx) error {
		at, err := Cursor(tx, l.follower)
		if err != nil {
			return err
		}
		next, err = tx.Entries(at, 1)
		return err
	})
	if err != nil {
		return
	}
	behind := 0.0
	if len(next) > 0 {
		behind = max(0, l.clock().Sub(next[0].At).Seconds())
	}
	out <- prometheus.MustNewConstMetric(l.seconds, prometheus.GaugeValue, behind)
}
