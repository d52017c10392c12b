package httpapi

import (
	"context"

	"github.com/go-json-experiment/json"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/freshness"
)

// maxWatches is how many streams may be open for the applications of an organization, or
// for one of the deployment. Every replica of a service has one.
const maxWatches = 50

var errWatches = directory.Errorf(directory.RateLimited, "the application has %d streams of events open; close one of them first", maxWatches)

// streamAccess sends an application what can change its decisions. It ends as
// [streamEvents] does, and when the credential or the application is removed. Events have
// no ids: a client that reconnects drops what it has cached.
func streamAccess(rq *request) error {
	return rq.follow(rq.api.watches, errWatches, func(ctx context.Context) (sent bool, err error) {
		out := &accessWriter{&stream{rq: rq, contentType: contentTypeEvents, to: rq.w}}
		err = freshness.AccessWatcher{
			Tracker: rq.api.service.Tracker, Call: rq.call, Renew: rq.renew, Ready: out.ready, Changed: out.changed,
		}.Run(ctx)
		return out.sent, err
	})
}

// accessWriter writes what changes have affected as events.
type accessWriter struct{ *stream }

func (w *accessWriter) ready() error {
	w.open()
	w.buf = append(w.buf, "event: ready\ndata: {}\n\n"...)
	return w.push()
}

// affected is what an event says: [freshness.Affected] in its wire format.
type affected struct {
	Organization directory.OrgID  `json:"organization,omitzero"`
	Subject      *affectedSubject `json:"subject,omitzero"`
}

type affectedSubject struct {
	Type string `json:"type"`
	ID   string `json:"id"`
}

func (w *accessWriter) changed(list []freshness.Affected) error {
	if len(list) == 0 {
		w.buf = append(w.buf, "event: heartbeat\ndata: {}\n\n"...)
	}
	for _, a := range list {
		out := affected{Organization: a.OrgID}
		if a.ID != "" {
			out.Subject = &affectedSubject{a.Type, a.ID}
		}
		data, err := json.Marshal(out)
		if err != nil {
			return err
		}
		w.buf = append(append(append(w.buf, "event: access\ndata: "...), data...), '\n', '\n')
		if err := w.more(); err != nil {
			return err
		}
	}
	return w.push()
}
