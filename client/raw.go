package client

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// Raw sends a request to any path of the server, such as "/v2/users?limit=10", and
// returns the answer, whose body the caller closes. The body must be JSON, or nil. An
// answer without a status of 2xx is an [Error].
func (c *Client) Raw(ctx context.Context, method, path string, body []byte) (*http.Response, error) {
	u, err := url.Parse(path)
	if err != nil || u.Scheme != "" || u.Host != "" || !strings.HasPrefix(path, "/") || u.Fragment != "" {
		return nil, fmt.Errorf("the path %q must begin with / and have no host and no fragment", path)
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return nil, fmt.Errorf("the query of the path %q is malformed", path)
	}
	var in any
	if body != nil {
		in = rawBody{data: body, mediaType: "application/json"}
	}
	resp, err := c.send(ctx, strings.ToUpper(method), u.EscapedPath(), query, in)
	if err != nil {
		return nil, err
	}
	if err := c.passOn(resp); err != nil {
		_ = resp.Body.Close() // the caller does not get it
		return nil, err
	}
	return resp, nil
}

// NextPage returns the path of the page after an answer to Raw, or "" if it is the last.
func NextPage(resp *http.Response) (string, error) {
	query, err := nextPage(resp.Header.Get("Link"))
	if err != nil || query == nil {
		return "", err
	}
	return resp.Request.URL.Path + "?" + query.Encode(), nil
}
