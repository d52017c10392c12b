package sealing

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/rosterhq/roster/internal/follow"
)

// Collectors returns the sealer's metrics.
func (s *Sealer) Collectors() []prometheus.Collector {
	return []prometheus.Collector{prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "roster_audit_faulty_logs", Help: "Audit logs that this process refuses to seal: entries were changed outside Roster.",
	}, func() float64 { return float64(s.Faulty()) }), follow.NewLag(s.store, s.clock, follower)}
}
