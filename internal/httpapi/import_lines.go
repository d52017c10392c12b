package httpapi

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"mime"
	"slices"
	"strings"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/quote"
)

// Bounds of an import.
const (
	MaxImportLines = 100_000
	MaxImportBody  = 32 << 20 // bytes
	MaxImportLine  = 64 << 10 // bytes
)

// importLine is a line of an import's body. If err is set, the line is refused by itself.
type importLine struct {
	number int // in the body, from 1
	user   directory.NewUser
	err    *directory.Error
}

// importLines reads the lines of an import one by one. next returns [io.EOF] at the end.
// Another error ends the import, because nothing after it can be read reliably.
type importLines interface {
	next() (importLine, error)
}

// newImportLines reads a body of the media type. CSV has its header read and checked.
func newImportLines(contentType string, body io.Reader) (importLines, error) {
	mediaType, params, err := mime.ParseMediaType(contentType)
	if charset := params["charset"]; err == nil && (charset == "" || strings.EqualFold(charset, "utf-8")) {
		r := &lineLimit{r: body, left: MaxImportLine}
		switch mediaType {
		case "text/csv":
			return newCSVLines(r)
		case "application/x-ndjson":
			return &jsonLines{r: bufio.NewReaderSize(withoutBOM(r), MaxImportLine), limit: r}, nil
		}
	}
	return nil, directory.Errorf(codeUnsupportedMedia, "the body must be CSV or a JSON object in each line, and say so: Content-Type: text/csv or application/x-ndjson")
}

var errLongLine = directory.Errorf(directory.Invalid, "a line is longer than %d bytes, or its quotes are not closed", MaxImportLine)

// lineLimit ends a body whose next line is too long, before the line takes memory.
type lineLimit struct {
	r    io.Reader
	left int
}

// reset begins a line. What a reader has buffered of it counts for the line before.
func (l *lineLimit) reset() { l.left = 2 * MaxImportLine }

func (l *lineLimit) Read(p []byte) (int, error) {
	if l.left <= 0 {
		return 0, errLongLine
	}
	n, err := l.r.Read(p[:min(len(p), l.left)])
	l.left -= n
	return n, err
}

var bom = []byte("\xef\xbb\xbf")

// withoutBOM skips the byte order mark that spreadsheets put in front of UTF-8.
func withoutBOM(r io.Reader) io.Reader {
	b := bufio.NewReader(r)
	if first, err := b.Peek(len(bom)); err == nil && bytes.Equal(first, bom) {
		_, _ = b.Discard(len(bom)) // it was peeked
	}
	return b
}

// csvLines reads RFC 4180 with a header.
type csvLines struct {
	r                 *csv.Reader
	limit             *lineLimit
	name, email, role int // columns; role is -1 if there is none
	columns           int
}

func newCSVLines(limit *lineLimit) (*csvLines, error) {
	c := &csvLines{r: csv.NewReader(withoutBOM(limit)), limit: limit}
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

func (c *csvLines) next() (importLine, error) {
	c.limit.reset()
	record, err := c.r.Read()
	if err != nil {
		return importLine{}, csvError(err)
	}
	number, _ := c.r.FieldPos(0)
	line := importLine{number: number}
	if len(record) != c.columns {
		line.err = directory.Errorf(directory.Invalid, "has %d cells, but the header has %d", len(record), c.columns)
		return line, nil
	}
	line.user = directory.NewUser{Name: strings.Clone(record[c.name]), Email: strings.TrimSpace(record[c.email]), Role: authz.RoleUser}
	if c.role >= 0 {
		if role := strings.TrimSpace(record[c.role]); role != "" {
			line.user.Role = directory.RoleID(role)
		}
	}
	return line, nil
}

func csvError(err error) error {
	if e, ok := errors.AsType[*csv.ParseError](err); ok {
		if !errors.Is(e.Err, csv.ErrQuote) && !errors.Is(e.Err, csv.ErrBareQuote) {
			return bodyError(e.Err)
		}
		return directory.Errorf(directory.Invalid, "line %d is not CSV: a quote in a cell must be doubled, and the cell be in quotes", e.Line)
	}
	return bodyError(err)
}

// bodyError says why a body can't be read further.
func bodyError(err error) error {
	if _, ok := errors.AsType[*directory.Error](err); ok || errors.Is(err, io.EOF) {
		return err
	}
	return &directory.Error{Code: directory.Invalid, Message: "the body could not be read to its end", Err: err}
}

// jsonLines reads a JSON object in each line.
type jsonLines struct {
	r      *bufio.Reader
	limit  *lineLimit
	number int
}

func (j *jsonLines) next() (importLine, error) {
	for {
		j.limit.reset()
		text, err := j.r.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			return importLine{}, errLongLine
		}
		if err != nil && (!errors.Is(err, io.EOF) || len(text) == 0) {
			return importLine{}, bodyError(err)
		}
		j.number++
		if text = bytes.TrimSpace(text); len(text) == 0 {
			continue
		}
		line := importLine{number: j.number}
		var body createUserBody
		if err := decodeJSON(text, &body); err != nil {
			if !errors.As(err, &line.err) {
				return importLine{}, fmt.Errorf("decode a line: %w", err)
			}
			return line, nil
		}
		if body.Role == "" {
			body.Role = authz.RoleUser
		}
		line.user = directory.NewUser{Name: body.Name, Email: body.Email, Role: body.Role}
		return line, nil
	}
}
