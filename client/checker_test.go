package client_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rosterhq/roster/client"
)

// The cache is used while the last message is less than 750 ms old, and not a moment longer.
func TestCheckerUsesTheCacheOnlyWhileTheStreamIsFresh(t *testing.T) {
	bubble(t, client.CheckerOptions{}, func(t *testing.T, f *fakeRoster, k *client.Checker, s *fakeStream) {
		q := may("usr_ann")
		if cached(t, k, q) || !cached(t, k, q) {
			t.Fatal("the second answer is not the cached one")
		}
		s.beat(10 * time.Second)
		time.Sleep(750*time.Millisecond - 1)
		if !cached(t, k, q) {
			t.Error("after 749 ms of silence the cache is not used")
		}
		time.Sleep(time.Nanosecond)
		if cached(t, k, q) {
			t.Error("after 750 ms of silence the cache is used")
		}
		<-s.done
		again := f.stream()
		again.beat(time.Second)
		if cached(t, k, q) || !cached(t, k, q) {
			t.Error("a new stream does not begin with an empty cache")
		}
	})
}

// If the stream is cut off, the server is asked at once.
func TestCheckerAsksWhenTheStreamIsCutOff(t *testing.T) {
	for name, end := range map[string]func(*fakeStream){
		"at its end":              func(s *fakeStream) { _ = s.Close() },
		"by an error":             func(s *fakeStream) { _ = s.CloseWithError(errDown) },
		"within an event":         func(s *fakeStream) { s.send("event: access\ndata: {"); _ = s.Close() },
		"by an event of 1 MiB":    func(s *fakeStream) { s.send("event: access\ndata: " + strings.Repeat("x", 1<<20) + "\n\n") },
		"by lines without an end": func(s *fakeStream) { s.send(strings.Repeat("data: x\n", 1<<16)) },
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, client.CheckerOptions{}, func(t *testing.T, f *fakeRoster, k *client.Checker, s *fakeStream) {
				cached(t, k, may("usr_ann"))
				end(s)
				synctest.Wait()
				if cached(t, k, may("usr_ann")) {
					t.Error("the cache is used")
				}
				f.stream().beat(time.Second)
				cached(t, k, may("usr_ann"))
				if !cached(t, k, may("usr_ann")) {
					t.Error("the cache is not used with a new stream")
				}
			})
		})
	}
}

// Without a stream, or with something else in its place, every question goes to the server.
func TestCheckerAsksWithoutAStream(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]func(*http.Request) *http.Response{
		"forbidden": func(r *http.Request) *http.Response {
			return respond(r, http.StatusForbidden, "application/json", strings.NewReader(`{}`))
		},
		"another 200": func(r *http.Request) *http.Response {
			return respond(r, http.StatusOK, "text/html", strings.NewReader("event: ready\ndata: {}\n\n"))
		},
		"not ready": func(r *http.Request) *http.Response {
			return respond(r, http.StatusOK, "text/event-stream", strings.NewReader("event: heartbeat\ndata: {}\n\n"))
		},
		"nothing": func(*http.Request) *http.Response { return nil },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := newFakeRoster(t)
				f.refuse = func(rq *http.Request) (*http.Response, error) {
					if rq.URL.Path != "/v2/events" {
						return nil, nil //nolint:nilnil // not refused
					}
					resp := answer(rq)
					if resp == nil {
						<-rq.Context().Done()
						return nil, rq.Context().Err()
					}
					return resp, nil
				}
				k := f.checker(client.CheckerOptions{})
				defer k.Close()
				for range 30 {
					if cached(t, k, may("usr_ann")) {
						t.Fatal("the cache is used")
					}
					time.Sleep(time.Second)
				}
			})
		})
	}
}

// An event drops the answers that it can concern, and no others.
func TestEventsDropWhatTheyConcern(t *testing.T) {
	all := []string{"usr_ann", "usr_bob", "ann@example.com", "xapt-ann", "xapt-bob", "tok_1", "nobody", "elsewhere"}
	question := func(name string) client.Question {
		q := may(name)
		if name == "elsewhere" {
			q = may("usr_ann")
			q.Organization = "other"
		}
		return q
	}
	for event, want := range map[string][]string{
		`{"organization":"acme","subject":{"type":"user","id":"usr_ann"}}`:  {"usr_ann", "ann@example.com", "xapt-ann", "nobody"},
		`{"organization":"acme","subject":{"type":"user","id":"usr_new"}}`:  {"nobody"},
		`{"organization":"other","subject":{"type":"user","id":"usr_ann"}}`: {"elsewhere"},
		`{"organization":"acme","subject":{"type":"token","id":"tok_1"}}`:   {"tok_1", "nobody"},
		// A personal token is one account's in all organizations.
		`{"organization":"other","subject":{"type":"token","id":"pat_ann"}}`: {"xapt-ann"},
		`{"organization":"acme"}`:  all[:7],
		`{"organization":"other"}`: {"elsewhere"},
		`{"organization":"third"}`: nil,
		`{}`:                       all,
		`{"organization":"acme","subject":{"type":"x"}}`: all[:7],
		`{"organization":"acme","subject":null}`:         all[:7],
		`{"organization":"acme","subject":"usr_ann"}`:    all,
		`{"organization":7}`:                             all,
		`{"subject":{"type":"user","id":"usr_ann"}}`:     all,
		`not JSON`: all,
		"{\ndata: \"organization\":\ndata: \"other\"\ndata: }": {"elsewhere"}, // in several lines
	} {
		t.Run(event, func(t *testing.T) {
			bubble(t, client.CheckerOptions{}, func(t *testing.T, _ *fakeRoster, k *client.Checker, s *fakeStream) {
				for _, name := range all {
					cached(t, k, question(name))
				}
				s.access(event)
				var got []string
				for _, name := range all {
					if !cached(t, k, question(name)) {
						got = append(got, name)
					}
				}
				if !slices.Equal(got, want) {
					t.Errorf("dropped %q, want %q", got, want)
				}
			})
		})
	}
}

// An application of one organization need not name it. Its events do.
func TestEventsConcernQuestionsWithoutAnOrganization(t *testing.T) {
	bubble(t, client.CheckerOptions{}, func(t *testing.T, _ *fakeRoster, k *client.Checker, s *fakeStream) {
		for _, event := range []string{`{"organization":"acme","subject":{"type":"user","id":"usr_ann"}}`, `{"organization":"acme"}`} {
			q := may("usr_ann")
			q.Organization = ""
			cached(t, k, q)
			if !cached(t, k, q) {
				t.Fatal("not cached")
			}
			if s.access(event); cached(t, k, q) {
				t.Errorf("%s: the cache is used", event)
			}
		}
	})
}

// Comments and unknown events don't keep the cache usable.
func TestOtherMessagesAreNoHeartbeats(t *testing.T) {
	bubble(t, client.CheckerOptions{}, func(t *testing.T, _ *fakeRoster, k *client.Checker, s *fakeStream) {
		cached(t, k, may("usr_ann"))
		for range 3 {
			time.Sleep(250 * time.Millisecond)
			s.send(": a comment\n\nevent: weather\ndata: {}\n\ndata: {}\n\n")
		}
		if cached(t, k, may("usr_ann")) {
			t.Error("the cache is used")
		}
	})
}

// A process that was suspended finds old messages in the buffers of the connection. They
// don't make the cache usable again.
func TestOldMessagesAreNotTakenForNewOnes(t *testing.T) {
	bubble(t, client.CheckerOptions{}, func(t *testing.T, f *fakeRoster, k *client.Checker, s *fakeStream) {
		cached(t, k, may("usr_ann"))
		time.Sleep(10 * time.Second)
		s.send(strings.Repeat("event: heartbeat\ndata: {}\n\n", 40))
		synctest.Wait()
		if cached(t, k, may("usr_ann")) {
			t.Error("the cache is used")
		}
		<-s.done
	})
}

// An answer that an event overtakes is returned to its caller, and is not cached.
func TestOvertakenAnswersAreNotCached(t *testing.T) {
	for _, c := range []struct {
		subject, event string
		cached         bool
	}{
		{"usr_ann", `{"organization":"acme","subject":{"type":"user","id":"usr_ann"}}`, false},
		{"usr_ann", `{"organization":"acme","subject":{"type":"user","id":"usr_bob"}}`, true},
		{"usr_ann", `{"organization":"other"}`, true},
		{"usr_ann", `{"organization":"acme"}`, false},
		{"usr_ann", `{}`, false},
		{"ann@example.com", `{"organization":"acme","subject":{"type":"user","id":"usr_ann"}}`, false},
		{"xapt-ann", `{"organization":"acme","subject":{"type":"token","id":"pat_ann"}}`, false},
		{"nobody", `{"organization":"acme","subject":{"type":"user","id":"usr_ann"}}`, false},
		{"tok_1", `{"organization":"acme","subject":{"type":"token","id":"tok_1"}}`, false},
	} {
		t.Run(c.subject+c.event, func(t *testing.T) {
			bubble(t, client.CheckerOptions{}, func(t *testing.T, f *fakeRoster, k *client.Checker, s *fakeStream) {
				f.set(func() { f.before = func(fakeQuestion) { s.access(c.event) } })
				if _, err := k.Ask(t.Context(), may(c.subject)); err != nil {
					t.Fatal(err)
				}
				if got := cached(t, k, may(c.subject)); got != c.cached {
					t.Errorf("the answer is cached: %t", got)
				}
			})
		})
	}
}

// An answer that only time changes is cached until then, by the server's clock.
func TestAnswersExpire(t *testing.T) {
	bubble(t, client.CheckerOptions{}, func(t *testing.T, f *fakeRoster, k *client.Checker, s *fakeStream) {
		f.set(func() {
			until := time.Now().Add(time.Minute).Format(time.RFC3339Nano)
			f.answer = func(q fakeQuestion) string {
				if q.Subject.ID == "usr_ann" {
					return `{"decision":true,"context":{"expires_at":"` + until + `","subject":` + identity("user", "usr_ann") + `}}`
				}
				return `{"decision":true,"context":{"subject":` + identity("user", q.Subject.ID) + `}}`
			}
		})
		cached(t, k, may("usr_ann"))
		cached(t, k, may("usr_bob"))
		s.beat(58 * time.Second)
		if !cached(t, k, may("usr_ann")) {
			t.Error("after 58 seconds the answer is not cached")
		}
		s.beat(2 * time.Second)
		if first, second := cached(t, k, may("usr_ann")), cached(t, k, may("usr_ann")); first || second {
			t.Error("after its end the answer is cached")
		}
		if !cached(t, k, may("usr_bob")) {
			t.Error("an answer without an end is not cached")
		}
		if s.beat(4 * time.Minute); cached(t, k, may("usr_bob")) {
			t.Error("an answer is cached for more than five minutes")
		}
	})
}
