package httpapi_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/rosterhq/roster/internal/apptest"
)

// post is what a receiver got.
type post struct {
	header http.Header
	body   []byte
}

func (p post) id() string { return p.header.Get("webhook-id") }

func (p post) event(t *testing.T) (e struct {
	Type      string
	Timestamp time.Time
	Data      struct {
		Sequence      int64
		OrgID         string
		Action        string
		Actor         struct{ Kind, ID, Name string }
		Target        struct{ Type, ID, Name string }
		Before, After map[string]any
	}
},
) {
	t.Helper()
	if err := json.Unmarshal(p.body, &e); err != nil {
		t.Fatalf("%s: %v", p.body, err)
	}
	return e
}

// receiver is somebody's webhook: it answers as told, 204 unless it is.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	got    []post
	answer func(w http.ResponseWriter)
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	r := new(receiver)
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, rq *http.Request) {
		body, err := io.ReadAll(rq.Body)
		if err != nil || rq.Method != http.MethodPost {
			t.Errorf("%s, %v", rq.Method, err)
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.got = append(r.got, post{rq.Header.Clone(), body})
		if r.answer != nil {
			r.answer(w)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	}))
	t.Cleanup(r.Close)
	return r
}

// answers has the receiver answer with a status from now on.
func (r *receiver) answers(status int, header ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = func(w http.ResponseWriter) {
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
	}
}

// take gives what has arrived since it was last asked, in the order of the entries.
func (r *receiver) take(t *testing.T) []post {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	got := r.got
	r.got = nil
	slices.SortStableFunc(got, func(a, b post) int { return int(a.event(t).Data.Sequence - b.event(t).Data.Sequence) })
	return got
}

// types are the events' types, in order.
func types(t *testing.T, got []post) string {
	t.Helper()
	var all []string
	for _, p := range got {
		all = append(all, p.event(t).Type)
	}
	return strings.Join(all, " ")
}

type hook struct {
	ID, Name, URL, Secret, DisabledReason string
	Enabled, IncludeRefused               bool
	Actions, TargetTypes                  []string
	CreatedBy                             struct{ Kind, ID, Name string }
	PreviousSecretExpiresAt               *time.Time
}

func (h hook) path(more string) string { return "/v2/webhooks/" + h.ID + more }

type deliveryLine struct {
	ID, Action, State, Failure string
	Attempts                   int
	Sequence                   int64
	Status                     *int
	NextAttemptAt              *time.Time
}

// webhookScene is a server with a clock, a receiver, and a webhook that leads there.
type webhookScene struct {
	*apptest.Server
	t    *testing.T
	mu   sync.Mutex
	now  time.Time
	to   *receiver
	hook hook
	n    int
}

func newWebhookScene(t *testing.T, more string) *webhookScene {
	t.Helper()
	s := &webhookScene{t: t, now: time.Now(), to: newReceiver(t)}
	s.Server = apptest.StartWith(t, apptest.Options{RateLimit: 1_000_000, Clock: func() time.Time {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.now
	}})
	s.hook = s.create(`{"name":"w","url":"` + s.to.URL + `"` + more + `}`)
	return s
}

func (s *webhookScene) create(body string) (h hook) {
	s.t.Helper()
	s.Want(http.StatusOK, "POST", "/v2/webhooks", as(s.PersonalToken, body)).Decode(s.t, &h)
	return h
}

func (s *webhookScene) pass(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = s.now.Add(d)
}

// deliver delivers what is due, and gives what the receiver got.
func (s *webhookScene) deliver() []post {
	s.t.Helper()
	s.Deliver()
	return s.to.take(s.t)
}

func (s *webhookScene) add() apptest.User {
	s.t.Helper()
	s.n++
	return s.CreateUser(fmt.Sprint("User ", s.n), fmt.Sprintf("user%d@example.com", s.n), "user")
}

func (s *webhookScene) deliveries(query string) (list []deliveryLine) {
	s.t.Helper()
	s.Want(http.StatusOK, "GET", s.hook.path("/deliveries"+query), as(s.PersonalToken, "")).Decode(s.t, &list)
	return list
}

func (s *webhookScene) verify(secret string, p post) error {
	s.t.Helper()
	v, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		s.t.Fatal(err)
	}
	return v.VerifyIgnoringTimestamp(p.body, p.header)
}
