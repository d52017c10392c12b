package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// nodes is what the mix costs with so many nodes on one PostgreSQL database.
type nodes struct {
	n     int
	rate  float64
	cpu   float64 // of the node for a request, in nanoseconds
	rest  float64 // of PostgreSQL and the other nodes
	ratio float64 // of what all could do with a core for each, to what one can
}

// postgresVariable names a PostgreSQL server where databases may be made, as
// scripts/with-postgres.sh starts one. Without it there is nothing to measure.
const postgresVariable = "ROSTER_TEST_POSTGRES"

// measureNodes drives the mix against a node alone, and against one of three, which
// has the servers' core to itself. PostgreSQL and the other two share the load
// generator's, so that the rate can't grow here: what tells whether it would with a
// core for each is the processor time that a request takes.
func (l *lab) measureNodes(ctx context.Context) (all []nodes, err error) {
	cluster := os.Getenv(postgresVariable)
	if cluster == "" {
		progress("%s is not set: nothing is measured on PostgreSQL", postgresVariable)
		return nil, nil
	}
	o, restore, err := l.seedPostgres(ctx, cluster)
	if restore != nil {
		defer restore()
	}
	if err != nil {
		return nil, err
	}
	procs := make([]*process, mostNodes)
	for i := range procs {
		on := l.cores
		if i > 0 {
			on = nil
		}
		if procs[i], err = l.startRosterOn(ctx, on, o.database); err != nil {
			return nil, err
		}
		if err := l.askForAll(ctx, o, procs[i], work{conns: connections{conns, false}}); err != nil {
			return nil, err
		}
	}
	all, err = l.mix(ctx, o, procs)
	return all, errors.Join(err, l.stop())
}

// seedPostgres makes a database, and PostgreSQL leave the servers' core until restore.
func (l *lab) seedPostgres(ctx context.Context, cluster string) (o organisation, restore func(), err error) {
	conn, err := pgx.Connect(ctx, cluster)
	if err != nil {
		return o, nil, err
	}
	name := fmt.Sprintf("roster_bench_%d", time.Now().UnixNano())
	_, err = conn.Exec(ctx, "CREATE DATABASE "+name)
	if err == nil {
		l.postgres, restore, err = l.cores.clear(int(conn.PgConn().PID()))
	}
	if err := errors.Join(err, conn.Close(ctx)); err != nil {
		return o, restore, err
	}
	u, err := url.Parse(cluster)
	if err != nil {
		return o, restore, err
	}
	u.Path = "/" + name
	o, err = l.seedIn(ctx, u.String(), 10*l.few)
	return o, restore, err
}

// mix drives a node for a while, as if it had a core of its own: alone, and then as
// one of several, in turns. The others are asked for nothing but the changes that they
// would get meanwhile, one for each of the first's, so that the first hears of as much
// as it would.
func (l *lab) mix(ctx context.Context, o organisation, procs []*process) (all []nodes, err error) {
	var alone, among []nodes
	for range 2 * l.rounds {
		if err := l.awaitQuiet(ctx); err != nil {
			return nil, err
		}
		one, err := l.costOfFirst(ctx, o, procs[:1])
		if err != nil {
			return nil, err
		}
		each, err := l.costOfFirst(ctx, o, procs)
		if err != nil {
			return nil, err
		}
		each.ratio = float64(len(procs)) * one.cpu / each.cpu
		progress("a request takes %s of a node alone, %s of one of %d", timed(one.cpu), timed(each.cpu), len(procs))
		alone, among = append(alone, one), append(among, each)
	}
	return []nodes{middle(alone), middle(among)}, nil
}

// middle has the medians of what was found.
func middle(all []nodes) nodes {
	of := func(value func(nodes) float64) float64 {
		var values []float64
		for _, n := range all {
			values = append(values, value(n))
		}
		return median(values)
	}
	return nodes{
		all[0].n, of(func(n nodes) float64 { return n.rate }), of(func(n nodes) float64 { return n.cpu }),
		of(func(n nodes) float64 { return n.rest }), of(func(n nodes) float64 { return n.ratio }),
	}
}

// usedBeside is the processor time of PostgreSQL and of all nodes but the first.
func (l *lab) usedBeside(procs []*process) time.Duration {
	sum := usedByFamily(l.postgres)
	for _, p := range procs[1:] {
		sum += used(p.cmd.Process.Pid)
	}
	return sum
}

const (
	mostNodes   = 3
	conns       = 48
	othersConns = 4 // to each other node
)

// costOfFirst is what a request costs the first node, and all else.
func (l *lab) costOfFirst(ctx context.Context, o organisation, procs []*process) (found nodes, err error) {
	first := procs[0].cmd.Process.Pid
	own, rest := used(first), l.usedBeside(procs)
	t, err := driveFirst(ctx, o, procs, l.duration)
	if err != nil {
		return found, err
	}
	each := func(d time.Duration) float64 { return float64(d) / float64(len(t.latencies)) }
	return nodes{
		n: len(procs), rate: float64(len(t.latencies)) / t.elapsed.Seconds(),
		cpu: each(used(first) - own), rest: each(l.usedBeside(procs) - rest), ratio: 1,
	}, nil
}

// driveFirst drives the first node, and has each of the others make a change for each
// that the first makes.
func driveFirst(ctx context.Context, o organisation, procs []*process, d time.Duration) (tally, error) {
	due := make([]chan struct{}, len(procs)-1)
	var others sync.WaitGroup
	errs := make(chan error, len(due)*othersConns)
	for i := range due {
		due[i] = make(chan struct{}, conns)
		for conn := range othersConns {
			c, err := dial(ctx, procs[i+1].addr, newMix(o, conns+i*othersConns+conn, nil), false)
			if err != nil {
				return tally{}, err
			}
			defer c.close() //nolint:gocritic // all of them are needed until the end
			others.Go(func() { errs <- c.changeWhenever(due[i], d) })
		}
	}
	changed := func() {
		for _, c := range due {
			c <- struct{}{}
		}
	}
	// The load generator leaves its core to the other nodes when it has nothing to do.
	t, err := httpSide{procs[0], connections{conns, false}, func(conn int) traffic { return newMix(o, conn, changed) }}.drive(ctx, d)
	for _, c := range due {
		close(c)
	}
	others.Wait()
	close(errs)
	for e := range errs {
		err = errors.Join(err, e)
	}
	return t, err
}

// changeWhenever makes a change whenever one is due.
func (c *client) changeWhenever(due <-chan struct{}, d time.Duration) error {
	if err := c.conn.SetDeadline(time.Now().Add(d + stall)); err != nil {
		return err
	}
	var failed error
	for range due { // to its end: who makes it due does not wait for long
		if failed != nil {
			continue
		}
		if _, failed = c.exchange(time.Now()); failed == nil && c.firstWrong != "" {
			failed = errors.New(c.firstWrong)
		}
	}
	return failed
}

// mixed sends 95 gets, 4 pages of the list and one change, of a hundred.
type mixed struct {
	rng     *rand.Rand
	get     *gets
	page    []byte
	changes [][]byte
	sent    int    // how many of these
	changed func() // is told of each; nil: nothing but changes is sent
	due     time.Time
}

// mixPace is how long after a request a connection sends the next: a node that
// waits for others would else have less to do at a time, and each request would cost
// it more for that alone.
const mixPace = 6 * time.Millisecond

func newMix(o organisation, conn int, changed func()) *mixed {
	m := &mixed{
		changed: changed, rng: rand.New(rand.NewPCG(uint64(conn), 1)), //nolint:gosec // nothing to guess here
		get: newGets(o, 0, "", anyOf(o, conn)), page: requestFor("GET", "/v2/users?limit=100", o.token, "", ""),
	}
	for _, role := range []string{"none", "user"} {
		id := o.ids[conn%len(o.ids)]
		m.changes = append(m.changes, requestFor("PUT", "/v2/users/"+id+"/role", o.token, "", fmt.Sprintf(`{"role":%q}`, role)))
	}
	return m
}

func (m *mixed) next() []byte {
	if m.changed != nil {
		now := time.Now()
		m.due = later(m.due.Add(mixPace), now.Add(-mixPace)) // behind by one at most
		time.Sleep(m.due.Sub(now))
	}
	n := m.rng.IntN(100)
	switch {
	case m.changed == nil:
	case n < 95:
		return m.get.next()
	case n < 99:
		return m.page
	default:
		m.changed()
	}
	m.sent++
	return m.changes[m.sent%len(m.changes)]
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func (m *mixed) wrong(a answer) string { return wrongStatus(a, 200) }

func nodesMarkdown(all []nodes) string {
	if len(all) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString("\n95 gets, 4 pages of 100 and one change of a hundred requests to one of the nodes, 48 connections, PostgreSQL; the other nodes\n" +
		"get as many changes each, of which the one hears. It has a core to itself, all else has the other:\n\n")
	b.WriteString("| nodes | requests a second to the one | its CPU time for each | PostgreSQL's and the others' | all of them, with a core for each |\n| ---: | ---: | ---: | ---: | ---: |\n")
	for _, n := range all {
		fmt.Fprintf(&b, "| %d | %s | %s | %s | **%.2f** × one node |\n", n.n, grouped(n.rate), timed(n.cpu), timed(n.rest), n.ratio)
	}
	return b.String()
}
