package client

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"
)

// Types of subjects.
const (
	UserSubject  = "user"
	TokenSubject = "token"
)

// Subject is a user or a token in a [Question]. A user is named by id, email address or the
// user name that a directory has given. A token is named by the id of an API token, or by the
// value of an API or personal token.
type Subject struct {
	Type string // UserSubject or TokenSubject
	ID   string
}

// String returns the type and the id, and of a token's value only how it begins.
func (s Subject) String() string {
	if kind, _, secret := strings.Cut(s.ID, "-"); secret && s.Type == TokenSubject {
		return s.Type + " " + kind + "-…"
	}
	return s.Type + " " + s.ID
}

// GoString keeps tokens out of logs.
func (s Subject) GoString() string { return s.String() }

// Resource is an instance of a resource type that the application defines.
type Resource struct {
	Type string
	// ID names the instance. It is left out for a type without instances; for a type with
	// instances, "" stands for all of them.
	ID string
}

// Question asks whether a subject may do something.
type Question struct {
	Subject  Subject
	Action   string
	Resource Resource
	// Organization is where the subject asks. It may be left out if the [Client] has an
	// organization ([WithOrg]), or if the application belongs to one.
	Organization string
	// Address is the IP address that the subject's token came from. Tokens that are bound
	// to networks are refused without it.
	Address string
	// Consistency is empty, or has the consistency tokens of writes ([WithConsistency]),
	// separated by commas. The answer then comes from the server, and is at least as new
	// as these writes, whichever node answers. Without one it may be a second old.
	Consistency string
}

// Answer is the answer to a [Question]. The zero Answer is no.
type Answer struct {
	Allowed bool
	// Subject is whom the question was about, by id: a user, or an API token. It is empty if
	// there is no such subject, as for a token that is expired.
	Subject Subject
	// Reason says why the answer is no. It is for logs, not for users.
	Reason string
	// Cached reports that the server was not asked.
	Cached bool
}

// CheckerOptions change how a [Checker] works. The zero value is good.
type CheckerOptions struct {
	// CacheSize is how many answers are cached. 0: 10,000; negative: none.
	CacheSize int
	// Timeout bounds the time for an answer of the server, retries included. 0: 2 seconds.
	Timeout time.Duration
	// Log gets a warning when the stream of events breaks off, and when [Checker.Protect]
	// has no answer. Nil: nothing is logged. No token is logged.
	Log *slog.Logger
}

const (
	defaultCacheSize    = 10_000
	defaultCheckTimeout = 2 * time.Second
)

// Checker asks the server what users and tokens may do in an application. It is safe for
// concurrent use.
//
// It caches answers, and follows the server's stream of events to drop those that may have
// changed. A revoked permission is answered with no at most a second after the change: also
// if the stream breaks off or falls silent, because then the server is asked again. Answers
// are cached for at most five minutes.
//
// A Checker fails closed. If the server can't be asked, the answer is an error and no.
type Checker struct {
	c       *Client
	timeout time.Duration
	size    int
	log     *slog.Logger
	cache   atomic.Pointer[answerCache] // nil: no stream is open
	stop    context.CancelFunc
	closed  context.Context
	done    chan struct{}
}

var (
	errChecker  = errors.New("the checker is closed")
	errQuestion = errors.New("a question needs the type and id of a subject, an action, and the type of a resource")
)

// NewChecker returns a checker for the application whose credential (xaap-…) c has, and
// starts to follow the server's events. [Checker.Close] ends that. A client with
// [WithHTTPClient] must not have a timeout, which would cut the stream off.
func NewChecker(c *Client, o CheckerOptions) *Checker {
	if o.CacheSize == 0 {
		o.CacheSize = defaultCacheSize
	}
	if o.Timeout == 0 {
		o.Timeout = defaultCheckTimeout
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	k := &Checker{c: c, timeout: o.Timeout, size: o.CacheSize, log: o.Log, done: make(chan struct{})}
	k.closed, k.stop = context.WithCancel(context.Background())
	if k.size < 0 {
		close(k.done)
		return k
	}
	go func() {
		defer close(k.done)
		k.run(k.closed)
	}()
	return k
}

// Close ends the stream and drops the cache. Later questions are answered with an error.
// Questions that are under way are not affected.
func (k *Checker) Close() {
	k.stop()
	<-k.done
}

// String keeps the credential and cached tokens out of logs.
func (k *Checker) String() string { return "checker of " + k.c.base }

// GoString keeps the credential and cached tokens out of logs.
func (k *Checker) GoString() string { return k.String() }

// Check reports whether the subject of a question may do what it asks for. With an error,
// the answer is false. Errors are those of [Checker.Ask].
func (k *Checker) Check(ctx context.Context, q Question) (bool, error) {
	a, err := k.Ask(ctx, q)
	return a.Allowed, err
}

// Ask answers a question, from the cache if possible. Without an error, the server has
// decided; a no is no error. With an error, the answer is no: [ErrUnavailable] if the server
// can't be reached or can't answer now, [ErrRateLimited], [ErrInvalid] if it rejects the question, or
// [ErrUnauthenticated] if the credential is unknown or was deleted.
func (k *Checker) Ask(ctx context.Context, q Question) (Answer, error) {
	q, err := k.complete(ctx, q)
	if err != nil {
		return Answer{}, err
	}
	if a, ok := k.cached(&q); ok {
		return a, nil
	}
	answers, err := k.fetch(ctx, []Question{q})
	if err != nil {
		return Answer{}, err
	}
	return answers[0], nil
}

// AskAll answers many questions in their order. It asks the server for those that are not
// in the cache with as few requests as possible. If one of the questions gets no answer, AskAll
// returns an error and no answers. A question that the server rejects, for example because it names
// no organization, is a no with a reason.
func (k *Checker) AskAll(ctx context.Context, questions []Question) ([]Answer, error) {
	answers := make([]Answer, len(questions))
	var missing []Question
	var places []int
	for i := range questions {
		q, err := k.complete(ctx, questions[i])
		if err != nil {
			return nil, err
		}
		a, ok := k.cached(&q)
		if !ok {
			missing, places = append(missing, q), append(places, i)
		}
		answers[i] = a
	}
	fetched, err := k.fetch(ctx, missing)
	if err != nil {
		return nil, err
	}
	for i, a := range fetched {
		answers[places[i]] = a
	}
	return answers, nil
}

// complete returns a question as the server is asked, or why it can't be answered.
func (k *Checker) complete(ctx context.Context, q Question) (Question, error) {
	switch {
	case k.closed.Err() != nil:
		return q, errChecker
	case ctx.Err() != nil:
		return q, ctx.Err()
	case q.Subject.Type == "" || q.Subject.ID == "" || q.Action == "" || q.Resource.Type == "":
		return q, errQuestion
	}
	if q.Organization == "" {
		q.Organization = k.c.org
	}
	if q.Resource.ID == "" {
		q.Resource.ID = "*" // the protocol requires one
	}
	return q, nil
}

// cached returns the answer to a question that asks for no particular consistency.
func (k *Checker) cached(q *Question) (Answer, bool) {
	c := k.cache.Load()
	if c == nil || q.Consistency != "" {
		return Answer{}, false
	}
	return c.get(q)
}
