package mail

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/rosterhq/roster/internal/follow"
)

// outcome is the outcome of a mail.
type outcome string

const (
	sent            outcome = "sent"
	givenUp         outcome = "given_up"         // the mail server rejected it, or accepted nothing for a day
	recipientCap    outcome = "recipient_cap"    // the recipient was mailed as often as allowed
	organizationCap outcome = "organization_cap" // the organization has sent as many as allowed
	void            outcome = "void"             // the invitation was answered, revoked, or is no longer valid
)

// metrics counts the outcomes of this process's mails.
type metrics struct{ outcomes *prometheus.CounterVec }

func newMetrics() *metrics {
	m := &metrics{prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "roster_mails_total",
		Help: "Mails by outcome: sent, given_up, recipient_cap and organization_cap (a limit was reached), void (the invitation is no longer open).",
	}, []string{"outcome"})}
	for _, o := range []outcome{sent, givenUp, recipientCap, organizationCap, void} {
		m.outcomes.WithLabelValues(string(o))
	}
	return m
}

func (m *metrics) count(o outcome) { m.outcomes.WithLabelValues(string(o)).Inc() }

// Collectors returns the metrics of mails.
func (m *Mailer) Collectors() []prometheus.Collector {
	return []prometheus.Collector{m.metrics.outcomes, follow.NewLag(m.feed.Store, m.feed.Clock, follower)}
}
