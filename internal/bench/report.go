package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// result is all rounds of one work.
type result struct {
	work
	rounds []round
}

// report is what a run came to.
type report struct {
	options
	machine
	results []result
	rest    rest
	nodes   []nodes
	growth  []growth
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	if n == 0 {
		return 0
	}
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// roster and baseline are the medians of something over the rounds.
func (r result) roster(get func(sample) float64) float64 {
	return r.median(func(one round) float64 { return get(one.roster) })
}

func (r result) baseline(get func(sample) float64) float64 {
	return r.median(func(one round) float64 { return get(one.baseline) })
}

func (r result) median(get func(round) float64) float64 {
	var values []float64
	for _, one := range r.rounds {
		values = append(values, get(one))
	}
	return median(values)
}

func rate(s sample) float64   { return s.rate }
func p50(s sample) float64    { return float64(s.p50) }
func p99(s sample) float64    { return float64(s.p99) }
func first(s sample) float64  { return float64(s.first) }
func busy(s sample) float64   { return s.busy }
func allocs(s sample) float64 { return s.allocs }
func bytesOf(s sample) float64 {
	return s.bytes
}
func cpu(s sample) float64 { return s.cpu * float64(time.Second) }

// ratio compares the sides round by round: the median, the least and the most.
func (r result) ratio() (mid, low, high float64) {
	var ratios []float64
	for _, one := range r.rounds {
		ratios = append(ratios, one.roster.rate/one.baseline.rate)
	}
	return median(ratios), slices.Min(ratios), slices.Max(ratios)
}

// heading is the title with its number of users and connections.
func (r result) heading() string {
	title := r.title
	if strings.Contains(title, "%s") {
		title = fmt.Sprintf(title, grouped(float64(r.users)))
	}
	return fmt.Sprintf("%s, %s", title, counted(r.conns.n, "connection"))
}

// generator is how much of its core the load generator used: all of it to poll.
func (r result) generator(busy float64) string {
	if r.conns.polled {
		return "polls"
	}
	return percent(busy)
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return strconv.Itoa(n) + " " + what + "s"
}

// others is how many cores other programs used in the worst round that counts.
func (r *report) others() (most float64) {
	for _, res := range r.results {
		for _, one := range res.rounds {
			most = max(most, one.others())
		}
	}
	return most
}

// markdown writes the tables.
func (r *report) markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %s; %s.\n", r.goText, r.cpu, r.cores)
	fmt.Fprintf(&b, "%s of %v on each side, in turns; medians. An fsync of 4 KiB takes %s.\n", counted(r.rounds, "round"), r.duration, timed(float64(r.sync)))
	fmt.Fprintf(&b, "The load generator alone reaches %s requests a second.\n", grouped(r.ceiling))
	fmt.Fprintf(&b, "Other programs, the kernel's own work for the disk included, used at most %.2f cores in the rounds that count.\n\n", r.others())
	b.WriteString("| work | Roster, a second | baseline, a second | ratio (least to most) | p50 | p99 | baseline's p50 | p99 |\n")
	b.WriteString("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n")
	for _, res := range r.results {
		mid, low, high := res.ratio()
		fmt.Fprintf(&b, "| %s | %s | %s | **%.2f** (%.2f to %.2f) | %s | %s | %s | %s |\n", res.heading(),
			grouped(res.roster(rate)), grouped(res.baseline(rate)), mid, low, high,
			timed(res.roster(p50)), timed(res.roster(p99)), timed(res.baseline(p50)), timed(res.baseline(p99)))
	}
	b.WriteString("\nWhat a request costs the server's process, and when its first byte is there:\n\n")
	b.WriteString("| work | allocations | baseline | bytes allocated | baseline | CPU time | baseline | first byte | baseline | generator busy | baseline |\n")
	b.WriteString("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n")
	for _, res := range r.results {
		base := func(get func(sample) float64, write func(float64) string) string {
			if res.against == insertLoop {
				return "–"
			}
			return write(res.baseline(get))
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s | %s | %s | %s | %s | %s |\n", res.heading(),
			grouped(res.roster(allocs)), base(allocs, grouped), grouped(res.roster(bytesOf)), base(bytesOf, grouped),
			timed(res.roster(cpu)), base(cpu, timed), timed(res.roster(first)), base(first, timed),
			res.generator(res.roster(busy)), base(busy, res.generator))
	}
	return b.String() + r.rest.markdown() + nodesMarkdown(r.nodes) + growthMarkdown(r.growth)
}

// grouped writes a number with its thousands apart, and small ones with a digit more.
func grouped(v float64) string {
	if v < 10 {
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	digits := strconv.FormatFloat(v, 'f', 0, 64)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

func percent(share float64) string { return fmt.Sprintf("%.0f %%", 100*share) }

// timed writes nanoseconds with three digits that count.
func timed(ns float64) string {
	switch {
	case ns < 1e3:
		return fmt.Sprintf("%.0f ns", ns)
	case ns < 1e6:
		return fmt.Sprintf("%.3g µs", ns/1e3)
	case ns < 1e9:
		return fmt.Sprintf("%.3g ms", ns/1e6)
	default:
		return fmt.Sprintf("%.3g s", ns/1e9)
	}
}

var (
	markBegin = []byte("<!-- bench: what follows is written by make bench -->\n")
	markEnd   = []byte("<!-- bench: end -->\n")
)

// write puts the table between the markers in a document, and the plot beside it.
func (r *report) write(file string) error {
	doc, err := os.ReadFile(file) //nolint:gosec // the flag says which file
	if err != nil {
		return err
	}
	before, rest, begins := bytes.Cut(doc, markBegin)
	_, after, ends := bytes.Cut(rest, markEnd)
	if !begins || !ends {
		return fmt.Errorf("%s has no %s… %s", file, markBegin, markEnd)
	}
	base := strings.TrimSuffix(file, filepath.Ext(file))
	plots := map[string]string{base + ".svg": r.svg()}
	images := fmt.Sprintf("\n![Roster's rate as a share of each baseline's](%s.svg)\n\n", filepath.Base(base))
	if len(r.growth) > 0 {
		plots[base+"-growth.svg"] = growthSVG(r.growth)
		images += fmt.Sprintf("![What a get costs as there is more](%s-growth.svg)\n\n", filepath.Base(base))
	}
	doc = slices.Concat(before, markBegin, []byte("\n"+r.markdown()+images), markEnd, after)
	err = os.WriteFile(file, doc, 0o644) //nolint:gosec // a document is for everybody to read
	for name, plot := range plots {
		err = errors.Join(err, os.WriteFile(name, []byte(plot), 0o644)) //nolint:gosec // same
	}
	return err
}
