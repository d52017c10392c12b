package httpapi

import (
	"context"

	"github.com/rosterhq/roster/internal/directory"
)

// listEntries responds with a page of the audit log as JSON, or streams all of it.
func listEntries(rq *request) error {
	q, err := parseEntryQuery(rq.params, rq.Header["Accept"])
	if err != nil {
		return err
	}
	rq.w.Header()["Vary"] = []string{"Accept"}
	span, err := rq.api.service.LogSpan(rq.Context(), rq.call, q.from, q.to)
	if err != nil {
		return err
	}
	q.narrow(span)
	if q.form == formJSON {
		return entryPage(rq, q)
	}
	return exportEntries(rq, q)
}

func entryPage(rq *request, q entryQuery) error {
	list, more, err := rq.api.service.ListEntries(rq.Context(), rq.call, q.EntryQuery)
	if err != nil {
		return err
	}
	out := newStream(rq, contentTypeJSON)
	out.whole = true
	separator := byte('[')
	for i := range list {
		out.buf = append(out.buf, separator)
		separator = ','
		if out.buf, err = appendEntry(out.buf, &list[i]); err != nil {
			return err
		}
	}
	if len(list) == 0 {
		out.buf = append(out.buf, '[')
	}
	out.buf = append(out.buf, ']', '\n')
	out.compress()
	if err := out.tag(etag(out.buf)); err != nil {
		return out.failed(err)
	}
	if more {
		rq.linkNext(encodeEntryCursor(list[len(list)-1].Sequence))
	}
	out.end()
	return nil
}

// exportEntries streams entries, each as a line or a row.
func exportEntries(rq *request, q entryQuery) error {
	out := newStream(rq, formTypes[q.form])
	appendLine := appendEntryLine
	if q.form == formCSV {
		out.buf = append(out.buf, csvHeader...)
		appendLine = appendEntryRow
	}
	out.compress()
	if isHead(rq.Request) { // don't read the whole log for its headers
		out.end()
		return nil
	}
	err := rq.api.service.ExportEntries(rq.Context(), rq.call, q.EntryQuery, rq.renew, func(list []directory.Entry) (err error) {
		for i := range list {
			if out.buf, err = appendLine(out.buf, &list[i]); err != nil {
				return err
			}
			if err := out.more(); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return out.failed(err)
	}
	out.end()
	return nil
}

// renew authenticates the request's principal again.
func (rq *request) renew(ctx context.Context) (*directory.Principal, error) {
	return rq.api.principal(rq.WithContext(ctx))
}

// appendEntry appends the JSON object of an entry.
func appendEntry(b []byte, e *directory.Entry) ([]byte, error) {
	record, err := e.Shown()
	if err != nil {
		return b, err
	}
	line, err := record.Encode()
	return append(b, line...), err
}

func appendEntryLine(b []byte, e *directory.Entry) ([]byte, error) {
	b, err := appendEntry(b, e)
	return append(b, '\n'), err
}
