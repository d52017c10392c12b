// Package client talks to a Roster server. A [Client] is safe for concurrent use.
//
// The client retries requests that fail temporarily (network errors, 429, 502 to 504)
// a few times. Creates carry an Idempotency-Key, so that a retry does not create a
// second object. If the answer to a delete is lost, its retry returns [ErrNotFound].
package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Client calls one server with one token.
type Client struct {
	base          string
	token         string
	org           string
	userAgent     string
	dryRun        bool
	onDiff        func(AccessDiff)
	onConsistency func(token string)
	http          *http.Client
	pause         time.Duration // before the first repetition
}

// Option changes how a [Client] works.
type Option func(*Client)

// WithOrg selects the organization. It is needed only with the personal token of an
// account that belongs to several.
func WithOrg(id string) Option { return func(c *Client) { c.org = id } }

// WithHTTPClient sends requests through h, whose timeouts and redirect policy replace
// the client's own.
func WithHTTPClient(h *http.Client) Option { return func(c *Client) { c.http = h } }

// WithUserAgent names the program to the server's audit log.
func WithUserAgent(name string) Option { return func(c *Client) { c.userAgent = name } }

// WithDryRun makes the server check and answer every write without making it.
func WithDryRun() Option { return func(c *Client) { c.dryRun = true } }

// WithAccessDiff calls fn after every dry run with the access that users and tokens
// would gain or lose, in the goroutine that made the request.
func WithAccessDiff(fn func(AccessDiff)) Option { return func(c *Client) { c.onDiff = fn } }

// WithConsistency calls fn after every write with its consistency token, in the goroutine
// that made the request. See [Question] for what tokens are for.
func WithConsistency(fn func(token string)) Option { return func(c *Client) { c.onConsistency = fn } }

// consistencyHeader has the consistency token of a write, or those that a question carries.
const consistencyHeader = "Roster-Consistency"

// New returns a client for the server at baseURL (http or https) that authenticates
// with token. Errors never contain the token.
func New(baseURL, token string, options ...Option) (*Client, error) {
	u, err := url.Parse(baseURL)
	switch {
	case err != nil: // its text would hold the URL, and so a password
		return nil, errors.New("the server's URL is not a valid URL")
	case u.User != nil, u.RawQuery != "", u.Fragment != "":
		return nil, errors.New("the server's URL must be without a user, query or fragment")
	case u.Host == "" || (u.Scheme != "http" && u.Scheme != "https"):
		return nil, fmt.Errorf("the server's URL %q must be http://… or https://…", baseURL)
	case token == "":
		return nil, errors.New("the token is empty")
	case strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }):
		return nil, errors.New("the token has invalid characters")
	}
	c := &Client{
		base: strings.TrimRight(baseURL, "/"), token: token, userAgent: "roster-go",
		http: defaultHTTP(), pause: 200 * time.Millisecond,
	}
	for _, o := range options {
		o(c)
	}
	return c, nil
}

// answerTimeout limits the time until a server begins its answer. Only the context
// limits how long the body takes.
const answerTimeout = time.Minute

// defaultHTTP follows no redirects: the API has none, and the token is for the
// server it was given for.
func defaultHTTP() *http.Client {
	transport := http.DefaultTransport
	if t, ok := transport.(*http.Transport); ok {
		t = t.Clone()
		t.ResponseHeaderTimeout = answerTimeout
		transport = t
	}
	return &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// URL returns the URL of the server.
func (c *Client) URL() string { return c.base }

// String keeps the token out of logs.
func (c *Client) String() string { return "client of " + c.base }

// GoString keeps the token out of logs.
func (c *Client) GoString() string { return c.String() }

// readError returns the error for an answer with a good status that could not be read.
func readError(method, path string, err error) error {
	return fmt.Errorf("%s %s: read the answer: %w", method, path, err)
}

// tagged is an object with the ETag of the version that was read.
type tagged interface {
	etag() string
	setETag(tag string)
}

// decode reads a body into out, and sets its ETag if it has one.
func decode(resp *http.Response, out any) error {
	if err := json.NewDecoder(resp.Body).Decode(out); err != nil {
		return readError(resp.Request.Method, resp.Request.URL.Path, err)
	}
	if t, ok := out.(tagged); ok {
		t.setETag(resp.Header.Get("ETag"))
	}
	return nil
}

// drain reads a body to its end, so that the connection can be used again.
func drain(body io.ReadCloser) {
	_, _ = io.Copy(io.Discard, io.LimitReader(body, 1<<20))
	_ = body.Close()
}
