package httpapi

import (
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics counts requests by route and status class.
type metrics struct {
	registry    *prometheus.Registry
	requests    *prometheus.CounterVec
	duration    *prometheus.HistogramVec
	failedAuth  prometheus.Counter
	rateLimited prometheus.Counter
	other       *routeMetrics // for paths outside the route table: pages, unknown paths
}

// routeMetrics are the series of one route. A series is created when it first counts
// something, and is then found without a lookup by labels.
type routeMetrics struct {
	all             *metrics
	method, pattern string
	byClass         [6]atomic.Pointer[prometheus.Counter] // index: status / 100
	duration        atomic.Pointer[prometheus.Observer]
}

// newMetrics creates the registry. expiring is called at every scrape.
func newMetrics(version string, expiring func(time.Duration) float64) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "roster_http_requests_total", Help: "Requests answered, by route and class of status.",
		}, []string{"method", "route", "status"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "roster_http_request_duration_seconds", Help: "Time from the first byte of a request to the last byte of its response, without event streams.",
			Buckets: prometheus.ExponentialBuckets(0.0001, 4, 9),
		}, []string{"method", "route"}),
		failedAuth: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "roster_authentication_failures_total", Help: "Requests answered with 401: the token or session is missing, unknown, expired or revoked.",
		}),
		rateLimited: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "roster_rate_limited_total", Help: "Requests answered with 429.",
		}),
	}
	info := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "roster_build_info", Help: "Always 1; the label has the version of the server.", ConstLabels: prometheus.Labels{"version": version},
	})
	info.Set(1)
	m.registry.MustRegister(m.requests, m.duration, m.failedAuth, m.rateLimited, info, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m.other = m.route("", "other")
	for _, within := range []struct {
		label string
		d     time.Duration
	}{{"24h", 24 * time.Hour}, {"7d", 7 * 24 * time.Hour}, {"30d", 30 * 24 * time.Hour}} {
		m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "roster_api_tokens_expiring", Help: "Valid API tokens that expire within the time in the label.",
			ConstLabels: prometheus.Labels{"within": within.label},
		}, func() float64 { return expiring(within.d) }))
	}
	return m
}

func (m *metrics) route(method, pattern string) *routeMetrics {
	return &routeMetrics{all: m, method: method, pattern: pattern}
}

// observe counts the response to a request of a route, nil for paths outside the table.
func (m *metrics) observe(w *response, elapsed time.Duration) {
	rm := w.route
	if rm == nil {
		rm = m.other
	}
	rm.class(w.status / 100).Inc()
	if !w.streams {
		rm.latency().Observe(elapsed.Seconds())
	}
	switch w.status {
	case http.StatusUnauthorized:
		m.failedAuth.Inc()
	case http.StatusTooManyRequests:
		m.rateLimited.Inc()
	}
}

func (rm *routeMetrics) class(n int) prometheus.Counter {
	n = min(n, len(rm.byClass)-1)
	c := rm.byClass[n].Load()
	if c == nil {
		made := rm.all.requests.WithLabelValues(rm.method, rm.pattern, strconv.Itoa(n)+"xx")
		c = &made
		rm.byClass[n].Store(c)
	}
	return *c
}

func (rm *routeMetrics) latency() prometheus.Observer {
	o := rm.duration.Load()
	if o == nil {
		made := rm.all.duration.WithLabelValues(rm.method, rm.pattern)
		o = &made
		rm.duration.Store(o)
	}
	return *o
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}
