package httpapi

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics counts requests by route and status class. The labels of a route are looked up
// when the table is mounted, not for each request.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
	other    *routeMetrics // for paths outside the route table: pages, unknown paths
}

type routeMetrics struct {
	byClass  [6]prometheus.Counter // index: status / 100
	duration prometheus.Observer
}

// newMetrics makes the registry. expiring is called at every scrape.
func newMetrics(version string, expiring func(time.Duration) float64) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "roster_http_requests_total", Help: "Requests answered, by route and class of status.",
		}, []string{"method", "route", "status"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "roster_http_request_duration_seconds", Help: "Time from the first byte of a request to the last byte of its response.",
			Buckets: prometheus.ExponentialBuckets(0.0001, 4, 9),
		}, []string{"method", "route"}),
	}
	info := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "roster_build_info", Help: "Always 1; the label has the version of the server.", ConstLabels: prometheus.Labels{"version": version},
	})
	info.Set(1)
	m.registry.MustRegister(m.requests, m.duration, info, collectors.NewGoCollector(),
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
	rm := &routeMetrics{duration: m.duration.WithLabelValues(method, pattern)}
	for class := range rm.byClass {
		rm.byClass[class] = m.requests.WithLabelValues(method, pattern, strconv.Itoa(class)+"xx")
	}
	return rm
}

func (m *metrics) observe(rm *routeMetrics, status int, elapsed time.Duration) {
	if rm == nil {
		rm = m.other
	}
	rm.byClass[min(status/100, len(rm.byClass)-1)].Inc()
	rm.duration.Observe(elapsed.Seconds())
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}
