package cli

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// meter measures every request that goes out, repeated ones too, from the first
// byte sent to the head of the answer.
type meter struct {
	transport http.RoundTripper

	mu      sync.Mutex
	of      map[work]*measured
	refused int
}

type measured struct {
	latencies []time.Duration
	errors    int // no answer, or none of 2xx
}

func newMeter(connections int) *meter {
	m := &meter{transport: &http.Transport{
		MaxIdleConnsPerHost: connections, MaxConnsPerHost: connections, Proxy: http.ProxyFromEnvironment,
	}}
	m.reset()
	return m
}

func (m *meter) client() *http.Client { return &http.Client{Transport: m, Timeout: time.Minute} }

func (m *meter) reset() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.of, m.refused = make(map[work]*measured), 0
}

type workKey struct{}

// labelled gives a context that tells the meter which work a request is for.
type labelled func(work) context.Context

func (m *meter) label(ctx context.Context) labelled {
	return func(w work) context.Context { return context.WithValue(ctx, workKey{}, w) }
}

// RoundTrip implements [http.RoundTripper].
func (m *meter) RoundTrip(r *http.Request) (*http.Response, error) {
	begun := time.Now()
	resp, err := m.transport.RoundTrip(r)
	took := time.Since(begun)
	w, ok := r.Context().Value(workKey{}).(work)
	if !ok {
		return resp, err // not part of the measurement
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.of[w] == nil {
		m.of[w] = new(measured)
	}
	switch {
	case err != nil || resp.StatusCode/100 != 2:
		m.of[w].errors++
		if err == nil && resp.StatusCode == http.StatusTooManyRequests {
			m.refused++
		}
	default:
		m.of[w].latencies = append(m.of[w].latencies, took)
	}
	return resp, err
}

func (m *meter) limited() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.refused
}

// latencies are the sorted times of a work, or of all.
func (m *meter) latencies(w work) (sorted []time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for name, of := range m.of {
		if w == "" || w == name {
			sorted = append(sorted, of.latencies...)
		}
	}
	slices.Sort(sorted)
	return sorted
}

// benchResult is a line of the result.
type benchResult struct {
	Work     string  `json:"work"`
	Requests int     `json:"requests"` // answered well
	Errors   int     `json:"errors"`
	Rate     float64 `json:"perSecond"`
	P50      float64 `json:"p50Milliseconds"`
	P90      float64 `json:"p90Milliseconds"`
	P99      float64 `json:"p99Milliseconds"`
	Max      float64 `json:"maxMilliseconds"`
}

var benchColumns = []column[benchResult]{
	{"work", func(r benchResult) string { return r.Work }},
	{"requests", func(r benchResult) string { return fmt.Sprint(r.Requests) }},
	{"errors", func(r benchResult) string { return fmt.Sprint(r.Errors) }},
	{"per_second", func(r benchResult) string { return fmt.Sprintf("%.0f", r.Rate) }},
	{"p50_ms", func(r benchResult) string { return fmt.Sprintf("%.2f", r.P50) }},
	{"p90_ms", func(r benchResult) string { return fmt.Sprintf("%.2f", r.P90) }},
	{"p99_ms", func(r benchResult) string { return fmt.Sprintf("%.2f", r.P99) }},
	{"max_ms", func(r benchResult) string { return fmt.Sprintf("%.2f", r.Max) }},
}

// results are a line for each work and one for all.
func (m *meter) results(elapsed time.Duration) []benchResult {
	m.mu.Lock()
	works := slices.Sorted(maps.Keys(m.of))
	errs := make(map[work]int)
	for w, of := range m.of {
		errs[w] = of.errors
		errs[""] += of.errors
	}
	m.mu.Unlock()
	var list []benchResult
	for _, w := range append(works, "") {
		l := m.latencies(w)
		r := benchResult{Work: cmp.Or(string(w), "all"), Requests: len(l), Errors: errs[w], Rate: float64(len(l)) / elapsed.Seconds()}
		if len(l) > 0 {
			r.P50, r.P90, r.P99, r.Max = quantile(l, 0.5), quantile(l, 0.9), quantile(l, 0.99), quantile(l, 1)
		}
		list = append(list, r)
	}
	return list
}

// quantile of sorted times, in milliseconds.
func quantile(sorted []time.Duration, q float64) float64 {
	at := min(len(sorted)-1, int(q*float64(len(sorted))))
	return float64(sorted[at]) / float64(time.Millisecond)
}

// histogram draws sorted times in steps that double.
func histogram(sorted []time.Duration) string {
	var b strings.Builder
	const width = 40
	counts := make(map[int]int)
	first, last, most := 1<<30, 0, 0
	for _, l := range sorted {
		step := 0
		for limit := 62500 * time.Nanosecond; l >= limit; limit *= 2 {
			step++
		}
		counts[step]++
		first, last, most = min(first, step), max(last, step), max(most, counts[step])
	}
	for step := first; step <= last; step++ {
		limit := 62500 * time.Nanosecond << step
		fmt.Fprintf(&b, "< %9v  %8d  %s\n", limit, counts[step], strings.Repeat("█", (width*counts[step]+most-1)/most))
	}
	return b.String()
}
