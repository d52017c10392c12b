package quote_test

import (
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/rosterhq/roster/internal/quote"
)

func TestCut(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "jane": "jane",
		strings.Repeat("x", 100):           strings.Repeat("x", 100),
		strings.Repeat("x", 101):           strings.Repeat("x", 100) + "…",
		strings.Repeat("x", 98) + "😀x":     strings.Repeat("x", 98) + "…",
		strings.Repeat("\x80", 200):        strings.Repeat("\x80", 96) + "…",
		strings.Repeat("é", 5000):          strings.Repeat("é", 50) + "…",
		"a" + strings.Repeat("é", 5000):    "a" + strings.Repeat("é", 49) + "…",
		strings.Repeat("x", 99) + "\u00e9": strings.Repeat("x", 99) + "…",
	} {
		if got := quote.Cut(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
	if got := quote.Input("a\"\n"); got != `"a\"\n"` {
		t.Error(got)
	}
	if got := quote.Input(strings.Repeat("x", 10_000)); got != `"`+strings.Repeat("x", 100)+`"…` {
		t.Error(got)
	}
}

// A cut text is a prefix of the input, and valid if the input is.
func FuzzInput(f *testing.F) {
	f.Add("x")
	f.Add(strings.Repeat("é", 99))
	f.Add(strings.Repeat("\xff😀", 99))
	f.Fuzz(func(t *testing.T, s string) {
		quoted := strings.TrimSuffix(quote.Input(s), "…")
		back, err := strconv.Unquote(quoted)
		if err != nil || !strings.HasPrefix(s, back) || len(back) > quote.Limit || (len(s) <= quote.Limit && back != s) {
			t.Errorf("%q became %q, %v", s, quoted, err)
		}
		if utf8.ValidString(s) && !utf8.ValidString(quote.Cut(s)) {
			t.Errorf("%q is not valid UTF-8", quote.Cut(s))
		}
	})
}
