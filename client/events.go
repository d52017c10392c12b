package client

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// EventsOptions select the events of a stream.
type EventsOptions struct {
	AuditFilter
	// After is the sequence of the last entry that was received; later entries are
	// replayed first. If nil, the stream begins with new entries.
	After *int64
}

const (
	// eventSilence is the timeout of a silent stream. The server sends a comment
	// every 15 seconds.
	eventSilence = 45 * time.Second
	// maxEventPause is the longest pause before a stream is opened again.
	maxEventPause = 30 * time.Second
	// maxAuditEvent bounds an entry in a stream, in bytes.
	maxAuditEvent = 16 << 20
)

// Events yields the entries of the audit log as they are appended, in order, each
// once, until ctx ends. If the stream is cut off, it resumes where it ended. Permission
// auditLog|read. Events ends with an error if the first connection fails, or when the
// server refuses the request, for example with [ErrUnauthenticated] after the token is
// revoked.
//
// An [http.Client] set with [WithHTTPClient] must not have a timeout.
func (c *Client) Events(ctx context.Context, o EventsOptions) iter.Seq2[AuditEntry, error] {
	return func(yield func(AuditEntry, error) bool) {
		s := &eventStream{c: c, query: o.query(), yield: yield}
		if o.After != nil {
			s.query.Set("lastEventId", strconv.FormatInt(*o.After, 10))
		}
		for pause := c.pause; ; pause = min(2*pause, maxEventPause) {
			err := s.follow(ctx)
			switch {
			case s.enough:
				return
			case ctx.Err() != nil:
				yield(AuditEntry{}, ctx.Err())
				return
			case !s.opened || final(err):
				yield(AuditEntry{}, err)
				return
			}
			if s.got {
				pause, s.got = c.pause, false
			}
			select {
			case <-ctx.Done():
			case <-time.After(pause):
			}
		}
	}
}

// final reports whether retrying can't help.
func final(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Status >= 400 && e.Status < 500 && e.Status != http.StatusTooManyRequests
}

// eventStream is a stream of events over one connection after another.
type eventStream struct {
	c      *Client
	query  url.Values // with the last id
	yield  func(AuditEntry, error) bool
	opened bool // once
	got    bool // something, over this connection
	enough bool // the caller's range loop ended
}

// follow reads one connection to its end.
func (s *eventStream) follow(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	resp, err := s.c.send(ctx, http.MethodGet, "/v2/events", s.query, nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	s.opened = true
	alive := time.AfterFunc(eventSilence, cancel)
	defer alive.Stop()
	events := newEventReader(resp.Body, maxAuditEvent, func() { alive.Reset(eventSilence) })
	for {
		e, err := events.next() // an incomplete event is discarded
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return readError(http.MethodGet, "/v2/events", err)
		}
		if err := s.dispatch(e.id, e.data); err != nil || s.enough {
			return err
		}
	}
}

// dispatch yields an event. An event without data only advances the position.
func (s *eventStream) dispatch(id, data []byte) error {
	if data != nil {
		var e AuditEntry
		if err := json.Unmarshal(data, &e); err != nil {
			return readError(http.MethodGet, "/v2/events", err)
		}
		s.got = true
		if !s.yield(e, nil) {
			s.enough = true
			return nil
		}
	}
	if id != nil {
		s.query.Set("lastEventId", string(id))
	}
	return nil
}
