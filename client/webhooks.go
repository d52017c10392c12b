package client

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// Webhook is a receiver of the organization's audit entries. Secret is set only when the
// webhook is created or its secret is rotated.
type Webhook struct {
	ID             string   `json:"id,omitempty"`
	Name           string   `json:"name"`
	Description    string   `json:"description"`
	URL            string   `json:"url"`
	Actions        []string `json:"actions"`     // names, or beginnings followed by *; none: all
	TargetTypes    []string `json:"targetTypes"` // none: all
	IncludeRefused bool     `json:"includeRefused"`
	Enabled        *bool    `json:"enabled,omitempty"` // nil in a request: unchanged

	// Set by the server.
	DisabledReason          string     `json:"disabledReason,omitempty"`
	CreatedAt               *time.Time `json:"createdAt,omitempty"`
	CreatedBy               *Creator   `json:"createdBy,omitempty"`
	UpdatedAt               *time.Time `json:"updatedAt,omitempty"`
	PreviousSecretExpiresAt *time.Time `json:"previousSecretExpiresAt,omitempty"`
	Secret                  string     `json:"secret,omitempty"`

	// ETag is the version that GetWebhook read. If it is set, UpdateWebhook returns
	// [ErrPreconditionFailed] if the webhook has changed since.
	ETag string `json:"-"`
}

func (w *Webhook) etag() string       { return w.ETag }
func (w *Webhook) setETag(tag string) { w.ETag = tag }

// WebhookDelivery is an entry on its way to a webhook.
type WebhookDelivery struct {
	ID            string     `json:"id"` // the header webhook-id
	Sequence      int64      `json:"sequence"`
	Action        string     `json:"action"`
	State         string     `json:"state"` // pending, delivered or dead
	Attempts      int        `json:"attempts"`
	QueuedAt      time.Time  `json:"queuedAt"`
	NextAttemptAt *time.Time `json:"nextAttemptAt"`
	LastAttemptAt *time.Time `json:"lastAttemptAt"`
	EndedAt       *time.Time `json:"endedAt"`
	Status        *int       `json:"status"` // nil: no answer
	DurationMS    *int64     `json:"durationMs"`
	Failure       string     `json:"failure"`
}

// ReplayScope selects the entries to send again: dead deliveries, or, if a member is set,
// all entries from there on.
type ReplayScope struct {
	FromSequence int64      `json:"fromSequence,omitempty"`
	Since        *time.Time `json:"since,omitempty"`
}

// ListWebhooks returns the organization's webhooks. Permission auditLog|read.
func (c *Client) ListWebhooks(ctx context.Context) ([]Webhook, error) {
	return fetch[[]Webhook](ctx, c, http.MethodGet, "/v2/webhooks", nil, nil)
}

// GetWebhook returns one webhook. Permission auditLog|read.
func (c *Client) GetWebhook(ctx context.Context, id string) (Webhook, error) {
	return fetch[Webhook](ctx, c, http.MethodGet, webhookPath(id), nil, nil)
}

func webhookPath(id string) string { return "/v2/webhooks/" + url.PathEscape(id) }

// CreateWebhook creates a webhook. Only this answer has its secret. Like every change of
// a webhook, it needs the personal token of an owner or admin who has auditLog|read.
func (c *Client) CreateWebhook(ctx context.Context, in Webhook) (Webhook, error) {
	return fetch[Webhook](ctx, c, http.MethodPost, "/v2/webhooks", nil, &in)
}

// UpdateWebhook replaces the settings of a webhook.
func (c *Client) UpdateWebhook(ctx context.Context, id string, in Webhook) (Webhook, error) {
	in.Secret = ""
	return fetch[Webhook](ctx, c, http.MethodPut, webhookPath(id), nil, &in)
}

// DeleteWebhook deletes a webhook with its deliveries.
func (c *Client) DeleteWebhook(ctx context.Context, id string) error {
	return c.do(ctx, http.MethodDelete, webhookPath(id), nil, nil, nil)
}

// RotateWebhookSecret gives a webhook a new secret. Only this answer has it. The previous
// secret also signs until previousEnds, or for a day if that is nil.
func (c *Client) RotateWebhookSecret(ctx context.Context, id string, previousEnds *time.Time) (Webhook, error) {
	in := map[string]*time.Time{"previousSecretExpiresAt": previousEnds}
	return fetch[Webhook](ctx, c, http.MethodPost, webhookPath(id)+"/rotate-secret", nil, in)
}

// TestWebhook sends a test entry to a webhook.
func (c *Client) TestWebhook(ctx context.Context, id string) error {
	return c.do(ctx, http.MethodPost, webhookPath(id)+"/test", nil, nil, nil)
}

// ReplayDelivery sends a delivery again.
func (c *Client) ReplayDelivery(ctx context.Context, id, delivery string) (WebhookDelivery, error) {
	return fetch[WebhookDelivery](ctx, c, http.MethodPost, webhookPath(id)+"/deliveries/"+url.PathEscape(delivery)+"/replay", nil, nil)
}

// ReplayWebhook queues deliveries again, in as many requests as needed, and returns how
// many it queued.
func (c *Client) ReplayWebhook(ctx context.Context, id string, scope ReplayScope) (replayed int, err error) {
	for {
		done, err := fetch[struct {
			Replayed     int
			More         bool
			NextSequence int64
		}](ctx, c, http.MethodPost, webhookPath(id)+"/replay", nil, scope)
		replayed += done.Replayed
		if err != nil || !done.More || c.dryRun {
			return replayed, err
		}
		if done.NextSequence > 0 {
			scope = ReplayScope{FromSequence: done.NextSequence}
		}
	}
}

// ListWebhookDeliveries yields the deliveries of the last 30 days, the newest
// entries first, all or those in one state. An error ends the sequence.
// Permission auditLog|read.
func (c *Client) ListWebhookDeliveries(ctx context.Context, id, state string) iter.Seq2[WebhookDelivery, error] {
	first := url.Values{"limit": {strconv.Itoa(deliveryPage)}}
	if state != "" {
		first.Set("state", state)
	}
	return func(yield func(WebhookDelivery, error) bool) {
		for query := first; query != nil; { // first is kept for the next range loop
			page, next, err := c.deliveries(ctx, webhookPath(id)+"/deliveries", query)
			if err != nil {
				yield(WebhookDelivery{}, err)
				return
			}
			for _, d := range page {
				if !yield(d, nil) {
					return
				}
			}
			query = next
		}
	}
}

// deliveryPage is how many deliveries one request reads.
const deliveryPage = 500

// deliveries returns one page and the query of the next, or nil if there is none.
func (c *Client) deliveries(ctx context.Context, path string, query url.Values) (page []WebhookDelivery, next url.Values, err error) {
	resp, err := c.send(ctx, http.MethodGet, path, query, nil) // drain closes it
	if err != nil {
		return nil, nil, err
	}
	defer drain(resp.Body)
	if err := decode(resp, &page); err != nil {
		return nil, nil, err
	}
	next, err = nextPage(resp.Header.Get("Link"))
	return page, next, err
}
