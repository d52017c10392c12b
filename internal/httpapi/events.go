package httpapi

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/follow"
)

const (
	// maxStreams is how many streams of events a principal may have open.
	maxStreams = 10
	// heartbeat is how often a stream says something, so that neither proxies nor
	// the client take it for dead.
	heartbeat = 15 * time.Second
	// streamHead asks clients to come back after a second.
	streamHead = "retry: 1000\n"
)

var (
	contentTypeEvents = []string{"text/event-stream"}

	errHead    = errors.New("a head has no body")
	errStreams = directory.Errorf(directory.RateLimited, "there are %d streams of yours already; end one of them", maxStreams)
)

// streamEvents sends entries of the audit log as they are appended
// (html.spec.whatwg.org/multipage/server-sent-events.html). It ends when the
// client is gone or too slow, may not read the log any more, or the server drains.
func streamEvents(rq *request) error {
	q, err := parseEventQuery(rq.params, rq.Header["Last-Event-Id"])
	if err != nil {
		return err
	}
	if rq.api.draining.Err() != nil {
		return errDraining
	}
	key := chargedTo(rq.call.Principal)
	if !rq.api.streams.TryEnter(key) {
		rq.w.Header()["Retry-After"] = []string{"10"}
		return errStreams
	}
	defer rq.api.streams.Leave(key, 0)
	ctx, cancel := context.WithCancel(rq.Context())
	defer cancel()
	defer context.AfterFunc(rq.api.draining, cancel)()

	out := &eventWriter{stream: newStream(rq, contentTypeEvents)}
	err = follow.Watcher{
		Service: rq.api.service.Service, Call: rq.call, Renew: rq.renew, Query: q.EntryQuery, Entries: out.entries,
	}.Run(ctx)
	if out.sent {
		return nil // the end says all: who comes back is told why
	}
	return err
}

// eventWriter writes entries as events. Its buffer holds one batch.
type eventWriter struct {
	*stream
	told    int64 // the last id that was sent
	written time.Time
}

// entries is what [follow.Watcher] calls. The first call opens the stream. Ids are
// sent for what was left out, too, so that who comes back does not go through it
// again, and who got nothing yet knows where it began.
func (w *eventWriter) entries(list []directory.Entry, upTo int64) (err error) {
	now := time.Now()
	if w.sent && len(list) == 0 && now.Sub(w.written) < w.rq.api.heartbeat {
		return nil
	}
	if !w.sent {
		h := w.rq.w.Header()
		h["Cache-Control"] = []string{"no-store"}
		h["X-Accel-Buffering"] = []string{"no"} // of nginx
		w.buf = append(w.buf, streamHead...)
	}
	for i := range list {
		if err := w.event(&list[i]); err != nil {
			return err
		}
	}
	if upTo != w.told || !w.sent {
		w.id(upTo)
		w.buf = append(w.buf, '\n')
	} else if len(list) == 0 {
		w.buf = append(w.buf, ":\n\n"...)
	}
	w.written = now
	if err := w.flush(); err != nil {
		return err
	}
	if isHead(w.rq.Request) {
		return errHead
	}
	return http.NewResponseController(w.rq.w).Flush()
}

func (w *eventWriter) event(e *directory.Entry) (err error) {
	w.id(e.Sequence)
	w.buf = append(append(append(w.buf, "event: "...), e.Action...), "\ndata: "...)
	w.buf, err = appendEntry(w.buf, e)
	w.buf = append(w.buf, '\n', '\n')
	return err
}

func (w *eventWriter) id(n int64) {
	w.told = n
	w.buf = append(strconv.AppendInt(append(w.buf, "id: "...), n, 10), '\n')
}
