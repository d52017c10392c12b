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

	key      listKey
	tag      string
	kept     *keptList // the list, if there was no need to read it
	gatherer *gatherer // nil if it is not to be kept
}

var (
	_ directory.UserSink = (*listWriter)(nil)

	errKnown = errors.New("the client has this version")
	errKept  = errors.New("this version is kept")
	gzips    = sync.Pool{New: func() any { return gzip.NewWriter(nil) }}
)

func newListWriter(rq *request) *listWriter {
	return &listWriter{rq: rq, to: rq.w, key: listKey{rq.call.Principal.OrgID, acceptsGzip(rq.Header)}}
}

func newPageWriter(rq *request) *listWriter {
	l := newListWriter(rq)
	l.page = true
	return l
}

// Begin implements [directory.UserSink]: the version and the query make the ETag.
func (l *listWriter) Begin(version string) error {
	l.tag = etag([]byte(version + "?" + l.rq.URL.RawQuery))
	h := l.rq.w.Header()
	h["Vary"] = varyEncoding
	if l.key.gzip {
		h["Content-Encoding"] = encodingGzip
		h["Etag"] = []string{strings.TrimSuffix(l.tag, `"`) + gzipSuffix}
	} else {
		h["Etag"] = []string{l.tag}
	}
	if l.rq.knows(l.tag) {
		return errKnown
	}
	if l.whole() {
		if l.kept = l.rq.api.lists.find(l.key, l.tag); l.kept != nil {
			return errKept
		}
	}
	return nil
}

var (
	varyEncoding = []string{"Accept-Encoding"}
	encodingGzip = []string{"gzip"}
)

// whole says whether it is the list of all users.
func (l *listWriter) whole() bool { return l.rq.URL.RawQuery == "" }

// User implements [directory.UserSink].
func (l *listWriter) User(u directory.User) error {
	l.begin()
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

// begin opens the array, which a list that is known or kept never comes to.
func (l *listWriter) begin() {
	if l.buf == nil {
		l.buf = append(make([]byte, 0, chunk+1024), '[')
	}
}

// flush sends what is gathered.
func (l *listWriter) flush() error {
	rc := http.NewResponseController(l.rq.w)
	if !l.sent {
		l.sent = true
		h := l.rq.w.Header()
		h["Content-Type"] = contentTypeJSON
		if l.whole() {
			if l.gatherer = l.rq.api.lists.gather(l.rq.w, l.rq.api.clock()); l.gatherer != nil {
				l.to = l.gatherer
			}
		}
		if l.key.gzip {
			l.gzip = gzips.Get().(*gzip.Writer) //nolint:forcetypeassert // the pool holds nothing else
			l.gzip.Reset(l.to)
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
	l.begin()
	l.buf = append(l.buf, ']', '\n')
	l.release(l.flush() == nil) // a client that is gone needs no answer
}

// release gives back what the list took, if it has not yet; whole says that all of
// it was written.
func (l *listWriter) release(whole bool) {
	if l.gzip != nil {
		whole = l.gzip.Close() == nil && whole
		gzips.Put(l.gzip)
		l.gzip = nil
	}
	if l.gatherer != nil {
		l.gatherer.done(l.key, l.tag, whole)
		l.gatherer = nil
	}
}

// failed answers what ended the list early: an error, or that there was no need
// to read it.
func (l *listWriter) failed(err error) (answer, error) {
	h := l.rq.w.Header()
	switch {
	case errors.Is(err, errKnown):
		delete(h, "Content-Encoding")
		l.rq.w.WriteHeader(http.StatusNotModified)
		return answer{done: true}, nil
	case errors.Is(err, errKept):
		l.writeKept()
		return answer{done: true}, nil
	case l.sent:
		l.release(false)
		panic(http.ErrAbortHandler)
	default:
		for _, name := range []string{"Content-Encoding", "Etag", "Vary"} {
			h.Del(name)
		}
		return answer{}, err
	}
}

func (l *listWriter) writeKept() {
	writeJSONHead(l.rq.w, http.StatusOK, l.kept.size)
	rc := http.NewResponseController(l.rq.w)
	for _, piece := range l.kept.pieces {
		rc.SetWriteDeadline(time.Now().Add(chunkTimeout)) //nolint:errcheck // without deadlines, it takes as long as it takes
		if _, err := l.rq.w.Write(piece); err != nil {
			return // a client that is gone needs no answer
		}
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
