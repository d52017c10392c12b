package main

import (
	"encoding/xml"
	"fmt"
	"math"
	"strings"
)

// The plot's measures, in pixels.
const (
	plotWidth = 860
	labelEnd  = 380 // where labels end and bars begin
	barsEnd   = 760
	barHeight = 18
	rowHeight = 34
	plotTop   = 56
)

// svg plots each work's ratio as a bar beside a line for the baseline. Bars are
// labelled with their numbers, so that nobody has to measure them.
func (r *report) svg() string {
	most := 1.0
	for _, res := range r.results {
		_, _, high := res.ratio()
		most = max(most, high)
	}
	most = math.Ceil(most*2) / 2
	x := func(ratio float64) float64 { return labelEnd + ratio/most*(barsEnd-labelEnd) }
	height := plotTop + rowHeight*len(r.results) + 16
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="13" role="img">`+"\n", plotWidth, height)
	b.WriteString("<title>Roster's rate as a share of each baseline's, in the same run</title>\n")
	b.WriteString(`<rect width="100%" height="100%" fill="#ffffff"/>` + "\n")
	fmt.Fprintf(&b, `<text x="16" y="24" font-size="15" font-weight="bold" fill="#1f2328">%s</text>`+"\n", "Roster's rate as a share of each baseline's, in the same run")
	for tick := 0.0; tick <= most; tick += 0.5 {
		stroke, dash := "#d0d7de", ""
		if tick == 1 {
			stroke, dash = "#57606a", ` stroke-dasharray="4 3"`
		}
		fmt.Fprintf(&b, `<line x1="%.1f" y1="%d" x2="%.1f" y2="%d" stroke="%s"%s/>`+"\n", x(tick), plotTop-6, x(tick), height-12, stroke, dash)
		fmt.Fprintf(&b, `<text x="%.1f" y="%d" text-anchor="middle" fill="#57606a">%.1f</text>`+"\n", x(tick), plotTop-12, tick)
	}
	for i, res := range r.results {
		mid, low, high := res.ratio()
		y := plotTop + i*rowHeight
		middle := y + barHeight/2
		fmt.Fprintf(&b, `<text x="%d" y="%d" text-anchor="end" fill="#1f2328">%s</text>`+"\n", labelEnd-10, middle+5, escaped(res.heading()))
		fmt.Fprintf(&b, `<rect x="%d" y="%d" width="%.1f" height="%d" fill="#2f6f9f"/>`+"\n", labelEnd, y, x(mid)-labelEnd, barHeight)
		fmt.Fprintf(&b, `<line x1="%.1f" y1="%d" x2="%.1f" y2="%d" stroke="#1f2328" stroke-width="1.5"/>`+"\n", x(low), middle, x(high), middle)
		fmt.Fprintf(&b, `<text x="%.1f" y="%d" fill="#1f2328">%.2f</text>`+"\n", x(max(mid, high))+6, middle+5, mid)
	}
	b.WriteString("</svg>\n")
	return b.String()
}

func escaped(text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(text)) // a builder takes everything
	return b.String()
}
