package mail

import (
	"regexp"
	"strings"
	"unicode"
)

// linkLike matches text that mail clients turn into a link: a URL scheme, "www.", a host
// with any of IDNA's dots, or an address.
var linkLike = regexp.MustCompile(`(?i)[a-z][a-z0-9+.-]*:\S|www[.．。｡․]|[\pL\pN][.．。｡․][\pL\pN-]*\pL[\pL\pN-]+|\pN+[.．。｡․]\pN+[.．。｡․]\pN+|[@＠]|//|\\\\`)

// phoneDigits is the number of digits from which clients treat a text as a phone number.
const phoneDigits = 7

// plainName returns a name for a mail, or "" if clients could turn it into a link. Names
// are chosen by users, but the mail has the operator's sender address.
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

// plainAddress returns an address for a mail, or "" if clients could turn its local part
// into another link.
func plainAddress(email string) string {
	local, _, _ := strings.Cut(email, "@")
	if strings.ContainsAny(local, `"/:\?#`) || strings.HasPrefix(strings.ToLower(local), "www.") {
		return ""
	}
	return email
}
