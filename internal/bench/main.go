// Command bench measures how fast Roster is, beside the least that a program in
// its place could do: the program itself and a baseline, in one run, in turns,
// each pinned to the same core and driven from another one. `make bench` runs it
// and writes docs/performance.md.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"time"
)

type options struct {
	quick    bool
	out      string
	works    string
	profile  string
	guide    string
	server   string
	dir      string
	rounds   int
	duration time.Duration
	few      int // users of a small organisation
	many     int // of a large one
	most     int // and of a very large one
	pinned   bool
	patience time.Duration // to wait for other programs, in all
	tries    int           // times as many rounds at most, until there are enough that were not disturbed
}

func flags(args []string) (options, error) {
	o := options{few: 1000, many: 100_000, most: 1_000_000, pinned: true, patience: time.Minute, tries: 2}
	fs := flag.NewFlagSet("bench", flag.ContinueOnError)
	fs.BoolVar(&o.quick, "quick", false, "measure little, to see that it works: at most 20 seconds, and nothing is written unless -out is given")
	fs.StringVar(&o.out, "out", "docs/performance.md", "`FILE` to write the table to, between its markers, and the plot beside it as .svg; empty: neither")
	fs.StringVar(&o.works, "work", "", "measure these alone, by `NAME,…`: get get-1m list-1k list-100k list-changed unchanged create-1 create-64, or nodes alone; nothing is written then")
	fs.StringVar(&o.profile, "profile", "", "print where the time of one work goes, by `NAME`, instead of measuring")
	fs.StringVar(&o.guide, "pgo", "", "write the profile that the compiler optimises by to a `FILE`, instead of measuring")
	fs.StringVar(&o.server, "server", "", "measure this roster `BINARY` instead of building one")
	fs.StringVar(&o.dir, "dir", ".cache", "`FOLDER` to keep databases in meanwhile; it should be on the disk that is to be measured")
	fs.IntVar(&o.rounds, "rounds", 3, "measure each side so many times")
	fs.DurationVar(&o.duration, "duration", 2*time.Second, "measure so long each time")
	if err := fs.Parse(args); err != nil {
		return o, err
	}
	given := make(map[string]bool)
	fs.Visit(func(f *flag.Flag) { given[f.Name] = true })
	if o.quick {
		o.rounds, o.duration, o.many, o.patience, o.tries = 2, 300*time.Millisecond, 5000, 0, 1
		o.most = 10_000
	}
	if (o.quick || o.works != "" || o.profile != "" || o.guide != "") && !given["out"] {
		o.out = ""
	}
	if o.rounds < 1 || o.duration <= 0 || fs.NArg() > 0 {
		return o, fmt.Errorf("want flags, at least one round and a duration; got %q", args)
	}
	return o, nil
}

func main() {
	if os.Getenv(childVariable) != "" {
		exit(child(os.Args[1:]))
	}
	o, err := flags(os.Args[1:])
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err == nil {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
		defer stop()
		err = run(ctx, o)
	}
	exit(err)
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// lab is where one run takes place.
type lab struct {
	options
	dir       string // of this run
	cores     *cores
	processes []*process
	seeded    map[int]organisation // by number of users
	full      int64                // memory of a server that was asked for the most users
	postgres  int                  // its first process, if it runs here
	wired     bool                 // Roster runs inside this program, to be profiled
}

func run(ctx context.Context, o options) (err error) {
	l := &lab{options: o, seeded: make(map[int]organisation)}
	if err := os.MkdirAll(o.dir, 0o750); err != nil {
		return err
	}
	if l.dir, err = os.MkdirTemp(o.dir, "bench-"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.stop(), os.RemoveAll(l.dir)) }()
	if l.dir, err = filepath.Abs(l.dir); err != nil {
		return err
	}
	progress("building roster")
	if err := l.buildRoster(ctx); err != nil {
		return err
	}
	if o.pinned {
		if l.cores, err = pin(); err != nil {
			return err
		}
		progress("%s", l.cores.text)
	}
	switch {
	case o.profile != "":
		return l.printProfile(ctx)
	case o.guide != "":
		return l.writeGuide(ctx)
	}
	r, err := l.measureAll(ctx)
	if err != nil {
		return err
	}
	fmt.Print(r.markdown())
	if o.out == "" {
		return nil
	}
	return r.write(o.out)
}

func progress(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "bench: "+format+"\n", args...)
}

// stop ends the servers.
func (l *lab) stop() (err error) {
	for _, p := range l.processes {
		err = errors.Join(err, p.stop())
	}
	l.processes = nil
	return err
}
