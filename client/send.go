package client

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"maps"
	mathrand "math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	// attempts is the maximum number of attempts for a request.
	attempts = 4
	// maxWait is the longest Retry-After that the client waits for. If it is longer, the
	// client returns the error.
	maxWait = 30 * time.Second
)

// never is the wait of a request that must not be retried.
const never = -1

// do sends a request and decodes the answer into out, if there is one.
func (c *Client) do(ctx context.Context, method, path string, query url.Values, in, out any) error {
	_, err := c.exchange(ctx, method, path, query, in, out)
	return err
}

// exchange is do that returns the answer's headers too.
func (c *Client) exchange(ctx context.Context, method, path string, query url.Values, in, out any) (http.Header, error) {
	resp, err := c.send(ctx, method, path, query, in) // drain closes it
	if err != nil {
		return nil, err
	}
	defer drain(resp.Body)
	if err := c.passOn(resp); err != nil {
		return nil, err
	}
	if out == nil || resp.StatusCode == http.StatusNoContent {
		return resp.Header, nil
	}
	return resp.Header, decode(resp, out)
}

// passOn calls the functions that were set for what headers of an answer say.
func (c *Client) passOn(resp *http.Response) error {
	if token := resp.Header.Get(consistencyHeader); c.onConsistency != nil && token != "" {
		c.onConsistency(token)
	}
	line := resp.Header.Get("Roster-Access-Diff")
	if !c.dryRun || c.onDiff == nil || line == "" {
		return nil
	}
	var d AccessDiff
	if err := json.Unmarshal([]byte(line), &d); err != nil {
		return readError(resp.Request.Method, resp.Request.URL.Path, err)
	}
	c.onDiff(d)
	return nil
}

// fetch is do for an answer of one type.
func fetch[T any](ctx context.Context, c *Client, method, path string, query url.Values, in any) (T, error) {
	var out T
	err := c.do(ctx, method, path, query, in, &out)
	return out, err
}

// header has what every request carries.
func (c *Client) header() http.Header {
	return http.Header{"Authorization": {"Bearer " + c.token}, "User-Agent": {c.userAgent}}
}

// send gives a response of status 2xx, whose body the caller closes.
func (c *Client) send(ctx context.Context, method, path string, query url.Values, in any) (*http.Response, error) {
	header := c.header()
	if c.org != "" {
		header.Set("X-Axiom-Org-Id", c.org)
	}
	var body []byte
	if raw, ok := in.(rawBody); ok {
		body = raw.data
		header.Set("Content-Type", raw.mediaType)
	} else if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			return nil, fmt.Errorf("%s %s: write the request: %w", method, path, err)
		}
		header.Set("Content-Type", "application/json")
	}
	if t, ok := in.(tagged); ok && method == http.MethodPut && t.etag() != "" {
		header.Set("If-Match", t.etag())
	}
	if c.dryRun && method != http.MethodGet {
		query = maps.Clone(query)
		if query == nil {
			query = make(url.Values)
		}
		query.Set("dryRun", "true")
	}
	if method == http.MethodPost {
		header.Set("Idempotency-Key", rand.Text())
	}
	target := c.base + path
	if len(query) > 0 {
		target += "?" + query.Encode()
	}
	return c.persist(ctx, method, target, header, body)
}

// persist retries until an answer is final, the attempts are used up, or ctx ends. It does
// not wait for a time that is past the deadline of ctx.
func (c *Client) persist(ctx context.Context, method, target string, header http.Header, body []byte) (*http.Response, error) {
	for attempt := 1; ; attempt++ {
		resp, wait, err := c.try(ctx, method, target, header, body)
		if err == nil {
			return resp, nil
		}
		if wait == never || attempt == attempts {
			return nil, err
		}
		if wait == 0 { // half of it random, so that clients don't retry at the same time
			wait = c.pause << (attempt - 1)
			wait = wait/2 + mathrand.N(wait/2+1) //nolint:gosec // not security-relevant
		}
		if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < wait {
			return nil, err
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("%w, while waiting to retry after: %w", ctx.Err(), err)
		case <-time.After(wait):
		}
	}
}

// try sends a request once. wait says when to try again: 0 soon, or never.
func (c *Client) try(ctx context.Context, method, target string, header http.Header, body []byte) (resp *http.Response, wait time.Duration, err error) {
	r, err := http.NewRequestWithContext(ctx, method, target, bytes.NewReader(body))
	if err != nil {
		return nil, never, err
	}
	r.Header = header.Clone()
	resp, err = c.http.Do(r)
	if err != nil {
		if ctx.Err() != nil {
			return nil, never, ctx.Err()
		}
		return nil, 0, &Error{Message: strings.ReplaceAll(err.Error(), c.token, "[token]"), cause: err}
	}
	if resp.StatusCode >= 200 && resp.StatusCode < 300 {
		return resp, 0, nil
	}
	defer drain(resp.Body)
	return nil, repeatAfter(resp), c.errorOf(resp)
}

func repeatAfter(resp *http.Response) time.Duration {
	switch resp.StatusCode {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
	default:
		return never
	}
	seconds, err := strconv.Atoi(resp.Header.Get("Retry-After"))
	switch {
	case err != nil || seconds < 0:
		return 0
	case seconds > int(maxWait/time.Second):
		return never
	default:
		return time.Duration(seconds) * time.Second
	}
}
