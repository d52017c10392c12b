// Command bench measures Roster beside the least that a program in its place could
// do, and beside PocketBase, and writes docs/performance.md. Load comes from wrk.
//
// Every server is pinned to one core and the load generator to another. The sides of
// a comparison take turns within one run, and a ratio is taken round by round.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"time"
)

func main() {
	defer exitOnFailure()
	if len(os.Args) == 4 && os.Args[1] == "bare" {
		serveBare(os.Args[2], os.Args[3])
		return
	}
	if len(os.Args) == 3 && os.Args[1] == "insert" {
		serveInserts(os.Args[2])
		return
	}
	var o options
	flag.StringVar(&o.only, "only", "", "comma-separated `PARTS` to measure: "+strings.Join(partNames(), ", "))
	flag.IntVar(&o.rounds, "rounds", 3, "rounds of each comparison")
	flag.DurationVar(&o.round, "round", 3*time.Second, "how long a side is driven in a round")
	flag.DurationVar(&o.attack, "attack", 30*time.Second, "how long each attack lasts")
	flag.StringVar(&o.roster, "roster", "", "the roster `PROGRAM` to measure; built from the source by default")
	flag.StringVar(&o.peers, "peers", "", "`DIRECTORY` of the other programs; built from their modules where they are missing")
	flag.IntVar(&o.users, "users", 100_000, "`N` users in the organization")
	flag.IntVar(&o.many, "many", 1_000_000, "`N` users in the large organization")
	flag.StringVar(&o.out, "out", "", "`FILE` whose sections of the measured parts are written; standard output by default")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	run(ctx, o)
}

// check ends the run if there is an error, as every error of the main goroutine does. It
// panics, so that deferred functions stop the servers, and [exitOnFailure] prints the error.
func check(err error) {
	if err != nil {
		panic(failure{err})
	}
}

type failure struct{ error }

// must returns the result of a call, or ends the run.
func must[T any](v T, err error) T {
	check(err)
	return v
}

type options struct {
	only        string
	rounds      int
	round       time.Duration
	attack      time.Duration
	roster      string
	peers       string
	users, many int
	out         string
}

// part is something that can be measured by itself.
type part struct {
	name    string
	measure func(context.Context, *lab, *section)
}

var parts = []part{
	{"start", measureStart},
	{"works", measureWorks},
	{"scim", measureSCIM},
	{"ask", measureAsking},
	{"change", measureChange},
	{"growth", measureGrowth},
	{"nodes", measureNodes},
	{"neighbors", measureNeighbors},
}

func partNames() (names []string) {
	for _, p := range parts {
		names = append(names, p.name)
	}
	return names
}

// exitOnFailure is deferred by main.
func exitOnFailure() {
	switch v := recover().(type) {
	case nil:
	case failure:
		fmt.Fprintln(os.Stderr, "bench:", v)
		os.Exit(1)
	default:
		panic(v)
	}
}

func run(ctx context.Context, o options) {
	dir := must(os.MkdirTemp("", "roster-bench-"))
	defer os.RemoveAll(dir) //nolint:errcheck // temporary
	l := &lab{options: o, dir: dir}
	defer l.stopAll()
	l.build(ctx)
	for _, p := range parts {
		if o.only != "" && !strings.Contains(","+o.only+",", ","+p.name+",") {
			continue
		}
		progress("measuring %s", p.name)
		var s section
		p.measure(ctx, l, &s)
		l.stopAll()
		if len(s.goals) > 0 {
			l.write(p.name, &s)
		}
	}
}

func progress(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "%s  %s\n", time.Now().Format(time.TimeOnly), fmt.Sprintf(format, args...))
}

func (l *lab) path(name string) string { return filepath.Join(l.dir, name) }
