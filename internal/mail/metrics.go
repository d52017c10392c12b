package mail

import "github.com/prometheus/client_golang/prometheus"

// outcome says what came of a mail.
type outcome string

const (
	sent            outcome = "sent"
	givenUp         outcome = "given_up"         // the mail server rejected it, or took nothing for a day
	recipientCap    outcome = "recipient_cap"    // the recipient was mailed as often as allowed
	organizationCap outcome = "organization_cap" // the organization has sent as many as allowed
	void            outcome = "void"             // the invitation was answered, revoked, or is no longer valid
)

// metrics count what came of the mails of this process.
type metrics struct{ outcomes *prometheus.CounterVec }

func newMetrics() *metrics {
	m := &metrics{prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "roster_mails_total",
		Help: "Mails by what came of them: sent, given_up, recipient_cap and organization_cap (a limit was reached), void (the invitation is not open any more).",
	}, []string{"outcome"})}
	for _, o := range []outcome{sent, givenUp, recipientCap, organizationCap, void} {
		m.outcomes.WithLabelValues(string(o))
	}
	return m
}

func (m *metrics) count(o outcome) { m.outcomes.WithLabelValues(string(o)).Inc() }

// Collectors are the metrics of the mails.
func (m *Mailer) Collectors() []prometheus.Collector {
	return []prometheus.Collector{m.metrics.outcomes}
}
