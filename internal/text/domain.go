package text

import (
	"errors"
	"fmt"
	"strings"

	"github.com/rosterhq/roster/internal/quote"
)

// Domain checks a domain name of at most so many bytes and returns it in lower case.
// Other domains than ASCII ones are accepted as xn--….
func Domain(s string, most int) (string, error) {
	switch {
	case s == "":
		return "", errors.New("is required")
	case len(s) > most:
		return "", fmt.Errorf("has %d bytes; at most %d are allowed", len(s), most)
	case strings.ContainsFunc(s, func(r rune) bool { return r > '~' }):
		return "", errors.New("must be ASCII; write other domains as xn--…")
	}
	labels := strings.Split(strings.ToLower(s), ".")
	top := labels[len(labels)-1]
	isAddress := strings.Trim(top, "0123456789") == ""
	for _, label := range labels {
		if len(labels) < 2 || isAddress || !isLabel(label) {
			return "", fmt.Errorf("%s is not a domain, such as example.com", quote.Input(s))
		}
	}
	return strings.Join(labels, "."), nil
}

// isLabel reports whether a lower-case text can be a part of a domain (RFC 1123 section 2.1).
func isLabel(s string) bool {
	return s != "" && len(s) <= 63 && s[0] != '-' && s[len(s)-1] != '-' &&
		!strings.ContainsFunc(s, func(r rune) bool { return r != '-' && (r < '0' || r > '9') && (r < 'a' || r > 'z') })
}
