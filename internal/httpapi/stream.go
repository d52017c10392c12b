package httpapi

import (
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	// chunk is how many bytes of a body are buffered before they are sent, which bounds
	// the memory.
	chunk = 32 << 10
	// chunkTimeout is how long a client may take for a chunk.
	chunkTimeout = 30 * time.Second
	gzipSuffix   = `-gzip"`
)

// stream sends a body while it is made. It sends nothing before the first chunk is full or
// the body ends, so that an earlier error gets a response with its status. A later error
// cuts the connection, which a client can't mistake for the end of the body.
type stream struct {
	rq          *request
	contentType []string
	to          io.Writer
	gzip        *gzip.Writer
	buf         []byte
	sent        bool
	whole       bool // send nothing before the end, because headers depend on it
}

var (
	errKnown = errors.New("the client has this version")
	gzips    = sync.Pool{New: func() any { return gzip.NewWriter(nil) }}
)

func newStream(rq *request, contentType []string) *stream {
	return &stream{rq: rq, contentType: contentType, to: rq.w, buf: newChunk()}
}

// compress compresses the body if the client accepts gzip.
func (s *stream) compress() {
	h := s.rq.w.Header()
	switch {
	case h["Vary"] == nil:
		h["Vary"] = varyEncoding
	case !slices.Contains(h["Vary"], varyEncoding[0]):
		h["Vary"] = append(h["Vary"], varyEncoding...)
	}
	if acceptsGzip(s.rq.Header) {
		h["Content-Encoding"] = encodingGzip
	}
}

var (
	varyEncoding = []string{"Accept-Encoding"}
	encodingGzip = []string{"gzip"}
)

func newChunk() []byte { return make([]byte, 0, chunk+1024) }

// tag sets the ETag of the body. It returns errKnown if the client has that version.
func (s *stream) tag(tag string) error {
	h := s.rq.w.Header()
	h["Etag"] = []string{tag}
	if h["Content-Encoding"] != nil {
		h["Etag"] = []string{strings.TrimSuffix(tag, `"`) + gzipSuffix}
	}
	if s.rq.has(tag) {
		return errKnown
	}
	return nil
}

// more flushes the buffer if it holds a chunk.
func (s *stream) more() error {
	if len(s.buf) < chunk || s.whole {
		return nil
	}
	return s.flush()
}

// flush sends the buffer.
func (s *stream) flush() error {
	rc := http.NewResponseController(s.rq.w)
	if !s.sent {
		s.sent = true
		h := s.rq.w.Header()
		h["Content-Type"] = s.contentType
		if h["Content-Encoding"] != nil {
			s.gzip = gzips.Get().(*gzip.Writer)
			s.gzip.Reset(s.to)
			s.to = s.gzip
		}
	}
	for part := range slices.Chunk(s.buf, chunk) {
		_ = rc.SetWriteDeadline(time.Now().Add(s.rq.api.chunkTimeout)) // not all connections have deadlines
		if _, err := s.to.Write(part); err != nil {
			return err
		}
	}
	s.buf = s.buf[:0]
	return nil
}

// end sends the rest of the body. It reports whether all of it was written; if the client
// is gone, there is nobody to send an error to.
func (s *stream) end() bool {
	sent := s.flush() == nil
	return s.release() && sent
}

// release returns the compressor to its pool, once. It reports whether the compressed data
// was written.
func (s *stream) release() bool {
	if s.gzip == nil {
		return true
	}
	err := s.gzip.Close()
	gzips.Put(s.gzip)
	s.gzip = nil
	return err == nil
}

// failed responds to an error that ended the body early.
func (s *stream) failed(err error) error {
	h := s.rq.w.Header()
	switch {
	case errors.Is(err, errKnown):
		delete(h, "Content-Encoding")
		s.rq.w.WriteHeader(http.StatusNotModified)
		return nil
	case s.sent:
		panic(http.ErrAbortHandler)
	default:
		for _, name := range []string{"Content-Encoding", "Etag", "Vary"} {
			h.Del(name)
		}
		return err
	}
}

// acceptsGzip reports whether Accept-Encoding includes gzip (RFC 9110 section 12.5.3).
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
