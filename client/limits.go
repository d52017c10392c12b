package client

import (
	"context"
	"net/http"
)

// LimitUse is a limit on what an organization or account can have, and its use.
type LimitUse struct {
	Limit string `json:"limit"`
	Max   *int   `json:"max"`  // nil: no limit
	Used  *int   `json:"used"` // nil: a limit of a single object or request
}

// ListLimits returns the limits of the organization, and with a personal token those of
// the account. Any token of the organization may read them.
func (c *Client) ListLimits(ctx context.Context) ([]LimitUse, error) {
	return fetch[[]LimitUse](ctx, c, http.MethodGet, "/v2/limits", nil, nil)
}
