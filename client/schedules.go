package client

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// ScheduledAction is what a [Schedule] does to a user.
type ScheduledAction string

// The actions.
const (
	ScheduledSuspension   ScheduledAction = "suspend"
	ScheduledReactivation ScheduledAction = "reactivate"
	ScheduledRemoval      ScheduledAction = "remove"
)

// Schedule is a change of a user that the server makes at a time.
type Schedule struct {
	UserID    string          `json:"userId"`
	Action    ScheduledAction `json:"action"`
	At        time.Time       `json:"at"`
	Revoke    []string        `json:"revoke"` // kinds of things that the user made
	CreatedAt time.Time       `json:"createdAt"`
	CreatedBy Scheduler       `json:"createdBy"`

	// FailedAt and Failure say when and why it was not carried out; nil while it is pending.
	FailedAt *time.Time `json:"failedAt"`
	Failure  *string    `json:"failure"`
}

// Scheduler is the user (Kind "account") or API token ("apiToken") who scheduled something.
type Scheduler struct {
	ID   string `json:"id"`
	Kind string `json:"kind"`
}

func schedulePath(user string, action ScheduledAction) string {
	return "/v2/users/" + url.PathEscape(user) + "/schedule/" + url.PathEscape(string(action))
}

// ListSchedules returns what is scheduled in the organization, the earliest first, with
// what failed in the last 30 days. With a user, it returns only what is scheduled for
// them. Permission users|read.
func (c *Client) ListSchedules(ctx context.Context, user string) ([]Schedule, error) {
	query := make(url.Values)
	if user != "" {
		query.Set("user", user)
	}
	return fetch[[]Schedule](ctx, c, http.MethodGet, "/v2/schedules", query, nil)
}

// GetSchedule returns what is scheduled for a user. Permission users|read.
func (c *Client) GetSchedule(ctx context.Context, user string, action ScheduledAction) (Schedule, error) {
	return fetch[Schedule](ctx, c, http.MethodGet, schedulePath(user, action), nil, nil)
}

// UpdateSchedule schedules a change of a user, or changes its time. revoke names the kinds
// of things that the user made and that are revoked then ("tokens", "webhooks",
// "invitations", "all"). Permission users|update, users|delete besides for a removal, and
// what the change itself takes.
func (c *Client) UpdateSchedule(ctx context.Context, user string, action ScheduledAction, at time.Time, revoke ...string) (Schedule, error) {
	body := struct {
		At     time.Time `json:"at"`
		Revoke []string  `json:"revoke,omitempty"`
	}{at, revoke}
	return fetch[Schedule](ctx, c, http.MethodPut, schedulePath(user, action), nil, body)
}

// DeleteSchedule cancels what is scheduled for a user. Permission users|update, and
// users|delete besides for a removal.
func (c *Client) DeleteSchedule(ctx context.Context, user string, action ScheduledAction) error {
	return c.do(ctx, http.MethodDelete, schedulePath(user, action), nil, nil, nil)
}
