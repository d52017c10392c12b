package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// side is one of the programs that do a work.
type side struct {
	name  string
	drive func(context.Context, time.Duration) sample
}

// work is what several programs do, in turns. The first is compared with the others.
type work struct {
	title string
	sides []side
	// rounds has a sample for each side, in their order.
	rounds [][]sample
}

// driven is a side that wrk drives.
func (l *lab) driven(name string, p *process, w load) side {
	return side{name, func(ctx context.Context, d time.Duration) sample { return l.drive(ctx, p, w, d) }}
}

// Names of the sides.
const (
	sideRoster     = "Roster"
	sideBare       = "bare"
	sidePocketBase = "PocketBase"
)

// measureWorks drives Roster, the least that could do the same, and PocketBase in turns.
func measureWorks(ctx context.Context, l *lab, s *section) {
	d := l.initRoster("sqlite:"+l.path("works.db"), l.users)
	roster := l.startRoster(serverCore, d)
	pb := l.startPocketBase(ctx)
	token := as(d.APIToken)
	get := load{path: userPath, header: token, n: l.users, conns: 16}
	bareGet := l.startBare(roster, "GET /v2/users/{id}", get)
	all := load{path: "/v2/users", header: token, n: 1, conns: 1}
	bareAll := l.startBare(roster, "GET /v2/users", all)
	unchanged := unchangedOf(roster, all)
	byEmail := load{path: "/v2/users?email=user%d@example.com", header: token, n: l.users, conns: 16}
	mustAnswer(roster, byEmail, `"id"`) // an empty list has status 200, too
	page := load{path: "/v2/users?limit=100", header: token, n: 1, conns: 16}
	pbGet := load{path: records + "/u%dz", header: pb.header, n: l.users, conns: 16}
	pbByEmail := load{path: records + "?perPage=1&skipTotal=1&filter=email%3D'user%d@example.com'", header: pb.header, n: l.users, conns: 16}
	pbPage := load{path: records + "?perPage=100&skipTotal=1", header: pb.header, n: 1, conns: 16}
	works := []work{
		{title: "get a user, 16 connections", sides: []side{
			l.driven(sideRoster, roster, get), l.driven(sideBare, bareGet, get), l.driven(sidePocketBase, pb.process, pbGet),
		}},
		{title: "find a user by address, 16 connections", sides: []side{
			l.driven(sideRoster, roster, byEmail), l.driven(sideBare, bareGet, get), l.driven(sidePocketBase, pb.process, pbByEmail),
		}},
		{title: "page of 100 users, 16 connections", sides: []side{
			l.driven(sideRoster, roster, page), l.driven(sidePocketBase, pb.process, pbPage),
		}},
		{title: fmt.Sprintf("all %d users, unchanged, 1 connection", l.users), sides: []side{
			l.driven(sideRoster, roster, all), l.driven(sideBare, bareAll, all), {sidePocketBase, pb.walk(l.users)},
		}},
		{title: fmt.Sprintf("all %d users, answered by 304, 16 connections", l.users), sides: []side{
			l.driven(sideRoster, roster, unchanged), l.driven(sideBare, bareGet, get),
		}},
	}
	for _, conns := range []int{1, 16, 64} {
		create := load{path: "/v2/users", header: token, conns: conns, body: `{"name":"New User","email":"new%d@example.com","role":"user"}`}
		pbCreate := create
		pbCreate.path, pbCreate.header = records, pb.header
		works = append(works, work{title: fmt.Sprintf("create a user, %s", plural(conns)), sides: []side{
			l.driven(sideRoster, roster, create), {sideBare, l.inserts}, l.driven(sidePocketBase, pb.process, pbCreate),
		}})
	}
	l.takeTurns(ctx, works)
	got, find, list, same, one, many := works[0], works[1], works[3], works[4], works[5], works[7]
	s.least("get, of the bare handler", 0.75, got.times(1))
	s.least("get, p99 of the bare handler's, inverse", 1/1.5, float64(got.median(1).p99)/float64(got.median(0).p99))
	s.least("find by address, of a get", 0.7, find.median(0).rate/got.median(0).rate)
	s.least("all users unchanged, of the bare handler", 0.5, list.times(1))
	s.least("304, of a get", 0.8, same.median(0).rate/got.median(0).rate)
	s.least("create by 64, of a loop of inserts", 2.2, many.times(1))
	s.most("create by 64, p99", 25*time.Millisecond, many.median(0).p99)
	s.most("create by 1, CPU time (PocketBase's)", one.median(2).cpu, one.median(0).cpu)
	s.table(works)
	s.printf("\nAt the end of it all, Roster had used at most %.0f MiB of memory and PocketBase %.0f MiB.\n", roster.memory("VmHWM"), pb.memory("VmHWM"))
	s.works = works
}

// mustAnswer checks that the answer to a request contains a text.
func mustAnswer(p *process, work load, text string) {
	if b := must(answered(work.send(p, firstUser))); !bytes.Contains(b, []byte(text)) {
		check(fmt.Errorf("%s %s answers %s, want %s in it", work.path, work.body, b, text))
	}
}

func plural(conns int) string {
	if conns == 1 {
		return "1 connection"
	}
	return strconv.Itoa(conns) + " connections"
}

// takeTurns drives each side of each work once before anything counts, and then in rounds.
func (l *lab) takeTurns(ctx context.Context, works []work) {
	for i := range works {
		w := &works[i]
		for round := range l.rounds + 1 {
			d, samples := l.round, make([]sample, len(w.sides))
			if round == 0 {
				d = time.Second
			}
			for j, s := range w.sides {
				samples[j] = s.drive(ctx, d)
			}
			if round > 0 {
				w.rounds = append(w.rounds, samples)
			}
		}
		progress("%s", w.title)
		for i, s := range w.sides {
			progress("  %s: %+v", s.name, w.median(i))
		}
	}
}

// unchangedOf is a request that the server answers with 304.
func unchangedOf(p *process, w load) load {
	w.header, w.conns = maps.Clone(w.header), 16
	for _, want := range []int{http.StatusOK, http.StatusNotModified} {
		resp := must(w.send(p, 0))
		must(io.Copy(io.Discard, resp.Body))
		check(resp.Body.Close())
		if resp.StatusCode != want {
			check(fmt.Errorf("an unchanged list answers %d", resp.StatusCode))
		}
		w.header["If-None-Match"] = resp.Header.Get("Etag")
	}
	return w
}

// walk reads all records in pages of 1,000, the most that PocketBase gives at once.
func (p pocketBase) walk(n int) func(context.Context, time.Duration) sample {
	return func(_ context.Context, d time.Duration) sample {
		cpu, begun, walks := p.cpu(), time.Now(), 0
		for ; time.Since(begun) < d; walks++ {
			for page := 1; page <= (n+999)/1000; page++ {
				url := fmt.Sprintf("http://%s%s?perPage=1000&skipTotal=1&page=%d", p.addr, records, page)
				check(request("GET", url, p.header, "", nil))
			}
		}
		each := time.Since(begun) / time.Duration(walks)
		return sample{rate: float64(walks) / time.Since(begun).Seconds(), p50: each, p99: each, cpu: (p.cpu() - cpu) / time.Duration(walks)}
	}
}

// inserts is how many rows a loop inserts, each with an fsync of its own.
func (l *lab) inserts(ctx context.Context, d time.Duration) sample {
	file := l.path(fmt.Sprintf("inserts-%d.db", time.Now().UnixNano()))
	cmd := exec.CommandContext(ctx, "taskset", "-c", serverCore, must(os.Executable()), "insert", file)
	cmd.Env = append(environment(), "GOMAXPROCS=1")
	stdin := must(cmd.StdinPipe())
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, os.Stderr
	begun := time.Now()
	check(cmd.Start())
	time.Sleep(d)
	check(stdin.Close())
	check(cmd.Wait())
	n := must(strconv.Atoi(strings.TrimSpace(out.String())))
	took := time.Since(begun)
	used := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	return sample{rate: float64(n) / took.Seconds(), p50: took / time.Duration(n), cpu: used / time.Duration(n)}
}
