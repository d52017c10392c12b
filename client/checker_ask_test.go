package client_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rosterhq/roster/client"
)

// A question with a consistency token goes to the server. Its answer replaces the cached one.
func TestConsistencyTokensSkipTheCache(t *testing.T) {
	bubble(t, client.CheckerOptions{}, func(t *testing.T, f *fakeRoster, k *client.Checker, _ *fakeStream) {
		cached(t, k, may("usr_ann"))
		f.set(func() {
			f.answer = func(fakeQuestion) string {
				return `{"decision":false,"context":{"subject":` + identity("user", "usr_ann") + `}}`
			}
		})
		q := may("usr_ann")
		q.Consistency = "acme:42"
		if a, err := k.Ask(t.Context(), q); err != nil || a.Allowed || a.Cached {
			t.Errorf("%+v, %v", a, err)
		}
		if got := f.header.Get("Roster-Consistency"); got != "acme:42" {
			t.Errorf("the server got the token %q", got)
		}
		if a, err := k.Ask(t.Context(), may("usr_ann")); err != nil || a.Allowed || !a.Cached {
			t.Errorf("afterwards %+v, %v", a, err)
		}
		other := may("usr_bob")
		other.Consistency = "other:7"
		if _, err := k.AskAll(t.Context(), []client.Question{q, other, q}); err != nil {
			t.Fatal(err)
		}
		if got := f.header.Get("Roster-Consistency"); got != "acme:42, other:7" {
			t.Errorf("the server got the tokens %q", got)
		}
	})
}

// Many questions take one request for those that are not cached, and more if the body grows
// too large. Mistakes are no, and are not cached.
func TestAskAll(t *testing.T) {
	bubble(t, client.CheckerOptions{}, func(t *testing.T, f *fakeRoster, k *client.Checker, _ *fakeStream) {
		f.set(func() {
			f.answer = func(q fakeQuestion) string {
				switch q.Subject.ID {
				case "usr_mistake":
					return `{"decision":false,"context":{"error":{"status":400,"message":"context.organization is required"}}}`
				case "usr_bob":
					return `{"decision":false,"context":{"reason":"not held","subject":` + identity("user", "usr_bob") + `}}`
				}
				return `{"decision":true,"context":{"subject":` + identity("user", q.Subject.ID) + `}}`
			}
		})
		questions := []client.Question{may("usr_ann"), may("usr_bob"), may("usr_mistake"), may("usr_cleo")}
		cached(t, k, questions[3])
		for round := range 2 {
			answers, err := k.AskAll(t.Context(), questions)
			if err != nil {
				t.Fatal(err)
			}
			var got string
			for _, a := range answers {
				got += fmt.Sprintf("%t %t, ", a.Allowed, a.Cached)
			}
			if want := []string{"true false, false false, false false, true true, ", "true true, false true, false false, true true, "}[round]; got != want {
				t.Errorf("round %d: %s, want %s", round, got, want)
			}
			if !strings.Contains(answers[2].Reason, "context.organization") {
				t.Errorf("the mistake is %+v", answers[2])
			}
		}
		var many []client.Question
		for i := range 1500 {
			q := may(fmt.Sprintf("usr_%d", i))
			q.Resource.ID = strings.Repeat("x", 1000)
			many = append(many, q)
		}
		f.set(func() { f.batches = nil })
		answers, err := k.AskAll(t.Context(), many)
		if err != nil || len(answers) != len(many) {
			t.Fatalf("%d answers, %v", len(answers), err)
		}
		for i, a := range answers {
			if a.Subject.ID != many[i].Subject.ID || !a.Allowed {
				t.Fatalf("answer %d: %+v", i, a)
			}
		}
		if len(f.batches) != 2 || f.batches[0] > 1000 {
			t.Errorf("requests with %v questions", f.batches)
		}
		if none, err := k.AskAll(t.Context(), nil); err != nil || len(none) != 0 {
			t.Errorf("no questions: %v, %v", none, err)
		}
	})
}

// Without an answer it is no, and an error, within the timeout.
func TestCheckerFailsClosed(t *testing.T) {
	reply := func(status int, body string, header ...string) func(*http.Request) (*http.Response, error) {
		return func(rq *http.Request) (*http.Response, error) {
			resp := respond(rq, status, "application/json", strings.NewReader(body))
			if len(header) > 0 {
				resp.Header.Set(header[0], header[1])
			}
			return resp, nil
		}
	}
	for name, c := range map[string]struct {
		refuse func(*http.Request) (*http.Response, error)
		want   error
	}{
		"down":            {func(*http.Request) (*http.Response, error) { return nil, errDown }, client.ErrUnavailable},
		"429":             {reply(429, `{"message":"slow down"}`), client.ErrRateLimited},
		"429 for an hour": {reply(429, `{"message":"slow down"}`, "Retry-After", "3600"), client.ErrRateLimited},
		"503":             {reply(503, `{"message":"behind"}`, "Retry-After", "1"), client.ErrUnavailable},
		"500":             {reply(500, `oops`), client.ErrUnavailable},
		"401":             {reply(401, `{"message":"unknown credential"}`), client.ErrUnauthenticated},
		"400":             {reply(400, `{"message":"context.organization is required"}`), client.ErrInvalid},
		"no decision":     {reply(200, `{}`), nil},
		"null":            {reply(200, `null`), nil},
		"a word":          {reply(200, `{"decision":"true"}`), nil},
		"no JSON":         {reply(200, `<html>true</html>`), nil},
		"empty":           {reply(200, ``), nil},
		"silence": {func(rq *http.Request) (*http.Response, error) {
			<-rq.Context().Done()
			return nil, rq.Context().Err()
		}, context.DeadlineExceeded},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, client.CheckerOptions{}, func(t *testing.T, f *fakeRoster, k *client.Checker, s *fakeStream) {
				cached(t, k, may("usr_ann"))
				f.set(func() { f.refuse = c.refuse })
				began := time.Now()
				ok, err := k.Check(t.Context(), may("usr_bob"))
				if ok || err == nil || (c.want != nil && !errors.Is(err, c.want)) {
					t.Errorf("%t, %v", ok, err)
				}
				if took := time.Since(began); took > 2*time.Second {
					t.Errorf("it took %s", took)
				}
				if answers, err := k.AskAll(t.Context(), []client.Question{may("usr_bob"), may("usr_ann")}); answers != nil || err == nil {
					t.Errorf("all: %v, %v", answers, err)
				}
				if strings.Contains(fmt.Sprint(err), credential) {
					t.Errorf("the error has the credential: %v", err)
				}
				// Also what was cached, when the stream has ended.
				_ = s.Close()
				synctest.Wait()
				if ok, err := k.Check(t.Context(), may("usr_ann")); ok || err == nil {
					t.Errorf("without a stream: %t, %v", ok, err)
				}
			})
		})
	}
}

// A question without a part, and one to a closed checker or with a context that has ended, is
// answered with an error without asking.
func TestQuestionsThatAreNotAsked(t *testing.T) {
	bubble(t, client.CheckerOptions{}, func(t *testing.T, f *fakeRoster, k *client.Checker, _ *fakeStream) {
		cached(t, k, may("usr_ann"))
		before := f.questions()
		for name, spoil := range map[string]func(*client.Question){
			"subject": func(q *client.Question) { q.Subject.ID = "" }, "subject's type": func(q *client.Question) { q.Subject.Type = "" },
			"action": func(q *client.Question) { q.Action = "" }, "resource": func(q *client.Question) { q.Resource = client.Resource{} },
		} {
			q := may("usr_ann")
			spoil(&q)
			if ok, err := k.Check(t.Context(), q); ok || err == nil {
				t.Errorf("%s: %t, %v", name, ok, err)
			}
		}
		over, cancel := context.WithCancel(t.Context())
		cancel()
		if ok, err := k.Check(over, may("usr_ann")); ok || !errors.Is(err, context.Canceled) {
			t.Errorf("with a canceled context: %t, %v", ok, err)
		}
		k.Close()
		if ok, err := k.Check(t.Context(), may("usr_ann")); ok || err == nil {
			t.Errorf("after Close: %t, %v", ok, err)
		}
		if f.questions() != before {
			t.Error("the server was asked")
		}
		k.Close() // again
	})
}

// A server that refuses streams is asked for one again, but less and less often.
func TestCheckerDoesNotStormTheServer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFakeRoster(t)
		tries := 0
		f.refuse = func(*http.Request) (*http.Response, error) {
			f.set(func() { tries++ })
			return nil, errDown
		}
		k := f.checker(client.CheckerOptions{})
		time.Sleep(time.Minute)
		k.Close()
		if tries < 5 || tries > 30 {
			t.Errorf("%d tries in a minute", tries)
		}
	})
}

// Neither the credential nor a token's value is printed.
func TestCheckerPrintsNoSecrets(t *testing.T) {
	bubble(t, client.CheckerOptions{}, func(t *testing.T, _ *fakeRoster, k *client.Checker, _ *fakeStream) {
		q := may("xapt-11111111")
		cached(t, k, q)
		for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
			if text := fmt.Sprintf(format+" "+format+" "+format, k, q, q.Subject); strings.Contains(text, "1111") || strings.Contains(text, "0000-4000") {
				t.Errorf("%s prints %s", format, text)
			}
		}
	})
}
