package httpapi

import (
	"encoding/base64"
	"math"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/rosterhq/roster/internal/auditlog"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/quote"
)

// entryQuery is the query of a request for entries of the audit log.
type entryQuery struct {
	directory.EntryQuery
	form     entryForm
	from, to *time.Time
}

// entryForm is a format of entries in a response.
type entryForm string

const (
	formJSON   entryForm = "json"
	formNDJSON entryForm = "ndjson"
	formCSV    entryForm = "csv"
)

const defaultEntries = 100 // on a page

var mediaTypes = map[string]entryForm{
	"application/json": formJSON, "application/*": formJSON, "*/*": formJSON,
	"application/x-ndjson": formNDJSON, "text/csv": formCSV, "text/*": formCSV,
}

// parseEntryQuery reads the query of GET /v2/audit; accept is the Accept header.
func parseEntryQuery(q url.Values, accept []string) (e entryQuery, err error) {
	form, err := oneOf(q, "format", string(acceptedForm(accept)), string(formJSON), string(formNDJSON), string(formCSV))
	if err != nil {
		return e, err
	}
	e.form = entryForm(form)
	if err := e.filter(q, "any"); err != nil {
		return e, err
	}
	natural := map[bool]string{true: "desc", false: "asc"}[e.form == formJSON]
	order, err := oneOf(q, "order", natural, "asc", "desc")
	if err != nil {
		return e, err
	}
	e.NewestFirst = order == "desc"
	if e.from, err = timeOf(q, "from"); err != nil {
		return e, err
	}
	if e.to, err = timeOf(q, "to"); err != nil {
		return e, err
	}
	if e.form == formJSON {
		e.Limit, err = pageLimit(q, defaultEntries)
	} else {
		e.Limit, err = limitUpTo(math.MaxInt32, q, 0)
	}
	if err != nil {
		return e, err
	}
	cursor, err := decodeEntryCursor(q.Get("cursor"))
	if e.NewestFirst {
		e.Before = cursor
	} else {
		e.After = cursor
	}
	return e, err
}

// parseEventQuery reads the query of GET /v2/events; last is the Last-Event-ID header.
func parseEventQuery(q url.Values, last []string) (e entryQuery, err error) {
	if err := e.filter(q, "done"); err != nil {
		return e, err
	}
	at := q.Get("lastEventId")
	if len(last) > 0 { // a reconnecting client sends the latest id here; its URL is older
		at = last[len(last)-1]
	}
	if e.After = -1; at != "" {
		if e.After, err = strconv.ParseInt(at, 10, 64); err != nil || e.After < 0 {
			return e, directory.InvalidField("lastEventId", "must be the id of an event, 0 or more; leave it out to get only new events")
		}
	}
	return e, nil
}

// filter reads the parameters that filter both.
func (e *entryQuery) filter(q url.Values, outcome string) (err error) {
	e.Actor, e.Action, e.Target = q.Get("actor"), q.Get("action"), q.Get("target")
	if e.Action != "" && !directory.KnownAction(e.Action) {
		return directory.InvalidField("action", "%s is not an action of the audit log; use one such as createUser, or a prefix such as create*", quote.Input(e.Action))
	}
	outcome, err = oneOf(q, "outcome", outcome, "done", "refused", "any")
	switch outcome {
	case "done":
		e.Outcome = new(directory.Outcome)
		*e.Outcome = directory.Done
	case "refused":
		e.Outcome = new(directory.Outcome)
		*e.Outcome = directory.Refused
	}
	return err
}

// acceptedForm reads the Accept header (RFC 9110 section 12.5.1). It returns the known
// format with the greatest weight, the first of equal ones, or JSON if there is none.
func acceptedForm(accept []string) entryForm {
	form, best := formJSON, 0.0
	for _, line := range accept {
		for item := range strings.SplitSeq(line, ",") {
			mediaType, params, err := mime.ParseMediaType(item)
			known, ok := mediaTypes[mediaType]
			if err != nil || !ok {
				continue
			}
			weight := 1.0
			if q, ok := params["q"]; ok {
				if weight, err = strconv.ParseFloat(q, 64); err != nil {
					continue
				}
			}
			if weight > best {
				form, best = known, weight
			}
		}
	}
	return form
}

func encodeEntryCursor(number int64) string {
	return base64.RawURLEncoding.EncodeToString(strconv.AppendInt([]byte(cursorVersion), number, 10))
}

func decodeEntryCursor(cursor string) (int64, error) {
	if cursor == "" {
		return 0, nil
	}
	b, err := base64.RawURLEncoding.DecodeString(cursor)
	text, ok := strings.CutPrefix(string(b), cursorVersion)
	number, numberErr := strconv.ParseInt(text, 10, 64)
	if err != nil || !ok || numberErr != nil || number < 1 {
		return 0, directory.InvalidField("cursor", "is not a cursor of this list; start again without it")
	}
	return number, nil
}

// narrow limits the query to a span.
func (e *entryQuery) narrow(span auditlog.Span) {
	e.After = max(e.After, span.After)
	if e.Before == 0 || span.Before < e.Before {
		e.Before = span.Before
	}
}

var formTypes = map[entryForm][]string{
	formJSON: contentTypeJSON, formNDJSON: {"application/x-ndjson"}, formCSV: {"text/csv; charset=utf-8; header=present"},
}

func isHead(r *http.Request) bool { return r.Method == http.MethodHead }
