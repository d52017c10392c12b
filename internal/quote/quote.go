// Package quote puts input into error messages. A message repeats at most [Limit]
// bytes of what was sent: it names the mistake without becoming as large as the
// input.
package quote

import (
	"strconv"
	"unicode/utf8"
)

// Limit is how many bytes of input a message may repeat.
const Limit = 100

// Input returns input in quotes, cut to [Limit] bytes.
func Input[S ~string](s S) string {
	kept := head(string(s))
	return strconv.Quote(kept) + mark(kept, string(s))
}

// Cut returns input that needs no quotes, cut to [Limit] bytes.
func Cut[S ~string](s S) string {
	kept := head(string(s))
	return kept + mark(kept, string(s))
}

// head cuts s between two characters.
func head(s string) string {
	if len(s) <= Limit {
		return s
	}
	end := Limit
	for end > Limit-utf8.UTFMax && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end]
}

func mark(kept, whole string) string {
	if len(kept) < len(whole) {
		return "…"
	}
	return ""
}
