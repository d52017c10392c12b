package client_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rosterhq/roster/client"
)

const credential = "xaap-00000000-0000-4000-8000-000000000000"

// fakeQuestion is a question as the fake server gets it.
type fakeQuestion struct {
	Subject struct {
		Type, ID   string
		Properties struct {
			Address string `json:"ip_address"`
		}
	}
	Action   struct{ Name string }
	Resource struct{ Type, ID string }
	Context  struct {
		Organization    string
		Identify, Cache bool
	}
}

// fakeRoster is a server within the process, which a test in a bubble of synctest can use.
// Its clock is then the bubble's.
type fakeRoster struct {
	t testing.TB

	mu      sync.Mutex
	answer  func(q fakeQuestion) string // JSON of a decision; nil: yes
	refuse  func(rq *http.Request) (*http.Response, error)
	before  func(q fakeQuestion) // called when a question is decided, before the answer is sent
	header  http.Header          // of the last question
	asked   int                  // requests
	batches []int                // questions in each request with several

	streams chan *fakeStream
}

// fakeStream is the server's end of a stream.
type fakeStream struct {
	*io.PipeWriter

	done chan struct{} // closed when the client has left
}

func newFakeRoster(t testing.TB) *fakeRoster {
	return &fakeRoster{t: t, streams: make(chan *fakeStream, 100)}
}

func (f *fakeRoster) RoundTrip(rq *http.Request) (*http.Response, error) {
	f.mu.Lock()
	refuse := f.refuse
	f.mu.Unlock()
	if refuse != nil {
		if resp, err := refuse(rq); resp != nil || err != nil {
			if resp != nil {
				resp.Request = rq
			}
			return resp, err
		}
	}
	if got := rq.Header.Get("Authorization"); got != "Bearer "+credential {
		f.t.Errorf("%s: the credential is %q", rq.URL, got)
	}
	if rq.URL.Path == "/v2/events" {
		r, w := io.Pipe()
		s := &fakeStream{w, make(chan struct{})}
		go func() {
			defer close(s.done)
			<-rq.Context().Done()
			_ = r.CloseWithError(rq.Context().Err())
		}()
		f.streams <- s
		return respond(rq, http.StatusOK, "text/event-stream; charset=utf-8", r), nil
	}
	var body struct {
		fakeQuestion

		Evaluations []fakeQuestion
	}
	if err := json.NewDecoder(rq.Body).Decode(&body); err != nil {
		return nil, err
	}
	f.mu.Lock()
	f.header = rq.Header
	f.asked++
	f.mu.Unlock()
	if rq.URL.Path == "/access/v1/evaluation" {
		return respond(rq, http.StatusOK, "application/json", strings.NewReader(f.decide(body.fakeQuestion))), nil
	}
	f.mu.Lock()
	f.batches = append(f.batches, len(body.Evaluations))
	f.mu.Unlock()
	var answers []string
	for _, q := range body.Evaluations {
		answers = append(answers, f.decide(q))
	}
	return respond(rq, http.StatusOK, "application/json", strings.NewReader(`{"evaluations":[`+strings.Join(answers, ",")+`]}`)), nil
}

func respond(rq *http.Request, status int, mediaType string, body io.Reader) *http.Response {
	closer, ok := body.(io.ReadCloser)
	if !ok {
		closer = io.NopCloser(body)
	}
	return &http.Response{
		StatusCode: status, Status: fmt.Sprint(status), Body: closer, Request: rq,
		Header: http.Header{"Content-Type": {mediaType}, "Date": {time.Now().UTC().Format(http.TimeFormat)}},
	}
}

// decide answers as the real server: a token's value of the form xapt-USER is that user's, and
// an address USER@… is the user's too. "nobody" is unknown.
func (f *fakeRoster) decide(q fakeQuestion) string {
	if !q.Context.Identify {
		f.t.Error("the question does not ask for the subject's id")
	}
	f.mu.Lock()
	answer, before := f.answer, f.before
	f.mu.Unlock()
	text := `{"decision":true,"context":{"subject":` + identity(q.Subject.Type, q.Subject.ID) + `}}`
	if answer != nil {
		text = answer(q)
	}
	if before != nil {
		before(q)
	}
	return text
}

func identity(kind, id string) string {
	token := ""
	if secret, ok := strings.CutPrefix(id, "xapt-"); ok && kind == "token" {
		kind, id, token = "user", "usr_"+secret, `,"token":"pat_`+secret+`"`
	}
	if name, _, ok := strings.Cut(id, "@"); ok {
		id = "usr_" + name
	}
	if strings.Contains(id, "nobody") {
		return "null"
	}
	return fmt.Sprintf(`{"type":%q,"id":%q%s}`, kind, id, token)
}

// checker returns a checker that the test must close within its bubble.
func (f *fakeRoster) checker(o client.CheckerOptions) *client.Checker {
	c, err := client.New("http://roster.example", credential, client.WithHTTPClient(&http.Client{Transport: f}))
	if err != nil {
		f.t.Fatal(err)
	}
	return client.NewChecker(c, o)
}

func (f *fakeRoster) questions() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.asked
}

func (f *fakeRoster) set(fn func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	fn()
}

// stream waits for the client to open a stream, and makes it ready.
func (f *fakeRoster) stream() *fakeStream {
	s := <-f.streams
	s.send("event: ready\ndata: {}\n\n")
	return s
}

// send returns when the client has read the text, or has gone.
func (s *fakeStream) send(text string) { _, _ = io.WriteString(s, text) }

func (s *fakeStream) heartbeat() { s.send("event: heartbeat\ndata: {}\n\n") }

// beat sends heartbeats for a time that is a multiple of 250 ms.
func (s *fakeStream) beat(d time.Duration) {
	for range d / (250 * time.Millisecond) {
		time.Sleep(250 * time.Millisecond)
		s.heartbeat()
	}
	synctest.Wait()
}

// access sends an event and waits until the client has dropped what it is about.
func (s *fakeStream) access(data string) {
	s.send("event: access\ndata: " + data + "\n\n")
	synctest.Wait()
}

// bubble runs a test with a checker whose stream is ready and has settled.
func bubble(t *testing.T, o client.CheckerOptions, test func(t *testing.T, f *fakeRoster, k *client.Checker, s *fakeStream)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFakeRoster(t)
		k := f.checker(o)
		defer k.Close()
		s := f.stream()
		s.beat(time.Second)
		test(t, f, k, s)
	})
}

func may(subject string) client.Question {
	kind := client.UserSubject
	if strings.HasPrefix(subject, "xa") || strings.HasPrefix(subject, "tok_") {
		kind = client.TokenSubject
	}
	return client.Question{
		Subject: client.Subject{Type: kind, ID: subject}, Action: "read",
		Resource: client.Resource{Type: "invoice", ID: "2026-1"}, Organization: "acme",
	}
}

// cached asks, and reports whether the answer came from the cache.
func cached(t testing.TB, k *client.Checker, q client.Question) bool {
	t.Helper()
	a, err := k.Ask(t.Context(), q)
	if err != nil {
		t.Fatalf("%v: %v", q.Subject, err)
	}
	return a.Cached
}

var errDown = errors.New("connection refused")
