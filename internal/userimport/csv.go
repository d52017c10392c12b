package userimport

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/members"
	"github.com/rosterhq/roster/internal/quote"
)

// ErrLongLine ends an import whose next line is longer than [MaxLine].
var ErrLongLine = directory.Errorf(directory.Invalid, "a line is longer than %d bytes, or its quotes are not closed", MaxLine)

// LineLimit ends a list whose next line is too long, before the line takes memory.
type LineLimit struct {
	r    io.Reader
	left int
}

// Reset begins a line. The part of it that a reader has buffered counts for the line before.
func (l *LineLimit) Reset() { l.left = 2 * MaxLine }

func (l *LineLimit) Read(p []byte) (int, error) {
	if l.left <= 0 {
		return 0, ErrLongLine
	}
	n, err := l.r.Read(p[:min(len(p), l.left)])
	l.left -= n
	return n, err
}

// NewLineLimit limits the lines of r.
func NewLineLimit(r io.Reader) *LineLimit { return &LineLimit{r: r, left: MaxLine} }

var bom = []byte("\xef\xbb\xbf")

// WithoutBOM skips the byte order mark that spreadsheets put in front of UTF-8.
func WithoutBOM(r io.Reader) io.Reader {
	b := bufio.NewReader(r)
	if first, err := b.Peek(len(bom)); err == nil && bytes.Equal(first, bom) {
		_, _ = b.Discard(len(bom)) // it was peeked
	}
	return b
}

// csvLines reads RFC 4180 with a header.
type csvLines struct {
	r                 *csv.Reader
	limit             *LineLimit
	name, email, role int // columns; role is -1 if there is none
	columns           int
	standard          directory.RoleID // of lines without a role
}

// CSV reads RFC 4180 with a header, which it checks. Lines without a role get the standard one.
func CSV(r io.Reader, standard directory.RoleID) (Lines, error) {
	limit := NewLineLimit(r)
	c := &csvLines{r: csv.NewReader(WithoutBOM(limit)), limit: limit, standard: standard}
	c.r.FieldsPerRecord, c.r.ReuseRecord = -1, true
	header, err := c.r.Read()
	if errors.Is(err, io.EOF) {
		return nil, directory.Errorf(directory.Invalid, "the body is empty; its first line must be a header such as name,email,role")
	}
	if err != nil {
		return nil, csvError(err)
	}
	for i, column := range header {
		header[i] = strings.ToLower(strings.TrimSpace(column))
		if !slices.Contains([]string{"name", "email", "role"}, header[i]) || slices.Contains(header[:i], header[i]) {
			return nil, directory.Errorf(directory.Invalid, "line 1: the header must have the columns name and email, may have role, and nothing else or twice; it has %s", quote.Input(column))
		}
	}
	c.name, c.email, c.role, c.columns = slices.Index(header, "name"), slices.Index(header, "email"), slices.Index(header, "role"), len(header)
	if c.name < 0 || c.email < 0 {
		return nil, directory.Errorf(directory.Invalid, "line 1: the header must have the columns name and email")
	}
	return c, nil
}

func (c *csvLines) Next() (Line, error) {
	c.limit.Reset()
	record, err := c.r.Read()
	if err != nil {
		return Line{}, csvError(err)
	}
	number, _ := c.r.FieldPos(0)
	line := Line{Number: number}
	if len(record) != c.columns {
		line.Err = directory.Errorf(directory.Invalid, "has %d cells, but the header has %d", len(record), c.columns)
		return line, nil
	}
	line.User = members.NewUser{Name: strings.Clone(record[c.name]), Email: strings.TrimSpace(record[c.email]), Role: c.standard}
	if c.role >= 0 {
		if role := strings.TrimSpace(record[c.role]); role != "" {
			line.User.Role = directory.RoleID(role)
		}
	}
	return line, nil
}

func csvError(err error) error {
	if e, ok := errors.AsType[*csv.ParseError](err); ok {
		if !errors.Is(e.Err, csv.ErrQuote) && !errors.Is(e.Err, csv.ErrBareQuote) {
			return BodyError(e.Err)
		}
		return directory.Errorf(directory.Invalid, "line %d is not CSV: a quote in a cell must be doubled, and the cell be in quotes", e.Line)
	}
	return BodyError(err)
}

// BodyError says why a body can't be read further.
func BodyError(err error) error {
	if _, ok := errors.AsType[*directory.Error](err); ok || errors.Is(err, io.EOF) {
		return err
	}
	return &directory.Error{Code: directory.Invalid, Message: "the body could not be read to its end", Err: err}
}
