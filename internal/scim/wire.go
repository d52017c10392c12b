package scim

import (
	"mime"
	"net/http"
	"strings"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/protocol"
	"github.com/rosterhq/roster/internal/scim/schema"
)

// read reads and parses the body.
func (rq *request) read(w http.ResponseWriter, r *http.Request, limit int64) error {
	mediaType, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	charset := params["charset"]
	if err != nil || (mediaType != contentType && mediaType != "application/json") || (charset != "" && !strings.EqualFold(charset, "utf-8")) {
		return directory.Errorf(protocol.UnsupportedMedia, "the body must be JSON, sent with Content-Type: %s or application/json", contentType)
	}
	if rq.raw, err = protocol.ReadBody(w, r, limit); err != nil {
		return err
	}
	rq.body, err = schema.ParseObject(rq.raw)
	return coded(err)
}

// send sends the response.
func (answer *response) send(w http.ResponseWriter, r *http.Request) error {
	h := w.Header()
	if answer.location != "" {
		h.Set("Location", answer.location)
	}
	if answer.tag != "" {
		h.Set("Etag", answer.tag)
	}
	if r.Method == http.MethodGet && answer.tag != "" && matches(r.Header["If-None-Match"], answer.tag) {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	if answer.body == nil {
		w.WriteHeader(answer.status)
		return nil
	}
	write(w, answer.status, answer.body)
	return nil
}

// conditions are the If-Match and If-None-Match headers of a change, or the version of an
// operation in a bulk request.
type conditions struct{ match, noneMatch []string }

func conditionsOf(h http.Header) conditions { return conditions{h["If-Match"], h["If-None-Match"]} }

var errPrecondition = directory.Errorf(directory.PreconditionFailed,
	"the version of the resource is another than the condition names, because it has changed; read it again")

// check compares the conditions with the version of what is about to change.
func (c conditions) check(tag string) error {
	if len(c.match) > 0 && !matches(c.match, tag) || matches(c.noneMatch, tag) {
		return errPrecondition
	}
	return nil
}

// matches reports whether a header names a tag, or is "*". Versions are weak validators
// and are compared as such (RFC 7644 section 3.14).
func matches(header []string, tag string) bool {
	for _, line := range header {
		for candidate := range strings.SplitSeq(line, ",") {
			candidate = strings.TrimSpace(candidate)
			if candidate == "*" || strings.TrimPrefix(candidate, "W/") == strings.TrimPrefix(tag, "W/") {
				return true
			}
		}
	}
	return false
}
