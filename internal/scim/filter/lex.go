package filter

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/rosterhq/roster/internal/quote"
)

// next returns the byte that comes next, or 0 at the end.
func (p *parser) next() byte {
	if p.pos == len(p.text) {
		return 0
	}
	return p.text[p.pos]
}

// spaces skips spaces and reports whether there was one.
func (p *parser) spaces() bool {
	start := p.pos
	for p.next() == ' ' {
		p.pos++
	}
	return p.pos > start
}

// word skips to the next space, quote, parenthesis, bracket, or the end.
func (p *parser) word() string {
	start := p.pos
	if n := strings.IndexAny(p.text[start:], " \"()[]"); n >= 0 {
		p.pos += n
	} else {
		p.pos = len(p.text)
	}
	return p.text[start:p.pos]
}

// found describes what comes next, for a message.
func (p *parser) found() string {
	if p.pos == len(p.text) {
		return "the end"
	}
	start := p.pos
	word := p.word()
	p.pos = start
	if word == "" {
		_, size := utf8.DecodeRuneInString(p.text[start:])
		word = p.text[start : start+size]
	}
	return quote.Input(word)
}

// attr parses the path of an attribute: name, name.sub, or either after a URN and a
// colon. The path of a PATCH operation may be a URN alone.
func (p *parser) attr(mayBeURN bool) AttrPath {
	start := p.pos
	word := p.word()
	rest := word
	var attr AttrPath
	if isURN(word) {
		colon := strings.LastIndexByte(word, ':')
		attr.URN, rest = word[:colon], word[colon+1:]
	}
	name, sub, dotted := strings.Cut(rest, ".")
	attr.Name, attr.Sub = name, sub
	if isName(attr.Name) && (!dotted || isName(attr.Sub)) && (attr.URN == "" || isURN(attr.URN)) {
		return attr
	}
	if mayBeURN && isURN(word) {
		return AttrPath{URN: word}
	}
	p.pos = start
	p.fail(start, "expected an attribute, as in userName or name.familyName, found %s", p.found())
	return attr
}

// isName accepts ATTRNAME of RFC 7643 section 2.1, and $ref.
func isName(s string) bool {
	s = strings.TrimPrefix(s, "$")
	for i := range len(s) {
		if !isLetter(s[i]) && (i == 0 || s[i] != '-' && s[i] != '_' && !isDigit(s[i])) {
			return false
		}
	}
	return s != ""
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
func isDigit(c byte) bool  { return c >= '0' && c <= '9' }

// isURN accepts urn, a namespace and a specific string with the characters of RFC 8141,
// except for parentheses, which would end a group.
func isURN(s string) bool {
	if len(s) < 4 || !strings.EqualFold(s[:4], "urn:") {
		return false
	}
	for i := range len(s) {
		if !isLetter(s[i]) && !isDigit(s[i]) && !strings.ContainsRune("-._~%!$&'*+,;=@/:", rune(s[i])) {
			return false
		}
	}
	namespace, specific, ok := strings.Cut(s[4:], ":")
	return ok && namespace != "" && specific != "" && !strings.HasSuffix(specific, ":")
}

// value parses a JSON string, number, true, false or null.
func (p *parser) value() any {
	if p.next() == '"' {
		return p.quoted()
	}
	start := p.pos
	word := p.word()
	switch {
	case strings.EqualFold(word, "true"):
		return true
	case strings.EqualFold(word, "false"):
		return false
	case strings.EqualFold(word, "null"):
		return nil
	case isNumber(word):
		return json.Number(word)
	}
	p.pos = start
	p.fail(start, "expected a JSON value: a string in double quotes, a number, true, false or null; found %s", p.found())
	return nil
}

// isNumber accepts the numbers of JSON that fit a float64.
func isNumber(s string) bool {
	f, err := strconv.ParseFloat(s, 64)
	return err == nil && !math.IsInf(f, 0) && json.Valid([]byte(s))
}

// quoted parses a JSON string.
func (p *parser) quoted() string {
	start := p.pos
	end := start + 1
	for end < len(p.text) && p.text[end] != '"' {
		if p.text[end] == '\\' {
			end++
		}
		end++
	}
	if end >= len(p.text) {
		p.fail(start, "this string has no closing double quote")
	}
	p.pos = end + 1
	token := p.text[start:p.pos]
	var s string
	if err := json.Unmarshal([]byte(token), &s); err != nil {
		p.fail(start, "%s is not a JSON string; escape double quotes, backslashes and control characters", quote.Input(token))
	}
	if strings.ContainsRune(s, 0) {
		p.fail(start, "the string contains the character U+0000, which no attribute can contain")
	}
	return s
}
