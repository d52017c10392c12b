package main

import (
	"fmt"
	"image/color"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
)

// section is what a part found: which goals it reached, and the details as Markdown.
type section struct {
	goals   []goal
	details strings.Builder
	works   []work // drawn beside the text
}

// goal is a bound that must hold, and what was reached.
type goal struct {
	what, want, reached string
	met                 bool
}

func (s *section) least(what string, want, got float64) {
	s.goals = append(s.goals, goal{what, fmt.Sprintf("at least %.2f", want), fmt.Sprintf("%.2f", got), got >= want})
}

func (s *section) most(what string, want, got time.Duration) {
	s.goals = append(s.goals, goal{what, fmt.Sprintf("at most %s", round(want)), round(got).String(), got <= want})
}

func (s *section) mib(what string, want, got float64) {
	s.goals = append(s.goals, goal{what, fmt.Sprintf("at most %.0f MiB", want), fmt.Sprintf("%.1f MiB", got), got <= want})
}

func (s *section) printf(format string, args ...any) { fmt.Fprintf(&s.details, format, args...) }

func (s *section) markdown(o options) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %s %s/%s; rounds of %s, of which there were %d.\n\n| goal | wanted | reached | |\n| --- | ---: | ---: | --- |\n",
		time.Now().UTC().Format("2 January 2006"), runtime.Version(), runtime.GOOS, runtime.GOARCH, o.round, o.rounds)
	for _, g := range s.goals {
		verdict := "met"
		if !g.met {
			verdict = "**missed**"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", g.what, g.want, g.reached, verdict)
	}
	return b.String() + s.details.String()
}

// table lists works, with each side's rate and how the first compares with it.
func (s *section) table(works []work) {
	s.printf("\n| work | side | a second | the first is | p50 | p99 | CPU time for each |\n| --- | --- | ---: | ---: | ---: | ---: | ---: |\n")
	for _, w := range works {
		for i, side := range w.sides {
			m, compared := w.median(i), ""
			if i > 0 {
				mid, low, high := w.ratio(i)
				compared = fmt.Sprintf("**%.2f** × (%.2f to %.2f)", mid, low, high)
			}
			s.printf("| %s | %s | %.0f | %s | %s | %s | %s |\n", w.title, side.name, m.rate, compared, round(m.p50), round(m.p99), round(m.cpu))
		}
	}
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
	return middle(all), slices.Min(all), slices.Max(all)
}

// times is the middle of the ratios.
func (w work) times(i int) float64 {
	mid, _, _ := w.ratio(i)
	return mid
}

func middle[T ~int64 | ~float64](values []T) T {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

// write prints a part's section, or puts it in its place in the report: between two
// comments that name the part.
func (l *lab) write(part string, s *section) {
	text := s.markdown(l.options)
	if l.out == "" {
		fmt.Printf("%s\n\n%s\n", part, text)
		return
	}
	const begin, end = "<!-- bench %s: written by make bench -->", "<!-- bench %s: end -->"
	b := must(os.ReadFile(l.out))
	before, rest, ok := strings.Cut(string(b), fmt.Sprintf(begin, part))
	_, after, ok2 := strings.Cut(rest, fmt.Sprintf(end, part))
	if !ok || !ok2 {
		check(fmt.Errorf("%s has no place for the part %s", l.out, part))
	}
	if len(s.works) > 0 {
		plotWorks(filepath.Join(filepath.Dir(l.out), "performance.svg"), s.works)
	}
	text = fmt.Sprintf(begin+"\n\n%s\n"+end, part, text, part)
	check(os.WriteFile(l.out, []byte(before+text+after), 0o644))
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

// plotWorks draws Roster's rate as a multiple of PocketBase's, a bar for each work.
func plotWorks(file string, works []work) {
	p := plot.New()
	p.Title.Text = "Requests a second, as a multiple of PocketBase's in the same run"
	p.X.Min = 0
	var values plotter.Values
	var names []string
	for _, w := range slices.Backward(works) {
		if i := slices.IndexFunc(w.sides, func(s side) bool { return s.name == sidePocketBase }); i > 0 {
			values, names = append(values, w.times(i)), append(names, w.title)
		}
	}
	bars := must(plotter.NewBarChart(values, vg.Points(14)))
	bars.Horizontal, bars.Color, bars.LineStyle.Width = true, color.RGBA{R: 0x3b, G: 0x6e, B: 0xd8, A: 0xff}, 0
	p.Add(bars, plotter.NewGrid())
	p.NominalY(names...)
	check(p.Save(24*vg.Centimeter, 10*vg.Centimeter, file))
}
