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
	n        int
	rate     float64
	cpu      float64 // of all nodes for a request, in nanoseconds
	postgres float64 // of PostgreSQL, and whatever else was at work
}

// postgresVariable names a PostgreSQL server where databases may be made, as
// scripts/with-postgres.sh starts one. Without it there is nothing to measure.
const postgresVariable = "ROSTER_TEST_POSTGRES"

// measureNodes drives the mix against one node and against three. They share a
// core with PostgreSQL here, so that their rate can't grow: what tells whether it
// would with a core for each is the processor time that a request takes.
func (l *lab) measureNodes(ctx context.Context) (all []nodes, err error) {
	cluster := os.Getenv(postgresVariable)
	if cluster == "" {
		progress("%s is not set: nothing is measured on PostgreSQL", postgresVariable)
		return nil, nil
	}
	o, err := l.seedPostgres(ctx, cluster)
	if err != nil {
		return nil, err
	}
	for _, n := range []int{1, 3} {
		found, err := l.mixOn(ctx, o, n)
		if err := errors.Join(err, l.stop()); err != nil {
			return nil, fmt.Errorf("%d nodes: %w", n, err)
		}
		progress("%s: %s a second, %s of their CPU time each", counted(n, "node"), grouped(found.rate), timed(found.cpu))
		all = append(all, found)
	}
	return all, nil
}

func (l *lab) seedPostgres(ctx context.Context, cluster string) (o organisation, err error) {
	conn, err := pgx.Connect(ctx, cluster)
	if err != nil {
		return o, err
	}
	name := fmt.Sprintf("roster_bench_%d", time.Now().UnixNano())
	_, err = conn.Exec(ctx, "CREATE DATABASE "+name)
	if err := errors.Join(err, conn.Close(ctx)); err != nil {
		return o, err
	}
	u, err := url.Parse(cluster)
	if err != nil {
		return o, err
	}
	u.Path = "/" + name
	return l.seedIn(ctx, u.String(), 10*l.few)
}

// mixOn drives some nodes for a while, each over as many connections.
func (l *lab) mixOn(ctx context.Context, o organisation, n int) (found nodes, err error) {
	const conns = 48
	procs := make([]*process, n)
	for i := range procs {
		if procs[i], err = l.startRoster(ctx, o.database); err != nil {
			return found, err
		}
		if err := l.askForAll(ctx, o, procs[i], work{conns: conns}); err != nil {
			return found, err
		}
	}
	of := func(conn int) traffic { return newMix(o, conn) }
	if _, err := driveAll(ctx, procs, conns, l.duration/4, of); err != nil {
		return found, err
	}
	var rates, cpus, others []float64
	for range l.rounds {
		if err := l.awaitQuiet(ctx); err != nil {
			return found, err
		}
		before, rest := usedBy(procs), procs[0].occupied()-cpuTime()
		t, err := driveAll(ctx, procs, conns, l.duration, of)
		if err != nil {
			return found, err
		}
		own, all := usedBy(procs)-before, procs[0].occupied()-cpuTime()-rest
		each := func(d time.Duration) float64 { return float64(max(0, d)) / float64(len(t.latencies)) }
		rates, cpus, others = append(rates, float64(len(t.latencies))/t.elapsed.Seconds()), append(cpus, each(own)), append(others, each(all-own))
	}
	return nodes{n, median(rates), median(cpus), median(others)}, nil
}

func usedBy(procs []*process) (all time.Duration) {
	for _, p := range procs {
		all += used(p.cmd.Process.Pid)
	}
	return all
}

// driveAll drives all nodes at once.
func driveAll(ctx context.Context, procs []*process, conns int, d time.Duration, of func(int) traffic) (all tally, err error) {
	var together sync.WaitGroup
	tallies, errs := make([]tally, len(procs)), make([]error, len(procs))
	for i, p := range procs {
		together.Go(func() {
			tallies[i], errs[i] = httpSide{p, conns / len(procs), func(conn int) traffic { return of(conn*len(procs) + i) }}.drive(ctx, d)
		})
	}
	together.Wait()
	for _, t := range tallies {
		all.latencies = append(all.latencies, t.latencies...)
		all.elapsed = max(all.elapsed, t.elapsed)
	}
	return all, errors.Join(errs...)
}

// mixed sends 95 gets, 4 pages of the list and one change, of a hundred.
type mixed struct {
	rng     *rand.Rand
	get     *gets
	page    []byte
	changes [][]byte
	sent    int // which of the three
}

func newMix(o organisation, conn int) *mixed {
	m := &mixed{
		rng: rand.New(rand.NewPCG(uint64(conn), 1)), //nolint:gosec // nothing to guess here
		get: newGets(o, 0, "", anyOf(o, conn)), page: requestFor("GET", "/v2/users?limit=100", o.token, "", ""),
	}
	for _, role := range []string{"none", "user"} {
		id := o.ids[conn%len(o.ids)]
		m.changes = append(m.changes, requestFor("PUT", "/v2/users/"+id+"/role", o.token, "", fmt.Sprintf(`{"role":%q}`, role)))
	}
	return m
}

func (m *mixed) next() []byte {
	switch n := m.rng.IntN(100); {
	case n < 95:
		return m.get.next()
	case n < 99:
		return m.page
	default:
		m.sent++
		return m.changes[m.sent%len(m.changes)]
	}
}

func (m *mixed) wrong(a answer) string { return wrongStatus(a, 200) }

func nodesMarkdown(all []nodes) string {
	if len(all) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString("\n95 gets, 4 pages of 100 and one change of a hundred requests, 48 connections, PostgreSQL; all on one core:\n\n")
	b.WriteString("| nodes | requests a second | CPU time of a request, nodes | PostgreSQL and the kernel | with a core for each node |\n| ---: | ---: | ---: | ---: | ---: |\n")
	for _, n := range all {
		fmt.Fprintf(&b, "| %d | %s | %s | %s | **%.2f** × one node |\n", n.n, grouped(n.rate), timed(n.cpu), timed(n.postgres),
			float64(n.n)*all[0].cpu/n.cpu)
	}
	return b.String()
}
