package client_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rosterhq/roster/client"
)

// While changes, their events and questions race, no answer is older than the newest event
// that the client had received before the question.
func TestEventsRaceAnswers(t *testing.T) {
	t.Parallel()
	const users, changes = 4, 500
	f := newFakeRoster(t)
	var newest, published [users]atomic.Int64 // versions: of the truth, and of the last event
	f.answer = func(q fakeQuestion) string {
		var user int
		if _, err := fmt.Sscanf(strings.TrimPrefix(q.Subject.ID, "usr_"), "%d", &user); err != nil {
			t.Error(err)
		}
		return fmt.Sprintf(`{"decision":false,"context":{"reason":"%d","subject":%s}}`, newest[user].Load(), identity("user", fmt.Sprintf("usr_%d", user)))
	}
	// Few places, so that answers are evicted too.
	k := f.checker(client.CheckerOptions{CacheSize: users - 1, Timeout: 2 * time.Minute})
	defer k.Close()
	var hits atomic.Int64
	var asking sync.WaitGroup
	over := make(chan struct{})
	for worker := range 4 {
		asking.Go(func() {
			for i := worker; ; i++ {
				select {
				case <-over:
					return
				default:
				}
				user := i % users
				name := fmt.Sprintf("usr_%d", user)
				if i%3 == 0 {
					name = fmt.Sprintf("%d@example.com", user)
				}
				since := published[user].Load()
				a, err := k.Ask(t.Context(), may(name))
				var version int64
				if err == nil {
					_, err = fmt.Sscan(a.Reason, &version)
				}
				if err != nil || version < since {
					t.Errorf("%s has version %d (cached: %t), after an event about %d: %v", name, version, a.Cached, since, err)
					return
				}
				if a.Cached {
					hits.Add(1)
				}
			}
		})
	}
	s := f.stream()
	for i := 0; i < changes || hits.Load() < 200; i++ {
		user := i % users
		version := newest[user].Add(1)
		s.send(fmt.Sprintf("event: access\ndata: {\"organization\":\"acme\",\"subject\":{\"type\":\"user\",\"id\":\"usr_%d\"}}\n\n", user))
		s.heartbeat() // the client reads it after it has acted on the event
		published[user].Store(version)
		if i%50 == 0 {
			time.Sleep(time.Millisecond)
		}
		select {
		case s2 := <-f.streams: // a slow machine: the client has opened another stream
			s = s2
			s.send("event: ready\ndata: {}\n\n")
		default:
		}
		if t.Failed() {
			break
		}
	}
	close(over)
	asking.Wait()
}

// The cache holds no more answers than it may.
func TestCheckerBoundsItsCache(t *testing.T) {
	const size = 100
	bubble(t, client.CheckerOptions{CacheSize: size}, func(t *testing.T, f *fakeRoster, k *client.Checker, _ *fakeStream) {
		for i := range 20 * size {
			cached(t, k, may(fmt.Sprintf("usr_%d", i)))
			if i%10 == 0 && i > 0 && !cached(t, k, may("usr_0")) {
				t.Fatalf("an answer that is used all the time was evicted, after %d others", i)
			}
		}
		kept := 0
		for i := 20*size - 1; i >= 0; i-- { // the newest first
			before := f.questions()
			if _, err := k.Ask(t.Context(), may(fmt.Sprintf("usr_%d", i))); err != nil {
				t.Fatal(err)
			}
			if f.questions() == before {
				kept++
			} else {
				break
			}
		}
		if kept == 0 || kept > size {
			t.Errorf("%d answers are cached", kept)
		}
	})
}

// With a negative size there is neither a cache nor a stream.
func TestCheckerWithoutACache(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFakeRoster(t)
		f.refuse = func(rq *http.Request) (*http.Response, error) {
			if rq.URL.Path == "/v2/events" {
				t.Error("a stream was opened")
			}
			return nil, nil //nolint:nilnil // not refused
		}
		k := f.checker(client.CheckerOptions{CacheSize: -1})
		time.Sleep(time.Minute)
		if first, second := cached(t, k, may("usr_ann")), cached(t, k, may("usr_ann")); first || second {
			t.Error("an answer is cached")
		}
		k.Close()
	})
}

// Answers at the beginning of a stream may come from a node that is behind the one that sends
// the stream, and are not cached.
func TestAnswersAtTheBeginningOfAStreamAreNotCached(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFakeRoster(t)
		k := f.checker(client.CheckerOptions{})
		defer k.Close()
		s := f.stream()
		synctest.Wait()
		if first, second := cached(t, k, may("usr_ann")), cached(t, k, may("usr_ann")); first || second {
			t.Error("an answer is cached")
		}
		s.beat(500 * time.Millisecond)
		if cached(t, k, may("usr_ann")) || !cached(t, k, may("usr_ann")) {
			t.Error("half a second later, no answer is cached")
		}
	})
}
