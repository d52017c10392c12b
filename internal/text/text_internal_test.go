package text

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// ignorable are Unicode 16's format characters (Cf), and Default_Ignorable_Code_Point,
// from their data files: a list of its own, beside Go's tables.
var ignorable = [][2]rune{
	{0xAD, 0xAD},
	{0x34F, 0x34F},
	{0x600, 0x605},
	{0x61C, 0x61C},
	{0x6DD, 0x6DD},
	{0x70F, 0x70F},
	{0x890, 0x891},
	{0x8E2, 0x8E2},
	{0x115F, 0x1160},
	{0x17B4, 0x17B5},
	{0x180B, 0x180F},
	{0x200B, 0x200F},
	{0x202A, 0x202E},
	{0x2060, 0x206F},
	{0x2800, 0x2800},
	{0x3164, 0x3164},
	{0xFE00, 0xFE0F},
	{0xFEFF, 0xFEFF},
	{0xFFA0, 0xFFA0},
	{0xFFF9, 0xFFFB},
	{0x110BD, 0x110BD},
	{0x110CD, 0x110CD},
	{0x13430, 0x1343F},
	{0x1BCA0, 0x1BCA3},
	{0x1D173, 0x1D17A},
	{0xE0001, 0xE0001},
	{0xE0020, 0xE007F},
	{0xE0100, 0xE01EF},
}

func TestInvisible(t *testing.T) {
	for _, block := range ignorable {
		for r := block[0]; r <= block[1]; r++ {
			if !isInvisible(r) {
				t.Errorf("%U is allowed", r)
			}
			_, err := Name("a" + string(r) + "b")
			if err == nil || !strings.Contains(err.Error(), strings.TrimSpace(strings.ToUpper(codePoint(r)))) {
				t.Errorf("%U is refused with %v", r, err)
			}
		}
	}
	for _, r := range "aé山😀🏽ש\u0308'’-·" {
		if isInvisible(r) {
			t.Errorf("%U is refused", r)
		}
	}
}

func codePoint(r rune) string {
	const hex = "0123456789ABCDEF"
	digits := ""
	for n := r; n > 0 || len(digits) < 4; n >>= 4 {
		digits = string(hex[n&15]) + digits
	}
	return "U+" + digits
}

// A name or an address that is taken holds nothing that can't be seen.
func FuzzText(f *testing.F) {
	for _, seed := range []string{"Jane", "Ja\u200bne", "\u202eJane", "❤\ufe0f", "\u3164", "jane@example.com", "ja\u00adne@example.com", "\xff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		name, err := Name(s)
		texts := []string{}
		if err == nil {
			texts = append(texts, name)
		}
		if Email(s) == nil {
			texts = append(texts, s)
		}
		for _, text := range texts {
			if !utf8.ValidString(text) {
				t.Fatalf("%q is not UTF-8", text)
			}
			for _, r := range text {
				for _, block := range ignorable {
					if block[0] <= r && r <= block[1] {
						t.Fatalf("%q holds %U", text, r)
					}
				}
			}
		}
	})
}
