package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"mime"
	"net/http"
	"time"
)

const (
	// readyTimeout is how long a new stream may take to be ready.
	readyTimeout = 5 * time.Second
	// maxAccessEvent bounds an event, in bytes.
	maxAccessEvent = 64 << 10
	// minStreamPause and maxStreamPause bound the pause before a stream is opened again,
	// and longStream is how long a stream must last for the pause to be short again.
	minStreamPause = 100 * time.Millisecond
	maxStreamPause = 10 * time.Second
	longStream     = 10 * time.Second
)

var (
	errSilent   = errors.New("the stream of events was silent for too long")
	errNotReady = errors.New("the stream of events did not begin with the event ready")
)

// run keeps a stream open until ctx ends.
func (k *Checker) run(ctx context.Context) {
	for pause := minStreamPause; ; pause = min(2*pause, maxStreamPause) {
		began := time.Now()
		wait, err := k.follow(ctx)
		k.cache.Store(nil)
		if ctx.Err() != nil {
			return
		}
		if time.Since(began) > longStream {
			pause = minStreamPause
		}
		k.log.Warn("Roster's stream of events ended; the server is asked for every answer until there is a new one", "error", err)
		// Half of it is random, so that clients don't return at the same time.
		wait = max(wait, pause/2+mathrand.N(pause/2)) //nolint:gosec // not security-relevant
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
	}
}

// follow reads one stream to its end. wait is how long the server wants the client to stay
// away, if it says so.
func (k *Checker) follow(ctx context.Context) (wait time.Duration, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	silent := time.AfterFunc(readyTimeout, func() { cancel(errSilent) })
	defer silent.Stop()
	header := k.c.header()
	header.Set("Accept", "text/event-stream")
	resp, wait, err := k.c.try(ctx, http.MethodGet, k.c.base+"/v2/events", header, nil)
	if err != nil {
		return wait, because(ctx, err)
	}
	defer resp.Body.Close()
	if kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type")); kind != "text/event-stream" {
		return 0, fmt.Errorf("GET /v2/events: the answer is %q and not a stream of events", kind)
	}
	cache := newAnswerCache(k.size)
	events := newEventReader(resp.Body, maxAccessEvent, func() {})
	for {
		e, err := events.next()
		if err != nil {
			return 0, because(ctx, readError(http.MethodGet, "/v2/events", err))
		}
		now, ready := cache.now(), k.cache.Load() == cache
		if ready && !cache.freshAt(now) {
			// The process may have been suspended, and there may be a heap of old messages to
			// read. A new stream begins with what is true now.
			return 0, errSilent
		}
		switch string(e.name) {
		case "ready":
			cache.changed("", Subject{})
			if !ready { // nobody else has the cache yet
				cache.ready = now
				cache.hear(now)
				k.cache.Store(cache)
			}
		case "heartbeat":
		case "access":
			cache.changed(concerned(e.data))
		default:
			continue // it says nothing of how far the stream is
		}
		if k.cache.Load() != cache {
			return 0, errNotReady
		}
		cache.hear(now)
		silent.Reset(trust)
	}
}

// because returns why ctx was canceled, if it was, and otherwise err.
func because(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}

// concerned returns the organization and the subject that an event is about. If it can't
// be understood, it is about everything.
func concerned(data []byte) (org string, s Subject) {
	var event struct {
		Organization string      `json:"organization"`
		Subject      *wireObject `json:"subject"`
	}
	if json.Unmarshal(data, &event) != nil || event.Organization == "" {
		return "", Subject{}
	}
	if event.Subject != nil {
		s = Subject(*event.Subject)
	}
	if s.ID == "" || s.Type != UserSubject && s.Type != TokenSubject {
		s = Subject{}
	}
	return event.Organization, s
}
