package httpapi

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"

	"github.com/rosterhq/roster/internal/directory"
)

// answer is what a handler gives back: a body, or nothing (204), or what it has
// written itself.
type answer struct {
	body        []byte
	contentType []string // nil: JSON
	secret      bool     // it shows a secret: no cache may store it
	tag         string   // the ETag; "" for one of the body
	done        bool
}

var noContent = answer{}

// write sends an answer; a read's carries an ETag and may turn out to be known
// to the client already.
func (ans answer) write(rq *request) {
	if ans.secret {
		rq.w.set("Cache-Control", "no-store")
	}
	switch {
	case ans.done:
	case ans.body == nil:
		rq.w.WriteHeader(http.StatusNoContent)
	case rq.Method == http.MethodGet || rq.Method == http.MethodHead:
		if rq.isNews(cmp.Or(ans.tag, etag(ans.body))) {
			writeBody(rq.w, http.StatusOK, ans.mediaType(), ans.body)
		}
	default:
		writeJSON(rq.w, http.StatusOK, ans.body)
	}
}

// isNews sends a read's ETag, and 304 and nothing more if the client has what it
// stands for.
func (rq *request) isNews(tag string) bool {
	rq.w.set("Etag", tag)
	if !rq.knows(tag) {
		return true
	}
	rq.w.WriteHeader(http.StatusNotModified)
	return false
}

func (ans answer) mediaType() []string {
	if ans.contentType == nil {
		return contentTypeJSON
	}
	return ans.contentType
}

func writeJSON(w *exchange, status int, body []byte) { writeBody(w, status, contentTypeJSON, body) }

func writeBody(w *exchange, status int, mediaType []string, body []byte) {
	writeHead(w, status, mediaType, len(body))
	w.Write(body) //nolint:errcheck // a client that is gone needs no answer
}

func writeJSONHead(w *exchange, status, length int) { writeHead(w, status, contentTypeJSON, length) }

func writeHead(w *exchange, status int, mediaType []string, length int) {
	w.Header()["Content-Type"] = mediaType
	w.set("Content-Length", decimal(length))
	w.WriteHeader(status)
}

// decimal is strconv.Itoa, which allocates for all but the smallest numbers.
func decimal(n int) string {
	if n < len(decimals) {
		return decimals[n]
	}
	return strconv.Itoa(n)
}

// decimals are the lengths of most answers.
var decimals = func() (d [512]string) {
	for n := range d {
		d[n] = strconv.Itoa(n)
	}
	return d
}()

var contentTypeJSON = []string{"application/json"}

// etag is a strong validator (RFC 9110 section 8.8.3) of a representation: 128
// bits of its hash, so that nobody can make two that are told apart by nothing.
func etag(body []byte) string {
	sum := sha256.Sum256(body)
	var tag [etagLength]byte
	tag[0], tag[etagLength-1] = '"', '"'
	hex.Encode(tag[1:etagLength-1], sum[:16])
	return string(tag[:])
}

const etagLength = 34

// matches reports whether an If-Match or If-None-Match header names tag or
// anything at all. A weak tag matches where the caller's comparison is weak (RFC
// 9110 sections 8.8.3.2 and 13.1); the suffix of a compressed answer is not part
// of the tag.
func matches(header []string, tag string, weak bool) bool {
	for _, line := range header {
		for candidate := range strings.SplitSeq(line, ",") {
			candidate = strings.TrimSpace(candidate)
			if weak {
				candidate = strings.TrimPrefix(candidate, "W/")
			}
			candidate = strings.Replace(candidate, gzipSuffix, `"`, 1)
			if candidate == "*" || candidate == tag {
				return true
			}
		}
	}
	return false
}

// knows reports whether the client has the representation with this tag.
func (rq *request) knows(tag string) bool { return matches(rq.Header["If-None-Match"], tag, true) }

var errPrecondition = directory.Errorf(directory.PreconditionFailed,
	"it has changed since: If-Match does not name its current ETag; read it again")

// tagOf is the ETag that a read of v answers.
func tagOf(v any) (string, error) {
	if g, ok := v.(directory.Group); ok {
		return groupTag(g)
	}
	body, err := represent(v)
	return etag(body), err
}

// precondition makes If-Match a condition that the service checks inside the
// transaction, against the representation that a read would answer then.
func (rq *request) precondition() {
	header := rq.Header["If-Match"]
	if len(header) == 0 {
		return
	}
	rq.call.Precondition = func(current any) error {
		tag, err := tagOf(current)
		if err != nil {
			return err
		}
		if !matches(header, tag, false) {
			return errPrecondition
		}
		return nil
	}
}
