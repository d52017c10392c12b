package directory

import (
	"net/mail"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rosterhq/roster/internal/authz"
)

// Limits on text, in characters unless they say bytes.
const (
	MaxNameLength        = 200
	MaxDescriptionLength = 2000
	MaxEmailBytes        = 254 // RFC 5321 section 4.5.3.1.3, less the angle brackets
)

// cleanName trims name and checks it: 1 to [MaxNameLength] characters of any
// script, no control and no invisible characters.
func cleanName(field, name string) (string, error) {
	name = strings.TrimSpace(name)
	if name == "" {
		return "", InvalidField(field, "must not be empty")
	}
	return name, checkText(field, name, MaxNameLength)
}

// cleanDescription allows what names allow, line breaks and tabs, and nothing at all.
func cleanDescription(text string) (string, error) {
	text = strings.TrimSpace(text)
	return text, checkText("description", strings.NewReplacer("\n", "", "\r", "", "\t", "").Replace(text), MaxDescriptionLength)
}

// checkScopes wants names of datasets and views to be as other names are.
func checkScopes(s authz.Set) error {
	for field, named := range map[string]map[string]authz.Grants{"datasetCapabilities": s.Datasets, "viewCapabilities": s.Views} {
		for name := range named {
			if err := checkText(field, name, MaxNameLength); err != nil {
				return err
			}
		}
	}
	return nil
}

func checkText(field, s string, most int) error {
	if !utf8.ValidString(s) {
		return InvalidField(field, "must be valid UTF-8")
	}
	if n := utf8.RuneCountInString(s); n > most {
		return InvalidField(field, "has %d characters; at most %d are allowed", n, most)
	}
	if i := strings.IndexFunc(s, isControl); i >= 0 {
		r, _ := utf8.DecodeRuneInString(s[i:])
		return InvalidField(field, "holds the control character %U", r)
	}
	if i := strings.IndexFunc(s, isInvisible); i >= 0 {
		r, _ := utf8.DecodeRuneInString(s[i:])
		return InvalidField(field, "holds the invisible character %U; leave it out", r)
	}
	return nil
}

// isInvisible reports characters that show nothing and change how others look: two
// names that look alike must be alike. They are zero-width characters, controls of
// direction, variation selectors, tags and fillers. Emoji that are joined with
// U+200D or styled with U+FE0F are refused for that reason, and so is U+200C.
func isInvisible(r rune) bool {
	// The second is Unicode's Default_Ignorable_Code_Point, less what Cf has already.
	return unicode.Is(unicode.Cf, r) ||
		unicode.In(r, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point) ||
		r == '\u2800' // a braille cell without dots
}

// isControl adds the line and paragraph separators to Unicode's own control
// characters: they break lines in logs and terminals just the same.
func isControl(r rune) bool {
	return unicode.IsControl(r) || r == '\u2028' || r == '\u2029'
}

// checkEmail wants one bare address (RFC 5322 addr-spec): no display name, no
// angle brackets, no comment, no list.
func checkEmail(field, email string) error {
	if email == "" {
		return InvalidField(field, "must not be empty")
	}
	if len(email) > MaxEmailBytes {
		return InvalidField(field, "has %d bytes; at most %d are allowed", len(email), MaxEmailBytes)
	}
	if err := checkText(field, email, MaxEmailBytes); err != nil {
		return err
	}
	parsed, err := mail.ParseAddress(email)
	if err != nil || parsed.Address != email || parsed.Name != "" || strings.ContainsFunc(email, unicode.IsSpace) {
		return InvalidField(field, "must be one bare address, as in jane.doe@example.com")
	}
	return nil
}

// foldKey maps all spellings that differ in letter case alone to one key:
// foldKey(a) == foldKey(b) exactly if strings.EqualFold(a, b).
func foldKey(s string) string {
	return strings.Map(func(r rune) rune {
		least := r
		for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
			least = min(least, next)
		}
		return least
	}, s)
}
