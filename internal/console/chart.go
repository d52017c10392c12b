package console

import (
	"strconv"
	"time"
)

// chart is bars over some categories, as a picture and as a table. The picture is SVG
// whose attributes say all: a page has no inline style.
type chart struct {
	Title string
	Unit  string // of the values, such as "token"
	Bars  []bar
	Every int // how many bars from one label to the next
}

// bar is a category with a value for each of up to two kinds.
type bar struct {
	Label string
	Value int
	X, Y, Width, Height,
	Middle int // of the picture; see place
	Labeled, Valued, Last bool
}

// The picture's measures, in its own units.
const (
	chartWidth  = 640
	chartHeight = 140
	chartFoot   = 22
	chartHead   = 24
)

// place computes where the bars are.
func (c *chart) place() *chart {
	most := 1
	for _, b := range c.Bars {
		most = max(most, b.Value)
	}
	if c.Every == 0 {
		c.Every = 1
	}
	step := chartWidth / max(len(c.Bars), 1)
	gap := max(2, step/8)
	for i := range c.Bars {
		b := &c.Bars[i]
		b.Height = b.Value * (chartHeight - chartFoot - chartHead) / most
		if b.Value > 0 {
			b.Height = max(b.Height, 2)
		}
		b.X, b.Width = i*step+gap/2, min(step-gap, 72)
		b.Y = chartHeight - chartFoot - b.Height
		b.Middle = b.X + b.Width/2
		b.Labeled = (len(c.Bars)-1-i)%c.Every == 0
		// If there are many bars, only the last has room for its value.
		b.Last = i > 0 && i == len(c.Bars)-1
		b.Valued = b.Value > 0 && (len(c.Bars) <= 16 || i == len(c.Bars)-1)
	}
	return c
}

// ViewBox is the picture's measures as SVG has them.
func (c *chart) ViewBox() string {
	return "0 0 " + strconv.Itoa(chartWidth) + " " + strconv.Itoa(chartHeight)
}

// Base is where the bars stand.
func (c *chart) Base() int { return chartHeight - chartFoot }

// Foot is where the labels stand.
func (c *chart) Foot() int { return chartHeight - 6 }

// Width is the picture's width.
func (c *chart) Width() int { return chartWidth }

// Edge is where the bar ends: the last label would be cut off if it were in the middle.
func (b bar) Edge() int { return b.X + b.Width }

// Top is where a bar's value stands.
func (b bar) Top() int { return b.Y - 5 }

// tokenAges counts tokens by how long ago they were last used, or made if they never were.
func tokenAges(tokens []usedToken, now time.Time) *chart {
	c := &chart{Title: "Tokens by last use", Unit: "token"}
	steps := []struct {
		label string
		upTo  time.Duration
	}{{"today", 24 * time.Hour}, {"this week", 7 * 24 * time.Hour}, {"this month", 30 * 24 * time.Hour}, {"90 days", 90 * 24 * time.Hour}, {"longer ago", 1 << 62}}
	for _, s := range steps {
		c.Bars = append(c.Bars, bar{Label: s.label})
	}
	never := 0
	for _, t := range tokens {
		if t.LastUsedAt.IsZero() {
			never++
			continue
		}
		for i, s := range steps {
			if now.Sub(t.LastUsedAt) <= s.upTo {
				c.Bars[i].Value++
				break
			}
		}
	}
	c.Bars = append(c.Bars, bar{Label: "never", Value: never})
	return c.place()
}
