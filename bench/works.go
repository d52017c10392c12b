package main

import (
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

// sides are what a work is measured on; a side that has none is nil.
type side struct {
	name  string
	drive func(context.Context, time.Duration) sample
}

// work is one line of the table.
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
func measureWorks(ctx context.Context, l *lab) {
	d := l.initRoster("sqlite:"+l.path("works.db"), l.users)
	roster := l.startRoster(serverCore, d)
	checkFind(roster, d)
	pb := l.startPocketBase(l.users)
	token := as(d.APIToken)
	get := load{method: "GET", path: "/v2/users/usr_%d", header: token, n: l.users, conns: 16}
	bareGet := l.startBare(roster, "GET /v2/users/{id}", get)
	all := load{method: "GET", path: "/v2/users", header: token, n: 1, conns: 1}
	bareAll := l.startBare(roster, "GET /v2/users", all)
	unchanged := unchangedOf(roster, all)
	byEmail := load{method: "GET", path: "/v2/users?email=user%d@example.com", header: token, n: l.users, conns: 16}
	page := load{method: "GET", path: "/v2/users?limit=100", header: token, n: 1, conns: 16}
	pbGet := load{method: "GET", path: records + "/u%dz", header: pb.header, n: l.users, conns: 16}
	pbByEmail := load{method: "GET", path: records + "?perPage=1&skipTotal=1&filter=email%3D'user%d@example.com'", header: pb.header, n: l.users, conns: 16}
	pbPage := load{method: "GET", path: records + "?perPage=100&skipTotal=1", header: pb.header, n: 1, conns: 16}
	works := []work{
		{title: "get a user, 16 connections", sides: []side{
			l.driven(sideRoster, roster, get), l.driven(sideBare, bareGet, get), l.driven(sidePocketBase, pb.process, pbGet),
		}},
		{title: "find a user by address, 16 connections", sides: []side{
			l.driven(sideRoster, roster, byEmail), l.driven(sideBare, bareGet, get), l.driven(sidePocketBase, pb.process, pbByEmail),
		}},
		{title: "page of 100 users, 16 connections", sides: []side{
			l.driven(sideRoster, roster, page), {}, l.driven(sidePocketBase, pb.process, pbPage),
		}},
		{title: fmt.Sprintf("all %d users, unchanged, 1 connection", l.users), sides: []side{
			l.driven(sideRoster, roster, all), l.driven(sideBare, bareAll, all), {sidePocketBase, pb.walk(l.users)},
		}},
		{title: fmt.Sprintf("all %d users, answered by 304, 16 connections", l.users), sides: []side{
			l.driven(sideRoster, roster, unchanged), l.driven(sideBare, bareGet, get), {},
		}},
	}
	for _, conns := range []int{1, 16, 64} {
		create := load{method: "POST", path: "/v2/users", header: token, conns: conns, body: `{"name":"New User","email":"new%d@example.com","role":"user"}`}
		pbCreate := create
		pbCreate.path, pbCreate.header = records, pb.header
		works = append(works, work{title: fmt.Sprintf("create a user, %s", plural(conns)), sides: []side{
			l.driven(sideRoster, roster, create), {sideBare, l.inserts}, l.driven(sidePocketBase, pb.process, pbCreate),
		}})
	}
	l.takeTurns(ctx, works)
	l.report.works = works
	l.report.memory = map[string]float64{sideRoster: roster.memory("VmHWM"), sidePocketBase: pb.memory("VmHWM")}
}

// checkFind checks that the seeded users are found by address: an empty list has status
// 200, too.
func checkFind(p *process, d deployment) {
	var found []struct{ ID string }
	status := must(call("GET", "http://"+p.addr+"/v2/users?email=user1@example.com", as(d.APIToken), "", &found))
	if len(found) != 1 {
		check(fmt.Errorf("find by address: status %d and %d users, want 1", status, len(found)))
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
			samples := make([]sample, len(w.sides))
			for j, s := range w.sides {
				d := l.round
				if round == 0 {
					d = time.Second
				}
				if s.drive != nil {
					samples[j] = s.drive(ctx, d)
				}
			}
			if round > 0 {
				w.rounds = append(w.rounds, samples)
			}
		}
		progress("%s: %s", w.title, w.summary())
	}
}

// unchangedOf is a request that the server answers with 304.
func unchangedOf(p *process, w load) load {
	w.header, w.conns = maps.Clone(w.header), 16
	for _, want := range []int{http.StatusOK, http.StatusNotModified} {
		resp := must(send(w.method, "http://"+p.addr+w.path, w.header, ""))
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
