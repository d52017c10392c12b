package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Limits of a request with several questions.
const (
	maxQuestions     = 1000
	maxQuestionBytes = 900 << 10 // the server's limit for a body is 1 MiB
)

const (
	evaluationPath  = "/access/v1/evaluation"
	evaluationsPath = "/access/v1/evaluations"
)

// question is a [Question] in the wire format of the AuthZEN Authorization API 1.0.
type question struct {
	Subject  wireSubject `json:"subject"`
	Action   wireAction  `json:"action"`
	Resource wireObject  `json:"resource"`
	Context  wireContext `json:"context"`
}

type wireSubject struct {
	wireObject

	Properties *wireProperties `json:"properties,omitempty"`
}

type wireProperties struct {
	Address string `json:"ip_address"`
}

type wireAction struct {
	Name string `json:"name"`
}

type wireObject struct {
	Type string `json:"type"`
	ID   string `json:"id"`
}

type wireContext struct {
	Organization string `json:"organization,omitempty"`
	Identify     bool   `json:"identify"` // asks for the subject's id
	Cache        bool   `json:"cache,omitempty"`
}

func questionOf(q *Question, cache bool) question {
	w := question{
		Subject: wireSubject{wireObject: wireObject(q.Subject)}, Action: wireAction{q.Action}, Resource: wireObject(q.Resource),
		Context: wireContext{Organization: q.Organization, Identify: true, Cache: cache},
	}
	if q.Address != "" {
		w.Subject.Properties = &wireProperties{q.Address}
	}
	return w
}

// decision is an answer in the wire format.
type decision struct {
	Decision *bool `json:"decision"`
	Context  struct {
		Reason    string     `json:"reason"`
		ExpiresAt *time.Time `json:"expires_at"`
		Subject   *identity  `json:"subject"`
		Error     *struct {
			Message string `json:"message"`
		} `json:"error"`
	} `json:"context"`
}

// identity is whom a question was about. Token is the id of the token that it named by
// value.
type identity struct {
	wireObject

	Token string `json:"token"`
}

var errDecision = errors.New("the server's answer is not a decision for each question")

// fetch asks the server.
func (k *Checker) fetch(ctx context.Context, questions []Question) (answers []Answer, err error) {
	ctx, cancel := context.WithTimeout(ctx, k.timeout)
	defer cancel()
	for len(questions) > 0 {
		part, n, err := k.fetchSome(ctx, questions)
		if err != nil {
			return nil, err
		}
		answers, questions = append(answers, part...), questions[n:]
	}
	return answers, nil
}

// fetchSome asks the first n questions, as many as fit into a request.
func (k *Checker) fetchSome(ctx context.Context, questions []Question) (answers []Answer, n int, err error) {
	cache := k.cache.Load()
	if cache != nil && !cache.fresh() {
		cache = nil
	}
	body, n, err := bodyOf(questions, cache != nil)
	if err != nil {
		return nil, 0, err
	}
	questions = questions[:n]
	if cache != nil { // before the request is sent
		asked := cache.begin(questions)
		defer func() { cache.end(asked) }()
		return k.post(ctx, questions, body, asked)
	}
	return k.post(ctx, questions, body, nil)
}

// bodyOf returns the body of a request with the first n questions.
func bodyOf(questions []Question, cache bool) (body []byte, n int, err error) {
	if len(questions) == 1 {
		body, err = json.Marshal(questionOf(&questions[0], cache))
		return body, 1, err
	}
	var b bytes.Buffer
	b.WriteString(`{"evaluations":[`)
	for i := range questions[:min(len(questions), maxQuestions)] {
		q, err := json.Marshal(questionOf(&questions[i], cache))
		if err != nil {
			return nil, 0, err
		}
		if n > 0 && b.Len()+len(q) > maxQuestionBytes {
			break
		}
		if n > 0 {
			b.WriteByte(',')
		}
		b.Write(q)
		n++
	}
	b.WriteString(`]}`)
	return b.Bytes(), n, nil
}

// post sends a request and returns its answers. Those that may be cached it puts into
// asked, if that is not nil.
func (k *Checker) post(ctx context.Context, questions []Question, body []byte, asked *asked) ([]Answer, int, error) {
	header := k.c.header()
	header.Set("Content-Type", "application/json")
	header["Idempotency-Key"] = nil // lets the transport repeat the request on a new connection
	var tokens []string
	for i := range questions {
		if t := questions[i].Consistency; t != "" && !slices.Contains(tokens, t) {
			tokens = append(tokens, t)
		}
	}
	if tokens != nil {
		header.Set(consistencyHeader, strings.Join(tokens, ", "))
	}
	path := evaluationPath
	if len(questions) > 1 {
		path = evaluationsPath
	}
	resp, err := k.c.persist(ctx, http.MethodPost, k.c.base+path, header, body)
	if err != nil {
		return nil, 0, err
	}
	defer drain(resp.Body)
	decisions := make([]decision, 1, len(questions))
	if len(questions) == 1 {
		err = decode(resp, &decisions[0])
	} else {
		var many struct{ Evaluations []decision }
		err = decode(resp, &many)
		decisions = many.Evaluations
	}
	if err != nil {
		return nil, 0, err
	}
	if len(decisions) != len(questions) {
		return nil, 0, readError(http.MethodPost, path, errDecision)
	}
	answers := make([]Answer, len(questions))
	for i := range decisions {
		d := &decisions[i]
		if d.Decision == nil {
			return nil, 0, readError(http.MethodPost, path, errDecision)
		}
		answers[i] = d.answer()
		if asked != nil && d.Context.Error == nil {
			asked.answered(i, answers[i], d.Context.Subject, lifetime(d.Context.ExpiresAt, resp.Header.Get("Date")))
		}
	}
	return answers, len(questions), nil
}

func (d *decision) answer() Answer {
	a := Answer{Allowed: *d.Decision, Reason: d.Context.Reason}
	if s := d.Context.Subject; s != nil {
		a.Subject = Subject(s.wireObject)
	}
	if e := d.Context.Error; e != nil {
		a.Allowed, a.Reason = false, fmt.Sprintf("the server rejects the question: %s", e.Message)
	}
	return a
}

// maxAge is how long an answer is cached at most.
const maxAge = 5 * time.Minute

// lifetime returns how long an answer may be cached after it was asked for. It measures
// expiresAt by the server's clock, which date has to the second.
func lifetime(expiresAt *time.Time, date string) time.Duration {
	if expiresAt == nil {
		return maxAge
	}
	now, err := http.ParseTime(date)
	if err != nil {
		now = time.Now()
	}
	return min(maxAge, expiresAt.Sub(now)-time.Second)
}
