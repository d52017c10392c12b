package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"runtime"
	"slices"
	"sync"
	"time"
)

// traffic is what one connection sends, one request after the other.
type traffic interface {
	// next gives the next request, good until it is called again.
	next() []byte
	// wrong says what is wrong with the answer to the last request; "" for nothing.
	wrong(a answer) string
}

// tally is what came of driving a server.
type tally struct {
	elapsed    time.Duration
	latencies  []time.Duration // sorted; right answers only
	firstBytes []time.Duration // sorted
	wrong      int             // answers that were not the right one, or did not come
	firstWrong string
}

// maxWrong is after how many wrong answers a connection gives up.
const maxWrong = 100

// stall is how long an answer may take before its connection counts as dead.
const stall = time.Minute

// connections are how many there are, and how each waits for its answers.
type connections struct {
	n      int
	polled bool
}

// drive sends requests on some connections for a while, each as soon as the
// answer to the last one is there, and one at least. A request that was begun in
// time is waited for, and the time it takes counts.
func drive(ctx context.Context, addr string, conns connections, d time.Duration, of func(conn int) traffic) (tally, error) {
	clients := make([]*client, conns.n)
	for i := range clients {
		c, err := dial(ctx, addr, of(i), conns.polled)
		if err != nil {
			return tally{}, err
		}
		defer c.close() //nolint:gocritic // all of them are needed until the end
		clients[i] = c
	}
	var all sync.WaitGroup
	begun := time.Now()
	for _, c := range clients {
		all.Go(func() { c.run(ctx, begun.Add(d)) })
	}
	all.Wait()
	t := tally{elapsed: time.Since(begun)}
	for _, c := range clients {
		t.latencies = append(t.latencies, c.latencies...)
		t.firstBytes = append(t.firstBytes, c.firstBytes...)
		t.elapsed -= c.uncounted / time.Duration(len(clients))
		t.wrong += c.wrong
		if c.firstWrong != "" {
			t.firstWrong = c.firstWrong
		}
	}
	slices.Sort(t.latencies)
	slices.Sort(t.firstBytes)
	if err := ctx.Err(); err != nil {
		return t, err
	}
	if len(t.latencies) == 0 {
		return t, fmt.Errorf("no right answer: %s", t.firstWrong)
	}
	return t, nil
}

// quantile of sorted durations.
func quantile(sorted []time.Duration, q float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(len(sorted)-1, int(q*float64(len(sorted))))]
}

// client is one connection and what it has seen.
type client struct {
	addr    string
	polled  bool
	traffic traffic
	conn    net.Conn
	reader  reader

	latencies  []time.Duration
	firstBytes []time.Duration
	uncounted  time.Duration // of requests that only prepare others
	wrong      int
	firstWrong string
}

func dial(ctx context.Context, addr string, t traffic, polled bool) (*client, error) {
	c := &client{
		addr: addr, polled: polled, traffic: t, reader: newReader(),
		latencies: make([]time.Duration, 0, 1<<16), firstBytes: make([]time.Duration, 0, 1<<16),
	}
	err := c.connect(ctx)
	return c, err
}

func (c *client) connect(ctx context.Context) error {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", c.addr)
	if err != nil {
		return err
	}
	if c.polled && runtime.NumCPU() > 1 { // on a single one it would take the server's
		if conn, err = newPolled(conn); err != nil {
			return err
		}
	}
	c.conn = conn
	c.reader.reset(conn)
	return nil
}

func (c *client) close() { _ = c.conn.Close() }

func (c *client) run(ctx context.Context, end time.Time) {
	// One deadline for all: setting it anew each time would cost more than the
	// parsing does.
	err := c.conn.SetDeadline(end.Add(stall))
	for now, sent := time.Now(), 0; err == nil && (now.Before(end) || sent == 0 || c.preparing()) && c.wrong < maxWrong && ctx.Err() == nil; sent++ {
		var a answer
		a, err = c.exchange(now)
		now = a.done
		if err == nil {
			continue
		}
		c.blame(err.Error())
		c.close()
		if err = c.connect(ctx); err == nil {
			err = c.conn.SetDeadline(end.Add(stall))
		}
		now = time.Now()
	}
	if err != nil {
		c.blame(err.Error())
	}
}

// exchange sends a request and reads its answer; an error means that the
// connection is of no more use.
func (c *client) exchange(begun time.Time) (answer, error) {
	if _, err := c.conn.Write(c.traffic.next()); err != nil {
		return answer{}, err
	}
	a, err := c.reader.read()
	if err != nil {
		return a, err
	}
	a.done = time.Now()
	if problem := c.traffic.wrong(a); problem != "" {
		c.blame(problem)
		return a, nil
	}
	if c.preparing() {
		c.uncounted += a.done.Sub(begun)
	} else {
		c.latencies = append(c.latencies, a.done.Sub(begun))
		c.firstBytes = append(c.firstBytes, a.first.Sub(begun))
	}
	if a.closes {
		return a, errors.New("the server closed the connection")
	}
	return a, nil
}

// preparing is whether the last request was only to prepare the next.
func (c *client) preparing() bool {
	t, ok := c.traffic.(interface{ prepares() bool })
	return ok && t.prepares()
}

func (c *client) blame(problem string) {
	if c.wrong++; c.firstWrong == "" {
		c.firstWrong = problem
	}
}
