package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// sides are what a work is measured on; a side that has none is nil.
type side struct {
	name  string
	drive func(context.Context, time.Duration) (sample, error)
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
	return side{name, func(ctx context.Context, d time.Duration) (sample, error) { return l.drive(ctx, p, w, d) }}
}

// Names of the sides.
const (
	sideRoster     = "Roster"
	sideBare       = "bare"
	sidePocketBase = "PocketBase"
)

// measureWorks drives Roster, the least that could do the same, and PocketBase in turns.
func measureWorks(ctx context.Context, l *lab) error {
	d, err := l.initRoster("sqlite:"+l.path("works.db"), l.users)
	if err != nil {
		return err
	}
	roster, err := l.startRoster(serverCore, d)
	if err != nil {
		return err
	}
	pb, err := l.startPocketBase(l.users)
	if err != nil {
		return err
	}
	token := as(d.APIToken)
	get := load{method: "GET", path: "/v2/users/usr_%d", header: token, n: l.users, conns: 16}
	bareGet, err := l.startBare(roster, "GET /v2/users/{id}", get)
	if err != nil {
		return err
	}
	all := load{method: "GET", path: "/v2/users", header: token, n: 1, conns: 1}
	bareAll, err := l.startBare(roster, "GET /v2/users", all)
	if err != nil {
		return err
	}
	unchanged, err := l.unchanged(roster, all)
	if err != nil {
		return err
	}
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
	if err := l.takeTurns(ctx, works); err != nil {
		return err
	}
	l.report.works = works
	l.report.memory = map[string]float64{sideRoster: roster.memory("VmHWM"), sidePocketBase: pb.memory("VmHWM")}
	return nil
}

func plural(conns int) string {
	if conns == 1 {
		return "1 connection"
	}
	return strconv.Itoa(conns) + " connections"
}

// takeTurns drives each side of each work once before anything counts, and then in rounds.
func (l *lab) takeTurns(ctx context.Context, works []work) error {
	for i := range works {
		w := &works[i]
		for round := range l.rounds + 1 {
			samples := make([]sample, len(w.sides))
			for j, s := range w.sides {
				d := l.round
				if round == 0 {
					d = time.Second
				}
				if s.drive == nil {
					continue
				}
				var err error
				if samples[j], err = s.drive(ctx, d); err != nil {
					return fmt.Errorf("%s, %s: %w", w.title, s.name, err)
				}
			}
			if round > 0 {
				w.rounds = append(w.rounds, samples)
			}
		}
		progress("%s: %s", w.title, w.summary())
	}
	return nil
}

// unchanged is a request that the server answers with 304.
func (l *lab) unchanged(p *process, w load) (load, error) {
	_, tag, err := l.headerOf(p, w, "Etag")
	if err != nil {
		return w, err
	}
	header := map[string]string{"If-None-Match": tag}
	for name, value := range w.header {
		header[name] = value
	}
	w.header, w.conns = header, 16
	status, _, err := l.headerOf(p, w, "Etag")
	if err == nil && status != 304 {
		err = fmt.Errorf("an unchanged list answers %d", status)
	}
	return w, err
}

// walk reads all records in pages of 1,000, the most that PocketBase gives at once.
func (p pocketBase) walk(n int) func(context.Context, time.Duration) (sample, error) {
	return func(_ context.Context, d time.Duration) (s sample, err error) {
		cpu, begun, walks := p.cpu(), time.Now(), 0
		for ; time.Since(begun) < d; walks++ {
			for page := 1; page <= (n+999)/1000; page++ {
				url := fmt.Sprintf("http://%s%s?perPage=1000&skipTotal=1&page=%d", p.addr, records, page)
				if status, err := call("GET", url, p.header, "", nil); err != nil || status != 200 {
					return s, fmt.Errorf("page %d: %d, %w", page, status, err)
				}
			}
		}
		each := time.Since(begun) / time.Duration(walks)
		return sample{rate: float64(walks) / time.Since(begun).Seconds(), p50: each, p99: each, cpu: (p.cpu() - cpu) / time.Duration(walks)}, nil
	}
}

// inserts is how many rows a loop inserts, each with an fsync of its own.
func (l *lab) inserts(ctx context.Context, d time.Duration) (s sample, err error) {
	self, err := os.Executable()
	if err != nil {
		return s, err
	}
	file := l.path(fmt.Sprintf("inserts-%d.db", time.Now().UnixNano()))
	cmd := exec.CommandContext(ctx, "taskset", "-c", serverCore, self, "insert", file)
	cmd.Env = append(environment(), "GOMAXPROCS=1")
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return s, err
	}
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, os.Stderr
	begun := time.Now()
	if err := cmd.Start(); err != nil {
		return s, err
	}
	time.Sleep(d)
	if err := stdin.(io.Closer).Close(); err != nil {
		return s, err
	}
	if err := cmd.Wait(); err != nil {
		return s, err
	}
	n, err := strconv.Atoi(strings.TrimSpace(out.String()))
	if err != nil || n == 0 {
		return s, fmt.Errorf("the loop inserted %q rows", out.String())
	}
	took := time.Since(begun)
	used := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	return sample{rate: float64(n) / took.Seconds(), p50: took / time.Duration(n), cpu: used / time.Duration(n)}, nil
}
