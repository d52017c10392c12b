package console

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/rosterhq/roster/internal/spreadsheet"
	"github.com/rosterhq/roster/internal/userimport"
)

const ndjson = "application/x-ndjson"

// importReply answers an import: for a script with an event for each group and, at the
// end, with the part of the page that shows the outcome; otherwise with the page.
type importReply struct {
	rq      *request
	streams bool
	of      int // lines, at most
	status  int // that was sent; 0: nothing was sent yet
	report  []byte
}

// importEvent is a line of the answer to a script.
type importEvent struct {
	Done   int    `json:"done,omitempty"` // lines
	Of     int    `json:"of,omitempty"`
	Report string `json:"report,omitempty"` // the next rows of the report
	HTML   string `json:"html,omitempty"`   // the outcome, at the end
}

// progress says how far the import is.
func (r *importReply) progress(done int, results []userimport.Result) error {
	if !r.streams {
		return nil
	}
	r.report = r.report[:0]
	if r.status == 0 {
		r.report = spreadsheet.AppendRow(r.report, "line", "email", "outcome", "id", "reason")
	}
	for _, one := range results {
		reason := ""
		if one.Err != nil {
			reason = one.Err.Error()
		}
		r.report = spreadsheet.AppendRow(r.report, strconv.Itoa(one.Line.Number), one.Line.User.Email, string(one.Outcome), string(one.User.ID), reason)
	}
	return r.send(http.StatusOK, importEvent{Done: done, Of: r.of, Report: string(r.report)})
}

// send sends an event at once.
func (r *importReply) send(status int, e importEvent) error {
	b, err := json.Marshal(e)
	if err != nil {
		return err
	}
	w := r.rq.w
	if r.status == 0 {
		r.status = status
		w.Header().Set("Content-Type", ndjson)
		w.Header().Set("X-Accel-Buffering", "no") // proxies such as nginx would hold the events back
		w.WriteHeader(status)
	}
	rc := http.NewResponseController(w)
	_ = rc.SetWriteDeadline(time.Now().Add(chunkTimeout)) // not all connections have deadlines
	if _, err := w.Write(append(b, '\n')); err != nil {
		return err
	}
	_ = rc.Flush() // nor can all be flushed
	return nil
}

// end shows the outcome. It is not an error of the request that the import ended early.
func (r *importReply) end(status int, d importData) error {
	var err error
	if d.Roles, err = r.rq.roles(); err != nil {
		d.Roles = builtinRoles() // whoever may not read them any more sees why above
	}
	if r.streams {
		d.Form.Text = "" // the browser has the list
	}
	v := r.rq.view(d)
	if !r.streams {
		return r.rq.write(status, r.rq.page.name, "layout", v)
	}
	b, err := render(r.rq.page.name, "outcome", v)
	if err != nil {
		return err
	}
	return r.send(status, importEvent{HTML: b.String()})
}
