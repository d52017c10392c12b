package userimport

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"
	"unicode"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/members"
	"github.com/rosterhq/roster/internal/quote"
)

// List reads a list of users as people paste it or export it: CSV with a header, or
// addresses if the first line has one.
func List(r io.Reader, standard directory.RoleID) (Lines, error) {
	b := bufio.NewReaderSize(WithoutBOM(r), MaxLine)
	head, err := b.Peek(MaxLine)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, BodyError(err)
	}
	first, _, _ := bytes.Cut(bytes.TrimSpace(head), []byte("\n"))
	if bytes.ContainsRune(first, '@') {
		return Addresses(b, standard), nil
	}
	return CSV(b, standard)
}

// Addresses reads email addresses, one or several in a line, such as people copy out of a
// mail program or a table: ada@example.com, Ada Lovelace <ada@example.com>, or a cell with
// the name before one with the address. A user without a name is called by the part of
// the address before the @. All get the standard role.
func Addresses(r io.Reader, standard directory.RoleID) Lines {
	limit := NewLineLimit(r)
	return &addressLines{r: bufio.NewReaderSize(limit, MaxLine), limit: limit, standard: standard}
}

type addressLines struct {
	r        *bufio.Reader
	limit    *LineLimit
	standard directory.RoleID
	number   int
	found    []Line // in the last line, not yet returned
}

func (a *addressLines) Next() (Line, error) {
	for len(a.found) == 0 {
		a.limit.Reset()
		text, err := a.r.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			return Line{}, ErrLongLine
		}
		if err != nil && (!errors.Is(err, io.EOF) || len(text) == 0) {
			return Line{}, BodyError(err)
		}
		a.number++
		a.found = a.users(string(text))
	}
	line := a.found[0]
	a.found = a.found[1:]
	return line, nil
}

// users finds the users in a line. A part without an address is the name, or the family
// name, of the user in the next part.
func (a *addressLines) users(text string) (found []Line) {
	name := ""
	for _, part := range parts(text) {
		own, address := part, ""
		if i := strings.LastIndexByte(part, '<'); i >= 0 && strings.HasSuffix(part, ">") {
			own, address = part[:i], part[i+1:len(part)-1]
		} else if strings.ContainsRune(part, '@') && !strings.ContainsFunc(part, unicode.IsSpace) {
			own, address = "", part
		}
		own = strings.Trim(own, " \"'")
		switch {
		case name == "":
			name = own
		case own != "":
			name += ", " + own
		}
		if address == "" {
			continue
		}
		u := members.NewUser{Name: name, Email: strings.TrimSpace(address), Role: a.standard}
		if u.Name == "" {
			u.Name, _, _ = strings.Cut(u.Email, "@")
		}
		found, name = append(found, Line{Number: a.number, User: u}), ""
	}
	if name != "" {
		err := directory.Errorf(directory.Invalid, "%s is not an email address", quote.Input(name))
		found = append(found, Line{Number: a.number, Err: err})
	}
	return found
}

// parts splits a line. If it has semicolons, commas belong to names, unless they are
// between addresses.
func parts(line string) (all []string) {
	split := func(s, between string) []string {
		return strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(between, r) })
	}
	between := ",\t"
	if strings.Contains(line, ";") {
		between = ";\t"
	}
	for _, part := range split(line, between) {
		some := []string{part}
		if strings.Count(part, "@") > 1 {
			some = split(part, ",")
		}
		for _, s := range some {
			all = append(all, strings.TrimSpace(s))
		}
	}
	return all
}
