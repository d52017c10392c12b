package main

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// progress draws a bar for whoever looks at a terminal, and is silent otherwise.
type progress struct {
	w     io.Writer // nil: nobody looks
	unit  string
	begun time.Time
	drawn time.Time
}

func newProgress(w io.Writer, unit string) *progress {
	p := &progress{unit: unit, begun: time.Now()}
	if isTerminal(w) {
		p.w = w
	}
	return p
}

const (
	barWidth   = 30
	redrawEach = 100 * time.Millisecond
)

// at moves the bar, now and then.
func (p *progress) at(done, all int64) {
	now := time.Now()
	if p.w == nil || all == 0 || (done < all && now.Sub(p.drawn) < redrawEach) {
		return
	}
	p.drawn = now
	full := int(barWidth * done / all)
	elapsed := now.Sub(p.begun)
	left := time.Duration(float64(elapsed) * float64(all-done) / float64(max(done, 1))).Round(time.Second)
	_, _ = fmt.Fprintf(p.w, "\r%s%s %3d%%  %d of %d %s, %v left \x1b[K", strings.Repeat("█", full), strings.Repeat("░", barWidth-full),
		100*done/all, done, all, p.unit, left)
}

// end leaves the bar behind on a line of its own.
func (p *progress) end() {
	if p.w != nil && !p.drawn.IsZero() {
		_, _ = fmt.Fprintln(p.w)
	}
}
