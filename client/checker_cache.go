package client

import (
	"sync"
	"sync/atomic"
	"time"
)

// trust is for how long the cache may be used after the last message of the stream. The
// server's messages are at most 250 ms behind a commit, so the two make up a second.
const trust = 750 * time.Millisecond

// settle is for how long answers are not cached at the beginning of a stream. One node has
// the stream, and another that answers may be behind it.
const settle = 500 * time.Millisecond

// maxCached bounds the strings of a question that is cached, in bytes.
const maxCached = 4 << 10

// answerCache holds answers for as long as one stream of events lasts.
//
// Every answer depends on scopes, such as a user in an organization. An event ends scopes, and
// an answer is used only while all of its scopes last. The scopes of a question are looked
// up before it is sent to the server, so that an answer that an event overtakes is not cached.
//
// The cache is bounded by evicting answers that were not used since the last look at
// them, in turn (the clock algorithm).
type answerCache struct {
	began time.Time // a monotonic clock's origin
	ready time.Duration
	heard atomic.Int64 // the time of the last message; 0: the stream is not ready

	mu     sync.RWMutex
	size   int
	values map[Question]*cached
	ring   []*cached // the values in any order
	hand   int       // in ring
	scopes map[scopeKey]*scope
}

// scopeKey names something that answers depend on.
type scopeKey struct {
	org     string
	subject Subject // zero: groups, roles and settings, that is, every answer in the organization
	any     bool    // any event of the organization ends it
}

// scope is current until an event ends it. It is in the cache's map while anything refers
// to it and it is current.
type scope struct {
	key   scopeKey
	refs  int
	ended bool
}

type cached struct {
	question Question
	answer   Answer
	until    time.Duration
	scopes   []*scope
	used     atomic.Bool
}

func newAnswerCache(size int) *answerCache {
	return &answerCache{began: time.Now(), size: size, values: make(map[Question]*cached), scopes: make(map[scopeKey]*scope)}
}

func (c *answerCache) now() time.Duration { return time.Since(c.began) }

// hear records that a message was received. Its effects must have been applied.
func (c *answerCache) hear(at time.Duration) { c.heard.Store(int64(max(at, 1))) }

func (c *answerCache) fresh() bool { return c.freshAt(c.now()) }

func (c *answerCache) freshAt(now time.Duration) bool {
	heard := time.Duration(c.heard.Load())
	return heard > 0 && now-heard < trust
}

// get returns the answer to a question without Consistency.
func (c *answerCache) get(q *Question) (Answer, bool) {
	now := c.now()
	if !c.freshAt(now) {
		return Answer{}, false
	}
	c.mu.RLock()
	defer c.mu.RUnlock()
	v := c.values[*q]
	if v == nil || !v.current(now) {
		return Answer{}, false
	}
	if !v.used.Load() { // so that readers share the cache line
		v.used.Store(true)
	}
	return v.answer, true
}

func (v *cached) current(now time.Duration) bool { return now < v.until && current(v.scopes) }

func current(scopes []*scope) bool {
	for _, s := range scopes {
		if s.ended {
			return false
		}
	}
	return true
}

// asked is questions that the server is being asked.
type asked struct {
	cache     *answerCache
	at        time.Duration
	questions []Question
	scopes    []askedScopes
}

// askedScopes are the scopes that an answer can turn out to depend on.
type askedScopes struct {
	org     *scope // all that has no subject
	subject *scope // the subject as it was named, if that is an id
	any     *scope // any change in the organization
}

func tokenScope(id string) scopeKey { return scopeKey{subject: Subject{TokenSubject, id}} }

// scopeOf returns the scope of a subject by id. The ids of tokens are unique by
// themselves; a personal token works in several organizations.
func scopeOf(org string, s Subject) scopeKey {
	if s.Type == TokenSubject {
		return tokenScope(s.ID)
	}
	return scopeKey{org: org, subject: s}
}

// begin is called before questions are sent to the server. [answerCache.end] must follow.
func (c *answerCache) begin(questions []Question) *asked {
	a := &asked{cache: c, at: c.now(), questions: questions, scopes: make([]askedScopes, len(questions))}
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range questions {
		q := &questions[i]
		a.scopes[i] = askedScopes{
			org:     c.hold(scopeKey{org: q.Organization}),
			subject: c.hold(scopeOf(q.Organization, q.Subject)),
			any:     c.hold(scopeKey{org: q.Organization, any: true}),
		}
	}
	return a
}

// end releases what begin has taken.
func (c *answerCache) end(a *asked) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range a.scopes {
		c.release(s.org)
		c.release(s.subject)
		c.release(s.any)
	}
}

func (c *answerCache) hold(key scopeKey) *scope {
	s := c.scopes[key]
	if s == nil {
		s = &scope{key: key}
		c.scopes[key] = s
	}
	s.refs++
	return s
}

func (c *answerCache) release(s *scope) {
	if s.refs--; s.refs == 0 && !s.ended {
		delete(c.scopes, s.key)
	}
}

// answered caches the answer to a question, unless an event has overtaken it. who is the
// subject that the server has found; nil: none.
func (a *asked) answered(i int, answer Answer, who *identity, lifetime time.Duration) {
	c, q, s := a.cache, a.questions[i], a.scopes[i]
	q.Consistency = ""
	until := a.at + lifetime
	if a.at < c.ready+settle || until <= c.now() || q.length() > maxCached {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	var keys []scopeKey
	switch byID := who != nil && answer.Subject == q.Subject; {
	case byID && (s.subject.ended || s.org.ended), !byID && s.any.ended:
		return
	case byID:
		keys = []scopeKey{s.org.key, s.subject.key}
	case who == nil: // nobody is meant, so a change of anybody may make a difference
		keys = []scopeKey{s.any.key}
	case q.Subject.Type != TokenSubject: // an address or a name
		keys = []scopeKey{s.org.key, scopeOf(q.Organization, answer.Subject)}
	case who.Token != "": // a token's value
		keys = []scopeKey{s.org.key, scopeOf(q.Organization, answer.Subject), tokenScope(who.Token)}
	default:
		return // it is not known which events concern it
	}
	v := &cached{question: q, answer: answer, until: until}
	v.answer.Cached = true
	for _, key := range keys {
		v.scopes = append(v.scopes, c.hold(key))
	}
	c.put(v)
}

func (q *Question) length() int {
	return len(q.Subject.Type) + len(q.Subject.ID) + len(q.Action) + len(q.Resource.Type) + len(q.Resource.ID) + len(q.Organization) + len(q.Address)
}

func (c *answerCache) put(v *cached) {
	if old := c.values[v.question]; old != nil {
		// The new value takes the place of the old one in the ring.
		c.drop(old)
		old.question, old.answer, old.until, old.scopes = v.question, v.answer, v.until, v.scopes
		c.values[v.question] = old
		return
	}
	if len(c.ring) < c.size {
		c.ring = append(c.ring, v)
	} else {
		c.drop(c.evict())
		c.ring[c.hand] = v
	}
	c.values[v.question] = v
}

// evict moves the hand to a value that was not used lately.
func (c *answerCache) evict() *cached {
	now := c.now()
	for {
		c.hand = (c.hand + 1) % len(c.ring)
		v := c.ring[c.hand]
		if !v.current(now) || !v.used.Swap(false) {
			return v
		}
	}
}

func (c *answerCache) drop(v *cached) {
	delete(c.values, v.question)
	for _, s := range v.scopes {
		c.release(s)
	}
}

// changed ends what an event is about. Without a subject, that is everything in an
// organization, and without an organization, everything.
func (c *answerCache) changed(org string, subject Subject) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if org == "" {
		for _, s := range c.scopes {
			c.finish(s.key)
		}
		return
	}
	// A question that names no organization is about that of the application, which is then
	// the only one that has events.
	for _, in := range [...]string{org, ""} {
		c.finish(scopeKey{org: in, any: true})
		if subject == (Subject{}) {
			c.finish(scopeKey{org: in})
		} else {
			c.finish(scopeOf(in, subject))
		}
	}
}

func (c *answerCache) finish(key scopeKey) {
	if s := c.scopes[key]; s != nil {
		s.ended = true
		delete(c.scopes, key)
	}
}
