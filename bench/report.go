package main

import (
	"fmt"
	"image/color"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
)

// report is everything that was found.
type report struct {
	works     []work
	start     start
	change    change
	growth    []growth
	nodes     *nodes
	neighbors []neighbor
	memory    map[string]float64
	highest   float64 // memory under attack
}

// median has the medians of a side's rounds.
func (w work) median(i int) (s sample) {
	var rates []float64
	var p50s, p99s, cpus []time.Duration
	for _, r := range w.rounds {
		rates, p50s, p99s, cpus = append(rates, r[i].rate), append(p50s, r[i].p50), append(p99s, r[i].p99), append(cpus, r[i].cpu)
	}
	return sample{middle(rates), middle(p50s), middle(p99s), middle(cpus)}
}

// ratio compares the first side's rate with another's, round by round.
func (w work) ratio(i int) (mid, low, high float64) {
	var all []float64
	for _, r := range w.rounds {
		all = append(all, r[0].rate/r[i].rate)
	}
	low, high = all[0], all[0]
	for _, v := range all {
		low, high = min(low, v), max(high, v)
	}
	return middle(all), low, high
}

func (w work) summary() string {
	var parts []string
	for i, s := range w.sides {
		if s.drive != nil {
			m := w.median(i)
			parts = append(parts, fmt.Sprintf("%s %.0f/s, %s CPU, p99 %s", s.name, m.rate, m.cpu.Round(100*time.Nanosecond), m.p99))
		}
	}
	return strings.Join(parts, "; ")
}

// markers stand around what is generated in docs/performance.md.
const (
	beginMarker = "<!-- bench: what follows is written by make bench -->"
	endMarker   = "<!-- bench: end -->"
)

func (l *lab) write() {
	text := l.markdown()
	if l.out == "" {
		fmt.Print(text)
		return
	}
	b := must(os.ReadFile(l.out))
	before, rest, ok := strings.Cut(string(b), beginMarker)
	_, after, ok2 := strings.Cut(rest, endMarker)
	if !ok || !ok2 {
		check(fmt.Errorf("%s lacks the line %q or %q", l.out, beginMarker, endMarker))
	}
	if len(l.report.works) > 0 {
		l.report.plot(filepath.Join(filepath.Dir(l.out), "performance.svg"))
		text += "\n![Requests a second beside PocketBase](performance.svg)\n"
	}
	check(os.WriteFile(l.out, []byte(before+beginMarker+"\n\n"+text+"\n"+endMarker+after), 0o644))
}

func (l *lab) markdown() string {
	var b strings.Builder
	r := l.report
	fmt.Fprintf(&b, "%s %s/%s; the server has one core, wrk another. %d rounds of %s for each side, in turns; medians.\n",
		runtime.Version(), runtime.GOOS, runtime.GOARCH, l.rounds, l.round)
	b.WriteString(l.goals())
	if len(r.works) > 0 {
		b.WriteString("\n| work | side | a second | to Roster (least to most) | p50 | p99 | CPU time for each |\n| --- | --- | ---: | ---: | ---: | ---: | ---: |\n")
		for _, w := range r.works {
			for i, s := range w.sides {
				if s.drive == nil {
					continue
				}
				m, compared := w.median(i), ""
				if i > 0 {
					mid, low, high := w.ratio(i)
					compared = fmt.Sprintf("Roster is **%.2f** × (%.2f to %.2f)", mid, low, high)
				}
				fmt.Fprintf(&b, "| %s | %s | %.0f | %s | %s | %s | %s |\n", w.title, s.name, m.rate, compared, round(m.p50), round(m.p99), round(m.cpu))
			}
		}
		fmt.Fprintf(&b, "\nAt the end of it all, Roster had used at most %.0f MiB of memory and PocketBase %.0f MiB.\n", r.memory[sideRoster], r.memory[sidePocketBase])
	}
	if len(r.growth) > 0 {
		b.WriteString("\n| users, all asked for before | gets a second | CPU time for each | memory at most |\n| ---: | ---: | ---: | ---: |\n")
		for _, g := range r.growth {
			fmt.Fprintf(&b, "| %d | %.0f | %s | %.0f MiB |\n", g.users, g.sample.rate, round(g.sample.cpu), g.memory)
		}
	}
	if r.nodes != nil {
		fmt.Fprintf(&b, "\nOn PostgreSQL, a request costs a node %s of CPU time alone, and %s as one of three that make changes too:\n"+
			"three nodes with a core each would do **%.2f** × what one does.\n", round(r.nodes.alone), round(r.nodes.among), r.nodes.ratio)
	}
	if len(r.neighbors) > 0 {
		b.WriteString("\n| one tenant | another's reads, p99 | its writes, p99 | its requests that failed | the attacker's requests answered |\n| --- | ---: | ---: | ---: | --- |\n")
		for _, n := range r.neighbors {
			fmt.Fprintf(&b, "| %s | %s | %s | %d | %s |\n", n.attack, round(n.reads), round(n.writes), n.failed, n.answers)
		}
		fmt.Fprintf(&b, "\nMemory under attack: at most %.0f MiB.\n", r.highest)
	}
	return b.String()
}

func round(d time.Duration) time.Duration {
	switch {
	case d > 10*time.Millisecond:
		return d.Round(time.Millisecond)
	case d > 100*time.Microsecond:
		return d.Round(10 * time.Microsecond)
	default:
		return d.Round(100 * time.Nanosecond)
	}
}

// goal is a bound that must hold, and what was reached.
type goal struct {
	what, want, reached string
	met                 bool
}

// goals lists those whose parts were measured.
func (l *lab) goals() string {
	var all []goal
	r := l.report
	least := func(what string, want, got float64) {
		all = append(all, goal{what, fmt.Sprintf("at least %.2f", want), fmt.Sprintf("%.2f", got), got >= want})
	}
	most := func(what string, want, got time.Duration) {
		all = append(all, goal{what, fmt.Sprintf("at most %s", want), round(got).String(), got <= want})
	}
	mib := func(what string, want, got float64) {
		all = append(all, goal{what, fmt.Sprintf("at most %.0f MiB", want), fmt.Sprintf("%.1f MiB", got), got <= want})
	}
	if r.start.first > 0 {
		most("start to first answer", 60*time.Millisecond, r.start.first)
		mib("memory at rest", 30, r.start.memory)
		mib("the program's file", 40, float64(l.rosterBinary)/(1<<20))
	}
	if len(r.works) > 0 {
		get, find, list, same, one, many := r.works[0], r.works[1], r.works[3], r.works[4], r.works[5], r.works[7]
		ratio := func(w work, i int) float64 { mid, _, _ := w.ratio(i); return mid }
		least("get, of the bare handler", 0.75, ratio(get, 1))
		least("get, p99 of the bare handler's, inverse", 1/1.5, float64(get.median(1).p99)/float64(get.median(0).p99))
		least("find by address, of a get", 0.7, find.median(0).rate/get.median(0).rate)
		least("all users unchanged, of the bare handler", 0.5, ratio(list, 1))
		least("304, of a get", 0.8, same.median(0).rate/get.median(0).rate)
		least("create by 64, of a loop of inserts", 2.2, ratio(many, 1))
		most("create by 64, p99", 25*time.Millisecond, many.median(0).p99)
		most("create by 1, CPU time (PocketBase's)", one.median(2).cpu, one.median(0).cpu)
	}
	if r.change.whole > 0 {
		most("all users after a change", 150*time.Millisecond, r.change.whole)
		most("its first byte", 20*time.Millisecond, r.change.first)
	}
	if len(r.growth) > 1 {
		few, many := r.growth[0], r.growth[1]
		least(fmt.Sprintf("get at %d users, of one at %d", many.users, few.users), 0.85, many.sample.rate/few.sample.rate)
		mib(fmt.Sprintf("memory with %d users", many.users), 400, many.memory)
	}
	if r.nodes != nil {
		least("three nodes, of one", 2.5, r.nodes.ratio)
	}
	if len(r.neighbors) > 0 {
		quiet := r.neighbors[0]
		for _, n := range r.neighbors[1:] {
			most(n.attack+": another's reads", max(3*quiet.reads, 15*time.Millisecond), n.reads)
			most(n.attack+": another's writes", max(3*quiet.writes, 15*time.Millisecond), n.writes)
		}
		mib("memory under attack", 256, r.highest)
	}
	var b strings.Builder
	b.WriteString("\n| goal | wanted | reached | |\n| --- | ---: | ---: | --- |\n")
	for _, g := range all {
		verdict := "met"
		if !g.met {
			verdict = "**missed**"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", g.what, g.want, g.reached, verdict)
	}
	return b.String()
}

// plot draws Roster's rate as a multiple of PocketBase's, a bar for each work.
func (r report) plot(file string) {
	p := plot.New()
	p.Title.Text = "Requests a second, as a multiple of PocketBase's in the same run"
	p.X.Min = 0
	var values plotter.Values
	var names []string
	for _, w := range r.works {
		if len(w.sides) == 3 && w.sides[2].drive != nil {
			mid, _, _ := w.ratio(2)
			values, names = append(plotter.Values{mid}, values...), append([]string{w.title}, names...)
		}
	}
	bars := must(plotter.NewBarChart(values, vg.Points(14)))
	bars.Horizontal, bars.Color, bars.LineStyle.Width = true, color.RGBA{R: 0x3b, G: 0x6e, B: 0xd8, A: 0xff}, 0
	p.Add(bars, plotter.NewGrid())
	p.NominalY(names...)
	check(p.Save(24*vg.Centimeter, 10*vg.Centimeter, file))
}
