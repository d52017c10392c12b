package main

import (
	"fmt"
	"math"
	"strings"
)

// growthSVG plots what a get costs against how much there is, each ten times the
// last, as a line for each kind of thing. Points are labelled with their numbers.
func growthSVG(all []growth) string {
	const left, right, top, bottom, width, height = 80, 620, 56, 320, 860, 360
	few, most, highest := math.MaxInt, 0, 0.0
	for _, g := range all {
		for _, p := range g.points {
			few, most, highest = min(few, p.n), max(most, p.n), max(highest, p.cpu)
		}
	}
	decades := max(1, math.Log10(float64(most)/float64(few)))
	step := math.Pow(10, math.Floor(math.Log10(max(1, highest))))
	highest = math.Ceil(highest/step) * step
	x := func(n int) float64 { return left + math.Log10(float64(n)/float64(few))/decades*(right-left) }
	y := func(ns float64) float64 { return bottom - ns/max(1, highest)*(bottom-top) }

	var b strings.Builder
	const title = "CPU time of a get as there is more"
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="13" role="img">`+"\n", width, height)
	fmt.Fprintf(&b, "<title>%s</title>\n"+`<rect width="100%%" height="100%%" fill="#ffffff"/>`+"\n", title)
	fmt.Fprintf(&b, `<text x="16" y="24" font-size="15" font-weight="bold" fill="#1f2328">%s</text>`+"\n", title)
	for tick := 0.0; tick <= highest; tick += highest / 4 {
		fmt.Fprintf(&b, `<line x1="%d" y1="%.1f" x2="%d" y2="%.1f" stroke="#d0d7de"/>`+"\n", left, y(tick), right, y(tick))
		fmt.Fprintf(&b, `<text x="%d" y="%.1f" text-anchor="end" fill="#57606a">%s</text>`+"\n", left-8, y(tick)+4, timed(tick))
	}
	for _, n := range tenths(few, most) {
		fmt.Fprintf(&b, `<text x="%.1f" y="%d" text-anchor="middle" fill="#57606a">%s</text>`+"\n", x(n), bottom+20, grouped(float64(n)))
	}
	colours := []string{"#2f6f9f", "#b3541e", "#3f7f3f"}
	for i, g := range all {
		colour := colours[i%len(colours)]
		var line []string
		for _, p := range g.points {
			line = append(line, fmt.Sprintf("%.1f,%.1f", x(p.n), y(p.cpu)))
			fmt.Fprintf(&b, `<circle cx="%.1f" cy="%.1f" r="3.5" fill="%s"><title>%s %s: %s</title></circle>`+"\n",
				x(p.n), y(p.cpu), colour, grouped(float64(p.n)), g.what, timed(p.cpu))
		}
		fmt.Fprintf(&b, `<polyline points="%s" fill="none" stroke="%s" stroke-width="2"/>`+"\n", strings.Join(line, " "), colour)
		fmt.Fprintf(&b, `<rect x="640" y="%d" width="12" height="12" fill="%s"/><text x="658" y="%d" fill="#1f2328">%s</text>`+"\n",
			top+i*24, colour, top+i*24+11, escaped(g.what))
	}
	b.WriteString("</svg>\n")
	return b.String()
}
