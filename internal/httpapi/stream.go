package httpapi

import (
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/rosterhq/roster/internal/directory"
)

const (
	// chunk is how much of a list is gathered before it is sent: memory stays
	// bounded however long the list is.
	chunk = 32 << 10
	// chunkTimeout is how long a client may take for a chunk. A slower one would
	// hold the snapshot that the list is read from.
	chunkTimeout = 30 * time.Second
	gzipSuffix   = `-gzip"`
)

// listWriter writes users as one JSON array while they are read. Nothing is
// sent before the first chunk is full or the list at its end, so that an error
// before that is still answered as one; one after it cuts the connection, which
// a client can't mistake for the end.
type listWriter struct {
	rq   *request
	to   io.Writer
	gzip *gzip.Writer
	buf  []byte
	last directory.UserID
	n    int
	sent bool
	page bool // keep everything until the end, which decides on headers
}

var (
	_ directory.UserSink = (*listWriter)(nil)

	errKnown = errors.New("the client has this version")
	gzips    = sync.Pool{New: func() any { return gzip.NewWriter(nil) }}
)

func newListWriter(rq *request) *listWriter {
	return &listWriter{rq: rq, to: rq.w, buf: append(make([]byte, 0, chunk+1024), '[')}
}

func newPageWriter(rq *request) *listWriter {
	l := newListWriter(rq)
	l.page = true
	return l
}

// Begin implements [directory.UserSink]: the version and the query make the ETag.
func (l *listWriter) Begin(version string) error {
	tag := etag([]byte(version + "?" + l.rq.URL.RawQuery))
	h := l.rq.w.Header()
	h["Vary"] = []string{"Accept-Encoding"}
	if acceptsGzip(l.rq.Header) {
		h["Content-Encoding"] = []string{"gzip"}
		h["Etag"] = []string{strings.TrimSuffix(tag, `"`) + gzipSuffix}
	} else {
		h["Etag"] = []string{tag}
	}
	if l.rq.knows(tag) {
		return errKnown
	}
	return nil
}

// User implements [directory.UserSink].
func (l *listWriter) User(u directory.User) error {
	if l.n > 0 {
		l.buf = append(l.buf, ',')
	}
	l.n++
	l.last = u.ID
	l.buf = appendUser(l.buf, u)
	if len(l.buf) < chunk || l.page {
		return nil
	}
	return l.flush()
}

// flush sends what is gathered.
func (l *listWriter) flush() error {
	rc := http.NewResponseController(l.rq.w)
	if !l.sent {
		l.sent = true
		h := l.rq.w.Header()
		h["Content-Type"] = contentTypeJSON
		if h["Content-Encoding"] != nil {
			l.gzip = gzips.Get().(*gzip.Writer) //nolint:forcetypeassert // the pool holds nothing else
			l.gzip.Reset(l.rq.w)
			l.to = l.gzip
		}
	}
	rc.SetWriteDeadline(time.Now().Add(chunkTimeout)) //nolint:errcheck // without deadlines, it takes as long as it takes
	_, err := l.to.Write(l.buf)
	l.buf = l.buf[:0]
	return err
}

// end closes the array.
func (l *listWriter) end() {
	l.buf = append(l.buf, ']', '\n')
	l.flush() //nolint:errcheck // a client that is gone needs no answer
	l.release()
}

func (l *listWriter) release() {
	if l.gzip != nil {
		l.gzip.Close() //nolint:errcheck // same
		gzips.Put(l.gzip)
		l.gzip = nil
	}
}

// failed answers the error that ended the list early.
func (l *listWriter) failed(err error) (answer, error) {
	h := l.rq.w.Header()
	switch {
	case errors.Is(err, errKnown):
		h.Del("Content-Encoding")
		l.rq.w.WriteHeader(http.StatusNotModified)
		return answer{done: true}, nil
	case l.sent:
		panic(http.ErrAbortHandler)
	default:
		for _, name := range []string{"Content-Encoding", "Etag", "Vary"} {
			h.Del(name)
		}
		return answer{}, err
	}
}

// acceptsGzip reads Accept-Encoding (RFC 9110 section 12.5.3) as far as gzip goes.
func acceptsGzip(h http.Header) bool {
	for _, line := range h["Accept-Encoding"] {
		for coding := range strings.SplitSeq(line, ",") {
			name, weight, _ := strings.Cut(strings.TrimSpace(coding), ";")
			if !strings.EqualFold(strings.TrimSpace(name), "gzip") {
				continue
			}
			q := strings.TrimPrefix(strings.ReplaceAll(weight, " ", ""), "q=")
			return q == "" || strings.Trim(q, "0.") != ""
		}
	}
	return false
}
