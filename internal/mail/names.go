package mail

import (
	"regexp"
	"strings"
	"unicode"
)

// linkLike matches what mail clients turn into a link: a scheme, "www." or a host, with
// any of the characters that IDNA takes for a dot, an address, or a telephone number.
var linkLike = regexp.MustCompile(`(?i)[a-z][a-z0-9+.-]*:\S|www[.．。｡․]|[\pL\pN][.．。｡․][\pL\pN-]*\pL[\pL\pN-]+|\pN+[.．。｡․]\pN+[.．。｡․]\pN+|[@＠]|//|\\\\`)

// phoneDigits is how many digits make clients take a text for a telephone number.
const phoneDigits = 7

// plainName is a name that a mail may show, or "" for one that could become a link.
// People choose names, and the mail comes from the operator's address.
func plainName(name string) string {
	digits := 0
	for _, r := range name {
		if unicode.IsDigit(r) {
			digits++
		}
	}
	if digits >= phoneDigits || linkLike.MatchString(name) {
		return ""
	}
	return name
}

// plainAddress is an address that a mail may show beside a name, or "" for one whose
// local part could become a link of its own.
func plainAddress(email string) string {
	local, _, _ := strings.Cut(email, "@")
	if strings.ContainsAny(local, `"/:\?#`) || strings.HasPrefix(strings.ToLower(local), "www.") {
		return ""
	}
	return email
}
