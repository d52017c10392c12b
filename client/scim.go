package client

import (
	"context"
	"net/http"
	"net/url"
)

// SCIMReport is what a test of an organization's SCIM endpoint has found.
type SCIMReport struct {
	URL   string `json:"url"`
	Users int    `json:"users"` // that a directory sees
}

// SCIMURL is the base URL that an identity provider is given.
func (c *Client) SCIMURL() string { return c.base + "/scim/v2" }

// TestSCIM reads the configuration and counts the users as an identity provider does,
// with the client's token. The error is that of the first request that fails.
func (c *Client) TestSCIM(ctx context.Context) (SCIMReport, error) {
	report := SCIMReport{URL: c.SCIMURL()}
	if err := c.do(ctx, http.MethodGet, "/scim/v2/ServiceProviderConfig", nil, nil, nil); err != nil {
		return report, err
	}
	users, err := fetch[struct {
		Total int `json:"totalResults"`
	}](ctx, c, http.MethodGet, "/scim/v2/Users", url.Values{"startIndex": {"1"}, "count": {"1"}}, nil)
	report.Users = users.Total
	return report, err
}
