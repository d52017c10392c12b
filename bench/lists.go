package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

// measureStart starts Roster with many users, some times.
func measureStart(_ context.Context, l *lab, s *section) {
	d := l.initRoster("sqlite:"+l.path("start.db"), l.users)
	var firsts []time.Duration
	var memories []float64
	for range max(5, l.rounds) {
		begun := time.Now()
		p := l.startRoster(serverCore, d)
		firsts, memories = append(firsts, time.Since(begun)), append(memories, p.memory("VmRSS"))
		check(p.stop())
	}
	s.most("start to first answer", 60*time.Millisecond, middle(firsts))
	s.mib("memory at rest", 30, middle(memories))
	s.mib("the program's file", 40, float64(must(os.Stat(l.roster)).Size())/(1<<20))
}

// measureChange changes a user and reads the whole list, time after time.
func measureChange(_ context.Context, l *lab, s *section) {
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
	s.most("all users after a change", 150*time.Millisecond, middle(wholes))
	s.most("its first byte", 20*time.Millisecond, middle(firsts))
}

// measureGrowth gets users of a small organization and of a large one in turns.
func measureGrowth(ctx context.Context, l *lab, s *section) {
	var servers []*process
	sizes := []int{1000, l.many}
	w := work{title: "get a user, 16 connections"}
	for _, n := range sizes {
		d := l.initRoster(fmt.Sprintf("sqlite:%s", l.path(fmt.Sprintf("growth%d.db", n))), n)
		p := l.startRoster(serverCore, d)
		servers = append(servers, p)
		get := load{path: userPath, header: as(d.APIToken), n: n, conns: 16}
		warm(p, get)
		w.sides = append(w.sides, l.driven(fmt.Sprintf("of %d", n), p, get))
	}
	works := []work{w}
	l.takeTurns(ctx, works)
	few, many := works[0].median(0), works[0].median(1)
	s.least(fmt.Sprintf("get at %d users, of one at %d", sizes[1], sizes[0]), 0.85, many.rate/few.rate)
	s.mib(fmt.Sprintf("memory with %d users", sizes[1]), 400, servers[1].memory("VmHWM"))
	s.table(works)
}
