package main

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver that Roster uses
)

// changesEach is how often each of the other nodes makes a change, a second: as many as
// there are in the first node's mix at the rate that it is driven with.
const changesEach = 80

// measureNodes drives one node with a mix: alone, and while two others make as many
// changes each as the first, of which it has to hear. Two cores can't show what three
// nodes do together; what a request costs a node can be seen.
func measureNodes(ctx context.Context, l *lab, s *section) {
	cluster := os.Getenv("ROSTER_TEST_POSTGRES")
	if cluster == "" {
		progress("ROSTER_TEST_POSTGRES is not set: nothing is measured on PostgreSQL")
		return
	}
	db := must(sql.Open("pgx", cluster))
	defer db.Close() //nolint:errcheck // nothing is left to write
	name := fmt.Sprintf("roster_bench_%d", time.Now().UnixNano())
	must(db.ExecContext(ctx, "CREATE DATABASE "+name))
	moveServer(cluster)
	before, after, _ := strings.Cut(cluster, "/postgres?")
	d := l.initRoster(before+"/"+name+"?"+after, 10_000)
	get := load{path: userPath, header: as(d.APIToken), n: 10_000, conns: 32}
	var all []*process
	for i := range 3 {
		core := serverCore
		if i > 0 {
			core = loadCore
		}
		p := l.startRoster(core, d)
		warm(p, get)
		all = append(all, p)
	}
	var alone, among []time.Duration // processor time of the first node for a request
	for range 2 * l.rounds {
		alone = append(alone, l.whileChanging(ctx, all[:1], d, get))
		among = append(among, l.whileChanging(ctx, all, d, get))
	}
	ratio := 3 * float64(middle(alone)) / float64(middle(among)) // of what three could do with a core each, to what one can
	s.least("three nodes, of one", 2.5, ratio)
	s.printf("\nA request costs a node %s of CPU time alone, and %s as one of three that make changes too:\n"+
		"three nodes with a core each would do **%.2f** × what one does.\n", round(middle(alone)), round(middle(among)), ratio)
}

// whileChanging drives the first node with gets while every node makes changes.
func (l *lab) whileChanging(ctx context.Context, all []*process, d deployment, get load) time.Duration {
	changing, stop := context.WithCancel(ctx)
	defer stop()
	errs := make(chan error, len(all))
	for i, p := range all {
		go func() { errs <- changeSteadily(changing, p, d, i) }()
	}
	s := l.drive(ctx, all[0], get, l.round)
	stop()
	for range all {
		check(<-errs)
	}
	return s.cpu
}

func changeSteadily(ctx context.Context, p *process, d deployment, offset int) error {
	tick := time.NewTicker(time.Second / changesEach)
	defer tick.Stop()
	for i := 0; ; i++ {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		role := []string{"user", "read-only"}[i/1000%2]
		if err := changeRole(p, d, offset*1000+i%1000, role); err != nil {
			return err
		}
	}
}

// moveServer puts PostgreSQL's processes on the load generator's core.
func moveServer(cluster string) {
	u, err := url.Parse(cluster)
	if err != nil {
		return
	}
	pid, err := os.ReadFile(u.Query().Get("host") + "/data/postmaster.pid")
	if err != nil {
		return
	}
	first, _, _ := strings.Cut(string(pid), "\n")
	_ = exec.Command("taskset", "-acp", loadCore, first).Run()
	_ = exec.Command("sh", "-c", "for p in $(pgrep -P "+first+"); do taskset -cp "+loadCore+" $p; done").Run()
}
