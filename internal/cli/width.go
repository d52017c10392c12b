package cli

import (
	"fmt"
	"io"
	"os"
	"unicode/utf8"

	"golang.org/x/term"
)

// columnGap is the number of spaces between the columns of a table.
const columnGap = 2

// narrowest is the width that a column keeps in any case.
const narrowest = 8

// terminalWidth returns the width of the terminal that w is, or 0 if it is none.
func terminalWidth(w io.Writer) int {
	f, ok := w.(*os.File)
	if !ok {
		return 0
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0
	}
	return width
}

// fit shortens cells so that the rows fit in a width. It takes from the widest columns
// first, and nothing from those that must stay whole: half an id is of no use.
func fit(rows [][]string, whole []bool, width int) {
	widths := make([]int, len(whole))
	total := columnGap * (len(whole) - 1)
	for i := range whole {
		for _, cells := range rows {
			widths[i] = max(widths[i], utf8.RuneCountInString(cells[i]))
		}
		total += widths[i]
	}
	for ; total > width; total-- {
		widest := -1
		for i, n := range widths {
			if !whole[i] && n > narrowest && (widest < 0 || n > widths[widest]) {
				widest = i
			}
		}
		if widest < 0 {
			break // a row wraps
		}
		widths[widest]--
	}
	for _, cells := range rows {
		for i, cell := range cells {
			cells[i] = shorten(cell, widths[i])
		}
	}
}

// shorten cuts text to a width, and marks the cut with an ellipsis.
func shorten(text string, width int) string {
	if utf8.RuneCountInString(text) <= width {
		return text
	}
	return string([]rune(text)[:width-1]) + "…"
}

// count formats a number of things for a table.
func count(n int, thing string) string {
	switch n {
	case 0:
		return "none"
	case 1:
		return "1 " + thing
	default:
		return fmt.Sprintf("%d %ss", n, thing)
	}
}
