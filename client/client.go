// Package client talks to a Roster server. A [Client] is safe for concurrent use.
//
// Requests that fail in passing (the network, 429, 502 to 504) are tried again
// a few times; creates carry an Idempotency-Key, so that one which was done but
// not answered is not done twice. A delete that was done but not answered is
// [ErrNotFound] the second time.
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

// Client is a server and a token.
type Client struct {
	base      string
	token     string
	org       string
	userAgent string
	dryRun    bool
	onDiff    func(AccessDiff)
	http      *http.Client
	pause     time.Duration // before the first repetition
}

// Option changes how a [Client] works.
type Option func(*Client)

// WithOrg says which organisation is meant; only a personal token of an account
// in several needs it.
func WithOrg(id string) Option { return func(c *Client) { c.org = id } }

// WithHTTPClient sends requests through h, whose limits on time and redirects
// then apply instead of the client's own.
func WithHTTPClient(h *http.Client) Option { return func(c *Client) { c.http = h } }

// WithUserAgent names the program to the server's audit log.
func WithUserAgent(name string) Option { return func(c *Client) { c.userAgent = name } }

// WithDryRun has every write checked and answered, and nothing written.
func WithDryRun() Option { return func(c *Client) { c.dryRun = true } }

// WithAccessDiff calls fn after every dry run with who would gain and lose what.
// Calls come from where the request was made.
func WithAccessDiff(fn func(AccessDiff)) Option { return func(c *Client) { c.onDiff = fn } }

// New makes a client of the server at baseURL, http or https, for a token. An
// error never holds the token.
func New(baseURL, token string, options ...Option) (*Client, error) {
	u, err := url.Parse(baseURL)
	switch {
	case err != nil: // its text would hold the URL, and so a password
		return nil, errors.New("the server's URL can't be read")
	case u.User != nil, u.RawQuery != "", u.Fragment != "":
		return nil, errors.New("the server's URL must be without a user, query or fragment")
	case u.Host == "" || (u.Scheme != "http" && u.Scheme != "https"):
		return nil, fmt.Errorf("the server's URL %q must be http://… or https://…", baseURL)
	case token == "":
		return nil, errors.New("the token is empty")
	case strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }):
		return nil, errors.New("the token holds characters that no token has")
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

// answerTimeout is how long a server may take to begin its answer. What follows
// may take as long as its reader does: the context bounds it.
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

// String keeps the token out of logs.
func (c *Client) String() string { return "client of " + c.base }

// GoString keeps the token out of logs.
func (c *Client) GoString() string { return c.String() }

// readError is an answer that began well and could not be read.
func readError(method, path string, err error) error {
	return fmt.Errorf("%s %s: read the answer: %w", method, path, err)
}

// tagged is an object that remembers the version it was read at.
type tagged interface {
	etag() string
	setETag(tag string)
}

// decode reads a body into out, which remembers its version if it can.
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
