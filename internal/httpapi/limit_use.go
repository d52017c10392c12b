package httpapi

import (
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/rosterhq/roster/internal/limits"
	"github.com/rosterhq/roster/internal/orgs"
)

// limitUse is a limit and its use. null is no limit, or a use that is not counted.
type limitUse struct {
	Limit limits.Name `json:"limit"`
	Max   *int        `json:"max"`
	Used  *int        `json:"used"`
}

func limitUseOf(u orgs.LimitUse) limitUse {
	out := limitUse{Limit: u.Limit}
	if u.Most > 0 {
		out.Max = &u.Most
	}
	if u.Counted {
		out.Used = &u.Used
	}
	return out
}

// limitCollector reports refusals by limit, and the highest use of each limit by any
// organization or account. A series for each organization would have no bound.
type limitCollector struct {
	counted[[]orgs.LimitUse]
	service           service
	refusals, highest *prometheus.Desc
}

func newLimitCollector(service service, log *slog.Logger, clock func() time.Time) *limitCollector {
	return &limitCollector{
		counted:  counted[[]orgs.LimitUse]{count: service.HighestLimitUses, what: "use of the limits", log: log, clock: clock},
		service:  service,
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
		if n == 0 {
			continue
		}
		out <- prometheus.MustNewConstMetric(c.refusals, prometheus.CounterValue, float64(n), string(name))
	}
	uses, _ := c.current()
	for _, u := range uses {
		out <- prometheus.MustNewConstMetric(c.highest, prometheus.GaugeValue, float64(u.Used)/float64(u.Most), string(u.Limit))
	}
}
