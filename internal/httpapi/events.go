package httpapi

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/rosterhq/roster/internal/auditlog"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/turns"
)

const (
	// maxStreams is how many streams of events a principal may have open.
	maxStreams = 10
	// heartbeat is how often an idle stream sends a comment, so that proxies and clients
	// do not close it.
	heartbeat = 15 * time.Second
	// streamHead makes clients reconnect after a second.
	streamHead = "retry: 1000\n"
)

var (
	contentTypeEvents = []string{"text/event-stream"}

	errHead    = errors.New("a response to HEAD has no body")
	errStreams = directory.Errorf(directory.RateLimited, "you have %d streams of events open; close one of them first", maxStreams)
)

// streamEvents sends entries of the audit log as they are appended
// (html.spec.whatwg.org/multipage/server-sent-events.html). It ends when the
// client is gone, too slow or no longer permitted to read the log, or when the server
// drains.
func streamEvents(rq *request) error {
	q, err := parseEventQuery(rq.params, rq.Header["Last-Event-Id"])
	if err != nil {
		return err
	}
	return rq.follow(rq.api.streams, errStreams, func(ctx context.Context) (sent bool, err error) {
		out := &eventWriter{stream: newStream(rq, contentTypeEvents)}
		err = auditlog.Watcher{
			Trail: rq.api.service.Trail, Freshness: rq.api.service.Tracker, Call: rq.call, Renew: rq.renew, Query: q.EntryQuery, Entries: out.entries,
		}.Run(ctx)
		return out.sent, err
	})
}

// follow calls run, which sends a stream of events until its context ends, in one of the
// principal's places for streams. The context ends when the server drains, too. tooMany is
// the error if no place is free.
func (rq *request) follow(places *turns.Places[limitKey], tooMany error, run func(context.Context) (sent bool, err error)) error {
	if rq.api.draining.Err() != nil {
		return errDraining
	}
	key := chargedTo(rq.call.Principal)
	if !places.TryEnter(key) {
		rq.w.Header()["Retry-After"] = []string{"10"}
		return tooMany
	}
	defer places.Leave(key, 0)
	ctx, cancel := context.WithCancel(rq.Context())
	defer cancel()
	defer context.AfterFunc(rq.api.draining, cancel)()
	sent, err := run(ctx)
	if sent {
		return nil // the stream ends; a client that reconnects gets the error
	}
	return err
}

// eventWriter writes entries as events. Its buffer holds one batch.
type eventWriter struct {
	*stream
	lastID  int64 // the last id that was sent
	written time.Time
}

// entries is called by [auditlog.Watcher]. The first call opens the stream. It also sends
// the ids of entries that the filter leaves out, so that a client that reconnects does not
// read them again, even if it has received no entry yet.
func (w *eventWriter) entries(list []directory.Entry, upTo int64) (err error) {
	now := time.Now()
	if w.sent && len(list) == 0 && now.Sub(w.written) < w.rq.api.heartbeat {
		return nil
	}
	if !w.sent {
		w.open()
	}
	for i := range list {
		if err := w.event(&list[i]); err != nil {
			return err
		}
	}
	if upTo != w.lastID || !w.sent {
		w.id(upTo)
		w.buf = append(w.buf, '\n')
	} else if len(list) == 0 {
		w.buf = append(w.buf, ":\n\n"...)
	}
	w.written = now
	return w.push()
}

// push sends what is written of the events so far.
func (s *stream) push() error {
	if err := s.flush(); err != nil {
		return err
	}
	if isHead(s.rq.Request) {
		return errHead
	}
	return http.NewResponseController(s.rq.w).Flush()
}

// open begins a stream of events.
func (s *stream) open() {
	h := s.rq.w.Header()
	s.rq.w.streams = true
	h["Cache-Control"] = []string{"no-store"}
	h["X-Accel-Buffering"] = []string{"no"} // for nginx
	s.buf = append(s.buf, streamHead...)
}

func (w *eventWriter) event(e *directory.Entry) (err error) {
	w.id(e.Sequence)
	w.buf = append(append(append(w.buf, "event: "...), e.Action...), "\ndata: "...)
	w.buf, err = appendEntry(w.buf, e)
	w.buf = append(w.buf, '\n', '\n')
	return err
}

func (w *eventWriter) id(n int64) {
	w.lastID = n
	w.buf = append(strconv.AppendInt(append(w.buf, "id: "...), n, 10), '\n')
}
