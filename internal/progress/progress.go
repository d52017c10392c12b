// Package progress draws a bar for whoever watches a long command.
package progress

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/mattn/go-isatty"
)

// Bar is a line that is drawn again and again. On what is no terminal it is
// silent.
type Bar struct {
	w     io.Writer // nil: nobody watches
	unit  string
	begun time.Time
	drawn time.Time
}

// New makes a bar for a number of units.
func New(w io.Writer, unit string) *Bar {
	b := &Bar{unit: unit, begun: time.Now()}
	if f, ok := w.(*os.File); ok && isatty.IsTerminal(f.Fd()) {
		b.w = w
	}
	return b
}

const (
	width      = 30
	redrawEach = 100 * time.Millisecond
)

// At moves the bar, now and then.
func (b *Bar) At(done, all int64) {
	now := time.Now()
	if b.w == nil || all == 0 || (done < all && now.Sub(b.drawn) < redrawEach) {
		return
	}
	b.drawn = now
	_, _ = io.WriteString(b.w, "\r"+line(done, all, b.unit, now.Sub(b.begun))+" \x1b[K")
}

func line(done, all int64, unit string, elapsed time.Duration) string {
	done = min(done, all)
	full := int(width * done / all)
	left := time.Duration(float64(elapsed) * float64(all-done) / float64(max(done, 1))).Round(time.Second)
	return fmt.Sprintf("%s%s %3d%%  %d of %d %s, %v left", strings.Repeat("█", full), strings.Repeat("░", width-full),
		100*done/all, done, all, unit, left)
}

// End leaves the bar behind on a line of its own.
func (b *Bar) End() {
	if b.w != nil && !b.drawn.IsZero() {
		_, _ = io.WriteString(b.w, "\n")
	}
}
