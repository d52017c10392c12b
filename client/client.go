// Package client talks to a Roster server. A [Client] is safe for concurrent use.
//
// Requests that fail in passing (the network, 429, 502 to 504) are tried again
// a few times; creates carry an Idempotency-Key, so that one which was done but
// not answered is not done twice.
package client

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
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
	http      *http.Client
	pause     time.Duration // before the first repetition
}

// Option changes how a [Client] works.
type Option func(*Client)

// WithOrg says which organisation is meant; only a personal token of an account
// in several needs it.
func WithOrg(id string) Option { return func(c *Client) { c.org = id } }

// WithHTTPClient sends requests through h.
func WithHTTPClient(h *http.Client) Option { return func(c *Client) { c.http = h } }

// WithUserAgent names the program to the server's audit log.
func WithUserAgent(name string) Option { return func(c *Client) { c.userAgent = name } }

// WithDryRun has every write checked and answered, and nothing written.
func WithDryRun() Option { return func(c *Client) { c.dryRun = true } }

// New makes a client of the server at baseURL, http or https, for a token. An
// error never holds the token.
func New(baseURL, token string, options ...Option) (*Client, error) {
	u, err := url.Parse(baseURL)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return nil, fmt.Errorf("the server's URL %q must be http://… or https://…", baseURL)
	}
	if strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return nil, errors.New("the token holds characters that no token has")
	}
	c := &Client{
		base: strings.TrimSuffix(baseURL, "/"), token: token, userAgent: "roster-go",
		http: &http.Client{Timeout: 5 * time.Minute}, pause: 200 * time.Millisecond,
	}
	for _, o := range options {
		o(c)
	}
	return c, nil
}

// attempts is how often a request is sent at most.
const attempts = 4

// do sends a request and decodes the answer into out, if there is one.
func (c *Client) do(ctx context.Context, method, path string, query url.Values, in, out any) error {
	resp, err := c.send(ctx, method, path, query, in) //nolint:bodyclose // drain closes it
	if err != nil {
		return err
	}
	defer drain(resp.Body)
	if out == nil || resp.StatusCode == http.StatusNoContent {
		return nil
	}
	if err := json.NewDecoder(resp.Body).Decode(out); err != nil {
		return fmt.Errorf("%s %s: read the answer: %w", method, path, err)
	}
	return nil
}

// fetch is do for an answer of one type.
func fetch[T any](ctx context.Context, c *Client, method, path string, query url.Values, in any) (T, error) {
	var out T
	err := c.do(ctx, method, path, query, in, &out)
	return out, err
}

// send gives a response of status 2xx, whose body the caller closes.
func (c *Client) send(ctx context.Context, method, path string, query url.Values, in any) (*http.Response, error) {
	var body []byte
	if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			return nil, err
		}
	}
	if c.dryRun && method != http.MethodGet {
		query = url.Values{"dryRun": {"true"}}
	}
	key := ""
	if method == http.MethodPost {
		key = rand.Text()
	}
	for attempt := 1; ; attempt++ {
		resp, wait, err := c.try(ctx, method, path, query, body, key)
		if err == nil {
			return resp, nil
		}
		if wait < 0 || attempt == attempts {
			return nil, err
		}
		if wait == 0 {
			wait = c.pause << (attempt - 1)
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(wait):
		}
	}
}

// maxWait is the longest that a server's Retry-After is heeded.
const maxWait = 30 * time.Second

// try sends a request once. wait says when to try again: 0 soon, below 0 never.
func (c *Client) try(ctx context.Context, method, path string, query url.Values, body []byte, key string) (resp *http.Response, wait time.Duration, err error) {
	target := c.base + path
	if len(query) > 0 {
		target += "?" + query.Encode()
	}
	r, err := http.NewRequestWithContext(ctx, method, target, bytes.NewReader(body))
	if err != nil {
		return nil, -1, err
	}
	r.Header.Set("Authorization", "Bearer "+c.token)
	r.Header.Set("User-Agent", c.userAgent)
	for name, value := range map[string]string{"X-Axiom-Org-Id": c.org, "Idempotency-Key": key} {
		if value != "" {
			r.Header.Set(name, value)
		}
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	resp, err = c.http.Do(r)
	if err != nil {
		if ctx.Err() != nil {
			return nil, -1, ctx.Err()
		}
		return nil, 0, &Error{Status: 0, Message: err.Error(), cause: err}
	}
	if resp.StatusCode < 300 {
		return resp, 0, nil
	}
	defer drain(resp.Body)
	return nil, repeatAfter(resp), errorOf(resp)
}

func repeatAfter(resp *http.Response) time.Duration {
	switch resp.StatusCode {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		seconds, err := strconv.Atoi(resp.Header.Get("Retry-After"))
		if err != nil {
			return 0
		}
		if wait := time.Duration(seconds) * time.Second; wait <= maxWait {
			return wait
		}
	}
	return -1
}

// drain reads a body to its end, so that the connection can be used again.
func drain(body io.ReadCloser) {
	_, _ = io.Copy(io.Discard, io.LimitReader(body, 1<<20))
	_ = body.Close()
}
