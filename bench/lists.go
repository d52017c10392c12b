package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
)

// headerOf sends a request and gives the status and one field of the answer's header.
func (l *lab) headerOf(p *process, w load, name string) (status int, value string, err error) {
	rq, err := http.NewRequest(w.method, "http://"+p.addr+w.path, nil)
	if err != nil {
		return 0, "", err
	}
	for field, v := range w.header {
		rq.Header.Set(field, v)
	}
	resp, err := client.Do(rq)
	if err != nil {
		return 0, "", err
	}
	_, err = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode, resp.Header.Get(name), errors.Join(err, resp.Body.Close())
}

// start is what there is before anybody asks for anything.
type start struct {
	first  time.Duration // from the start of the process to its first answer
	memory float64       // MiB, then
}

// measureStart starts Roster with the users and PocketBase with none, some times each.
func measureStart(_ context.Context, l *lab) error {
	d, err := l.initRoster("sqlite:"+l.path("start.db"), l.users)
	if err != nil {
		return err
	}
	var all []start
	for range max(5, l.rounds) {
		begun := time.Now()
		p, err := l.startRoster(serverCore, d)
		if err != nil {
			return err
		}
		all = append(all, start{time.Since(begun), p.memory("VmRSS")})
		if err := p.stop(); err != nil {
			return err
		}
	}
	slices.SortFunc(all, func(a, b start) int { return int(a.first - b.first) })
	l.report.start = all[len(all)/2]
	return nil
}

// change is a list that is asked for after somebody's role has changed.
type change struct{ first, whole time.Duration }

// measureChange changes a user and reads the whole list, time after time.
func measureChange(_ context.Context, l *lab) error {
	d, err := l.initRoster("sqlite:"+l.path("change.db"), l.users)
	if err != nil {
		return err
	}
	p, err := l.startRoster(serverCore, d)
	if err != nil {
		return err
	}
	var firsts, wholes []time.Duration
	for i := range 8 * l.rounds {
		role := []string{"user", "read-only"}[i%2]
		url := fmt.Sprintf("http://%s/v2/users/usr_%d/role", p.addr, i/2)
		if status, err := call("PUT", url, as(d.APIToken), `{"role":"`+role+`"}`, nil); err != nil || status != 200 {
			return fmt.Errorf("change a role: %d, %w", status, err)
		}
		begun := time.Now()
		rq, err := http.NewRequest("GET", "http://"+p.addr+"/v2/users", nil)
		if err != nil {
			return err
		}
		rq.Header.Set("Authorization", "Bearer "+d.APIToken)
		resp, err := client.Do(rq)
		if err != nil {
			return err
		}
		if _, err := io.ReadFull(resp.Body, make([]byte, 1)); err != nil {
			return err
		}
		firsts = append(firsts, time.Since(begun))
		n, err := io.Copy(io.Discard, resp.Body)
		if err := errors.Join(err, resp.Body.Close()); err != nil || n < int64(l.users)*50 {
			return fmt.Errorf("the list has %d bytes: %w", n, err)
		}
		wholes = append(wholes, time.Since(begun))
	}
	l.report.change = change{middle(firsts), middle(wholes)}
	return nil
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
func measureGrowth(ctx context.Context, l *lab) error {
	var servers []*process
	sizes := []int{1000, l.many}
	w := work{title: "growth"}
	for _, n := range sizes {
		d, err := l.initRoster(fmt.Sprintf("sqlite:%s", l.path(fmt.Sprintf("growth%d.db", n))), n)
		if err != nil {
			return err
		}
		p, err := l.startRoster(serverCore, d)
		if err != nil {
			return err
		}
		servers = append(servers, p)
		get := load{method: "GET", path: "/v2/users/usr_%d", header: as(d.APIToken), n: n, conns: 16}
		if err := warm(p, d, n); err != nil {
			return err
		}
		w.sides = append(w.sides, l.driven(fmt.Sprint(n), p, get))
	}
	works := []work{w}
	if err := l.takeTurns(ctx, works); err != nil {
		return err
	}
	for i, n := range sizes {
		l.report.growth = append(l.report.growth, growth{n, works[0].median(i), servers[i].memory("VmHWM")})
	}
	return nil
}

// warm asks for every user once, so that what is measured is what stays in memory.
func warm(p *process, d deployment, n int) error {
	const each = 8
	errs := make(chan error, each)
	for part := range each {
		go func() {
			var err error
			for i := part; i < n && err == nil; i += each {
				var status int
				status, err = call("GET", fmt.Sprintf("http://%s/v2/users/usr_%d", p.addr, i), as(d.APIToken), "", nil)
				if err == nil && status != 200 {
					err = fmt.Errorf("get: %d", status)
				}
			}
			errs <- err
		}()
	}
	var err error
	for range each {
		err = errors.Join(err, <-errs)
	}
	return err
}

// postgresURL names a database of its own on the cluster that scripts/with-postgres.sh starts.
func postgresURL(cluster, name string) string {
	before, after, _ := strings.Cut(cluster, "/postgres?")
	return before + "/" + name + "?" + after
}
