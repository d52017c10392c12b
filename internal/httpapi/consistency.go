package httpapi

import (
	"net/http"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/freshness"
)

// headerConsistency says up to where the logs of organizations have got: in the response to
// a write, with it; in a request for a decision, what the decision must reflect.
const headerConsistency = "Roster-Consistency"

// noteWrites has what the request writes said in the header of its response.
func (rq *request) noteWrites() {
	rq.w.written = new(directory.Written)
	rq.call.Written = rq.w.written
}

// sayWritten adds what the request has written to the header of a success.
func (w *response) sayWritten() {
	if w.written == nil || w.status >= http.StatusMultipleChoices {
		return
	}
	if text := w.written.String(); text != "" {
		w.set(headerConsistency, text)
	}
}

// awaitWrites waits until the server has caught up with the writes that the header of a
// request for a decision names.
func (rq *request) awaitWrites() error {
	texts, ok := rq.Header[headerConsistency]
	if !ok {
		return nil
	}
	ends, err := freshness.ParseLogEnds(texts)
	if err != nil {
		return err
	}
	return rq.api.service.Await(rq.Context(), rq.call.Principal, ends)
}
