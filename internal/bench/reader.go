package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"
)

// answer is a response as the load generator sees it.
type answer struct {
	status int
	size   int       // of the body
	body   []byte    // of one of known length, good until the next; the end of it if it is long
	first  time.Time // when its first byte was there
	done   time.Time
	closes bool
}

// reader reads HTTP/1.1 responses from a connection: as much of RFC 9112 as
// net/http's server makes use of. It allocates nothing and copies nothing, since
// net/http's own client costs more than the servers that are to be measured.
type reader struct {
	from io.Reader
	buf  []byte
	r, w int // what was read and not consumed
}

// bufferSize is enough for the headers, and few reads for a long list.
const bufferSize = 256 << 10

func newReader() reader { return reader{buf: make([]byte, bufferSize)} }

func (r *reader) reset(from io.Reader) { r.from, r.r, r.w = from, 0, 0 }

// fill reads what is there, making room if there is none.
func (r *reader) fill() error {
	if r.r == r.w {
		r.r, r.w = 0, 0
	}
	if r.w == len(r.buf) {
		if r.r == 0 {
			return errors.New("the answer's head does not end")
		}
		r.w = copy(r.buf, r.buf[r.r:r.w])
		r.r = 0
	}
	n, err := r.from.Read(r.buf[r.w:])
	r.w += n
	if n > 0 {
		return nil
	}
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

var (
	endOfHead     = []byte("\r\n\r\n")
	contentLength = []byte("\r\nContent-Length: ")
	chunked       = []byte("\r\nTransfer-Encoding: chunked\r\n")
	closing       = []byte("\r\nConnection: close\r\n")
	lineEnd       = []byte("\r\n")
)

// read reads one response to its end.
func (r *reader) read() (a answer, err error) {
	if r.r == r.w {
		if err := r.fill(); err != nil {
			return a, err
		}
	}
	a.first = time.Now()
	var head []byte
	for searched := 0; ; {
		if i := bytes.Index(r.buf[r.r+searched:r.w], endOfHead); i >= 0 {
			head = r.buf[r.r : r.r+searched+i+len(lineEnd)]
			r.r += len(head) + len(lineEnd)
			break
		}
		searched = max(0, r.w-r.r-len(endOfHead)+1)
		if err := r.fill(); err != nil {
			return a, err
		}
	}
	if len(head) < len("HTTP/1.1 200") || string(head[:9]) != "HTTP/1.1 " {
		return a, fmt.Errorf("not a response: %q", head)
	}
	if a.status, err = strconv.Atoi(string(head[9:12])); err != nil {
		return a, err
	}
	a.closes = bytes.Contains(head, closing)
	if i := bytes.Index(head, contentLength); i >= 0 {
		value, _, _ := bytes.Cut(head[i+len(contentLength):], lineEnd)
		if a.size, err = strconv.Atoi(string(value)); err != nil {
			return a, err
		}
		a.body, err = r.take(a.size)
		return a, err
	}
	if bytes.Contains(head, chunked) {
		a.size, err = r.chunks()
		return a, err
	}
	if a.status == 204 || a.status == 304 {
		return a, nil
	}
	return a, fmt.Errorf("an answer of unknown length: %q", head)
}

// take consumes n bytes and gives the last of them that are at hand together.
func (r *reader) take(n int) ([]byte, error) {
	for n > r.w-r.r {
		if n > len(r.buf) {
			n -= r.w - r.r
			r.r = r.w
		}
		if err := r.fill(); err != nil {
			return nil, err
		}
	}
	part := r.buf[r.r : r.r+n]
	r.r += n
	return part, nil
}

// chunks consumes a chunked body (RFC 9112 section 7.1).
func (r *reader) chunks() (size int, err error) {
	for {
		line, err := r.line()
		if err != nil {
			return size, err
		}
		n, err := strconv.ParseInt(string(line), 16, 64)
		if err != nil {
			return size, fmt.Errorf("not a chunk's length: %q", line)
		}
		if _, err := r.take(int(n) + len(lineEnd)); err != nil || n == 0 {
			return size, err
		}
		size += int(n)
	}
}

func (r *reader) line() ([]byte, error) {
	for {
		if i := bytes.Index(r.buf[r.r:r.w], lineEnd); i >= 0 {
			line := r.buf[r.r : r.r+i]
			r.r += i + len(lineEnd)
			return line, nil
		}
		if err := r.fill(); err != nil {
			return nil, err
		}
	}
}
