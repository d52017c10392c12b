package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// sample is what one round on one side came to.
type sample struct {
	n        int
	rate     float64 // a second
	p50, p99 time.Duration
	first    time.Duration // median time to the first byte
	busy     float64       // share of its core that the load generator used
	others   float64       // cores that other programs used meanwhile

	// For each request, all of the server's process counted.
	allocs, bytes, cpu float64
}

// side is one of two that are compared.
type side interface {
	measure(ctx context.Context, d time.Duration) (sample, error)
}

// httpSide is a server that is driven over connections.
type httpSide struct {
	*process
	conns connections
	of    func(conn int) traffic
}

// warmUp is the part of a round before what is measured: connections are made
// and buffers grow in it.
const warmUp = 0.1

func (s httpSide) measure(ctx context.Context, d time.Duration) (sample, error) {
	if _, err := s.drive(ctx, time.Duration(warmUp*float64(d))); err != nil {
		return sample{}, err
	}
	// To scrape costs too: what it takes is known from two in a row.
	idle, err := scrape(ctx, s.addr)
	if err != nil {
		return sample{}, err
	}
	before, err := scrape(ctx, s.addr)
	if err != nil {
		return sample{}, err
	}
	busy, others := cpuTime(), s.others()
	t, err := s.drive(ctx, d)
	if err != nil {
		return sample{}, err
	}
	busy, others = cpuTime()-busy, s.others()-others
	after, err := settled(ctx, s.addr)
	if err != nil {
		return sample{}, err
	}
	n := float64(len(t.latencies))
	each := func(name string) float64 {
		return max(0, (after[name]-before[name])-(before[name]-idle[name])) / n
	}
	return sample{
		n: len(t.latencies), rate: n / t.elapsed.Seconds(), p50: quantile(t.latencies, 0.5), p99: quantile(t.latencies, 0.99),
		first: quantile(t.firstBytes, 0.5), busy: busy.Seconds() / t.elapsed.Seconds(), others: others.Seconds() / t.elapsed.Seconds(),
		allocs: each(mallocs), bytes: each(allocBytes), cpu: each(cpuSeconds),
	}, nil
}

// others is how long the two cores have been at something else than this server
// and this process, since some time or other.
func (p *process) others() time.Duration {
	if p.cores == nil {
		return 0
	}
	return p.occupied() - used(p.cmd.Process.Pid) - cpuTime()
}

// settled waits until a server has done what the requests have left it to do,
// which counts as theirs, and does not get in the way of the other side's round.
func settled(ctx context.Context, addr string) (now map[string]float64, err error) {
	const look, most, idle = 50 * time.Millisecond, 10 * time.Second, 0.2
	last, err := scrape(ctx, addr)
	for end := time.Now().Add(most); err == nil && time.Now().Before(end); last = now {
		time.Sleep(look)
		now, err = scrape(ctx, addr)
		if now[cpuSeconds]-last[cpuSeconds] < idle*look.Seconds() {
			break
		}
	}
	return now, err
}

// drive is [drive], where a wrong answer is an error: a rate of errors is none.
func (s httpSide) drive(ctx context.Context, d time.Duration) (tally, error) {
	t, err := drive(ctx, s.addr, s.conns, d, s.of)
	if err == nil && t.wrong > 0 {
		err = fmt.Errorf("%d of %d answers are wrong; the first: %s", t.wrong, t.wrong+len(t.latencies), t.firstWrong)
	}
	return t, err
}

// The metrics that are looked at, by the names that client_golang gives them.
const (
	mallocs    = "go_memstats_mallocs_total"
	allocBytes = "go_memstats_alloc_bytes_total"
	cpuSeconds = "process_cpu_seconds_total"
)

// scrape reads a server's Prometheus metrics that have no labels.
func scrape(ctx context.Context, addr string) (map[string]float64, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/metrics", http.NoBody)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	found := make(map[string]float64)
	lines := bufio.NewScanner(resp.Body)
	for lines.Scan() {
		name, value, ok := strings.Cut(lines.Text(), " ")
		if v, err := strconv.ParseFloat(value, 64); ok && err == nil {
			found[name] = v
		}
	}
	return found, lines.Err()
}

// insertSide is the loop of inserts, in a process of its own.
type insertSide struct{ *process }

func (s insertSide) measure(_ context.Context, d time.Duration) (sample, error) {
	others := s.others()
	if _, err := fmt.Fprintln(s.stdin, d); err != nil {
		return sample{}, err
	}
	if !s.said.Scan() {
		return sample{}, fmt.Errorf("the loop of inserts has ended: %w", s.said.Err())
	}
	var r inserted
	if err := json.Unmarshal(s.said.Bytes(), &r); err != nil {
		return sample{}, err
	}
	others = s.others() - others
	return sample{
		n: r.Rows, rate: float64(r.Rows) / r.Elapsed.Seconds(), p50: r.P50, p99: r.P99, others: others.Seconds() / r.Elapsed.Seconds(),
	}, nil
}
