package httpapi

import (
	"errors"
	"net/http"
	"time"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/members"
)

// listWriter writes users as one JSON array while they are read, and caches the list of
// all users.
type listWriter struct {
	stream
	n int

	key      listKey
	version  string    // the ETag, as it is without compression
	changed  bool      // since the list began, so the ETag is of an earlier list
	kept     *keptList // the cached list, if there is one
	gatherer *gatherer // nil if the list is not recorded
}

var (
	_ members.UserSink = (*listWriter)(nil)

	errKept = errors.New("this version is cached")
)

func newListWriter(rq *request) *listWriter {
	return &listWriter{
		stream: stream{rq: rq, contentType: contentTypeJSON, to: rq.w}, key: listKey{rq.call.Principal.OrgID, acceptsGzip(rq.Header)},
	}
}

func newPageWriter(rq *request) *listWriter {
	l := newListWriter(rq)
	l.whole = true
	return l
}

// ofAll reports whether it is the list of all users.
func (l *listWriter) ofAll() bool { return l.rq.URL.RawQuery == "" }

// Begin implements [members.UserSink]. The ETag is made of the version and the query. A
// list without a version has none.
func (l *listWriter) Begin(version string) error {
	l.compress()
	if version == "" {
		return nil
	}
	l.version = etag([]byte(version + "?" + l.rq.URL.RawQuery))
	if err := l.tag(l.version); err != nil {
		return err
	}
	if l.ofAll() {
		if l.kept = l.rq.api.lists.find(l.key, l.version); l.kept != nil {
			return errKept
		}
	}
	return nil
}

// Changed implements [members.UserSink]. The ETag has been sent already and is that of
// an earlier version, so a client that sends it later gets the whole list.
func (l *listWriter) Changed() { l.changed = true }

// User implements [members.UserSink].
func (l *listWriter) User(u directory.User) error {
	l.open()
	if l.n > 0 {
		l.buf = append(l.buf, ',')
	}
	l.n++
	l.buf = appendUser(l.buf, u)
	return nil
}

// Flush implements [members.UserSink].
func (l *listWriter) Flush() error { return l.more() }

// open begins the array. It is not called for a list that the client or the cache has.
func (l *listWriter) open() {
	if l.buf != nil {
		return
	}
	l.buf = append(newChunk(), '[')
	if l.ofAll() {
		if l.gatherer = l.rq.api.lists.gather(l.to, l.rq.api.clock()); l.gatherer != nil {
			l.to = l.gatherer
		}
	}
}

// end closes the array.
func (l *listWriter) end() {
	l.open()
	l.buf = append(l.buf, ']', '\n')
	l.release(l.stream.end())
}

// release frees the list's resources, once. whole is whether all of the list was written.
func (l *listWriter) release(whole bool) {
	whole = l.stream.release() && whole
	if l.gatherer != nil {
		l.gatherer.done(l.key, l.version, whole && !l.changed)
		l.gatherer = nil
	}
}

// failed responds if the list ended early: with the cached list, or with the error.
func (l *listWriter) failed(err error) error {
	if errors.Is(err, errKept) {
		l.writeKept()
		return nil
	}
	return l.stream.failed(err)
}

func (l *listWriter) writeKept() {
	writeJSONHead(l.rq.w, http.StatusOK, l.kept.size)
	rc := http.NewResponseController(l.rq.w)
	for _, piece := range l.kept.pieces {
		_ = rc.SetWriteDeadline(time.Now().Add(l.rq.api.chunkTimeout)) // not all connections have deadlines
		if _, err := l.rq.w.Write(piece); err != nil {
			return // a client that is gone needs no answer
		}
	}
}
