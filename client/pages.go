package client

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"strings"
)

// pages yields the items of a list as they arrive, page by page. An error ends the
// sequence.
func pages[T any](ctx context.Context, c *Client, path string, query url.Values) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for page := query; page != nil; { // query is kept for the next range loop
			next, err := onePage(ctx, c, path, page, yield)
			if err != nil {
				var none T
				yield(none, err)
				return
			}
			page = next
		}
	}
}

// onePage yields the items of one page and returns the query of the next page. It is nil
// if there is none or the caller stopped.
func onePage[T any](ctx context.Context, c *Client, path string, query url.Values, yield func(T, error) bool) (url.Values, error) {
	resp, err := c.send(ctx, http.MethodGet, path, query, nil)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	d := json.NewDecoder(resp.Body)
	if t, err := d.Token(); err != nil || t != json.Delim('[') {
		return nil, readError(http.MethodGet, path, cmp.Or(err, errNoList))
	}
	for d.More() {
		var v T
		if err := d.Decode(&v); err != nil {
			return nil, readError(http.MethodGet, path, err)
		}
		if !yield(v, nil) {
			return nil, nil
		}
	}
	if _, err := d.Token(); err != nil { // a truncated answer has no end
		return nil, readError(http.MethodGet, path, err)
	}
	return nextPage(resp.Header.Get("Link"))
}

var errNoList = errors.New("the answer is not a list")

// nextPage reads the query of the next page from a Link header (RFC 8288). It returns nil
// if there is none.
func nextPage(link string) (url.Values, error) {
	target, params, ok := strings.Cut(strings.TrimPrefix(link, "<"), ">")
	if !ok || !strings.Contains(params, `rel="next"`) {
		return nil, nil
	}
	u, err := url.Parse(target)
	if err != nil {
		return nil, fmt.Errorf("read the link to the next page: %w", err)
	}
	return u.Query(), nil
}
