package httpapi

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/limits"
)

// limitUse is a limit and its use. null is no limit, or a use that is not counted.
type limitUse struct {
	Limit limits.Name `json:"limit"`
	Max   *int        `json:"max"`
	Used  *int        `json:"used"`
}

func limitUseOf(u directory.LimitUse) limitUse {
	out := limitUse{Limit: u.Limit}
	if u.Most > 0 {
		out.Max = &u.Most
	}
	if u.Counted {
		out.Used = &u.Used
	}
	return out
}

// limitsAge is how long the highest uses are cached, because counting reads whole indexes.
const limitsAge = time.Minute

// limitCollector reports refusals by limit, and the highest use of each limit by any
// organization or account. A series for each organization would have no bound.
type limitCollector struct {
	service *directory.Service
	log     *slog.Logger
	clock   func() time.Time

	refusals, highest *prometheus.Desc

	mu   sync.Mutex
	uses []directory.LimitUse
	read time.Time
}

func newLimitCollector(service *directory.Service, log *slog.Logger, clock func() time.Time) *limitCollector {
	return &limitCollector{
		service: service, log: log, clock: clock,
		refusals: prometheus.NewDesc("roster_limit_refusals_total", "Requests refused with limit_exceeded, by limit.", []string{"limit"}, nil),
		highest: prometheus.NewDesc("roster_limit_use_highest_ratio",
			"Highest use of a limit by any organization or account, from 0 to 1; counted at most once a minute.", []string{"limit"}, nil),
	}
}

// Describe implements [prometheus.Collector].
func (c *limitCollector) Describe(out chan<- *prometheus.Desc) {
	out <- c.refusals
	out <- c.highest
}

// Collect implements [prometheus.Collector].
func (c *limitCollector) Collect(out chan<- prometheus.Metric) {
	for name, n := range c.service.LimitRefusals() {
		out <- prometheus.MustNewConstMetric(c.refusals, prometheus.CounterValue, float64(n), string(name))
	}
	for _, u := range c.current() {
		out <- prometheus.MustNewConstMetric(c.highest, prometheus.GaugeValue, float64(u.Used)/float64(u.Most), string(u.Limit))
	}
}

// current returns the highest uses, counted anew after a minute. A count that fails is
// logged, and its series are missing.
func (c *limitCollector) current() []directory.LimitUse {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.clock()
	if !c.read.IsZero() && now.Sub(c.read) < limitsAge {
		return c.uses
	}
	ctx, cancel := context.WithTimeout(context.Background(), scrapeTimeout)
	defer cancel()
	uses, err := c.service.HighestLimitUses(ctx)
	if err != nil {
		c.log.Warn("use of the limits could not be counted", "error", err)
		return nil
	}
	c.uses, c.read = uses, now
	return uses
}
