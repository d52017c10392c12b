package client

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// serverEvent is one event of a stream. Its bytes are valid until the next one is read.
type serverEvent struct {
	id   []byte // nil: the event has none
	name []byte
	data []byte // nil: the event has none
}

// eventReader reads a stream of events (html.spec.whatwg.org/multipage/server-sent-events.html).
type eventReader struct {
	lines *bufio.Reader
	most  int    // bytes of an event
	alive func() // called for every line, comments too
}

var errLargeEvent = errors.New("the stream has an event that is too large")

func newEventReader(r io.Reader, most int, alive func()) *eventReader {
	return &eventReader{lines: bufio.NewReader(r), most: most, alive: alive}
}

// next returns the next whole event. At the end of the stream, also in the middle of an
// event, it returns [io.EOF].
func (r *eventReader) next() (e serverEvent, err error) {
	left := r.most
	for {
		line, err := r.line(&left)
		if err != nil {
			return e, err
		}
		r.alive()
		if len(line) == 0 {
			if e.id == nil && e.name == nil && e.data == nil {
				left = r.most // it ended a comment
				continue
			}
			return e, nil
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		value = bytes.TrimPrefix(value, []byte(" "))
		switch string(name) {
		case "id":
			e.id = value
		case "event":
			e.name = value
		case "data":
			if e.data != nil {
				value = append(append(e.data, '\n'), value...)
			}
			e.data = value
		}
	}
}

// line returns a line without its end, and takes its length from left.
func (r *eventReader) line(left *int) (line []byte, err error) {
	for {
		part, err := r.lines.ReadSlice('\n')
		if *left -= len(part); *left < 0 {
			return nil, errLargeEvent
		}
		line = append(line, part...)
		if err == nil {
			return bytes.TrimRight(line, "\r\n"), nil
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return nil, err
		}
	}
}
