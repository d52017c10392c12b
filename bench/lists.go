package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// start is the state before the first request.
type start struct {
	first  time.Duration // from the start of the process to its first answer
	memory float64       // MiB, then
}

// measureStart starts Roster with the users and PocketBase with none, some times each.
func measureStart(_ context.Context, l *lab) {
	d := l.initRoster("sqlite:"+l.path("start.db"), l.users)
	var all []start
	for range max(5, l.rounds) {
		begun := time.Now()
		p := l.startRoster(serverCore, d)
		all = append(all, start{time.Since(begun), p.memory("VmRSS")})
		check(p.stop())
	}
	slices.SortFunc(all, func(a, b start) int { return int(a.first - b.first) })
	l.report.start = all[len(all)/2]
}

// change is how long a list takes after a change of a role.
type change struct{ first, whole time.Duration }

// measureChange changes a user and reads the whole list, time after time.
func measureChange(_ context.Context, l *lab) {
	d := l.initRoster("sqlite:"+l.path("change.db"), l.users)
	p := l.startRoster(serverCore, d)
	var firsts, wholes []time.Duration
	for i := range 8 * l.rounds {
		role := []string{"user", "read-only"}[i%2]
		check(changeRole(p, d, i/2, role))
		begun := time.Now()
		resp := must(send("GET", "http://"+p.addr+"/v2/users", as(d.APIToken), ""))
		must(io.ReadFull(resp.Body, make([]byte, 1)))
		firsts = append(firsts, time.Since(begun))
		n, err := io.Copy(io.Discard, resp.Body)
		if err := errors.Join(err, resp.Body.Close()); err != nil || n < int64(l.users)*50 {
			check(fmt.Errorf("the list has %d bytes: %w", n, err))
		}
		wholes = append(wholes, time.Since(begun))
	}
	l.report.change = change{middle(firsts), middle(wholes)}
}

func middle[T ~int64 | ~float64](values []T) T {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

// growth is a get as there are more users.
type growth struct {
	users  int
	sample sample
	memory float64
}

// measureGrowth gets users of a small organization and of a large one in turns.
func measureGrowth(ctx context.Context, l *lab) {
	var servers []*process
	sizes := []int{1000, l.many}
	w := work{title: "growth"}
	for _, n := range sizes {
		d := l.initRoster(fmt.Sprintf("sqlite:%s", l.path(fmt.Sprintf("growth%d.db", n))), n)
		p := l.startRoster(serverCore, d)
		servers = append(servers, p)
		get := load{method: "GET", path: "/v2/users/usr_%d", header: as(d.APIToken), n: n, conns: 16}
		warm(p, d, n)
		w.sides = append(w.sides, l.driven(fmt.Sprint(n), p, get))
	}
	works := []work{w}
	l.takeTurns(ctx, works)
	for i, n := range sizes {
		l.report.growth = append(l.report.growth, growth{n, works[0].median(i), servers[i].memory("VmHWM")})
	}
}

// warm asks for every user once, so that what is measured is what stays in memory.
func warm(p *process, d deployment, n int) {
	const each = 8
	errs := make(chan error, each)
	for part := range each {
		go func() {
			var err error
			for i := part; i < n && err == nil; i += each {
				err = request("GET", fmt.Sprintf("http://%s/v2/users/usr_%d", p.addr, i), as(d.APIToken), "", nil)
			}
			errs <- err
		}()
	}
	for range each {
		check(<-errs)
	}
}

// postgresURL names a database of its own on the cluster that scripts/with-postgres.sh starts.
func postgresURL(cluster, name string) string {
	before, after, _ := strings.Cut(cluster, "/postgres?")
	return before + "/" + name + "?" + after
}
