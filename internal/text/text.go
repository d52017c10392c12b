// Package text checks the texts that people see and compare: names, descriptions and
// email addresses. Texts that look alike must be equal.
package text

import (
	"errors"
	"fmt"
	"net/mail"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits on text, in characters unless they say bytes.
const (
	MaxName        = 200
	MaxDescription = 2000
	MaxEmailBytes  = 254 // RFC 5321 section 4.5.3.1.3, less the angle brackets
)

var errEmpty = errors.New("must not be empty")

// Name trims a name and checks it: 1 to [MaxName] characters of any script, without
// control and invisible characters.
func Name(name string) (string, error) {
	name = strings.TrimSpace(name)
	if name == "" {
		return "", errEmpty
	}
	return name, Check(name, MaxName)
}

// Description trims a description, which may be empty, and checks it as a name that may
// also have line breaks and tabs, and up to [MaxDescription] characters.
func Description(description string) (string, error) {
	description = strings.TrimSpace(description)
	return description, Check(strings.NewReplacer("\n", "", "\r", "", "\t", "").Replace(description), MaxDescription)
}

// Email accepts one bare address (RFC 5322 addr-spec): no display name, angle brackets,
// comment or list.
func Email(email string) error {
	if email == "" {
		return errEmpty
	}
	if len(email) > MaxEmailBytes {
		return fmt.Errorf("has %d bytes; at most %d are allowed", len(email), MaxEmailBytes)
	}
	if err := Check(email, MaxEmailBytes); err != nil {
		return err
	}
	parsed, err := mail.ParseAddress(email)
	if err != nil || parsed.Address != email || parsed.Name != "" || strings.ContainsFunc(email, unicode.IsSpace) {
		return errors.New("must be one bare address, as in jane.doe@example.com")
	}
	return nil
}

// Check accepts valid UTF-8 of at most so many characters, none of them a control or
// invisible character.
func Check(s string, most int) error {
	if !utf8.ValidString(s) {
		return errors.New("must be valid UTF-8")
	}
	if n := utf8.RuneCountInString(s); n > most {
		return fmt.Errorf("has %d characters; at most %d are allowed", n, most)
	}
	if i := strings.IndexFunc(s, isControl); i >= 0 {
		r, _ := utf8.DecodeRuneInString(s[i:])
		return fmt.Errorf("contains the control character %U", r)
	}
	if i := strings.IndexFunc(s, isInvisible); i >= 0 {
		r, _ := utf8.DecodeRuneInString(s[i:])
		return fmt.Errorf("contains the invisible character %U; leave it out", r)
	}
	return nil
}

// isInvisible reports characters that show nothing and change how others look:
// zero-width characters, direction controls, variation selectors, tags and fillers.
// Emoji that are joined with U+200D or styled with U+FE0F are rejected for that reason,
// and so is U+200C.
func isInvisible(r rune) bool {
	// The second is Unicode's Default_Ignorable_Code_Point, less what Cf has already.
	return unicode.Is(unicode.Cf, r) ||
		unicode.In(r, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point) ||
		r == '\u2800' // a braille cell without dots
}

// isControl adds the line and paragraph separators to Unicode's own control
// characters, because they break lines in logs and terminals too.
func isControl(r rune) bool {
	return unicode.IsControl(r) || r == '\u2028' || r == '\u2029'
}

// FoldKey returns the same key for all spellings that differ only in letter case:
// FoldKey(a) == FoldKey(b) exactly if strings.EqualFold(a, b).
func FoldKey(s string) string {
	return strings.Map(func(r rune) rune {
		least := r
		for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
			least = min(least, next)
		}
		return least
	}, s)
}

// Loggable makes text from outside fit for every storage, reader and format of a log:
// it cuts the text to most bytes and removes control characters and invalid UTF-8.
func Loggable(s string, most int) string {
	if len(s) > most {
		s = s[:most]
	}
	if utf8.ValidString(s) && !strings.ContainsFunc(s, isControl) {
		return s
	}
	return strings.Map(func(r rune) rune {
		if r == utf8.RuneError || isControl(r) {
			return -1
		}
		return r
	}, s)
}
