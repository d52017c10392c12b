package httpapi

import (
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/rosterhq/roster/internal/directory"
)

// totalsCollector reports how much the whole deployment holds.
type totalsCollector struct {
	counted[directory.Totals]
	orgs, users, tokens *prometheus.Desc
}

func newTotalsCollector(service service, log *slog.Logger, clock func() time.Time) *totalsCollector {
	return &totalsCollector{
		counted: counted[directory.Totals]{count: service.Totals, what: "organizations, users and tokens", log: log, clock: clock},
		orgs:    prometheus.NewDesc("roster_organizations", "Organizations; counted at most once a minute.", nil, nil),
		users: prometheus.NewDesc("roster_users", "Users of all organizations by state: active, invited, suspended; counted at most once a minute.",
			[]string{"state"}, nil),
		tokens: prometheus.NewDesc("roster_tokens", "Tokens by kind: api, personal; expired ones count until they are removed. Counted at most once a minute.",
			[]string{"kind"}, nil),
	}
}

// Describe implements [prometheus.Collector].
func (c *totalsCollector) Describe(out chan<- *prometheus.Desc) {
	out <- c.orgs
	out <- c.users
	out <- c.tokens
}

// Collect implements [prometheus.Collector].
func (c *totalsCollector) Collect(out chan<- prometheus.Metric) {
	t, ok := c.current()
	if !ok {
		return
	}
	gauge := func(d *prometheus.Desc, n int, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, float64(n), labels...)
	}
	gauge(c.orgs, t.Orgs)
	gauge(c.users, t.Users-t.Invited-t.Suspended, "active")
	gauge(c.users, t.Invited, "invited")
	gauge(c.users, t.Suspended, "suspended")
	gauge(c.tokens, t.APITokens, "api")
	gauge(c.tokens, t.PersonalTokens, "personal")
}
