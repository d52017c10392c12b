package text_test

import (
	"strings"
	"testing"
	"unicode"

	"pgregory.net/rapid"

	"github.com/rosterhq/roster/internal/text"
)

// Letters of every script, with those that have odd relatives drawn often.
var letters = rapid.OneOf(
	rapid.StringMatching(`[a-zA-Z0-9@.ſK\x{212a}\x{212b}åÅσςΣßẞiIıİǅǆǄéÉ]{0,8}`),
	rapid.StringOf(rapid.RuneFrom(nil, unicode.L, unicode.M)),
)

func TestFoldKeyIsEqualFold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := letters.Draw(t, "a")
		b := letters.Draw(t, "b")
		switch rapid.IntRange(0, 3).Draw(t, "relation") {
		case 0:
			b = strings.ToUpper(a)
		case 1:
			b = strings.ToLower(a)
		case 2:
			b = strings.ToTitle(a)
		}
		if got, want := text.FoldKey(a) == text.FoldKey(b), strings.EqualFold(a, b); got != want {
			t.Fatalf("%q and %q have one key: %t, want %t", a, b, got, want)
		}
		if k := text.FoldKey(a); text.FoldKey(k) != k {
			t.Fatalf("the key of %q has another key", a)
		}
	})
}
