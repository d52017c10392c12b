package scim

import (
	"bytes"
	"net/http"

	"github.com/rosterhq/roster/internal/directory"
)

// maxCachedURI bounds the keys of cached responses.
const maxCachedURI = 1024

// cached answers a read from the cache, or reads, and caches the response if keep returns
// true for it. A response depends on the state of the organization, on the request's URL,
// and on whether the principal may see groups. A change in the organization drops it.
func (rq *request) cached(op directory.Operation, read func(*request) (*response, error), keep func(*response) bool) (*response, error) {
	key := rq.base + rq.uri
	if len(key) > maxCachedURI {
		return read(rq)
	}
	if rq.seesGroups() {
		key += " with groups"
	}
	view, err := rq.server.provisioner.View(rq.ctx, rq.Call, op, key, func() ([]byte, bool, error) {
		answer, err := read(rq)
		if err != nil {
			return nil, false, coded(err)
		}
		return bytes.Join([][]byte{[]byte(answer.tag), []byte(answer.location), encode(answer.body)}, []byte("\n")), keep(answer), nil
	})
	if err != nil {
		return nil, err
	}
	parts := bytes.SplitN(view, []byte("\n"), 3)
	return &response{status: http.StatusOK, tag: string(parts[0]), location: string(parts[1]), body: parts[2]}, nil
}
